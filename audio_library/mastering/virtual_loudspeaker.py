"""`python -m audio_library.mastering.virtual_loudspeaker --wav-dir DIR`: a player without a horn.

Takes orders as JSON lines on stdin and tells events as JSON lines on stdout; what a horn would
have sounded goes into DIR/<id>.wav in real time. Ends at `{"op": "quit"}` or the end of stdin.

    {"op": "load", "id", "path", "gain_db"}   →  ready (duration_ms) | error
    {"op": "tune", "id", "url", "gain_db"}    →  ready (duration_ms 0) | error
    {"op": "play", "id", "at_unix"}           →  started (at_unix), position (ms) …, ended
    {"op": "gain", "id", "gain_db"}              from the next 20 ms on
    {"op": "stop", "id"}                      →  ended (played_ms, reason: eof | stopped | error)
"""

import argparse
import json
import math
import os
import queue
import re
import signal
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import av

from audio_library.errors import AudioLibraryError, AudioUnreadable
from audio_library.mastering.filters import Filter, through
from audio_library.mastering.opus import FRAME_SAMPLES
from audio_library.mastering.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE, bytes_of
from audio_library.mastering.sound_source import duration_ms, frames_of_container
from audio_library.mastering.station import Station
from audio_library.mastering.wav_file import WavFile

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
FRAMES_A_SECOND = SAMPLE_RATE // FRAME_SAMPLES
LONGEST_WAIT_S = 0.25
"""Until the wall clock is looked at again: it may be set while waiting for a start."""
TUNING_WAIT_S = 0.05
"""Until it is looked again whether a station has sent its first sound."""
LOUDEST_DB = 20.0

Order = dict[str, Any]
Tell = Callable[[dict[str, Any]], None]

_TO_HORN = (
    Filter("aresample", str(SAMPLE_RATE)),
    Filter("aformat", "sample_fmts=s16:channel_layouts=mono"),
)
_QUIT: Order = {"op": "quit"}


@dataclass(slots=True)
class Play:
    """One play, from loading to its end; `frames` are 20 ms each, the last may be shorter.

    An empty frame is a gap: the station has not sent any sound.
    """

    id: str
    frames: Iterator[bytes]
    gain_db: float
    at_unix: float | None = None
    station: Station | None = None
    ready: bool = True

    def dispose(self) -> None:
        if self.station is not None:
            self.station.close()


@dataclass(slots=True)
class Sounding:
    """The play that is on: frame n is due at `began` + n × 20 ms of the monotonic clock."""

    play: Play
    wav: WavFile
    began: float
    frames_out: int = 0


