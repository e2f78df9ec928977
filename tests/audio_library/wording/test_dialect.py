"""What the regions say otherwise, and what they say alike."""

import pytest

from audio_library.wording.dialect import Dialect
from audio_library.wording.lexicon import Entry, Lexicon
from audio_library.wording.spoken_form import spoken_form, wording_version
from audio_library.wording.tables import rows


@pytest.mark.parametrize(
    ("written", "north", "south"),
    [
        ("2.024 hộ", "hai nghìn không trăm hai mươi tư hộ", "hai ngàn không trăm hai mươi bốn hộ"),
        ("105 em", "một trăm linh năm em", "một trăm lẻ năm em"),
        ("24/24 giờ", "hai mươi tư trên hai mươi tư giờ", "hai mươi bốn trên hai mươi bốn giờ"),
        ("thứ 4, tháng 4", "thứ tư, tháng tư", "thứ tư, tháng tư"),
        ("14 và 15", "mười bốn và mười lăm", "mười bốn và mười lăm"),
        ("ngày 2/9", "ngày mùng hai tháng chín", "ngày mùng hai tháng chín"),
        ("5‰", "năm phần nghìn", "năm phần ngàn"),
    ],
)
def test_numbers_by_region(written: str, north: str, south: str) -> None:
    assert spoken_form(written).text == north
    assert spoken_form(written, dialect=Dialect.CENTRAL).text == north
    assert spoken_form(written, dialect=Dialect.SOUTH).text == south


def test_the_writers_own_words_stay() -> None:
    form = spoken_form("2 nghìn đồng", dialect=Dialect.SOUTH)
    assert form.text == "hai nghìn đồng"


def test_a_lexicon_speaks_for_itself() -> None:
    known = Lexicon((Entry("QL24", "quốc lộ hai mươi tư"),))
    form = spoken_form("QL24", lexicon=known, dialect=Dialect.SOUTH)
    assert form.text == "quốc lộ hai mươi tư"


def test_the_table_has_a_word_for_every_region() -> None:
    for row in rows("dialects.tsv", len(Dialect)):
        assert all(word == word.strip() and word for word in row)


def test_the_version_names_what_can_change_a_reading() -> None:
    known = Lexicon((Entry("QL24", "quốc lộ hai tư"),))
    plain = wording_version()
    assert wording_version(dialect=Dialect.SOUTH) == f"{plain}+south"
    assert wording_version(known) == f"{plain}+lexicon.{known.digest}"
    assert wording_version(known, Dialect.SOUTH) == f"{plain}+south+lexicon.{known.digest}"
