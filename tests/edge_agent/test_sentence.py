"""Phrases joined into one sound without decoding, and heard by a real decoder."""

import contextlib
from array import array
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_library.mastering.in_child import master_in_child
from audio_library.mastering.preset import Dressing, Preset
from audio_library.phrases import joining
from audio_library.phrases.compose import Break
from audio_library.speech.espeak import Espeak
from edge_agent.ogg import NotOpus, Opus, read_opus, samples, write_opus
from edge_agent.sentence import PAUSES_MS, Unsayable, Word, join, words
from tests.edge_agent.opus_files import decoded, phrase, rms

FILES = {"warn": phrase(440, 1_234), "flood": phrase(700, 777), "here": phrase(300, 410)}
LENGTHS = {"warn": 1_234, "flood": 777, "here": 410}
PER_MS = 48


def test_a_sentence_is_read_with_its_pauses() -> None:
    assert words("warn | flood , here") == (
        Word("warn", 350),
        Word("flood", 220),
        Word("here", 0),
    )
    assert words(", warn , | flood here |")[:2] == (Word("warn", 350), Word("flood", 120))


def test_the_box_pauses_as_the_office_does() -> None:
    marks = {Break.WORD: "", Break.LIST: ",", Break.CLAUSE: "|"}
    assert {marks[each]: ms for each, ms in joining.PAUSES_MS.items()} == PAUSES_MS


@pytest.mark.parametrize("say", ["", " , | ", "a " * 201])
def test_nothing_and_far_too_much_are_not_said(say: str) -> None:
    with pytest.raises(Unsayable):
        words(say)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from([*FILES, ",", "|"]), min_size=1, max_size=12))
def test_law_a_sentence_sounds_exactly_as_long_as_its_phrases_and_pauses(
    tokens: list[str],
) -> None:
    if not set(tokens) & FILES.keys():
        return
    said = words(" ".join(tokens))
    whole = join(said, FILES)
    due = sum(LENGTHS[word.phrase] + word.pause_ms for word in said)
    assert abs(whole.duration_ms - due) <= 3
    assert abs(len(decoded(whole.data)) / PER_MS - due) <= 3


def test_every_phrase_is_as_loud_as_alone_and_the_pauses_are_silent() -> None:
    said = words("warn , flood | here warn")
    heard, at = decoded(join(said, FILES).data), 0
    for word in said:
        alone = decoded(FILES[word.phrase])
        here = heard[at : at + len(alone)]
        assert rms(here) == pytest.approx(rms(alone), rel=0.03)
        at += len(alone)
        gap = heard[at + 15 * PER_MS : at + (word.pause_ms - 15) * PER_MS]
        assert max(map(abs, gap), default=0) < 400, "a click between phrases"
        at += word.pause_ms * PER_MS


def test_no_jump_is_heard_where_phrases_meet() -> None:
    def steepest(sound: "array[int]") -> int:
        return max(abs(a - b) for a, b in pairwise(sound))

    alone = max(steepest(decoded(data)) for data in FILES.values())
    assert steepest(decoded(join(words("warn flood , here | warn"), FILES).data)) <= alone * 1.1


def test_a_phrase_decodes_as_if_it_stood_alone_whatever_was_said_before() -> None:
    alone, after = decoded(FILES["flood"]), decoded(join(words("warn flood"), FILES).data)
    tail = after[len(after) - len(alone) :]
    assert max(abs(a - b) for a, b in zip(tail[960:], alone[960:], strict=True)) <= 2


def test_speech_as_the_office_masters_it_is_joined_without_a_sample_changed(
    tmp_path: Path,
) -> None:
    spoken = {"warn": "Cảnh báo lũ quét.", "here": "Xã Đăk Hà."}
    for name, text in spoken.items():
        (source,) = Espeak().speak([text], Espeak().voices()[0], into=tmp_path, timeout_s=30)
        master_in_child(
            source, tmp_path / f"{name}.opus", dressing=Dressing.BARE, preset=Preset.HORN
        )
    files = {name: (tmp_path / f"{name}.opus").read_bytes() for name in spoken}
    heard, at = decoded(join(words("warn | here"), files).data), 0
    for word in words("warn | here"):
        alone = decoded(files[word.phrase])
        assert heard[at + 960 : at + len(alone) - 960] == alone[960:-960]
        at += len(alone) + word.pause_ms * PER_MS


def test_the_same_phrases_give_the_same_bytes() -> None:
    assert join(words("warn , flood"), FILES) == join(words("warn , flood"), dict(FILES))


def test_a_stream_reads_back_as_it_was_written() -> None:
    stream = read_opus(FILES["warn"])
    assert stream.length == 1_234 * PER_MS
    assert read_opus(write_opus(stream)) == stream
    long = Opus(stream.packets * 200, stream.skip, sum(map(samples, stream.packets)) * 200 - 312)
    assert read_opus(write_opus(long)) == long
    assert len(decoded(write_opus(long))) == long.length


def test_stereo_is_not_joined() -> None:
    with pytest.raises(NotOpus):
        read_opus(phrase(440, 100, channels=2))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_law_spoilt_files_are_refused_and_nothing_else_happens(data: st.DataObject) -> None:
    whole = bytearray(FILES["here"])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for spoilt in (bytes(whole), cut):
        try:
            stream = read_opus(spoilt)
        except NotOpus:
            continue
        assert 0 < stream.length <= sum(map(samples, stream.packets))


def test_a_packet_that_no_page_can_hold_is_refused_and_does_not_end_the_agent() -> None:
    short = write_opus(Opus((b"\xf8" + bytes(600),), 0, 960))
    head, sound = short[: short.rindex(b"OggS")], short[short.rindex(b"OggS") :]
    page, lost = sound[:26] + bytes((255,)) + b"\xff" * 255, b"\xf8" + bytes(255 * 255 - 1)
    for pages in (2, 100):
        endless = head + (page + lost) * pages + sound
        with pytest.raises(NotOpus):
            join(words("a"), {"a": endless})


def test_a_sentence_that_would_last_for_hours_is_given_up_at_ten_minutes() -> None:
    long = write_opus(Opus((b"\xf8",) * 20_000, 0, 20_000 * 960))
    with pytest.raises(Unsayable, match="600000"):
        join(words("a " * 150), {"a": long})


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_law_whatever_becomes_of_a_file_it_is_joined_or_refused(data: st.DataObject) -> None:
    spoiled = bytearray(FILES["here"])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        spoiled[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
        spoiled = spoiled or bytearray(b"OggS")
    with contextlib.suppress(NotOpus, Unsayable):
        join(words("a | warn"), {"a": bytes(spoiled), "warn": FILES["warn"]})