class Loudspeaker:
    """One play at a time, the next may be loaded meanwhile. Reads the clocks that it is given."""

    def __init__(
        self,
        wav_dir: Path,
        tell: Tell,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wav_dir = wav_dir
        self._tell = tell
        self._wall = wall
        self._monotonic = monotonic
        self._loaded: Play | None = None
        self._sounding: Sounding | None = None

    def obey(self, order: Order) -> None:
        """Carry out one order; an order that makes no sense is answered with an error event."""
        id = order.get("id")
        if not isinstance(id, str) or not id:
            self._fail(id, "no id")
            return
        try:
            match order.get("op"):
                case "load":
                    self._load(id, _text(order, "path"), _number(order, "gain_db", 0.0))
                case "tune":
                    self._tune(id, _text(order, "url"), _number(order, "gain_db", 0.0))
                case "play":
                    self._play(id, _number(order, "at_unix"))
                case "stop":
                    self._stop(id)
                case "gain":
                    self._gain(id, _number(order, "gain_db"))
                case unknown:
                    self._fail(id, f"unknown op {unknown!r}")
        except ValueError as error:
            self._fail(id, str(error))

    def wait_s(self) -> float | None:
        """How long nothing is due; None: until the next order."""
        if self._sounding is not None:
            due = self._sounding.began + self._sounding.frames_out * FRAME_S
            return max(0.0, due - self._monotonic())
        if self._loaded is not None and not self._loaded.ready:
            return TUNING_WAIT_S
        if self._loaded is not None and self._loaded.at_unix is not None:
            return min(LONGEST_WAIT_S, max(0.0, self._loaded.at_unix - self._wall()))
        return None

    def advance(self) -> None:
        """Do what is due: begin, or sound the frames whose time has come."""
        waiting = self._loaded
        if waiting is not None and waiting.station is not None and not waiting.ready:
            self._look_at(waiting, waiting.station)
        elif (
            self._sounding is None
            and waiting is not None
            and waiting.at_unix is not None
            and self._wall() >= waiting.at_unix
        ):
            self._begin(waiting)
        while self._sounding is not None and self.wait_s() == 0:
            self._sound_a_frame(self._sounding)

    def close(self) -> None:
        """Stop what sounds and settle its file."""
        if self._sounding is not None:
            self._end(self._sounding, "stopped")
        if self._loaded is not None:
            self._loaded.dispose()
        self._loaded = None

    def _load(self, id: str, path: str, gain_db: float) -> None:
        if self._sounding is not None and self._sounding.play.id == id:
            raise ValueError("this id is playing")
        self._drop_loaded()
        try:
            length_ms = duration_ms(Path(path))
            frames = horn_frames(Path(path))
            first = next(frames)
        except (AudioLibraryError, OSError, StopIteration) as error:
            self._fail(id, getattr(error, "en", None) or str(error) or "no sound in the file")
            return
        self._loaded = Play(id, chain([first], frames), gain_db)
        self._tell({"event": "ready", "id": id, "duration_ms": length_ms})

    def _tune(self, id: str, url: str, gain_db: float) -> None:
        if self._sounding is not None and self._sounding.play.id == id:
            raise ValueError("this id is playing")
        self._drop_loaded()
        station = Station(url, in_pieces)
        self._loaded = Play(id, station, gain_db, station=station, ready=False)

    def _look_at(self, play: Play, station: Station) -> None:
        """Tell once whether a station that is tuned in has sound."""
        if not station.settled:
            return
        play.ready = True
        try:
            first = next(station)
        except (AudioUnreadable, StopIteration) as error:
            self._loaded = None
            self._fail(play.id, getattr(error, "en", None) or "no sound in the stream")
            return
        play.frames = chain([first], station)
        self._tell({"event": "ready", "id": play.id, "duration_ms": 0})

    def _play(self, id: str, at_unix: float) -> None:
        if self._loaded is None or self._loaded.id != id:
            raise ValueError("not loaded")
        self._loaded.at_unix = at_unix

    def _stop(self, id: str) -> None:
        if self._sounding is not None and self._sounding.play.id == id:
            self._end(self._sounding, "stopped")
        elif self._loaded is not None and self._loaded.id == id:
            self._loaded.dispose()
            self._loaded = None
            self._tell_end(id, 0, "stopped")
        else:
            raise ValueError("not loaded and not playing")

    def _gain(self, id: str, gain_db: float) -> None:
        if self._sounding is not None and self._sounding.play.id == id:
            self._sounding.play.gain_db = gain_db
        elif self._loaded is not None and self._loaded.id == id:
            self._loaded.gain_db = gain_db
        else:
            raise ValueError("not loaded and not playing")

    def _drop_loaded(self) -> None:
        """Another load takes its place; one that was to start is told to have ended."""
        dropped, self._loaded = self._loaded, None
        if dropped is None:
            return
        dropped.dispose()
        if dropped.at_unix is not None:
            self._tell_end(dropped.id, 0, "stopped")

    def _begin(self, play: Play) -> None:
        self._loaded = None
        try:
            wav = WavFile(self._wav_dir / f"{file_name(play.id)}.wav")
        except OSError as error:
            self._tell_end(play.id, 0, "error", str(error))
            return
        self._sounding = Sounding(play, wav, began=self._monotonic())
        self._tell({"event": "started", "id": play.id, "at_unix": self._wall()})

    def _sound_a_frame(self, on: Sounding) -> None:
        try:
            frame = next(on.play.frames, None)
            if frame is None:
                self._end(on, "eof")
                return
            if not frame:
                on.began += FRAME_S
                return
            on.wav.write(at_gain(frame, on.play.gain_db))
            on.frames_out += 1
            if on.frames_out % FRAMES_A_SECOND == 0:
                on.wav.settle()
                self._tell({"event": "position", "id": on.play.id, "ms": _milliseconds(on.wav)})
        except (AudioUnreadable, OSError) as error:
            self._end(on, "error", str(error))

    def _end(self, on: Sounding, reason: str, error: str | None = None) -> None:
        self._sounding = None
        on.play.dispose()
        on.wav.close()
        self._tell_end(on.play.id, _milliseconds(on.wav), reason, error)

    def _tell_end(self, id: str, played_ms: int, reason: str, error: str | None = None) -> None:
        self._tell(
            {"event": "ended", "id": id, "played_ms": played_ms, "reason": reason, "error": error}
        )

    def _fail(self, id: object, error: str) -> None:
        self._tell({"event": "error", "id": id, "error": error})


def horn_frames(path: Path) -> Iterator[bytes]:
    """16-bit mono samples at 48 kHz in pieces of 20 ms; raises AudioUnreadable."""
    return in_pieces(frames_of_container(path))


def in_pieces(frames: Iterator[av.AudioFrame]) -> Iterator[bytes]:
    """Any frames as 16-bit mono samples at 48 kHz in pieces of 20 ms."""
    size = FRAME_SAMPLES * BYTES_PER_SAMPLE
    waiting = bytearray()
    for frame in through(_TO_HORN, frames):
        waiting += bytes_of(frame)
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


def at_gain(samples: bytes, gain_db: float) -> bytes:
    """Louder or softer, clipped at full scale."""
    if gain_db == 0:
        return samples
    factor = 10 ** (gain_db / 20)
    values = array("h", samples)
    return array("h", (max(-32768, min(32767, round(v * factor))) for v in values)).tobytes()


def file_name(id: str) -> str:
    """An id as a file name that stays in its folder."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", id)[:150].lstrip(".") or "_"


def _milliseconds(wav: WavFile) -> int:
    return round(wav.samples * 1000 / SAMPLE_RATE)


def _text(order: Order, field: str) -> str:
    value = order.get(field)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field} must be a text")
    return value


def _number(order: Order, field: str, default: float | None = None) -> float:
    value = order.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{field} must be a number")
    return min(float(value), LOUDEST_DB) if field == "gain_db" else float(value)


def _read_orders(lines: Iterator[str], orders: "queue.SimpleQueue[Order]", tell: Tell) -> None:
    for line in lines:
        if not line.strip():
            continue
        try:
            order = json.loads(line)
        except ValueError:
            order = None
        if isinstance(order, dict):
            orders.put(order)
        else:
            tell({"event": "error", "id": None, "error": "not a JSON object"})
    orders.put(_QUIT)


def _tell_on_stdout(event: dict[str, Any]) -> None:
    # One write: two threads may tell.
    os.write(sys.stdout.fileno(), f"{json.dumps(event)}\n".encode())


def main(wav_dir: Path) -> int:
    wav_dir.mkdir(parents=True, exist_ok=True)
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: orders.put(_QUIT))
    threading.Thread(
        target=_read_orders, args=(sys.stdin, orders, _tell_on_stdout), daemon=True
    ).start()
    loudspeaker = Loudspeaker(wav_dir, _tell_on_stdout)
    try:
        while True:
            try:
                order = orders.get(timeout=loudspeaker.wait_s())
            except queue.Empty:
                loudspeaker.advance()
                continue
            if order.get("op") == "quit":
                break
            loudspeaker.obey(order)
            loudspeaker.advance()
        loudspeaker.close()
    except BrokenPipeError:
        # Whoever gave the orders is gone: nobody is left to be told, but the file is made whole.
        with suppress(BrokenPipeError):
            loudspeaker.close()
    return 0


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--wav-dir", type=Path, required=True)
    sys.exit(main(arguments.parse_args().wav_dir))
