"""Mastering in a process of its own, with limits: what is hostile dies there, not here."""

import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from audio_library.cart import Figure
from audio_library.child_process import run_child
from audio_library.errors import (
    AudioLibraryError,
    AudioUnreadable,
    MasteringFailed,
    SilentAudio,
    StoreFull,
)
from audio_library.mastering.aim import Aim, within_limits
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing, Preset
from audio_library.mastering.programme import Part, Sound, dressed, told
from audio_library.phrases.joining import Piece
from audio_library.speech.engine import Speech

TIMEOUT_S = 1_200.0
"""An hour of a recording takes 60 s on an idle 2-core x86 and may need two passes; an old laptop
or a small ARM takes ten times as long. It only bounds what hangs: whoever waits may stop it."""
MEMORY_BYTES = 512 * 2**20
"""Address space of the child; it uses 330 MB of it with its threads, 55 resident, at any length."""
POINTS = 400


def master_in_child(
    speech: Speech,
    out: Path,
    *,
    preset: Preset = Preset.HORN,
    dressing: Dressing = Dressing.CHIME,
    mp3: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Mastered:
    """Master one sound, for instance a recording, to `out`, whole or not at all.

    Raises AudioUnreadable, SilentAudio, MasteringFailed, StoreFull, TookTooLong.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mastering-", dir=out.parent) as name:
        folder = Path(name)

        def attempt(aim: Aim) -> Mastered:
            work = folder / f"{aim.lufs} {aim.limit_dbfs}"
            work.mkdir()
            parts = dressed([Part(work / "speech", (Sound(speech),))], dressing, work / "chime")
            return parts_in_child(parts, work, preset=preset, aim=aim, mp3=mp3, timeout_s=timeout_s)

        return moved(within_limits(attempt), out)


def parts_in_child(
    parts: Sequence[Part],
    folder: Path,
    *,
    preset: Preset,
    aim: Aim,
    timeout_s: float,
    mp3: bool = False,
    meanwhile: Callable[[], None] | None = None,
) -> Mastered:
    """`mastering.master` of a programme to `folder/made`, whatever its loudness came to."""
    answer = _asked(
        {
            "task": "mp3" if mp3 else "opus",
            "parts": told(parts),
            "out": str((folder / "made").absolute()),
            "folder": str(folder.absolute()),
            "preset": preset.value,
            "aim": asdict(aim),
        },
        timeout_s=timeout_s,
        meanwhile=meanwhile,
    )
    return Mastered(**{**answer, "path": Path(answer["path"])})


def peaks_in_child(
    source: Path, *, points: int = POINTS, timeout_s: float = TIMEOUT_S
) -> dict[str, Any]:
    """`mastering.peaks` of a file, ready to be written as JSON; raises AudioUnreadable, …"""
    request = {"task": "peaks", "source": str(source.absolute()), "points": points}
    return _asked(request, timeout_s=timeout_s)


def figure_in_child(figure: Figure, out: Path, *, timeout_s: float = TIMEOUT_S) -> Mastered:
    """A figure of tones as a file at `out`, whole or not at all; raises MasteringFailed, …"""
    return _as_it_is({"task": "figure", "figure": figure.value}, out, timeout_s)


def joined_in_child(
    pieces: Sequence[Piece], out: Path, *, timeout_s: float = TIMEOUT_S
) -> Mastered:
    """Mastered files one after the other as one at `out`; raises AudioUnreadable, …"""
    told = [(str(piece.path.absolute()), piece.pause_ms) for piece in pieces]
    return _as_it_is({"task": "joined", "pieces": told}, out, timeout_s)


def _as_it_is(request: Mapping[str, Any], out: Path, timeout_s: float) -> Mastered:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mastering-", dir=out.parent) as name:
        folder = Path(name).absolute()
        places = {"out": str(folder / "made"), "folder": str(folder)}
        answer = _asked({**request, **places}, timeout_s=timeout_s)
        return moved(Mastered(**{**answer, "path": Path(answer["path"])}), out)


def moved(made: Mastered, out: Path) -> Mastered:
    """A finished file in its place, also after a power cut."""
    made.path.replace(out)
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return replace(made, path=out)


def _asked(
    request: Mapping[str, Any],
    *,
    timeout_s: float,
    meanwhile: Callable[[], None] | None = None,
) -> dict[str, Any]:
    limits = {"memory_bytes": MEMORY_BYTES, "cpu_seconds": math.ceil(2 * timeout_s) + 1}
    ended = run_child(
        [sys.executable, "-I", "-m", "audio_library.mastering.child"],
        given=json.dumps({**request, **limits}).encode(),
        what="mastering",
        timeout_s=timeout_s,
        meanwhile=meanwhile,
    )
    if ended.code < 0:
        # Only a decoder that met something hostile dies by a signal.
        raise AudioUnreadable(ended.reason)
    if ended.code != 0:
        raise MasteringFailed(ended.reason)
    answer: dict[str, Any] = json.loads(ended.out)
    if "error" in answer:
        raise _error(answer["error"], answer["reason"])
    return answer


def _error(code: str, reason: str) -> AudioLibraryError:
    match code:
        case AudioUnreadable.code:
            return AudioUnreadable(reason)
        case SilentAudio.code:
            return SilentAudio()
        case StoreFull.code:
            return StoreFull()
        case _:
            return MasteringFailed(reason)
