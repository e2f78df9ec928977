"""An ear at the horn: a child process that measures while somebody listens, and no longer."""

import logging
import math
import os
import select
import subprocess
import threading
import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from edge_agent.errors import EarDeaf
from edge_agent.log_setup import note
from edge_agent.settings import HornSettings

log = logging.getLogger("edge_agent.ear")

RATE = 16_000
WINDOW_S = 1.0
SILENCE_DB = -96.0
"""Nothing is quieter than 16 bits can say."""

DATA_WITHIN_S = 4.0
MAX_BYTES_PER_S = 4 * RATE
"""Twice what a microphone gives: a program that talks more only takes the processor."""

_EVERY_NTH_SAMPLE = 4
_CHUNK = 64 * 1024
_MAX_LINE = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """How loud it was, in dB, in the second that ended at `until_s` of the monotonic clock."""

    until_s: float
    level_db: float


class Measure(Protocol):
    """Turns what a child writes into levels, one a second."""

    def feed(self, data: bytes) -> list[float]:
        """Take more bytes; gives the levels in dB that they complete."""


class Pcm:
    """Samples of 16 bits, mono, at `RATE`: RMS of each second in dBFS, without what is constant."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[float]:
        """Take more samples."""
        size = round(RATE * WINDOW_S) * 2
        self._pending += data
        levels = []
        while len(self._pending) >= size:
            window, self._pending = self._pending[:size], self._pending[size:]
            levels.append(_rms_dbfs(array("h", window)))
        return levels


class Numbers:
    """One number a line: dBFS as it is, milliamperes as dB above one of them."""

    def __init__(self, *, milliamperes: bool) -> None:
        self._milliamperes = milliamperes
        self._pending = b""

    def feed(self, data: bytes) -> list[float]:
        """Take more lines; what is no number is passed over."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        self._pending = self._pending[-_MAX_LINE:]
        levels = []
        for line in lines:
            with suppress(ValueError):
                number = float(line[:_MAX_LINE])
                if math.isfinite(number):
                    levels.append(self._level(number))
        return levels

    def _level(self, number: float) -> float:
        if self._milliamperes:
            return 20 * math.log10(max(1.0, number))
        return max(SILENCE_DB, min(0.0, number))


class Ear:
    """Runs the child while somebody listens, and no longer.

    `heard` is called once a second from the ear's own thread, and `deaf` if the child fails.
    """

    def __init__(
        self,
        settings: HornSettings,
        heard: Callable[[Moment], None],
        deaf: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._heard = heard
        self._deaf = deaf
        self._lock = threading.Lock()
        self._until_s = 0.0
        self._thread: threading.Thread | None = None

    def listen(self, for_s: float) -> None:
        """Listen for so long from now, whatever was said before."""
        with self._lock:
            self._until_s = time.monotonic() + for_s
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="ear", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End now, and wait until the child is gone."""
        with self._lock:
            self._until_s, thread = 0.0, self._thread
        if thread is not None:
            thread.join(DATA_WITHIN_S)

    def _is_over(self) -> bool:
        """Whether nobody listens any more; the next who opens the ear then starts it anew."""
        with self._lock:
            over = time.monotonic() >= self._until_s
            if over:
                self._thread = None
            return over

    def _run(self) -> None:
        try:
            self._measure()
        except (OSError, EarDeaf) as e:
            note(log, "ear_deaf", level=logging.ERROR, error=str(e))
            with self._lock:
                self._thread = None
            self._deaf()

    def _measure(self) -> None:
        with start(self._settings, subprocess.DEVNULL) as child:
            try:
                measure, began_s, said = measure_of(self._settings), time.monotonic(), 0
                while not self._is_over():
                    data = read(child)
                    said += len(data)
                    if said > MAX_BYTES_PER_S * (2 + time.monotonic() - began_s):
                        raise EarDeaf("Cảm biến ở loa gửi quá nhiều số.", "The ear says too much.")
                    for level in measure.feed(data):
                        self._heard(Moment(time.monotonic(), level))
            finally:
                child.kill()


def listen(settings: HornSettings, seconds: int) -> list[float]:
    """Measure for so long and give the level of each second. Raises `EarDeaf` with the reason."""
    levels: list[float] = []
    try:
        with start(settings, subprocess.PIPE) as child:
            try:
                measure = measure_of(settings)
                while len(levels) < seconds:
                    levels += measure.feed(read(child))
            except EarDeaf as e:
                child.kill()
                said = child.stderr.read(_MAX_LINE) if child.stderr else b""
                words = said.decode("utf-8", "replace").strip()
                raise _deaf(settings, words or e.en) from e
            finally:
                child.kill()
    except OSError as e:
        raise _deaf(settings, str(e)) from e
    return levels


def start(settings: HornSettings, complaints: int) -> "subprocess.Popen[bytes]":
    """Run the program that measures; whoever starts it kills it. Raises OSError."""
    return subprocess.Popen(
        argv_of(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=complaints,
        start_new_session=True,
        bufsize=0,
    )


def argv_of(settings: HornSettings) -> tuple[str, ...]:
    """The program that measures: ALSA's recorder, or the one that the settings name."""
    if settings.kind == "command":
        return settings.argv
    shape = ("-t", "raw", "-f", "S16_LE", "-r", str(RATE), "-c", "1", "--buffer-time=400000")
    return (*(settings.argv or ("arecord",)), "-q", "-D", settings.device, *shape)


def measure_of(settings: HornSettings) -> Measure:
    """What reads the words of that program."""
    if settings.kind == "alsa":
        return Pcm()
    return Numbers(milliamperes=settings.unit == "mA")


def read(child: "subprocess.Popen[bytes]") -> bytes:
    """Wait for more of what the child says. Raises `EarDeaf` when it ended or says nothing."""
    assert child.stdout is not None
    handle = child.stdout.fileno()
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    if not waiting.poll(DATA_WITHIN_S * 1000):
        raise EarDeaf("Cảm biến ở loa không gửi gì.", "The ear at the horn says nothing.")
    data = os.read(handle, _CHUNK)
    if not data:
        raise EarDeaf("Chương trình cảm biến ở loa đã dừng.", "The ear's program ended.")
    return data


def _rms_dbfs(samples: "array[int]") -> float:
    some = samples[::_EVERY_NTH_SAMPLE]
    mean = sum(some) / len(some)
    power = sum(sample * sample for sample in some) / len(some) - mean * mean
    return max(SILENCE_DB, 10 * math.log10(max(1e-9, power) / 32_768**2))


def _deaf(settings: HornSettings, why: str) -> EarDeaf:
    program = " ".join(argv_of(settings))
    return EarDeaf(
        f"Cảm biến ở loa không đo được ({program}): {why}. Loa vẫn phát bình thường.",
        f"The ear at the horn cannot listen ({program}): {why}. The horn plays on all the same.",
    )
