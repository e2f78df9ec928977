"""Examples and laws of the spoken form, whatever rule makes it."""

import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_library.wording.dialect import Dialect
from audio_library.wording.rule import Place, Start
from audio_library.wording.rules import PLAIN, RULES
from audio_library.wording.spoken_form import SpokenForm, spoken_form

HERE = Path(__file__).parent
QUIET_MARKS = set(".,;:!?'\"…“”‘’«»-–—‑ʼ")


def pairs(name: str) -> list[tuple[str, str]]:
    lines = (HERE / name).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(written, spoken) for written, spoken in rows]


EXAMPLES = pairs("spoken_forms.tsv")
OFFICIAL = pairs("official_texts.tsv")
BULLETINS = pairs("sample_bulletins.tsv")
NOTICES = pairs("notices.tsv")
BROADCASTS = pairs("broadcasts.tsv")
EVERYTHING = [written for written, _ in EXAMPLES + OFFICIAL + BULLETINS + NOTICES + BROADCASTS]

PIECES = st.sampled_from(
    [
        *EVERYTHING,
        *" .,;:-–/()[]%‰+=&@#$€°'’\"\n\t½²³①Ⅳ٣５−~×→≥<*•|…_^",
        *("ngày ", "số ", "gọi ", "cấp ", "tháng ", "thứ ", "độ lớn ", "m2", "1", "22", "333"),
        *("T2", "km", "đ/c", "đ", "tr", "x ", "UBND", "KH", "II", "A", "Y", "Ia ", "TT", " - "),
    ]
)
CUT_SHORT = st.tuples(PIECES, st.integers(1, 30)).map(lambda cut: cut[0][: cut[1]])
OFFICIAL_LOOKING = st.lists(CUT_SHORT, max_size=8).map("".join)


@pytest.mark.parametrize(("written", "spoken"), EXAMPLES)
def test_examples(written: str, spoken: str) -> None:
    assert spoken_form(written).text == spoken.split(" | ")[0]


@pytest.mark.parametrize(("written", "spoken"), OFFICIAL)
def test_official_texts(written: str, spoken: str) -> None:
    assert spoken_form(written).text == spoken


@pytest.mark.parametrize(("written", "spoken"), NOTICES)
def test_notices_of_many_offices(written: str, spoken: str) -> None:
    assert spoken_form(written).text == spoken


@pytest.mark.parametrize(("written", "spoken"), BROADCASTS)
def test_what_a_station_is_sent_in_a_day(written: str, spoken: str) -> None:
    assert spoken_form(written).text == spoken


@pytest.mark.parametrize(("written", "spoken"), BULLETINS)
def test_sample_bulletins_are_read_without_a_doubt(written: str, spoken: str) -> None:
    form = spoken_form(written)
    assert form.text == spoken
    assert form.warnings == ()


@pytest.mark.parametrize("written", EVERYTHING)
def test_what_was_put_into_words_needs_no_more_reading(written: str) -> None:
    once = spoken_form(written).text
    assert spoken_form(once).text == once


def assert_sayable(form: SpokenForm) -> None:
    for character in form.text:
        category = unicodedata.category(character)
        assert category[0] in "LM" or character.isspace() or character in QUIET_MARKS, (
            f"{character!r} ({category}) is left in {form.text!r}"
        )


@given(st.text() | OFFICIAL_LOOKING)
@example("5\u00b2 \u0663 \u2163 \u00bd ☎ 12345678901234567890/3 1/12345678901234567890")
def test_no_digit_and_no_unread_sign_is_left(text: str) -> None:
    assert_sayable(spoken_form(text))


@given(st.text() | OFFICIAL_LOOKING)
def test_spans_tell_exactly_what_was_changed(text: str) -> None:
    form = spoken_form(text)
    rebuilt, position = "", 0
    for span in form.spans:
        assert position <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.written
        rebuilt += text[position : span.start] + span.spoken
        position = span.end
    assert rebuilt + text[position:] == form.text


@given(OFFICIAL_LOOKING, st.sampled_from(Dialect))
def test_no_dialect_leaves_a_digit_or_changes_where_readings_stand(
    text: str, dialect: Dialect
) -> None:
    form = spoken_form(text, dialect=dialect)
    assert_sayable(form)
    northern = spoken_form(text)
    places = [(span.start, span.end, span.rule) for span in northern.spans]
    assert [(span.start, span.end, span.rule) for span in form.spans] == places
    assert form.warnings == northern.warnings


def test_no_rule_begins_where_it_says_it_cannot() -> None:
    for text in EVERYTHING:
        for at, character in enumerate(text):
            letter = Start.LETTER if character.isalpha() else Start.OTHER
            kind = Start.DIGIT if character.isdecimal() else letter
            then = re.sub(r"^\d+\s*", "", text[at:])[:1]
            for name, rule in RULES[kind]:
                match = rule.pattern.match(text, at) if rule.first or rule.then else None
                if match is not None and match[0]:
                    assert not rule.first or character in rule.first, (name, rule.pattern, text)
                    assert not rule.then or (then and then in rule.then), (name, rule.pattern, text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("15/8/2026", "dates"),
        ("7h30", "times"),
        ("5 ha", "quantities"),
        ("UBND", "acronyms"),
        ("gọi 113", "phones"),
        ("cấp V", "roman"),
        ("số 12/KH-UBND", "documents"),
        ("tỷ lệ 1:500", "ratios"),
        ("kinh tế - xã hội", "dashes"),
        ("mục 1.2", "numbering"),
        ("www.kontum.vn", "addresses"),
        ("thôn & làng", "symbols"),
    ],
)
def test_a_span_names_the_rule_that_made_it(text: str, rule: str) -> None:
    assert [span.rule for span in spoken_form(text).spans] == [rule]


