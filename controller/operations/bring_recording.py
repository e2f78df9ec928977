"""A person brings a recording of words that are wanted: it is measured, trimmed and kept."""

import asyncio
import tempfile
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from sqlmodel import Session

from audio_library.bulletin import State
from audio_library.languages import language as language_of
from audio_library.recording.measured import Measured
from audio_library.recording.take import Deed, Take, TakeState
from audio_library.rendition import spoken_sha256
from audio_library.store.filesystem import FilesystemStore
from controller.errors import ControllerError
from controller.operations.ids import new_id
from controller.operations.phrase_bank import load_bank, phrase_places
from controller.operations.show_bulletin import show_bulletin
from controller.storage import events, takes
from controller.storage.database import Database
from controller.storage.instants import to_ms

LONGEST_NAME = 120
CHECKS_AT_ONCE = 2
"""Each holds a core and some 60 MB; others wait their turn."""


class Checker(Protocol):
    """Measure the sound at `path` and keep its voice `into` a FLAC file, or refuse it."""

    def __call__(self, path: Path, into: Path) -> Measured: ...


@dataclass(frozen=True, slots=True)
class RecordingRoom:
    """Where brought recordings are taken in (`scratch`, emptied at start), checked and kept."""

    sounds: FilesystemStore
    scratch: Path
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHECKS_AT_ONCE))


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose voice it is and what they read: a bulletin's words or a phrase of the bank.

    `version` names the words that the reader had before them; `name` is the file's, to be shown.
    """

    language: str
    reader_id: str
    bulletin_id: str | None = None
    phrase: str | None = None
    version: str | None = None
    name: str = ""


def words_to_read(database: Database, asked: Asked, day: date) -> str:
    """The words as they are to be spoken now; to be asked before a long file is taken in.

    Raises `NotFound`, UnknownLanguage, ConsentWithdrawn, NotTheirLanguage, and a `ControllerError`
    if there are no such words, or others than the reader had.
    """
    language_of(asked.language)
    with database.read() as session:
        takes.load_reader(session, asked.reader_id).refuse_unless_reads(asked.language)
        if (asked.bulletin_id is None) == (asked.phrase is None):
            raise ControllerError(
                "one_text",
                "Hãy chọn một bản tin hoặc một câu mẫu mà bản thu đọc. Chưa lưu gì.",
                "Name one bulletin or one phrase that was read. Nothing was kept.",
            )
        words = wanted_words(session, asked.language, asked.bulletin_id, asked.phrase, day)
        if words is None:
            names = language_of(asked.language)
            raise ControllerError(
                "no_words_to_read",
                f"Chưa có lời tiếng {names.name_vi} để đọc, hoặc bản tin đã rút. Chưa lưu gì; "
                "hãy nhập bản chữ trước rồi thu.",
                f"There are no {names.name_en} words to be read, or the bulletin is withdrawn. "
                "Nothing was kept; type the words first, then record them.",
            )
        if asked.version is not None and asked.bulletin_id is not None:
            _refuse_other_words(session, asked.bulletin_id, asked.version)
    return words


def wanted_words(
    session: Session, language: str, bulletin_id: str | None, phrase: str | None, day: date
) -> str | None:
    """The spoken form that a recording must have: what was approved, or stands in the draft."""
    if bulletin_id is not None:
        shown = show_bulletin(session, bulletin_id)
        withdrawn = shown.bulletin.state is State.WITHDRAWN
        return None if withdrawn else shown.spoken.get(language)
    if phrase is not None:
        return load_bank(session, language, phrase_places(session, day)).words.get(phrase)
    return None


def bring_recording(
    database: Database,
    sounds: FilesystemStore,
    checker: Checker,
    asked: Asked,
    words: str,
    path: Path,
    by: str,
    now: datetime,
) -> Take:
    """Check the file and keep its voice as a take that waits for a second listener.

    The same sound for the same words brought again is the take that is there already. Raises what
    the checker raises, and StoreFull; then nothing is kept. The file at `path` is left alone.
    """
    with tempfile.TemporaryDirectory(prefix=".take-", dir=path.parent) as folder:
        kept = Path(folder) / "voice.flac"
        measured = checker(path, kept)
        sound_sha256 = sounds.put(kept)
    digest = spoken_sha256(asked.language, words)
    with database.write() as session:
        takes.load_reader(session, asked.reader_id).refuse_unless_reads(asked.language)
        for there in takes.find_takes(session, reader_id=asked.reader_id, texts=[digest]):
            if there.sound_sha256 == sound_sha256 and there.state is not TakeState.REFUSED:
                return there
        take = Take(
            id=new_id(),
            language=asked.language,
            spoken_sha256=digest,
            words=words,
            reader_id=asked.reader_id,
            original_name=shown_name(asked.name),
            sound_sha256=sound_sha256,
            measured=measured,
            brought=Deed(by, now),
            bulletin_id=asked.bulletin_id,
            phrase=asked.phrase,
        )
        takes.save_take(session, take)
        tell_take(session, take, now)
    return take


def shown_name(name: str) -> str:
    """A client's file name for people to read: no path, no control characters, not long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    return " ".join(visible.split())[-LONGEST_NAME:] or "—"


def tell_take(session: Session, take: Take, now: datetime) -> None:
    """Let screens know that a take has changed."""
    body: dict[str, object] = {
        "id": take.id,
        "state": take.state.value,
        "language": take.language,
        "bulletin": take.bulletin_id,
        "phrase": take.phrase,
        "vouched": take.vouched,
    }
    events.tell(session, "recording", body, to_ms(now))


def _refuse_other_words(session: Session, bulletin_id: str, version: str) -> None:
    if show_bulletin(session, bulletin_id).version != version:
        raise ControllerError(
            "changed_meanwhile",
            "Bản tin đã được sửa sau khi người đọc nhận lời, nên chưa lưu bản thu. "
            "Hãy xem lại lời mới rồi thu lại.",
            "The bulletin was changed after the reader was given the words, so the recording was "
            "not kept. Look at the new words and record them.",
        )
