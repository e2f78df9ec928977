"""gTTS: Google Translate's voice, online only; its MP3 answer is decoded by the mastering."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_library.errors import EngineOffline, VoiceNotReady
from audio_library.speech.engine import Speech, Voice
from audio_library.speech.kept_answers import KeptAnswers
from audio_library.speech.online import Ask, ask_all, lacking, short

NAME = "gTTS"


@dataclass(frozen=True, slots=True)
class Gtts:
    """`ask` is the way to the service: the extra `online` brings the real one."""

    name: str = NAME
    licence: str = "MIT; voice by Google Translate, its terms of service apply"
    online: bool = True
    unofficial: bool = True
    whole: bool = False
    allowed: bool = False
    kept: KeptAnswers | None = None
    ask: Ask = lambda text, voice, timeout_s: _ask(text, voice, timeout_s)
    installed: Callable[[], bool] = lambda: importlib.util.find_spec("gtts") is not None

    def voices(self) -> tuple[Voice, ...]:
        return (
            Voice(
                id="gtts:vi",
                language="vi",
                name_vi="Google Dịch (gTTS, cần mạng)",
                engine=self.name,
                licence=self.licence,
                online=self.online,
                missing=lacking(allowed=self.allowed, installed=self.installed()),
                fingerprint=NAME,
            ),
        )

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        missing = lacking(allowed=self.allowed, installed=self.installed())
        if missing is not None:
            raise VoiceNotReady(voice.id, missing.vi, missing.en)
        name = voice.id.removeprefix("gtts:")
        return ask_all(NAME, self.ask, texts, name, kept=self.kept, into=into, timeout_s=timeout_s)


def _ask(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
    # An extra, and 0.2 s: only where it is used.
    import gtts
    import requests

    try:
        yield from gtts.gTTS(text, lang=voice, lang_check=False, timeout=timeout_s).stream()
    except (gtts.gTTSError, requests.RequestException, OSError) as error:
        raise EngineOffline(NAME, short(error)) from error
