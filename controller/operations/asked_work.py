"""Slow work that operations ask for; the loops in `work` do it."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from audio_library.rendition import spoken_sha256
from controller.storage import tables, work_items
from controller.storage.instants import to_ms

RENDER = "render"
PLAN = "plan"
WHOLE_FLEET = "fleet"


def rendition_key(language: str, spoken: str) -> str:
    """Key of the work item that makes audio of a spoken form."""
    return f"{language}:{spoken_sha256(language, spoken)}"


def ask_for_renditions(session: Session, spoken: Mapping[str, str], now: datetime) -> None:
    """Want audio for each language's spoken form; what exists already is not made again."""
    for language, words in spoken.items():
        if session.get(tables.Rendition, (language, spoken_sha256(language, words))) is None:
            body: dict[str, object] = {"language": language, "spoken": words}
            work_items.ask(session, RENDER, rendition_key(language, words), body, to_ms(now))


def ask_for_plan(session: Session, now: datetime) -> None:
    """Want the fleet planned anew, once, however often it is asked for."""
    work_items.ask(session, PLAN, WHOLE_FLEET, {}, to_ms(now))
