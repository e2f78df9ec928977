"""A sentence from phrases, and its audio joined from theirs."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from audio_library.languages import language as language_of
from audio_library.mastering.in_child import joined_in_child
from audio_library.mastering.mastered import MEDIA_TYPE, Mastered
from audio_library.phrases.bank import Bank
from audio_library.phrases.compose import Composition, Value, compose
from audio_library.phrases.errors import PhrasesMissing
from audio_library.phrases.joining import pieces
from audio_library.store.asset_store import Store
from controller.operations.phrase_bank import load_bank, phrase_places
from controller.storage import tables
from controller.storage.database import Database
from controller.storage.instants import to_ms


@dataclass(frozen=True, slots=True)
class Sentence:
    """What would be heard, and its audio where that was asked for."""

    composition: Composition
    asset_sha256: str | None = None
    duration_ms: int | None = None


def compose_sentence(
    database: Database,
    store: Store,
    language: str,
    sentence: str,
    values: Mapping[str, Value],
    day: date,
    now: datetime,
    *,
    audio: bool = False,
) -> Sentence:
    """Say it in one language; with `audio` also as one sound, or PhrasesMissing.

    Raises UnknownLanguage, UnknownSentence, UnknownPhrase, SlotUnfilled, SlotMisfilled.
    """
    names = language_of(language)
    with database.read() as session:
        bank = load_bank(session, language, phrase_places(session, day))
    said = compose(sentence, values, bank)
    if not audio:
        return Sentence(said)
    if said.missing:
        lacking = tuple(missing.phrase for missing in said.missing)
        raise PhrasesMissing(names.name_vi, names.name_en, lacking)
    with tempfile.TemporaryDirectory(prefix="loalang-compose-") as folder:
        made = _joined(said, bank, store, Path(folder))
        sha256 = store.put(made.path)
    with database.write() as session:
        session.merge(
            tables.Asset(
                sha256=sha256,
                bytes=made.bytes,
                duration_ms=made.duration_ms,
                media_type=MEDIA_TYPE,
                lufs=made.lufs,
                true_peak_dbtp=made.true_peak_dbtp,
                created_ms=to_ms(now),
            )
        )
    return Sentence(said, sha256, made.duration_ms)


def _joined(said: Composition, bank: Bank, store: Store, folder: Path) -> Mastered:
    paths = {}
    for phrase in dict.fromkeys(said.phrases):
        sha256 = bank.sounds[phrase].asset_sha256
        paths[phrase] = folder / sha256
        with store.open(sha256) as source, paths[phrase].open("wb") as file:
            shutil.copyfileobj(source, file)
    return joined_in_child(pieces(said.said, paths), folder / "sentence.opus")
