"""The phrase bank as it stands: words, places, sounds, and what a language still lacks."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlmodel import Session, col, select

from audio_library.languages import language as language_of
from audio_library.phrases.bank import Bank, Sound, needed_phrases, words_of
from audio_library.phrases.catalogue import check_phrase_id, check_words, place_id
from audio_library.phrases.pattern import Pattern, check_pattern, pattern, sentences
from audio_library.phrases.place_name import within_a_sentence
from audio_library.phrases.readiness import BankReadiness, bank_readiness
from audio_library.rendition import phrase_sha256, spoken_sha256
from audio_library.speech.engine import Engine
from audio_library.speech.recorded import NAME as RECORDED
from audio_library.speech.registry import voices
from audio_library.wording.spoken_form import spoken_form
from controller.errors import NotFound
from controller.operations.hazard_clips import SENTENCES, renew_clip_pages
from controller.operations.unit_speech import UnitSpeech, unit_speech
from controller.storage import events, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.library_tables import (
    LexiconEntry,
    Phrase,
    PhraseOrder,
    SpeechCustom,
    Take,
)
from controller.storage.unit_chain import chain_on
from schedules.area import AreaTree, Level, Unit
from schedules.types import UnitId

AT_ONCE = 5_000
"""Values in one question to the database."""


@dataclass(frozen=True, slots=True)
class ShownBank:
    """The bank of one language with what people ask of it."""

    bank: Bank
    readiness: BankReadiness
    vi: Mapping[str, str]
    """How Vietnamese says each phrase of the catalogue and each place, in their order."""
    set_by: Mapping[str, str]
    """Who wrote words of the language's own, by phrase."""

    @property
    def phrases(self) -> tuple[str, ...]:
        """All that there is to say, and what was set beside it."""
        return tuple(dict.fromkeys((*self.vi, *self.bank.words)))

    @property
    def orders(self) -> tuple[Pattern, ...]:
        """The order of every sentence in this language."""
        return tuple(pattern(s, self.bank.language, self.bank.orders) for s in sentences())


def show_bank(
    session: Session,
    language: str,
    engines: Sequence[Engine],
    day: date,
    unit_id: str | None = None,
) -> ShownBank:
    """One language's bank, with the places of a unit or of all; raises UnknownLanguage."""
    language_of(language)
    named = phrase_places(session, day, unit_id)
    bank = load_bank(session, language, named)
    return ShownBank(
        bank,
        _readiness(session, bank, needed_phrases(named), engines),
        words_of("vi", {}, named),
        {row.phrase: row.set_by for row in _own(session, language)},
    )


def bank_lacks(
    session: Session, unit_id: str, engines: Sequence[Engine], day: date
) -> tuple[BankReadiness, ...]:
    """For every language that villages of a unit hear: how much of an emergency it can say."""
    named = phrase_places(session, day, unit_id)
    needed = needed_phrases(named)
    return tuple(
        _readiness(session, load_bank(session, tag, named), needed, engines)
        for tag in _heard(session, unit_id, day)
    )


def load_bank(
    session: Session,
    language: str,
    named: Mapping[str, str],
    wanted: Callable[[Bank], Collection[str]] | None = None,
) -> Bank:
    """Words, sounds and orders of one language; `named` gives the places in Vietnamese.

    With `wanted` no other phrases are looked at than it names, from the orders alone.
    """
    rows = session.exec(select(PhraseOrder).where(col(PhraseOrder.language) == language))
    orders = {row.sentence: row.parts for row in rows}
    phrases = None if wanted is None else wanted(Bank(language, {}, {}, orders))
    own = {row.phrase: row.words for row in _own(session, language, phrases)}
    words = words_of(language, own, named)
    if phrases is not None:
        words = {phrase: words[phrase] for phrase in phrases if phrase in words}
    return Bank(language, words, _sounds(session, language, words), orders)


def phrase_places(session: Session, day: date, unit_id: str | None = None) -> dict[str, str]:
    """Communes and villages of that day, as Vietnamese says them, by phrase.

    With a unit: itself, what lies in it, and the commune above it. Each is read by its own lexicon.
    """
    tree = places.area_tree(session)
    read = _reader(session)
    return {
        place_id(unit.id): read(unit.name, (unit.id, *(u.id for u in tree.ancestors(unit.id))))
        for unit in _units(session, tree, unit_id)
        if unit.valid_on(day) and unit.level is not Level.PROVINCE
    }


def place_names(session: Session, unit_ids: Iterable[str], day: date) -> dict[str, str]:
    """How Vietnamese says these units, by phrase, but for provinces; no other unit is looked at.

    Raises `UnitCycle`, `UnknownUnit`.
    """
    read = _reader(session)
    chains = {unit_id: chain_on(session, unit_id, day) for unit_id in unit_ids}
    return {
        place_id(unit_id): read(chain.units[0].name, chain.ids)
        for unit_id, chain in chains.items()
        if chain.units[0].level is not Level.PROVINCE
    }


def set_phrase(
    database: Database, language: str, phrase: str, words: str, by: str, now: datetime
) -> None:
    """How a language says a phrase; audio of other words is no longer its sound.

    Raises UnknownLanguage, UnknownPhrase, BadPhraseWords.
    """
    language_of(language)
    row = Phrase(
        language=language,
        phrase=check_phrase_id(phrase),
        words=check_words(words),
        set_by=by,
        set_ms=to_ms(now),
    )
    with database.write() as session:
        session.merge(row)
        _tell(session, language, phrase, now)


