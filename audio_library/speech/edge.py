"""edge-tts: the read-aloud voices of Microsoft's browser, online only."""

import asyncio
import importlib.util
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from audio_library.errors import EngineOffline
from audio_library.speech.online import Ask, OnlineEngine, short

NAME = "edge-tts"


@dataclass(frozen=True, slots=True)
class EdgeTts(OnlineEngine):
    """Microsoft Edge."""

    name: str = NAME
    licence: str = "LGPL-3.0; voice by Microsoft Edge, its terms of service apply"
    prefix: str = "edge"
    names: tuple[tuple[str, str], ...] = (
        ("vi-VN-HoaiMyNeural", "Hoài My (Microsoft Edge, cần mạng)"),
        ("vi-VN-NamMinhNeural", "Nam Minh (Microsoft Edge, cần mạng)"),
    )
    ask: Ask = lambda text, voice, timeout_s: _ask(text, voice, timeout_s)
    installed: Callable[[], bool] = lambda: importlib.util.find_spec("edge_tts") is not None


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
