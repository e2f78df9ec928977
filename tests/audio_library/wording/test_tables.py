"""The tables beside the rules: every row must be of use."""

import re
from collections import Counter

import pytest

from audio_library.wording.tables import rows

ACRONYMS = rows("acronyms.tsv", 4)


@pytest.mark.parametrize("name", ["acronyms.tsv", "units.tsv", "documents.tsv"])
def test_nothing_in_a_table_needs_reading_itself(name: str) -> None:
    column = {"acronyms.tsv": 1, "units.tsv": 1, "documents.tsv": 2}[name]
    for row in rows(name, 4):
        assert row[0]
        assert row[0] == row[0].strip()
        assert not re.search(r"\d|[%/+=&@#$°]", row[column]), row


def test_no_row_hides_behind_one_that_always_holds() -> None:
    settled: set[str] = set()
    for written, _, before, after in ACRONYMS:
        assert written not in settled, f"{written} was already given a reading that always holds"
        if not before and not after:
            settled.add(written)


def test_no_short_form_is_listed_twice_alike() -> None:
    assert max(Counter((w, b, a) for w, _, b, a in ACRONYMS).values()) == 1


def test_units_are_of_a_known_kind() -> None:
    assert {kind for _, _, kind in rows("units.tsv", 3)} == {"measure", "letter", "money", "word"}


def test_parts_of_document_codes_are_types_or_issuers() -> None:
    assert {kind for _, kind, _ in rows("documents.tsv", 3)} == {"type", "issuer"}
