"""eSpeak NG, the only offline Vietnamese voice that pip brings; one child process a text."""

import importlib.util
import math
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audio_library.child_process import run_child
from audio_library.errors import EngineFailed, StoreFull
from audio_library.speech import espeak_child
from audio_library.speech.engine import RAW_PCM, Missing, Speech, Voice
from audio_library.speech.respelling import respell

WAV = "audio/wav"
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
    find_wheel: Callable[[], Path | None] = lambda: _wheel()
    find_command: Callable[[], str | None] = lambda: shutil.which("espeak-ng")

    def voices(self) -> tuple[Voice, ...]:
        missing = None
        if self.find_wheel() is None and self.find_command() is None:
            missing = Missing(
                "cần gói espeakng-loader hoặc lệnh espeak-ng",
                "the package espeakng-loader or the command espeak-ng is needed",
            )
        return tuple(
            Voice(
                id=f"espeak:{voice}",
                language="vi",
                name_vi=name_vi,
                engine=self.name,
                licence=self.licence,
                online=self.online,
                missing=missing,
            )
            for voice, name_vi in VOICES_VI.items()
        )

    def speak(self, text: str, voice: Voice, *, into: Path, timeout_s: float) -> Speech:
        said = respell(text)
        name = voice.id.removeprefix("espeak:")
        wheel = self.find_wheel()
        if wheel is not None:
            return self._by_wheel(wheel, said, name, into, timeout_s)
        command = self.find_command()
        if command is not None:
            return self._by_command(command, said, name, into, timeout_s)
        raise EngineFailed(self.name, "espeakng-loader, espeak-ng: not installed")

    def _by_wheel(
        self, package: Path, text: str, name: str, into: Path, timeout_s: float
    ) -> Speech:
        library = next(package.glob("libespeak-ng.*"))
        numbers = (SAMPLE_RATE, WORDS_A_MINUTE, VOLUME, MEMORY_BYTES, math.ceil(timeout_s) + 1)
        argv = [
            *(sys.executable, "-I", "-S", espeak_child.__file__),
            *(str(library), str(package / "espeak-ng-data"), name),
            *map(str, numbers),
        ]
        ended = run_child(argv, given=_bytes(text), what=self.name, timeout_s=timeout_s, out=into)
        if ended.code == espeak_child.EXIT_NO_ROOM:
            raise StoreFull
        if ended.code != 0:
            raise EngineFailed(self.name, _CHILD_REASONS.get(ended.code) or ended.reason)
        return Speech(into, RAW_PCM, SAMPLE_RATE)

    def _by_command(
        self, command: str, text: str, name: str, into: Path, timeout_s: float
    ) -> Speech:
        argv = [
            *(command, "-v", name, "-s", str(WORDS_A_MINUTE), "-a", str(VOLUME)),
            *("-b", "1", "--stdin", "--stdout"),
        ]
        # Not to a file: on a full disk the command writes less and says nothing.
        ended = run_child(argv, given=_bytes(text), what=self.name, timeout_s=timeout_s)
        if ended.code != 0 or not ended.out:
            raise EngineFailed(self.name, ended.reason)
        into.write_bytes(ended.out)
        return Speech(into, WAV, SAMPLE_RATE)


def _bytes(text: str) -> bytes:
    # A NUL would end the text early.
    return text.replace("\0", " ").encode()


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    return package if any(package.glob("libespeak-ng.*")) else None
