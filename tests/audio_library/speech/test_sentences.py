"""Where a spoken form is cut: at breaths, without losing a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.speech.sentences import (
    CLAUSE_PAUSE_MS,
    LONGEST_SENTENCE,
    PARAGRAPH_PAUSE_MS,
    SENTENCE_PAUSE_MS,
    SHORTEST_SEGMENT,
    in_segments,
    sentences,
)

SHORT, LONG = SENTENCE_PAUSE_MS, PARAGRAPH_PAUSE_MS


@pytest.mark.parametrize(
    ("spoken", "cut"),
    [
        ("Không.", [("Không.", LONG)]),
        ("Một. Hai! Ba?", [("Một.", SHORT), ("Hai!", SHORT), ("Ba?", LONG)]),
        ("Một\nHai\n\nBa", [("Một", SHORT), ("Hai", LONG), ("Ba", LONG)]),
        ("Ngô, khoai, v.v. và sắn. Hết.", [("Ngô, khoai, v.v. và sắn.", SHORT), ("Hết.", LONG)]),
        ("“Cấm đốt.” Ông nói.", [("“Cấm đốt.”", SHORT), ("Ông nói.", LONG)]),
        ("Một. … Hai.", [("Một. …", SHORT), ("Hai.", LONG)]),
        ("... Hai.", [("... Hai.", LONG)]),
        ("Một.  \n  \n  Hai", [("Một.", LONG), ("Hai", LONG)]),
    ],
)
def test_it_is_cut_where_a_reader_breathes(spoken: str, cut: list[tuple[str, int]]) -> None:
    assert [(sentence.text, sentence.pause_ms) for sentence in sentences(spoken)] == cut


def test_a_sentence_of_a_page_is_cut_at_its_semicolons() -> None:
    clause = "xây dựng và phát triển hệ thống thông tin " * 3
    found = sentences(f"Kế hoạch: {clause.strip()}; {clause.strip()}; {clause.strip()}. Hết.")
    assert [sentence.pause_ms for sentence in found] == [
        CLAUSE_PAUSE_MS,
        CLAUSE_PAUSE_MS,
        SENTENCE_PAUSE_MS,
        PARAGRAPH_PAUSE_MS,
    ]
    assert len(sentences("Ngô; khoai; sắn.")) == 1
    assert LONGEST_SENTENCE > 100


words = st.sampled_from(["bà", "con", "Đăk", "họp.", "thôn;", "…", "?", "\n", "\n\n", "(", '."'])


@given(st.lists(words, min_size=1, max_size=80).map(" ".join))
def test_no_word_is_lost_and_none_is_said_twice(spoken: str) -> None:
    found = sentences(spoken)
    if any(character.isalnum() for character in spoken):
        together = " ".join(sentence.text for sentence in found)
        letters = [c for c in together if c.isalnum()]
        assert letters == [c for c in spoken if c.isalnum()]
    assert all(any(c.isalnum() for c in sentence.text) for sentence in found)
    grouped = in_segments(spoken)
    assert tuple(sentence for segment in grouped for sentence in segment) == found


@given(st.lists(words, min_size=1, max_size=80).map(" ".join))
def test_only_a_short_text_is_a_short_segment(spoken: str) -> None:
    grouped = in_segments(spoken)
    lengths = [sum(len(sentence.text) for sentence in segment) for segment in grouped]
    assert len(grouped) <= 1 or min(lengths) >= SHORTEST_SEGMENT


def test_an_edit_touches_one_segment() -> None:
    line = "Bà con nhớ mang theo sổ tiêm chủng của trẻ và đến đúng giờ tại trạm y tế xã."
    before = "\n\n".join(f"{line} Số {n}." for n in ("một", "hai", "ba", "bốn"))
    after = before.replace("Số ba.", "Số chín mươi chín.")
    changed = set(in_segments(after)) - set(in_segments(before))
    assert len(changed) == 1
