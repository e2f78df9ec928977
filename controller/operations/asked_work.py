"""Slow work that operations ask for; the loops in `work` do it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlmodel import Session, col, or_, select

from audio_library.rendition import spoken_sha256
from controller.storage import tables, work_items
from controller.storage.instants import to_ms

RENDER = "render"
PLAN = "plan"
"""One zone, because of an edit: its key is the zone's id."""
NIGHT = "night_plan"
"""One zone, whole, once a night."""
LATEST_NIGHT = timedelta(hours=48)
NONE: Mapping[str, str] = MappingProxyType({})


def rendition_key(language: str, spoken: str) -> str:
    """Key of the work item that makes audio of a spoken form."""
    return f"{language}:{spoken_sha256(language, spoken)}"


def ask_for_renditions(
    session: Session,
    spoken: Mapping[str, str],
    now: datetime,
    respellings: Mapping[str, str] = NONE,
    *,
    anew: bool = False,
) -> None:
    """Want audio for each language's spoken form; what exists is made again only if `anew`.

    `respellings` are for the ear of a Vietnamese synthetic voice only.
    """
    for language, words in spoken.items():
        rendition = (language, spoken_sha256(language, words))
        if anew or session.get(tables.Rendition, rendition) is None:
            body: dict[str, object] = {"language": language, "spoken": words}
            if respellings and language == "vi":
                body["respellings"] = dict(respellings)
            work_items.ask(session, RENDER, rendition_key(language, words), body, to_ms(now))


def ask_anew_for_rendition(session: Session, language: str, words: str, now: datetime) -> None:
    """Want audio of these words made again: what exists stays until then, and is replaced."""
    key = rendition_key(language, words)
    asked = work_items.find(session, RENDER, key)
    body: dict[str, object] = {"language": language, "spoken": words}
    if asked is not None:
        body = dict(asked.body)
    work_items.ask(session, RENDER, key, body, to_ms(now))


def ask_for_plan(session: Session, now: datetime, zone_ids: Iterable[str] | None = None) -> None:
    """Want these zones planned anew, each once, however often it is asked for; None: all zones."""
    if zone_ids is None:
        zone_ids = session.exec(select(tables.Zone.id)).all()
    work_items.ask_all(session, PLAN, sorted(set(zone_ids)), to_ms(now))


def ask_for_lost_nights(session: Session, now: datetime) -> None:
    """Want the zones planned whose night is stopped, or set for far too late by a wrong clock."""
    item = tables.WorkItem
    lost = select(item.key).where(
        item.kind == NIGHT,
        or_(
            col(item.state).in_(("failed", "stopped")),
            col(item.due_ms) > to_ms(now + LATEST_NIGHT),
        ),
    )
    ask_for_plan(session, now, session.exec(lost).all())


def is_being_planned(session: Session, zone_ids: Iterable[str]) -> bool:
    """A plan of one of these zones is still to be made."""
    found = select(tables.WorkItem.id).where(
        tables.WorkItem.kind == PLAN,
        col(tables.WorkItem.state).in_(("waiting", "working")),
        col(tables.WorkItem.key).in_(list(zone_ids)),
    )
    return session.exec(found.limit(1)).first() is not None
