import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.writing.legacy_font import applied, proposal

SAME_WORDS = [
    ("bdq", "[ă", "ƀă"),
    ("jra", "{ơrô", "Ƀơrô"),
    ("jra", "[ing", "ƀing"),
    ("jra", "[on", "ƀon"),
    ("jra", "]ar", "čar"),
    ("jra", "c\\ar", "čar"),
    ("jra", "c\\ơđai", "čơđai"),
    ("bdq", "t^ng", "tĭng"),
    ("jra", "pak^ng", "pakĭng"),
    ("jra", "pơđ^", "pơđĭ"),
    ("bdq", "tơku\\m", "tơkŭm"),
    ("bdq", "le\\m", "lĕm"),
    ("sed", "ple\\ng", "plĕng"),
    ("bdq", "to\\n", "tŏn"),
    ("sed", "hơto\\k", "hơtŏk"),
    ("jra", "ano\\", "anô\u0306"),
    ("jra", "ako\\", "akô\u0306"),
    ("bdq", "lơ\\m", "lơ\u0306m"),
    ("bdq", "đơ\\ng", "đơ\u0306ng"),
    ("jra", "C|ư\\ M'gar", "Čư\u0306 M'gar"),
    ("jra", "jê|", "jê\u0306"),
    ("jra", "mơ`am", "mơñam"),
    ("jra", "~u", "Ñu"),
]


@pytest.mark.parametrize(("language", "old", "new"), SAME_WORDS)
def test_words_of_the_old_font_are_proposed_in_todays_letters(
    language: str, old: str, new: str
) -> None:
    for text, meant in ((old, new), (f"Kơ {old}, hơdơi.", f"Kơ {new}, hơdơi.")):
        found = proposal(text, language)
        assert found is not None
        assert found.text == meant
        assert all(change.sure for change in found.changes) == (old[-2:] != "o\\")
        assert found.vi
        assert found.en


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[o#", "ƀô\u0306"),
        ("nhoa#m", "nhoâ\u0306m"),
        ("je#", "jê\u0306"),
        ("TO\\N", "TŎN"),
        ("}il", "Čil"),
        ("rơnu]", "rơnuč"),
        ("a`", "añ"),
    ],
)
def test_what_is_only_probable_is_marked_so(old: str, new: str) -> None:
    found = proposal(old, "bdq")
    assert found is not None
    assert found.text == new
    assert not found.changes[-1].sure


def test_one_sign_is_another_letter_in_another_language() -> None:
    meant = {tag: proposal("to\\n", tag) for tag in ("sed", "bdq", "jra")}
    assert {tag: p.text for tag, p in meant.items() if p} == {
        "sed": "tŏn",
        "bdq": "tŏn",
        "jra": "tô\u0306n",
    }


def test_each_change_says_where_it_stands_and_can_be_left_out() -> None:
    text = "[ing anai,\nlơ\\m [o# čar"
    found = proposal(text, "jra")
    assert found is not None
    assert [(text[c.start : c.end], c.old, c.new) for c in found.changes] == [
        ("[", "[", "ƀ"),
        ("ơ\\", "ơ\\", "ơ\u0306"),
        ("[", "[", "ƀ"),
        ("o#", "o#", "ô\u0306"),
    ]
    sure = [change for change in found.changes if change.sure]
    assert applied(text, sure) == "ƀing anai,\nlơ\u0306m ƀo# čar"


def test_a_sign_that_nobody_knows_is_left_for_a_person() -> None:
    found = proposal("[ing i\\n", "jra")
    assert found is not None
    assert found.text == "ƀing i\\n"
    assert [mark.written for mark in found.unexplained] == ["\\"]


def test_in_a_text_that_is_plainly_old_even_a_pair_of_brackets_may_be_letters() -> None:
    found = proposal("[ing ta pơđ^ lơ\\m {uôn: [on rơnu] thun, [a` djop }il", "jra")
    assert found is not None
    assert found.text == "ƀing ta pơđĭ lơ\u0306m Ƀuôn: ƀon rơnuč thun, ƀañ djop Čil"
    doubted = [change.old for change in found.changes if not change.sure]
    assert doubted == ["[", "]", "`", "}"]
    assert proposal("Xem [ghi chú] và [on]", "jra") is None


@pytest.mark.parametrize(
    "text",
    [
        "Bà con chú ý: [ghi chú] họp lúc 7h, tại nhà rông {làng} Kon Plông.",
        "The meeting is at ~ 5 o'clock, and/or later [1]; see `notes` there.",
        "Hỏi y.hanh@example.vn hoặc xem https://example.vn/~an/a#b^c|d",
        "if (a[i] == b^c) { return x | y; }",
        "C:\\Users\\co\\na",
        "diện tích 5 m^2, khoảng ~ 3 ha, mục #4, 10^6",
        "a ~ b # c | d ^ e \\ f",
        "'na 'nâi rơ'jíu",
        "",
    ],
)
@pytest.mark.parametrize("language", ["bdq", "jra", "sed"])
def test_a_text_without_old_codes_gives_no_proposal(text: str, language: str) -> None:
    assert proposal(text, language) is None


@pytest.mark.parametrize("language", ["vi", "hre", "jeh"])
def test_other_languages_had_no_such_font(language: str) -> None:
    assert proposal("[ing lơ\\m", language) is None


@given(st.text(st.characters(blacklist_characters="[]{}\\^#|~`")))
def test_a_text_without_the_signs_is_never_changed(text: str) -> None:
    assert proposal(text, "jra") is None


@given(st.text(alphabet="aơoeêcCnk [{]}\\^#|~`'.\n1"), st.sampled_from(["bdq", "jra", "sed"]))
def test_a_proposal_changes_its_places_and_nothing_else(text: str, language: str) -> None:
    found = proposal(text, language)
    if found is None:
        return
    assert applied(text, found.changes) == found.text
    assert all(text[c.start : c.end] == c.old for c in found.changes)
    ends = [0, *(c.end for c in found.changes)]
    assert all(c.start >= end for c, end in zip(found.changes, ends, strict=False))


def test_a_long_line_without_blanks_is_read_quickly() -> None:
    assert proposal("[a" * 20_000, "bdq") is not None
    assert proposal("a" * 40_000 + "[", "bdq") is None


def test_what_is_unsure_is_counted_apart_from_what_nobody_can_explain() -> None:
    found = proposal("c\\ar C\\ar kon [^ng", "jra")

    assert found is not None
    assert [change.sure for change in found.changes] == [True, False]
    assert "2 chỗ sang chữ Unicode, trong đó 1 chỗ chưa chắc; 2 ký hiệu chưa biết" in found.vi
    assert "Unicode: 2, not for certain: 1, signs left as they are: 2." in found.en
