"""edge-tts: the read-aloud voices of Microsoft's browser, online only."""

import asyncio
import importlib.util
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_library.errors import EngineOffline, VoiceNotReady
from audio_library.speech.engine import Speech, Voice
from audio_library.speech.kept_answers import KeptAnswers
from audio_library.speech.online import Ask, ask_all, lacking, short

NAME = "edge-tts"

VOICES_VI = {
    "vi-VN-HoaiMyNeural": "Hoài My (Microsoft Edge, cần mạng)",
    "vi-VN-NamMinhNeural": "Nam Minh (Microsoft Edge, cần mạng)",
}


@dataclass(frozen=True, slots=True)
class EdgeTts:
    """`ask` is the way to the service: the extra `online` brings the real one."""

    name: str = NAME
    licence: str = "LGPL-3.0; voice by Microsoft Edge, its terms of service apply"
    online: bool = True
    unofficial: bool = True
    whole: bool = False
    allowed: bool = False
    kept: KeptAnswers | None = None
    ask: Ask = lambda text, voice, timeout_s: _ask(text, voice, timeout_s)
    installed: Callable[[], bool] = lambda: importlib.util.find_spec("edge_tts") is not None

    def voices(self) -> tuple[Voice, ...]:
        return tuple(
            Voice(
                id=f"edge:{voice}",
                language="vi",
                name_vi=name_vi,
                engine=self.name,
                licence=self.licence,
                online=self.online,
                missing=lacking(allowed=self.allowed, installed=self.installed()),
                fingerprint=f"{NAME} {voice}",
            )
            for voice, name_vi in VOICES_VI.items()
        )

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        missing = lacking(allowed=self.allowed, installed=self.installed())
        if missing is not None:
            raise VoiceNotReady(voice.id, missing.vi, missing.en)
        name = voice.id.removeprefix("edge:")
        return ask_all(NAME, self.ask, texts, name, kept=self.kept, into=into, timeout_s=timeout_s)


def _ask(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
    # An extra, and 0.3 s: only where it is used.
    import aiohttp
    import edge_tts

    whole_s = max(1, math.ceil(timeout_s))
    asked = edge_tts.Communicate(
        text, voice, connect_timeout=min(10, whole_s), receive_timeout=whole_s
    )
    # Not its `stream_sync`: that waits for ever when the connection fails.
    loop = asyncio.new_event_loop()
    parts = asked.stream()
    try:
        while True:
            part = loop.run_until_complete(anext(parts))
            if part["type"] == "audio":
                yield part["data"]
    except StopAsyncIteration:
        return
    except (
        edge_tts.exceptions.EdgeTTSException,
        aiohttp.ClientError,
        TimeoutError,
        OSError,
    ) as error:
        raise EngineOffline(NAME, short(error)) from error
    finally:
        loop.run_until_complete(parts.aclose())
        loop.close()
