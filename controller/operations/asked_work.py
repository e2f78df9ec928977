"""Slow work that operations ask for; the loops in `work` do it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlmodel import Session

from audio_library.rendition import spoken_sha256
from controller.storage import tables, work_items
from controller.storage.instants import to_ms

RENDER = "render"
PLAN = "plan"
WHOLE_FLEET = "fleet"
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


def ask_for_plan(session: Session, now: datetime) -> None:
    """Want the fleet planned anew, once, however often it is asked for."""
    work_items.ask(session, PLAN, WHOLE_FLEET, {}, to_ms(now))
