"""What all online voices share: leave to be asked, a certain end, and answers kept for ever."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audio_library.errors import EngineFailed, TookTooLong, VoiceNotReady
from audio_library.speech.engine import MP3, Missing, Speech, Voice
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


@dataclass(frozen=True, slots=True)
class OnlineEngine:
    """Vietnamese voices of one service; `ask` is the way to it, by the extra `online`."""

    name: str
    licence: str
    prefix: str
    """Of the ids of its voices."""
    names: tuple[tuple[str, str], ...]
    """Of its voices: at the service, and for people."""
    ask: Ask
    installed: Callable[[], bool]
    allowed: bool = False
    kept: KeptAnswers | None = None
    online: bool = True
    unofficial: bool = True
    whole: bool = False

    def voices(self) -> tuple[Voice, ...]:
        return tuple(
            Voice(
                id=f"{self.prefix}:{voice}",
                language="vi",
                name_vi=name_vi,
                engine=self.name,
                licence=self.licence,
                online=self.online,
                missing=self._missing(),
                fingerprint=f"{self.name} {voice}",
            )
            for voice, name_vi in self.names
        )

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        missing = self._missing()
        if missing is not None:
            raise VoiceNotReady(voice.id, missing.vi, missing.en)
        name = voice.id.removeprefix(f"{self.prefix}:")
        return ask_all(
            self.name, self.ask, texts, name, kept=self.kept, into=into, timeout_s=timeout_s
        )

    def _missing(self) -> Missing | None:
        """Leave first, then its package."""
        if not self.allowed:
            return NOT_ALLOWED
        return None if self.installed() else NOT_INSTALLED


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
