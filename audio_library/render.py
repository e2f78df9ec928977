"""From an approved spoken form to the file that is aired, in child processes with limits.

No decoder and no eSpeak is ever loaded in the calling process.
"""

import json
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audio_library.child_process import run_child
from audio_library.errors import (
    AudioLibraryError,
    AudioUnreadable,
    MasteringFailed,
    NothingToRead,
    SilentAudio,
    StoreFull,
    TextTooLong,
    TookTooLong,
)
from audio_library.mastering.mastered import Mastered
from audio_library.no_room import is_no_room
from audio_library.speech.engine import Engine, Speech, Voice
from audio_library.speech.registry import ENGINES, engine_of, voice_for

TIMEOUT_S = 300.0
"""20,000 characters are 20 minutes of speech: 25 s on a 2-core x86; a small ARM takes ten times."""
MEMORY_BYTES = 512 * 2**20
"""Address space of the mastering child; it uses 173 MB of it, 51 MB resident, at any length."""
MAX_SPOKEN_CHARACTERS = 50_000
"""50 minutes of speech; a script full of figures grows when it is put into words."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file named by its SHA-256, and who speaks in it."""

    mastered: Mastered
    language: str
    voice: str
    engine: str


def render_speech(
    spoken: str,
    language: str,
    *,
    out_dir: Path,
    voice: str | None = None,
    timeout_s: float = TIMEOUT_S,
    engines: Sequence[Engine] = ENGINES,
) -> Rendered:
    """Read `spoken` word for word and master it to `out_dir/<sha256>.opus`.

    Raises an AudioLibraryError: NoVoiceForLanguage, EngineOffline, StoreFull, TookTooLong, ...;
    then nothing is left behind.
    """
    if not any(character.isalnum() for character in spoken):
        raise NothingToRead
    if len(spoken) > MAX_SPOKEN_CHARACTERS:
        raise TextTooLong(len(spoken), MAX_SPOKEN_CHARACTERS)
    chosen = voice_for(language, voice, engines)
    try:
        made = _spoken_and_mastered(
            spoken, chosen, engine_of(chosen, engines), out_dir, timeout_s=timeout_s
        )
    except OSError as error:
        if is_no_room(error):
            raise StoreFull from error
        raise
    return Rendered(made, language, chosen.id, chosen.engine)


def _spoken_and_mastered(
    spoken: str, voice: Voice, engine: Engine, out_dir: Path, *, timeout_s: float
) -> Mastered:
    give_up = time.monotonic() + timeout_s
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".render-", dir=out_dir) as folder:
        into = Path(folder) / "speech"
        (speech,) = engine.speak((spoken,), voice, into=into, timeout_s=timeout_s)
        left_s = give_up - time.monotonic()
        if left_s <= 0:
            raise TookTooLong(voice.engine, timeout_s)
        made = master_in_child(speech, Path(folder) / "made.opus", timeout_s=left_s)
        return replace(made, path=made.path.replace(out_dir / f"{made.sha256}.opus"))


def master_in_child(
    speech: Speech, out: Path, *, chime: bool = True, timeout_s: float = TIMEOUT_S
) -> Mastered:
    """`mastering.master` in a process of its own; also for recordings that people bring."""
    request = {
        "source": str(speech.path.absolute()),
        "media_type": speech.media_type,
        "sample_rate": speech.sample_rate,
        "out": str(out.absolute()),
        "chime": chime,
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": math.ceil(timeout_s) + 1,
    }
    ended = run_child(
        [sys.executable, "-I", "-m", "audio_library.mastering.child"],
        given=json.dumps(request).encode(),
        what="mastering",
        timeout_s=timeout_s,
    )
    if ended.code < 0:
        # Only a decoder that met something hostile dies by a signal.
        raise AudioUnreadable(ended.reason)
    if ended.code != 0:
        raise MasteringFailed(ended.reason)
    answer: dict[str, Any] = json.loads(ended.out)
    if "error" in answer:
        raise _error(answer["error"], answer["reason"])
    return Mastered(**{**answer, "path": Path(answer["path"])})


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