@given(OFFICIAL_LOOKING)
def test_the_same_text_is_read_the_same(text: str) -> None:
    assert spoken_form(text) == spoken_form(text)


@given(
    st.lists(
        st.sampled_from(
            (
                "bà",
                "con",
                "nhớ",
                "sổ",
                "tiêm",
                "Đăk",
                "Pék",
                "Ia",
                "H'Drai",
                "A",
                "Minh",
                "Y",
                "Bia",
            )
        ),
        max_size=12,
    ).map(" ".join)
)
def test_words_come_through_unchanged(text: str) -> None:
    assert spoken_form(text) == SpokenForm(text)


@given(OFFICIAL_LOOKING | st.sampled_from(EVERYTHING))
def test_what_is_passed_over_needs_no_rule(text: str) -> None:
    for start in (Start.LETTER, Start.OTHER):
        pattern = PLAIN[start]
        assert pattern is not None
        for first in re.finditer(r"(?<![^\W\d_])[^\W\d_]|[^\w]", text):
            plain = pattern.match(text, first.start())
            for begin in re.finditer(r"[^\W\d_]+|[^\w]", plain[0] if plain else ""):
                position = first.start() + begin.start()
                kind = Start.LETTER if text[position].isalpha() else Start.OTHER
                for name, rule in RULES[kind]:
                    match = rule.pattern.match(text, position)
                    said = rule.read(Place(match)) if match and match[0] else None
                    assert said is None, f"{name} holds at {position} of {text!r}"


def seconds(text: str) -> float:
    began = time.perf_counter()
    form = spoken_form(text)
    took = time.perf_counter() - began
    assert_sayable(form)
    return took


LENGTH = 20_000
BULLETIN = ("\n".join(EVERYTHING) + "\n") * 3
WORST = [
    *("#", "/", "(", ")", "1", "1/", "(1", "1.", "1,", "a1", "Đ", "V", "-", "\u0301", " ", "\t"),
    *(" -", "- ", ".", ". ", "…", "1 ", "0 ", "1-", "1:", "a.", "a-", "a@", "www.", "T2-", "Km1+"),
    *(
        "QĐ-",
        "1/QĐ-",
        "ngày 1/",
        "số ",
        "gọi ",
        "1 tr",
        "1 x ",
        "½",
        "²",
        "٣",
        "A B ",
        "UBND ",
        "%",
    ),
    *("15/8 ", "7h30-", "0905 ", "1.000.", "Km 1-", "xã, ", "đ/", "1 đ/", "( ", "[", "\n", "\n- "),
    *(
        "ab",
        "http://",
        "x@y.",
        "1°1'",
        "1kg/",
        "II,",
        "cấp II, ",
        "thứ 2, ",
        "T2,",
        "☎",
        "\U0001f525",
    ),
]


@pytest.fixture(scope="module")
def usual() -> float:
    """Seconds for notices of the longest length."""
    return max(seconds(BULLETIN[:LENGTH]) for _ in range(3))


@pytest.mark.parametrize("piece", WORST)
def test_no_text_is_much_slower_than_a_bulletin(piece: str, usual: float) -> None:
    assert seconds((piece * LENGTH)[:LENGTH]) < 30 * usual


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Xem tại https://kontum.gov.vn/tin?id=5, nhé", "https://kontum.gov.vn/tin?id=5"),
        ("Thư gửi ubnd@kontum.gov.vn.", "ubnd@kontum.gov.vn"),
        ("Theo quy định của XQH", "XQH"),
        ("Nặng 1,125 kg", "1,125 kg"),
        ("Họp 15/8 ở làng", "15/8"),
        ("ngày 31/2", "31/2"),
        ("vui 🙂 nhé", "🙂"),
        ("Quyết định 12/QĐ-XYZK", None),
        ("BCH gồm ba người", "BCH"),
        ("Xe chở 5T", None),
        ("Nặng 5T", None),
        ("gói 5T", "5T"),
        ("Mời Napoléon III", "III"),
        ("Nghỉ 2-9, ngày 2-9", "2-9"),
        ("bơngai ƀôk", "ƀ"),
        ("Thuốc Аспирин", "А"),
        ("chữ 中", "中"),
        ("góc α", None),
        ("Lớp 5A nhất, 95đ", "95đ"),
        ("Điểm chuẩn 24,5đ, giá 50đ, phí 0đ", None),
        ("ｘã Đăk Hà", "ｘ"),
        ("ＵＢＮＤ, １２％, ngày １５/８", None),
        ("bão FENGSHEN", "FENGSHEN"),
    ],
)
def test_a_doubtful_reading_is_shown_to_the_editor(text: str, written: str | None) -> None:
    doubts = spoken_form(text).warnings
    if written is None:
        assert doubts == ()
        return
    assert [doubt.written for doubt in doubts] == [written]
    assert text[doubts[0].start : doubts[0].end].strip() == written
    assert doubts[0].vi
    assert doubts[0].en


def test_an_address_in_a_list_takes_its_mark_along() -> None:
    form = spoken_form("Email: a@xa.vn; Website: www.xa.vn; Fax: 0260 3862111")
    assert form.text.strip().startswith("Fax")


def test_an_address_leaves_no_gap() -> None:
    form = spoken_form("Xem tại https://kontum.gov.vn/tin?id=5, nhé")
    assert form.text == "Xem tại, nhé"


def test_an_unknown_short_form_is_spelled() -> None:
    assert spoken_form("Theo XQH").text == "Theo ích quy hát"


def test_other_languages_are_left_to_the_person_who_reads() -> None:
    text = "Pơlei Kon 15 hmă ƀôk, 50%"
    assert spoken_form(text, "bdq") == SpokenForm(text)
