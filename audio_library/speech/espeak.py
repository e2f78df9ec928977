"""eSpeak NG, the only offline Vietnamese voice that pip brings; it speaks in a child process."""

import importlib.metadata
import importlib.util
import math
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from audio_library.child_process import run_child
from audio_library.errors import EngineFailed, StoreFull, TookTooLong
from audio_library.speech import espeak_child, limited
from audio_library.speech.engine import RAW_PCM, WAV, Missing, Speech, Voice
from audio_library.speech.respelling import respell, respelling_version

SAMPLE_RATE = 22_050
WORDS_A_MINUTE = 150
VOLUME = 80
"""At the library's default of 100 it clips inside (true peak 0.0 dB)."""
MEMORY_BYTES = 256 * 2**20
"""The child streams its samples: under 40 MB of address space, whatever the length."""

VOICES_VI = {
    "vi": "Miền Bắc (eSpeak NG)",
    "vi-vn-x-central": "Miền Trung (eSpeak NG)",
    "vi-vn-x-south": "Miền Nam (eSpeak NG)",
}

_CHILD_REASONS = {
    espeak_child.EXIT_NO_ENGINE: "the library or its data do not fit",
    espeak_child.EXIT_NO_VOICE: "no such voice",
    espeak_child.EXIT_FAILED: "synthesis failed",
}


@dataclass(frozen=True, slots=True)
class Espeak:
    """By the wheel `espeakng_loader`; by the command `espeak-ng` where the wheel is missing."""

    name: str = "eSpeak NG"
    licence: str = "GPL-3.0-or-later"
    online: bool = False
    unofficial: bool = False
    whole: bool = False
    find_wheel: Callable[[], Path | None] = lambda: _wheel()
    find_command: Callable[[], str | None] = lambda: shutil.which("espeak-ng")

    def voices(self) -> tuple[Voice, ...]:
        missing = None
        wheel, command = self.find_wheel(), self.find_command()
        if wheel is None and command is None:
            missing = Missing(
                "cần gói espeakng-loader hoặc lệnh espeak-ng",
                "the package espeakng-loader or the command espeak-ng is needed",
            )
        fingerprint = _fingerprint() if wheel is not None else ""
        return tuple(
            Voice(
                id=f"espeak:{voice}",
                language="vi",
                name_vi=name_vi,
                engine=self.name,
                licence=self.licence,
                online=self.online,
                missing=missing,
                fingerprint=fingerprint,
            )
            for voice, name_vi in VOICES_VI.items()
        )

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        said = [respell(text).replace("\0", " ").encode() for text in texts]
        name = voice.id.removeprefix("espeak:")
        into.mkdir(parents=True, exist_ok=True)
        if not said:
            return ()
        wheel, command = self.find_wheel(), self.find_command()
        if wheel is not None:
            return self._by_wheel(wheel, said, name, into, timeout_s)
        if command is not None:
            return self._by_command(command, said, name, into, timeout_s)
        raise EngineFailed(self.name, "espeakng-loader, espeak-ng: not installed")

    def _by_wheel(
        self, package: Path, said: list[bytes], name: str, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        library = next(package.glob("libespeak-ng.*"))
        numbers = (SAMPLE_RATE, WORDS_A_MINUTE, VOLUME, MEMORY_BYTES, math.ceil(timeout_s) + 1)
        argv = [
            *(sys.executable, "-I", "-S", espeak_child.__file__),
            *(str(library), str(package / "espeak-ng-data"), name, str(into.absolute())),
            *map(str, numbers),
        ]
        ended = run_child(argv, given=b"\0".join(said), what=self.name, timeout_s=timeout_s)
        if ended.code == espeak_child.EXIT_NO_ROOM:
            raise StoreFull
        if ended.code != 0:
            raise EngineFailed(self.name, _CHILD_REASONS.get(ended.code) or ended.reason)
        return tuple(Speech(into / f"{n}.pcm", RAW_PCM, SAMPLE_RATE) for n in range(len(said)))

    def _by_command(
        self, command: str, said: list[bytes], name: str, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        give_up = time.monotonic() + timeout_s
        limits = (str(MEMORY_BYTES), str(math.ceil(timeout_s) + 1))
        argv = [
            *(sys.executable, "-I", "-S", limited.__file__, *limits),
            *(command, "-v", name, "-s", str(WORDS_A_MINUTE), "-a", str(VOLUME)),
            *("-b", "1", "--stdin", "--stdout"),
        ]
        made = []
        for number, text in enumerate(said):
            left_s = give_up - time.monotonic()
            if left_s <= 0:
                raise TookTooLong(self.name, timeout_s)
            # Not to a file: on a full disk the command writes less and says nothing.
            ended = run_child(argv, given=text, what=self.name, timeout_s=left_s)
            if ended.code != 0 or not ended.out:
                raise EngineFailed(self.name, ended.reason)
            made.append(Speech(into / f"{number}.wav", WAV, SAMPLE_RATE))
            made[-1].path.write_bytes(ended.out)
        return tuple(made)


@cache
def _fingerprint() -> str:
    version = importlib.metadata.version("espeakng-loader")
    return f"espeakng-loader {version}, {WORDS_A_MINUTE} {VOLUME}, {respelling_version()}"


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    return package if any(package.glob("libespeak-ng.*")) else None
