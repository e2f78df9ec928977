"""What every speech engine looks like: the voices it has, and text in, a sound file out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

RAW_PCM = "audio/L16"
"""Signed 16-bit mono samples in machine order, no header."""
MP3 = "audio/mpeg"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a voice cannot be used here, for people."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one engine; it speaks `language` and no other."""

    id: str
    language: str
    name_vi: str
    engine: str
    licence: str
    online: bool
    missing: Missing | None = None

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
    """Turns a spoken form into sound.

    Fails as EngineFailed, EngineOffline, StoreFull, TookTooLong, or as the OSError of a full disk.
    """

    @property
    def name(self) -> str: ...

    @property
    def licence(self) -> str: ...

    @property
    def online(self) -> bool: ...

    def voices(self) -> tuple[Voice, ...]: ...

    def speak(self, text: str, voice: Voice, *, into: Path, timeout_s: float) -> Speech:
        """Write the sound of `text` to the file `into`, replacing it."""
        ...
