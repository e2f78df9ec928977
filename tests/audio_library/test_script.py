import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.errors import (
    AudioLibraryError,
    ControlCharacters,
    EmptyText,
    HeapOfMarks,
    NothingToRead,
    NotUtf8,
    TextTooLong,
    UnknownLanguage,
)
from audio_library.script import MAX_CHARACTERS, Script, check_text


def test_a_plain_text_comes_through() -> None:
    assert check_text("Bà con nhớ\tmang sổ tiêm.\nCảm ơn.") == (
        "Bà con nhớ\tmang sổ tiêm.\nCảm ơn."
    )


def test_bytes_and_text_give_the_same() -> None:
    assert check_text("Đăk Hà".encode()) == check_text("Đăk Hà")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("", EmptyText),
        (" \n\t ", EmptyText),
        ("\ufeff", EmptyText),
        ("%%% --- 🙂", NothingToRead),
        ("Xin chào".encode("utf-16"), NotUtf8),
        ("Đăk Hà".encode("cp1258", "replace") + b"\xff", NotUtf8),
        ("\ud800", NotUtf8),
        ("xin\x00chào", ControlCharacters),
        ("xin \x1b[31mchào", ControlCharacters),
        ("xin\rchào", ControlCharacters),
        ("a" * (MAX_CHARACTERS + 1), TextTooLong),
        ("a" * 100_000, TextTooLong),
    ],
)
def test_unfit_text_is_refused(raw: bytes | str, error: type[AudioLibraryError]) -> None:
    with pytest.raises(error):
        check_text(raw)


def test_the_limit_itself_is_allowed() -> None:
    assert len(check_text("a" * MAX_CHARACTERS)) == MAX_CHARACTERS


def test_the_limit_counts_letters_as_people_see_them() -> None:
    assert check_text("ô\u0306" * MAX_CHARACTERS)
    assert check_text(unicodedata.normalize("NFD", "ế" * MAX_CHARACTERS))
    with pytest.raises(TextTooLong):
        check_text("ô\u0306" * (MAX_CHARACTERS + 1))
    with pytest.raises(TextTooLong):
        check_text("b\u0306\u0302" * MAX_CHARACTERS)


def test_a_heap_of_marks_is_refused_at_once() -> None:
    assert check_text("o\u0302\u0306\u0323") == "ộ\u0306"
    with pytest.raises(HeapOfMarks, match="line 2"):
        check_text("một\na" + "\u0301\u0323" * 50_000)
    with pytest.raises(HeapOfMarks):
        check_text("a" + "\u0301\u200d\u0323" * 30_000)


def test_a_control_character_is_named_with_its_line() -> None:
    with pytest.raises(ControlCharacters, match=r"U\+0007.*line 2"):
        check_text("một\nhai\x07")


def test_windows_line_ends_and_invisible_characters_go() -> None:
    assert check_text("một\r\nhai\u2028ba\u00adbốn\u200b\ufeff") == "một\nhai\nbabốn"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("o\u0306\u0302", "ô\u0306"),
        ("o\u0302\u0306", "ô\u0306"),
        ("jê\u0306", "jê\u0306"),
        ("a\u0306\u0302n", "â\u0306n"),
        ("l\u01a1\u0306m", "lơ\u0306m"),
        ("Ðăk Rơ Wa", "Đăk Rơ Wa"),
        ("ðăk", "đăk"),
        ("hoa\u0300 a\u0302\u0301n ă\u0301", "hoà ấn ắ"),
    ],
)
def test_letters_that_look_alike_become_the_same(typed: str, kept: str) -> None:
    assert check_text(typed) == kept


@given(st.text())
def test_what_is_let_in_is_let_in_again_unchanged(text: str) -> None:
    try:
        once = check_text(text)
    except AudioLibraryError:
        return
    assert check_text(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.binary())
def test_any_bytes_are_let_in_or_refused_with_a_reason(raw: bytes) -> None:
    with suppress(AudioLibraryError):
        assert check_text(raw)


def test_the_hash_tells_language_and_words() -> None:
    first = Script("vi", "Bản tin")
    assert first.sha256 == Script("vi", "Bản tin\n").sha256
    assert first.sha256 != Script("vi", "Bản tin khác").sha256
    assert first.sha256 != Script("bdq", "Bản tin").sha256


def test_a_script_needs_a_language_that_is_known() -> None:
    with pytest.raises(UnknownLanguage):
        Script("xx", "Bản tin")
