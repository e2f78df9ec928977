"""A person's recording, as an engine like the others: it speaks what somebody has read aloud."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from audio_library.errors import NotRecorded
from audio_library.rendition import spoken_sha256
from audio_library.speech.engine import FLAC, Speech, Voice

NAME = "recorded"
SAMPLE_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Reader:
    """A person whose recordings may air, and the languages that they read."""

    id: str
    name: str
    languages: tuple[str, ...]


class Released(Protocol):
    """Recordings that were heard by a second person and released."""

    def readers(self) -> tuple[Reader, ...]: ...

    def sound(self, language: str, spoken_sha256: str, reader_id: str) -> Path | None:
        """The released take of exactly these words, a local FLAC file; None: not recorded yet."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """Its voices have no fingerprint: a new take of the same words sounds otherwise."""

    released: Released
    name: str = NAME
    licence: str = "consent of the reader, as recorded with their name"
    online: bool = False
    unofficial: bool = False
    whole: bool = True

    def voices(self) -> tuple[Voice, ...]:
        return tuple(
            Voice(
                id=f"recorded:{reader.id}",
                language=language,
                name_vi=f"{reader.name} (người đọc)",
                engine=self.name,
                licence=self.licence,
                online=self.online,
            )
            for reader in self.released.readers()
            for language in reader.languages
        )

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        into.mkdir(parents=True, exist_ok=True)
        reader = voice.id.removeprefix("recorded:")
        made = []
        for number, text in enumerate(texts):
            words = spoken_sha256(voice.language, text)
            sound = self.released.sound(voice.language, words, reader)
            if sound is None:
                raise NotRecorded(voice.name_vi, voice.language)
            path = Path(shutil.copyfile(sound, into / f"{number}.flac"))
            made.append(Speech(path, FLAC, SAMPLE_RATE))
        return tuple(made)
