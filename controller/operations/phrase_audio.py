"""Audio of phrases: made bare of any chime, and joined into sentences."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from audio_library.languages import language as language_of
from audio_library.mastering.preset import Dressing
from audio_library.phrases.bank import Bank
from audio_library.phrases.catalogue import catalogue
from audio_library.rendition import phrase_sha256, spoken_sha256
from audio_library.speech.engine import Engine
from controller.operations.phrase_bank import (
    load_bank,
    phrase_places,
    released_words,
    speaks,
)
from controller.storage import tables, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms

FINAL = ("failed", "stopped")
"""States of work that nobody goes on with."""
PHRASE = "phrase"
"""Kind of work: of its own, so that no bulletin waits for hundreds of phrases."""


@dataclass(frozen=True, slots=True)
class Made:
    """How far the making of a phrase's audio has come, and why it failed."""

    state: str
    vi: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """What became of the wish for all audio of a language, in phrases."""

    asked: int
    ready: int
    waiting: int
    failed: int
    lacking: int
    """No voice can make them: to be written or recorded first."""


def render_phrases(
    database: Database,
    language: str,
    engines: Sequence[Engine],
    day: date,
    now: datetime,
    unit_id: str | None = None,
) -> Making:
    """Want the audio of every phrase, with the places of a unit or of all; UnknownLanguage."""
    language_of(language)
    with database.write() as session:
        named = phrase_places(session, day, unit_id)
        bank = load_bank(session, language, named)
        phrases = tuple(dict.fromkeys((*catalogue(), *named, *bank.words)))
        asked = ask_for_missing(session, bank, phrases, engines, now)
        session.flush()
        states = Counter(made.state for made in making(session, bank).values())
    waiting = states["waiting"] + states["working"]
    ready = sum(phrase in bank.sounds for phrase in phrases)
    failed = sum(states[state] for state in FINAL)
    return Making(asked, ready, waiting, failed, len(phrases) - ready - waiting - failed)


def phrase_key(language: str, words: str) -> str:
    """Key of the work item that makes the bare audio of these words."""
    return f"{language}:{phrase_sha256(language, words)}"


def ask_for_phrases(session: Session, bank: Bank, phrases: Iterable[str], now: datetime) -> int:
    """Want bare audio of those of the phrases that have words and no sound; how many."""
    asked = 0
    for phrase in phrases:
        words = bank.words.get(phrase)
        if words is None or phrase in bank.sounds:
            continue
        ask_for_words(session, bank.language, words, now)
        asked += 1
    return asked


def ask_for_words(session: Session, language: str, words: str, now: datetime) -> None:
    """Want the bare audio of these words, also in place of an older one: after a new recording."""
    body: dict[str, object] = {
        "language": language,
        "spoken": words,
        "dressing": Dressing.BARE.value,
    }
    work_items.ask(session, PHRASE, phrase_key(language, words), body, to_ms(now))


def ask_for_missing(
    session: Session, bank: Bank, phrases: Iterable[str], engines: Sequence[Engine], now: datetime
) -> int:
    """Want the audio of all that a voice can read or that was recorded and released; how many.

    What is being made already is not asked for again.
    """
    made = making(session, bank)
    phrases = [p for p in phrases if p not in made or made[p].state in FINAL]
    if not speaks(bank.language, engines):
        recorded = released_words(session, bank.language)
        phrases = [
            phrase
            for phrase in phrases
            if phrase in bank.words and spoken_sha256(bank.language, bank.words[phrase]) in recorded
        ]
    return ask_for_phrases(session, bank, phrases, now)


def making(session: Session, bank: Bank) -> Mapping[str, Made]:
    """What is being made, or could not be, by phrase."""
    query = select(tables.WorkItem).where(
        col(tables.WorkItem.kind) == PHRASE,
        col(tables.WorkItem.key).startswith(f"{bank.language}:", autoescape=True),
        col(tables.WorkItem.state) != "done",
    )
    items = {item.key: item for item in session.exec(query)}
    found = {}
    for phrase, words in bank.words.items():
        item = items.get(phrase_key(bank.language, words))
        if item is not None and phrase not in bank.sounds:
            found[phrase] = Made(item.state, item.error_vi, item.error_en)
    return found
