"""A commune's own readings go before every rule, and change nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.errors import BadLexiconEntry
from audio_library.wording.lexicon import NO_LEXICON, Entry, Lexicon
from audio_library.wording.spoken_form import Span, spoken_form


def heard(text: str, *entries: tuple[str, str]) -> str:
    return spoken_form(text, lexicon=Lexicon(tuple(Entry(*entry) for entry in entries))).text


@pytest.mark.parametrize(
    ("text", "entry", "spoken"),
    [
        ("Tuyến QL24 qua xã", ("QL24", "đường hai mươi bốn"), "Tuyến đường hai mươi bốn qua xã"),
        ("theo T.Ư giao", ("T.Ư", "Trung ương"), "theo Trung ương giao"),
        ("xã Đăk Tơ Lung, Đăk Hà", ("Đăk Tơ Lung", "Đắc Tờ Lung"), "xã Đắc Tờ Lung, Đăk Hà"),
        ("số 49/2024/NĐ-CP", ("49/2024/NĐ-CP", "bốn chín"), "số bốn chín"),
        ("giá 5k/kg", ("5k/kg", "năm nghìn một cân"), "giá năm nghìn một cân"),
        ("(TTVH)", ("TTVH", "nhà văn hóa"), "nhà văn hóa"),
    ],
)
def test_an_entry_overrides_every_rule(text: str, entry: tuple[str, str], spoken: str) -> None:
    form = spoken_form(text, lexicon=Lexicon((Entry(*entry),)))
    assert form.text == spoken
    assert [span.written for span in form.spans if span.rule == "lexicon"] == [entry[0]]


@pytest.mark.parametrize(
    "text", ["Đăk Hàng", "XĐăk Hà", "Đăk Hà1", "đăk hà", "ĐĂK HÀ", "Đăk Hà\u0306"]
)
def test_only_whole_words_as_written_are_taken(text: str) -> None:
    assert "Đắc" not in heard(text, ("Đăk Hà", "Đắc Hà"))


def test_the_longest_entry_wins() -> None:
    assert heard("Đăk Tơ Lung", ("Đăk", "Đắc"), ("Đăk Tơ Lung", "Đắc Tờ Lung")) == "Đắc Tờ Lung"


def test_the_later_of_two_readings_counts() -> None:
    assert heard("Ia Chim", ("Ia Chim", "Da Chim"), ("Ia Chim", "Ia Chim")) == "Ia Chim"


def test_what_stands_beside_an_entry_is_read_as_ever() -> None:
    said = heard("Sáng 15/8 QL24 có 5 điểm sạt lở", ("QL24", "quốc lộ hai tư"))
    assert said == "Sáng mười lăm tháng tám quốc lộ hai tư có năm điểm sạt lở"


def test_an_entry_may_stand_against_a_number() -> None:
    assert heard("15°X", ("°X", "độ ích")) == "mười lăm độ ích"


def test_an_entry_settles_letters_of_another_language() -> None:
    known = Lexicon((Entry("Ƀuôn", "Buôn"),))
    assert spoken_form("xã Ƀuôn", lexicon=known).warnings == ()
    assert spoken_form("xã Ƀuôn").warnings != ()


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("", "gì đó"),
        ("QL24", ""),
        ("QL24", "..."),
        ("QL24", "quốc lộ 24"),
        ("m²", "mét ²"),
        ("A/H5N1", "a/hát năm"),
        ("QL24", "quốc lộ\nhai tư"),
        ("QL\n24", "quốc lộ hai tư"),
        ("a" * 201, "a"),
        ("a", "a" * 201),
    ],
)
def test_an_entry_that_needs_reading_itself_is_refused(written: str, spoken: str) -> None:
    with pytest.raises(BadLexiconEntry) as refused:
        Entry(written, spoken)
    assert refused.value.code == "bad_lexicon_entry"
    assert refused.value.vi
    assert refused.value.en


def test_an_entry_has_one_spelling() -> None:
    assert Entry("Ða\u0306k", "Đa\u0306\u0301c ") == Entry("Đăk", "Đắc")


def test_the_digest_tells_readings_apart_and_not_their_order() -> None:
    one, two = Entry("QL24", "a"), Entry("QL40", "b")
    assert NO_LEXICON.digest == ""
    assert Lexicon((one, two)).digest == Lexicon((two, one)).digest
    assert Lexicon((one, two)).digest != Lexicon((one,)).digest
    assert len(Lexicon((one,)).digest) == 8
    assert Lexicon((Entry("QL24", "x"), one)).digest == Lexicon((one,)).digest


@given(st.text("ab1 /.%", max_size=30), st.text("ab1/.%", min_size=1, max_size=4))
def test_spans_with_a_lexicon_rebuild_the_text(text: str, written: str) -> None:
    form = spoken_form(text, lexicon=Lexicon((Entry(written, "đọc"),)))
    rebuilt, position = "", 0
    for span in form.spans:
        assert isinstance(span, Span)
        assert position <= span.start < span.end
        assert text[span.start : span.end] == span.written
        rebuilt += text[position : span.start] + span.spoken
        position = span.end
    assert rebuilt + text[position:] == form.text
