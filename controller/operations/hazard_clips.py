"""Hazard clips: what boxes hold of each hazard for when nobody can order words."""

import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from audio_library.languages import language as language_of
from audio_library.phrases.bank import Bank
from audio_library.phrases.catalogue import catalogue
from audio_library.phrases.compose import Said, Value, compose
from controller.errors import NotFound
from controller.fleet.hazards import ALL_CLEAR, TEST, hazard, hazards
from controller.operations.alert_say import to_say
from controller.operations.asked_work import ask_for_plan
from controller.operations.carts import load_cart
from controller.storage import events, tables
from controller.storage.alert_tables import ClipPage, HazardClip
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.library_tables import PhraseOrder
from edge_agent.contract import alert as wire
from edge_agent.contract.desired import ClipsRef
from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import encode

SENTENCES = ("clip", "clip_clear", "test")
"""Sentences that clips are made of: another order of one changes the clips of its language."""

_HERE: Mapping[str, Value] = {"places": ["place.here"]}
_TITLES: Mapping[str, tuple[str, str]] = {
    ALL_CLEAR: ("Nguy hiểm đã qua", "All clear"),
    TEST: ("Thử loa", "Test"),
}


@dataclass(frozen=True, slots=True)
class ShownClip:
    """A clip in one language: its words by phrase, and the recording in their place, if any."""

    hazard: str
    vi: str
    en: str
    language: str
    say: str
    asset_sha256: str | None
    set_by: str | None


def clip_words() -> tuple[str, ...]:
    """Every clip by its word: hazards of which it is known what to do, all clear, test."""
    return (*(each.word for each in hazards().values() if each.instructions), ALL_CLEAR, TEST)


def clip_title(word: str) -> tuple[str, str]:
    """What a clip is about, in Vietnamese and English; a word that only a box knows, as it is."""
    if word in _TITLES:
        return _TITLES[word]
    of = hazards().get(word)
    if of is None:
        return word, word
    vi = catalogue()[of.phrase].vi
    return f"{vi[:1].upper()}{vi[1:]}", f"{of.en[:1].upper()}{of.en[1:]}"


def clip_sentence(word: str, language: str, orders: Mapping[str, str]) -> tuple[Said, ...]:
    """The phrases of a clip in a language; () of a hazard of which nothing is known to do.

    Raises NotFound.
    """
    bank = Bank(language, {}, {}, orders)
    if word == TEST:
        return compose("test", _HERE, bank).said
    if word == ALL_CLEAR:
        return compose("clip_clear", _HERE, bank).said
    of = hazard(word)
    if not of.instructions:
        return ()
    said = {**_HERE, "hazards": [of.phrase], "instructions": of.instructions}
    return compose("clip", said, bank).said


def recorded_clips(session: Session) -> Mapping[tuple[str, str], Asset]:
    """Every recording that is heard in place of phrases, by clip and language."""
    query = select(HazardClip, tables.Asset).join(
        tables.Asset, col(tables.Asset.sha256) == col(HazardClip.asset_sha256)
    )
    return {
        (clip.hazard, clip.language): Asset(a.sha256, a.bytes, a.duration_ms, a.media_type)
        for clip, a in session.exec(query)
    }


def show_clips(session: Session, languages: Sequence[str]) -> list[ShownClip]:
    """All clips in these languages; raises UnknownLanguage."""
    rows = {(row.hazard, row.language): row for row in session.exec(select(HazardClip))}
    orders = _orders(session, [language_of(tag).tag for tag in languages])
    shown = []
    for word in clip_words():
        for tag in languages:
            row = rows.get((word, tag))
            shown.append(
                ShownClip(
                    word,
                    *clip_title(word),
                    tag,
                    to_say(clip_sentence(word, tag, orders[tag])),
                    row.asset_sha256 if row else None,
                    row.set_by if row else None,
                )
            )
    return shown


