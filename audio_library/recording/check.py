"""Checks a recording that a person brings, in a child process with limits: it may be hostile."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audio_library.child_process import run_child
from audio_library.errors import AudioLibraryError, AudioUnreadable, StoreFull
from audio_library.recording.errors import NotARecording, RecordingCutOff, RecordingTooLong
from audio_library.recording.file_kind import HEAD_BYTES, file_kind
from audio_library.recording.measured import Measured
from audio_library.recording.sound_judge import refuse_silent, refuse_unfit

MAX_RECORDING_BYTES = 200 * 10**6
"""An hour of mono WAV at 48 kHz is 346 MB: so long a talk is brought compressed."""
TIMEOUT_S = 300.0
"""An hour of recording takes 30 s on a 2-core x86; a small ARM takes ten times."""
MEMORY_BYTES = 512 * 2**20
"""Address space of the child; it uses some 60 MB resident at any length."""


def check_recording(path: Path, into: Path, *, timeout_s: float = TIMEOUT_S) -> Measured:
    """Measure a brought file and write its voice, silent ends cut off, to the FLAC file `into`.

    Raises NotARecording, RecordingTooLong, RecordingCutOff, AudioUnreadable, TookTooLong,
    StoreFull, or why it is unfit: TakeSilent, TakeTooQuiet, TakeTooNoisy, TakeClipped. Then
    nothing stays at `into`.
    """
    return _checked(path, into, refuse_unfit, whole=False, timeout_s=timeout_s)


def check_music(path: Path, into: Path, *, timeout_s: float = TIMEOUT_S) -> Measured:
    """The same of music, which begins and ends softly: it is written whole.

    Of the reasons why it may be unfit there is only TakeSilent.
    """
    return _checked(path, into, refuse_silent, whole=True, timeout_s=timeout_s)


def _checked(
    path: Path, into: Path, unfit: Callable[[Measured], None], *, whole: bool, timeout_s: float
) -> Measured:
    with path.open("rb") as file:
        # Before any decoder is started.
        file_kind(file.read(HEAD_BYTES))
    try:
        measured = _measured(path, into, whole, timeout_s)
        unfit(measured)
    except BaseException:
        into.unlink(missing_ok=True)
        raise
    return measured


def _measured(path: Path, into: Path, whole: bool, timeout_s: float) -> Measured:
    request = {
        "source": str(path.absolute()),
        "into": str(into.absolute()),
        "whole": whole,
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": math.ceil(timeout_s) + 1,
    }
    ended = run_child(
        [sys.executable, "-I", "-m", "audio_library.mastering.sound_check_child"],
        given=json.dumps(request).encode(),
        what="sound check",
        timeout_s=timeout_s,
    )
    if ended.code != 0:
        # A decoder that met something hostile dies by a signal, or of its limits.
        raise AudioUnreadable(ended.reason)
    answer: dict[str, Any] = json.loads(ended.out)
    if "error" in answer:
        raise _error(*answer["error"])
    return Measured(**answer)


def _error(code: str, *given: Any) -> AudioLibraryError:
    match code:
        case NotARecording.code:
            return NotARecording(*given)
        case RecordingTooLong.code:
            return RecordingTooLong(*given)
        case RecordingCutOff.code:
            return RecordingCutOff(*given)
        case StoreFull.code:
            return StoreFull()
        case _:
            return AudioUnreadable(*given)
