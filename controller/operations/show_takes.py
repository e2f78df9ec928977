"""Takes as people should see them: whose voice, what to listen for, and do the words still fit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from audio_library.recording.changed_words import ChangedWords, changed_words
from audio_library.recording.reader import Reader
from audio_library.recording.sound_judge import Note, notes
from audio_library.recording.take import Take
from controller.operations.bring_recording import wanted_words
from controller.storage import takes

_Text = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class ShownTake:
    """A take beside the words that are wanted now; `changed` is empty while it fits."""

    take: Take
    reader: Reader
    notes: tuple[Note, ...]
    fits: bool
    changed: tuple[ChangedWords, ...]


def show_takes(session: Session, shown: Iterable[Take], day: date) -> list[ShownTake]:
    """In the order given."""
    readers = {reader.id: reader for reader in takes.all_readers(session)}
    wanted: dict[_Text, str] = {}
    return [_show(session, take, readers[take.reader_id], wanted, day) for take in shown]


def _show(
    session: Session, take: Take, reader: Reader, wanted: dict[_Text, str], day: date
) -> ShownTake:
    text = (take.language, take.bulletin_id, take.phrase)
    if text not in wanted:
        wanted[text] = wanted_words(session, *text, day) or ""
    fits = take.reads(wanted[text])
    changed = () if fits else changed_words(take.words, wanted[text])
    return ShownTake(take, reader, notes(take.measured, take.words), fits, changed)
