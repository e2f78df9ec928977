"""The index of the phrase bank: one small message whatever the bank holds."""

from hypothesis import given
from hypothesis import strategies as st

from audio_library.languages import LANGUAGES
from edge_agent.contract.phrase_index import (
    MAX_INDEX_BYTES,
    MAX_LANGUAGES,
    PhraseIndex,
    to_digest,
    to_sha256,
)
from edge_agent.contract.types import decode, encode

sha256s = st.binary(min_size=32, max_size=32).map(bytes.hex)
tags = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=3)


@given(sha256s)
def test_a_hash_comes_back_from_the_index_as_it_was(sha256: str) -> None:
    assert to_sha256(to_digest(sha256)) == sha256
    assert len(to_digest(sha256)) == 43


@given(
    st.integers(1, 1 << 53),
    st.dictionaries(tags, sha256s.map(to_digest), max_size=MAX_LANGUAGES),
)
def test_whatever_the_bank_holds_its_index_is_one_small_message(
    serial: int, pages: dict[str, str]
) -> None:
    sent = encode(PhraseIndex(serial, pages))
    assert len(sent) <= MAX_INDEX_BYTES
    assert decode(sent, PhraseIndex) == PhraseIndex(serial, pages)


def test_all_languages_of_the_project_have_room() -> None:
    pages = dict.fromkeys(LANGUAGES, to_digest("a" * 64))
    sent = encode(PhraseIndex(1 << 53, pages))
    assert len(sent) <= MAX_INDEX_BYTES
    assert decode(sent, PhraseIndex).pages.keys() == LANGUAGES.keys()
