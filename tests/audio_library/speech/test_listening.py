import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_library.speech.listening import (
    NATIVES_NEEDED,
    Answer,
    sentences,
    tally,
    unheard,
    words_right,
)
from audio_library.wording.spoken_form import spoken_form

WORDS = st.lists(st.sampled_from(["mưa", "lũ", "suối", "cầu", "bão"]), min_size=1, max_size=9)


def filled(listener: str, *, native: bool = True, heard: str | None = None) -> list[Answer]:
    return [
        Answer("espeak:vi", listener, native, s.number, s.text if heard is None else heard)
        for s in sentences()
    ]


def test_the_sheet_has_twenty_sentences_that_can_be_read() -> None:
    assert [s.number for s in sentences()] == list(range(1, 21))
    assert len({s.text for s in sentences()}) == 20
    for sentence in sentences():
        spoken = spoken_form(sentence.text)
        assert not spoken.warnings, sentence.text
        assert not any(c.isdigit() for c in spoken.text)


@pytest.mark.parametrize(
    ("heard", "right"),
    [
        ("Gọi 114 khi thấy khói.", 7),
        ("gọi một một bốn khi thấy khói", 7),
        ("Gọi một một bốn, khi thấy khoí", 7),
        ("gọi một một ba khi thấy khói", 6),
        ("gọi khi thấy khói", 4),
        ("gọi một một bốn khi thấy khói đen đen", 5),
        ("goi mot mot bon khi thay khoi", 1),
        ("", 0),
        ("…", 0),
    ],
)
def test_words_heard_right(heard: str, right: int) -> None:
    assert words_right("Gọi 114 khi thấy khói.", heard) == (right, 7)


@given(WORDS, WORDS)
def test_nobody_hears_more_than_was_said(said: list[str], heard: list[str]) -> None:
    right, words = words_right(" ".join(said), " ".join(heard))
    assert 0 <= right <= words == len(said)
    assert words_right(" ".join(said), " ".join(said)) == (words, words)


def test_a_voice_is_unjudged_until_five_native_listeners_filled_in_the_whole_sheet() -> None:
    answers = [a for n in range(NATIVES_NEEDED - 1) for a in filled(f"người {n}")]
    answers += filled("khách", native=False, heard="không hiểu")
    answers += filled("bỏ dở")[:-1]
    (line,) = tally(answers)
    assert (line.natives, line.others, line.share, line.judged) == (4, 1, 1.0, False)
    (line,) = tally([*answers, *filled("người 5", heard="")])
    assert (line.natives, line.judged) == (5, True)
    assert line.share == pytest.approx(4 / 5)
    assert not unheard("espeak:vi").judged


def test_an_answer_given_again_replaces_the_first() -> None:
    (line,) = tally([*filled("chị Hoa", heard=""), *filled("chị Hoa")])
    assert (line.natives, line.share) == (1, 1.0)
