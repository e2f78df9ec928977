"""What every speech engine looks like: the voices it has, and texts in, sound files out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

RAW_PCM = "audio/L16"
"""Signed 16-bit mono samples in machine order, no header."""
MP3 = "audio/mpeg"
WAV = "audio/wav"
FLAC = "audio/flac"
UNDETERMINED = "und"
"""The language of a voice that does not say which: nothing is ever read in it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a voice cannot be used here, for people."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one engine; it speaks `language` and no other.

    Same `fingerprint`, same text: the same sound may be used again. Empty: ask the engine anew.
    """

    id: str
    language: str
    name_vi: str
    engine: str
    licence: str
    online: bool
    missing: Missing | None = None
    fingerprint: str = ""

    @property
    def ready(self) -> bool:
        return self.missing is None


@dataclass(frozen=True, slots=True)
class Speech:
    """Unmastered sound on disk; `sample_rate` in Hz tells how to read RAW_PCM."""

    path: Path
    media_type: str
    sample_rate: int


class Engine(Protocol):
    """Turns spoken forms into sound.

    Fails as EngineFailed, EngineOffline, NotRecorded, VoiceNotReady, StoreFull, TookTooLong, or as
    the OSError of a full disk.
    """

    @property
    def name(self) -> str: ...

    @property
    def licence(self) -> str: ...

    @property
    def online(self) -> bool:
        """The text leaves the house."""
        ...

    @property
    def unofficial(self) -> bool:
        """A service that nobody promised: it may stop any day."""
        ...

    @property
    def whole(self) -> bool:
        """Speaks only whole spoken forms, no single sentences of them."""
        ...

    def voices(self) -> tuple[Voice, ...]: ...

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        """One sound file a text, in order, in the folder `into`, which may not exist yet.

        A text sounds the same whatever stands beside it; `timeout_s` is for all of them.
        """
        ...