def set_clip(
    database: Database, word: str, language: str, cart_id: str, by: str, now: datetime
) -> None:
    """Have the sound of a cart heard for a hazard in one language, and boxes told of it.

    Raises NotFound, UnknownLanguage.
    """
    language_of(language)
    _known(word)
    with database.write() as session:
        cart = load_cart(session, cart_id).cart
        session.merge(
            HazardClip(
                hazard=word,
                language=language,
                asset_sha256=cart.asset_sha256,
                set_by=by,
                set_ms=to_ms(now),
            )
        )
        _changed(session, word, language, by, now)


def clear_clip(database: Database, word: str, language: str, by: str, now: datetime) -> None:
    """Back to phrases; raises NotFound where no recording was set."""
    with database.write() as session:
        row = session.get(HazardClip, (word, language))
        if row is None:
            raise NotFound("bản thu của", "recorded clip of", f"{word}/{language}"[:120])
        session.delete(row)
        _changed(session, word, language, by, now)


def clips_ref(session: Session, languages: Sequence[str], now: datetime) -> ClipsRef | None:
    """The page of a box that hears these languages, laid out if nobody heard them before."""
    if not languages:
        return None
    key = ",".join(languages)
    row = session.get(ClipPage, key)
    if row is None:
        row = _laid_out(session, key, _page(session, languages), now)
    return ClipsRef(row.page_sha256, row.bytes)


def renew_clip_pages(session: Session, now: datetime) -> None:
    """Lay out anew what no longer says what it should, and have those boxes told."""
    changed: set[str] = set()
    for row in session.exec(select(ClipPage)).all():
        page = _page(session, row.languages.split(","))
        if hashlib.sha256(page).hexdigest() != row.page_sha256:
            _laid_out(session, row.languages, page, now)
            changed |= set(row.languages.split(","))
    if changed:
        zones = session.exec(select(tables.Zone)).all()
        ask_for_plan(session, now, [z.id for z in zones if not changed.isdisjoint(z.languages)])


def clip_assets(session: Session) -> frozenset[str]:
    """Every recording of a clip: never deleted."""
    return frozenset(session.exec(select(HazardClip.asset_sha256)))


def _known(word: str) -> str:
    if word not in clip_words():
        raise NotFound("đoạn phát sẵn", "clip", word[:80])
    return word


def _changed(session: Session, word: str, language: str, by: str, now: datetime) -> None:
    session.flush()
    renew_clip_pages(session, now)
    told: dict[str, object] = {"hazard": word, "language": language, "by": by}
    events.tell(session, "clip", told, to_ms(now))


def _laid_out(session: Session, key: str, page: bytes, now: datetime) -> ClipPage:
    sha256 = hashlib.sha256(page).hexdigest()
    if session.get(tables.Page, sha256) is None:
        session.add(tables.Page(sha256=sha256, body=page, created_ms=to_ms(now)))
    row = session.merge(ClipPage(languages=key, page_sha256=sha256, bytes=len(page)))
    session.flush()
    return row


def _page(session: Session, languages: Sequence[str]) -> bytes:
    """Every clip in this order of languages; what a box lacks of it, the box finds out."""
    orders, recorded = _orders(session, languages), recorded_clips(session)
    clips = []
    for word in clip_words():
        vi, en = clip_title(word)
        said = [(tag, to_say(clip_sentence(word, tag, orders[tag]))) for tag in languages]
        first = said[0][1]
        spoken = tuple(
            wire.Spoken(
                tag,
                (recorded[word, tag],) if (word, tag) in recorded else (),
                "" if place and say == first else say,
            )
            for place, (tag, say) in enumerate(said)
        )
        clips.append(wire.Clip(word, spoken, vi, en))
    return gzip.compress(encode(wire.ClipPage(tuple(clips))), mtime=0)


def _orders(session: Session, languages: Iterable[str]) -> dict[str, dict[str, str]]:
    """The languages' own orders of the sentences that clips are made of."""
    wanted: dict[str, dict[str, str]] = {tag: {} for tag in languages}
    query = select(PhraseOrder).where(
        col(PhraseOrder.language).in_(wanted), col(PhraseOrder.sentence).in_(SENTENCES)
    )
    for row in session.exec(query):
        wanted[row.language][row.sentence] = row.parts
    return wanted
