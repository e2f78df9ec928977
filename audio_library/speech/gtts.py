"""gTTS: Google Translate's voice, online only; its MP3 answer is decoded by the mastering."""

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from audio_library.errors import EngineFailed, EngineOffline, TookTooLong
from audio_library.speech.engine import MP3, Missing, Speech, Voice

NAME = "gTTS"
SAMPLE_RATE = 24_000


@dataclass(frozen=True, slots=True)
class Gtts:
    """`ask(text, timeout_s)` yields the MP3 in parts: the extra `online` brings the real one."""

    name: str = NAME
    licence: str = "MIT; voice by Google Translate, its terms of service apply"
    online: bool = True
    ask: Callable[[str, float], Iterator[bytes]] = lambda text, timeout_s: _ask(text, timeout_s)
    installed: Callable[[], bool] = lambda: importlib.util.find_spec("gtts") is not None

    def voices(self) -> tuple[Voice, ...]:
        missing = None
        if not self.installed():
            missing = Missing(
                "cần cài phần mở rộng “online” (gói gTTS) và mạng internet",
                "the extra “online” (package gTTS) and the internet are needed",
            )
        return (
            Voice(
                id="gtts:vi",
                language="vi",
                name_vi="Google Dịch (gTTS, cần mạng)",
                engine=self.name,
                licence=self.licence,
                online=self.online,
                missing=missing,
            ),
        )

    def speak(self, text: str, voice: Voice, *, into: Path, timeout_s: float) -> Speech:
        if voice.missing is not None:
            raise EngineOffline(self.name, voice.missing.en)
        give_up = time.monotonic() + timeout_s
        with into.open("wb") as file:
            for part in self.ask(text, timeout_s):
                file.write(part)
                if time.monotonic() > give_up:
                    raise TookTooLong(self.name, timeout_s)
        if into.stat().st_size == 0:
            raise EngineFailed(self.name, "empty answer")
        return Speech(into, MP3, SAMPLE_RATE)


def _ask(text: str, timeout_s: float) -> Iterator[bytes]:
    # An extra, and 0.2 s: only where it is used.
    import gtts
    import requests

    try:
        yield from gtts.gTTS(text, lang="vi", lang_check=False, timeout=timeout_s).stream()
    except (gtts.gTTSError, requests.RequestException, OSError) as error:
        raise EngineOffline(NAME, _short(error)) from error


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
