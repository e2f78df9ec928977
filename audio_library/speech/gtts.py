"""gTTS: Google Translate's voice, online only; its MP3 answer is decoded by the mastering."""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from audio_library.errors import EngineOffline
from audio_library.speech.online import Ask, OnlineEngine, short

NAME = "gTTS"


@dataclass(frozen=True, slots=True)
class Gtts(OnlineEngine):
    """Google Translate."""

    name: str = NAME
    licence: str = "MIT; voice by Google Translate, its terms of service apply"
    prefix: str = "gtts"
    names: tuple[tuple[str, str], ...] = (("vi", "Google Dịch (gTTS, cần mạng)"),)
    ask: Ask = lambda text, voice, timeout_s: _ask(text, voice, timeout_s)
    installed: Callable[[], bool] = lambda: importlib.util.find_spec("gtts") is not None


def _ask(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
    # An extra, and 0.2 s: only where it is used.
    import gtts
    import requests

    try:
        yield from gtts.gTTS(text, lang=voice, lang_check=False, timeout=timeout_s).stream()
    except (gtts.gTTSError, requests.RequestException, OSError) as error:
        raise EngineOffline(NAME, short(error)) from error
