"""What all online voices share: leave to be asked, a certain end, and answers kept for ever."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from audio_library.errors import EngineFailed, TookTooLong
from audio_library.speech.engine import MP3, Missing, Speech
from audio_library.speech.kept_answers import KeptAnswers, copied

SAMPLE_RATE = 24_000
MAX_ANSWER_BYTES = 64 * 2**20
"""An hour of sound at 128 kbit/s: no answer to one text is longer."""

NOT_ALLOWED = Missing(
    "quản trị viên chưa cho phép gửi lời bản tin ra ngoài (LOALANG_ONLINE_VOICES=true)",
    "the administrator has not allowed text to leave the house (LOALANG_ONLINE_VOICES=true)",
)
NOT_INSTALLED = Missing(
    "cần cài phần mở rộng “online” (gTTS, edge-tts) và có mạng internet",
    "the extra “online” (gTTS, edge-tts) and the internet are needed",
)

Ask = Callable[[str, str, float], Iterator[bytes]]
"""(text, voice name at the service, seconds) → its MP3 in parts; raises EngineOffline."""


def lacking(*, allowed: bool, installed: bool) -> Missing | None:
    """What an online voice lacks before it may be asked: leave first, then its package."""
    if not allowed:
        return NOT_ALLOWED
    return None if installed else NOT_INSTALLED


def short(error: Exception) -> str:
    """The first line of what a library complains of."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


ANSWER_S = 60.0
"""For one sentence: a service that needs longer has stalled, and the next voice should speak."""


def ask_all(
    engine: str,
    ask: Ask,
    texts: Sequence[str],
    voice: str,
    *,
    kept: KeptAnswers | None,
    into: Path,
    timeout_s: float,
    answer_s: float = ANSWER_S,
) -> tuple[Speech, ...]:
    """Ask only for what is not kept; raises EngineOffline, EngineFailed, TookTooLong.

    Without a place to keep answers they live as long as `into`.
    """
    give_up = time.monotonic() + timeout_s
    into.mkdir(parents=True, exist_ok=True)
    kept = kept or KeptAnswers(into / "answers")
    made = []
    for number, text in enumerate(texts):
        answer = kept.find(f"{engine}:{voice}", text)
        if answer is None:
            now = time.monotonic()
            wait_s = max(min(give_up - now, answer_s), 0.0)
            parts = _bounded(engine, ask(text, voice, wait_s), now + wait_s, wait_s)
            try:
                answer = kept.keep(f"{engine}:{voice}", text, parts)
            except ValueError as error:
                raise EngineFailed(engine, str(error)) from error
        made.append(Speech(copied(answer, into / f"{number}.mp3"), MP3, SAMPLE_RATE))
    return tuple(made)


_END: Final = b""


def _bounded(
    engine: str, parts: Iterator[bytes], give_up: float, timeout_s: float
) -> Iterator[bytes]:
    """The parts, given on at once; a service that stalls in the middle is left behind in time.

    A blocked read cannot be stopped from outside, so it stays in a thread that the process does
    not wait for, and that ends with its own socket's time limit.
    """
    arrived: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
    left = threading.Event()

    def read() -> None:
        try:
            for part in parts:
                if left.is_set():
                    return
                if part:
                    arrived.put(part)
            arrived.put(_END)
        except Exception as error:
            # Raised where it is waited for.
            arrived.put(error)

    threading.Thread(target=read, name=f"ask {engine}", daemon=True).start()
    total = 0
    try:
        while True:
            try:
                part = arrived.get(timeout=max(give_up - time.monotonic(), 0.001))
            except queue.Empty:
                raise TookTooLong(engine, timeout_s) from None
            if isinstance(part, Exception):
                raise part
            if part == _END:
                return
            total += len(part)
            if total > MAX_ANSWER_BYTES:
                raise EngineFailed(engine, f"> {MAX_ANSWER_BYTES // 2**20} MiB")
            yield part
    finally:
        left.set()
