"""Levels from samples and from lines, by a child that lives only while it is needed."""

import math
import os
import queue
import random
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from edge_agent.ear import RATE, SILENCE_DB, Ear, Moment, Numbers, Pcm, argv_of, listen
from edge_agent.errors import EarDeaf
from edge_agent.settings import HornSettings
from tests.edge_agent.real_parts import wait_for


def samples(amplitude: float, *, offset: int = 0, seconds: float = 1.0) -> bytes:
    """A sine of 440 Hz."""
    count = round(RATE * seconds)
    wave = (amplitude * math.sin(2 * math.pi * 440 * n / RATE) for n in range(count))
    return array("h", [round(value) + offset for value in wave]).tobytes()


def test_the_level_of_a_second_is_its_rms() -> None:
    (level,) = Pcm().feed(samples(3_276.8))
    assert level == pytest.approx(-23.0, abs=0.1)


def test_a_card_that_is_off_centre_is_as_quiet_as_it_sounds() -> None:
    assert Pcm().feed(samples(0, offset=9_000)) == [SILENCE_DB]


def test_samples_may_come_in_any_pieces() -> None:
    data = samples(1_000, seconds=3)
    whole, pieces = Pcm().feed(data), []
    measure, at = Pcm(), 0
    while at < len(data):
        size = random.randrange(1, 9_001)
        pieces += measure.feed(data[at : at + size])
        at += size
    assert pieces == whole
    assert len(whole) == 3


def test_lines_are_numbers_and_what_is_none_is_passed_over() -> None:
    measure = Numbers(milliamperes=False)
    assert measure.feed(b"-40\n-3") == [-40.0]
    assert measure.feed(b"1.5\nhallo\nnan\n-inf\n\xff\n-500\n12\n") == [-31.5, SILENCE_DB, 0.0]


def test_milliamperes_count_in_decibels_above_one() -> None:
    assert Numbers(milliamperes=True).feed(b"100\n0\n") == [40.0, 0.0]


def test_a_line_without_end_is_not_kept() -> None:
    measure = Numbers(milliamperes=False)
    for _ in range(10):
        assert measure.feed(b"7" * 100_000) == []
    assert measure.feed(b"\n-30\n")[-1] == -30.0


def test_alsa_is_asked_for_mono_at_16_khz() -> None:
    argv = argv_of(HornSettings("alsa", "plughw:1"))
    assert argv[:4] == ("arecord", "-q", "-D", "plughw:1")
    assert {"S16_LE", "16000"} < set(argv)


def talker(folder: Path, body: str) -> HornSettings:
    """A program that writes its process id into a file, and then does as `body` says."""
    lines = f"import os, sys, time\nopen({str(folder / 'pid')!r}, 'w').write(str(os.getpid()))\n"
    return HornSettings("command", argv=(sys.executable, "-u", "-c", lines + body))


TALKS = "while True:\n    print(-42, flush=True)\n    time.sleep(0.05)\n"


@pytest.fixture
def heard() -> "queue.SimpleQueue[Moment]":
    return queue.SimpleQueue()


def is_gone(folder: Path) -> bool:
    pid = int((folder / "pid").read_text())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_child_runs_while_somebody_listens(
    tmp_path: Path, heard: "queue.SimpleQueue[Moment]"
) -> None:
    ear = Ear(talker(tmp_path, TALKS), heard.put)
    ear.listen(60.0)
    assert heard.get(timeout=10).level_db == -42.0
    ear.listen(0.2)
    wait_for(lambda: is_gone(tmp_path), "the child to end")
    ear.listen(60.0)
    while not heard.empty():
        heard.get()
    assert heard.get(timeout=10).level_db == -42.0, "it listens again"
    ear.close()
    assert is_gone(tmp_path)


def test_a_child_that_ends_is_told_and_tried_again(
    tmp_path: Path, heard: "queue.SimpleQueue[Moment]"
) -> None:
    deaf: queue.SimpleQueue[bool] = queue.SimpleQueue()
    ear = Ear(talker(tmp_path, "print(-50)"), heard.put, lambda: deaf.put(True))
    for _ in range(2):
        ear.listen(60.0)
        assert heard.get(timeout=10).level_db == -50.0
        assert deaf.get(timeout=10)
    ear.close()


def test_a_child_that_talks_without_end_is_ended(
    tmp_path: Path, heard: "queue.SimpleQueue[Moment]"
) -> None:
    deaf: queue.SimpleQueue[bool] = queue.SimpleQueue()
    flood = "while True:\n    sys.stdout.write('-42\\n' * 20_000)\n"
    ear = Ear(talker(tmp_path, flood), heard.put, lambda: deaf.put(True))
    ear.listen(60.0)
    assert deaf.get(timeout=10)
    assert is_gone(tmp_path)


def test_a_program_that_is_not_there_is_told(heard: "queue.SimpleQueue[Moment]") -> None:
    deaf: queue.SimpleQueue[bool] = queue.SimpleQueue()
    ear = Ear(HornSettings("command", argv=("/nowhere",)), heard.put, lambda: deaf.put(True))
    ear.listen(60.0)
    assert deaf.get(timeout=10)


def test_what_a_deaf_ear_complains_of_is_told(tmp_path: Path) -> None:
    settings = talker(tmp_path, "sys.exit('no such card')")
    with pytest.raises(EarDeaf, match="no such card"):
        listen(settings, 2)


def test_listening_for_two_seconds_gives_two_levels(tmp_path: Path) -> None:
    assert listen(talker(tmp_path, TALKS), 2)[:2] == [-42.0, -42.0]
    assert is_gone(tmp_path)


def test_a_child_does_not_outlive_an_agent_that_is_killed(tmp_path: Path) -> None:
    settings = talker(tmp_path, TALKS)
    program = (
        "import sys, time\nfrom edge_agent.ear import Ear\n"
        "from edge_agent.settings import HornSettings\n"
        f"Ear(HornSettings('command', argv={settings.argv!r}), lambda m: None).listen(60)\n"
        "time.sleep(60)\n"
    )
    agent = subprocess.Popen([sys.executable, "-c", program])
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "the child")
    agent.kill()
    agent.wait()
    wait_for(lambda: is_gone(tmp_path), "the child to end with its line", 10.0)