def unset_phrase(database: Database, language: str, phrase: str, now: datetime) -> None:
    """Back to the catalogue's words, or to none; raises NotFound."""
    with database.write() as session:
        row = session.get(Phrase, (language, phrase))
        if row is None:
            raise NotFound("lời riêng cho", "phrase of its own", f"{language}/{phrase}"[:120])
        session.delete(row)
        _tell(session, language, phrase, now)


def set_order(
    database: Database, language: str, sentence: str, parts: str, by: str, now: datetime
) -> None:
    """In what order a language says a sentence; raises UnknownSentence, BadPattern."""
    language_of(language)
    row = PhraseOrder(
        language=language,
        sentence=sentence,
        parts=check_pattern(sentence, parts),
        set_by=by,
        set_ms=to_ms(now),
    )
    with database.write() as session:
        session.merge(row)
        session.flush()
        if sentence in SENTENCES:
            renew_clip_pages(session, now)
        _tell(session, language, sentence, now)


def speaks(language: str, engines: Sequence[Engine]) -> bool:
    """Whether a machine's voice of the language stands ready."""
    return any(
        voice.language == language and voice.ready and voice.engine != RECORDED
        for voice in voices(engines)
    )


def released_words(session: Session, language: str) -> set[str]:
    """Digests of the words of which a released recording exists."""
    return _takes(session, language, ("released",))


def _readiness(
    session: Session, bank: Bank, needed: Iterable[str], engines: Sequence[Engine]
) -> BankReadiness:
    digests = {phrase: spoken_sha256(bank.language, words) for phrase, words in bank.words.items()}
    unheard = _takes(session, bank.language, ("brought", "heard"))
    released = released_words(session, bank.language)
    return bank_readiness(
        bank,
        needed,
        synthetic=speaks(bank.language, engines),
        unheard={phrase for phrase, digest in digests.items() if digest in unheard},
        released={phrase for phrase, digest in digests.items() if digest in released},
    )


def _takes(session: Session, language: str, states: tuple[str, ...]) -> set[str]:
    query = select(Take.spoken_sha256).where(
        col(Take.language) == language, col(Take.state).in_(states)
    )
    return set(session.exec(query))


def _own(
    session: Session, language: str, phrases: Collection[str] | None = None
) -> Sequence[Phrase]:
    query = select(Phrase).where(col(Phrase.language) == language)
    if phrases is not None:
        query = query.where(col(Phrase.phrase).in_(phrases))
    return session.exec(query).all()


def _sounds(session: Session, language: str, words: Mapping[str, str]) -> dict[str, Sound]:
    phrases: dict[str, list[str]] = {}
    for phrase, said in words.items():
        phrases.setdefault(phrase_sha256(language, said), []).append(phrase)
    return {
        phrase: Sound(row.sha256, row.bytes, row.duration_ms)
        for row in _rendered(session, language, list(phrases))
        for phrase in phrases[row.spoken_sha256]
    }


def _rendered(session: Session, language: str, digests: list[str]) -> Iterator[Any]:
    for start in range(0, len(digests), AT_ONCE):
        query = (
            select(
                tables.Rendition.spoken_sha256,
                tables.Asset.sha256,
                tables.Asset.bytes,
                tables.Asset.duration_ms,
            )
            .join(tables.Asset, col(tables.Rendition.asset_sha256) == col(tables.Asset.sha256))
            .where(
                col(tables.Rendition.language) == language,
                col(tables.Rendition.spoken_sha256).in_(digests[start : start + AT_ONCE]),
            )
        )
        yield from session.exec(query)


def _reader(session: Session) -> Callable[[str, Sequence[str]], str]:
    """Reads the name of a unit, by its own lexicon or that of the nearest unit above it.

    Only what some unit has of its own is asked of the database.
    """
    own = {*session.exec(select(LexiconEntry.unit_id)), *session.exec(select(SpeechCustom.unit_id))}

    @cache
    def speech(unit_id: str | None) -> UnitSpeech:
        return unit_speech(session, unit_id)

    def read(name: str, chain: Sequence[str]) -> str:
        nearest = next((each for each in chain if each in own), None)
        said = speech(nearest).read(name, "vi") if nearest else spoken_form(name)
        return within_a_sentence(said.text)

    return read


def _units(session: Session, tree: AreaTree, unit_id: str | None) -> tuple[Unit, ...]:
    if unit_id is None:
        return tree.units
    if session.get(tables.Unit, unit_id) is None:
        raise NotFound("đơn vị", "unit", unit_id)
    inner = UnitId(unit_id)
    return (*tree.ancestors(inner)[::-1], tree.unit(inner), *tree.descendants(inner))


def _heard(session: Session, unit_id: str, day: date) -> tuple[str, ...]:
    below = {unit.id for unit in _units(session, places.area_tree(session), unit_id)}
    rows = session.exec(select(tables.Zone)).all()
    return tuple(dict.fromkeys(tag for z in rows if z.unit_id in below for tag in z.languages))


def _tell(session: Session, language: str, subject: str, now: datetime) -> None:
    events.tell(session, "phrase", {"language": language, "phrase": subject}, to_ms(now))
