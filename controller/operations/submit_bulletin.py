"""A person writes a bulletin: text per language becomes a draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from audio_library.bulletin import Bulletin, Kind, new_bulletin
from audio_library.script import Script, check_text
from audio_library.writing.unicode import shortened
from controller.errors import NotFound
from controller.operations.ids import new_id
from controller.storage import bulletins, events, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms

TITLE_LENGTH, LONGEST_TITLE = 80, 300
"""Of a title taken from a text, and of one that was typed, as people count letters."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the person typed; an empty title is taken from the first words of the text."""

    scripts: Mapping[str, str]
    title: str = ""
    kind: Kind = Kind.NORMAL
    topic: str = "thong_bao"
    valid_until: datetime | None = None
    supersedes: str | None = None
    unit: str | None = None
    """Id of the unit whose bulletin it is; None: the topmost."""


def submit_bulletin(database: Database, written: Written, by: str, now: datetime) -> Bulletin:
    """Check and keep a new draft; raises an `AudioLibraryError` and keeps nothing."""
    scripts = [Script(tag, text) for tag, text in written.scripts.items()]
    first = scripts[0].text if scripts else ""
    bulletin = new_bulletin(
        id=new_id(),
        title=check_title(written.title) or title_of(first),
        kind=written.kind,
        topic=written.topic,
        scripts=scripts,
        author=by,
        at=now,
        valid_until=written.valid_until,
        supersedes=written.supersedes,
        unit=written.unit,
    )
    with database.write() as session:
        refuse_unknown_unit(session, written.unit)
        if written.supersedes:
            bulletins.load(session, written.supersedes)
        bulletins.save(session, bulletin)
        tell_changed(session, bulletin, now)
    return bulletin


def check_title(title: str) -> str:
    """A title in one line, in one spelling; empty stays empty."""
    return shortened(" ".join(check_text(title).split()), LONGEST_TITLE) if title.strip() else ""


def refuse_unknown_unit(session: Session, unit_id: str | None) -> None:
    """Raise `NotFound` unless it is None or a unit."""
    if unit_id is not None and session.get(tables.Unit, unit_id) is None:
        raise NotFound("đơn vị", "unit", unit_id)


def title_of(text: str) -> str:
    """The first sentence or line of a text, cut at a word."""
    line = text.split("\n", 1)[0]
    head = line.split(": ", 1)[0] if ": " in line[:TITLE_LENGTH] else line.split(". ", 1)[0]
    return shortened(head.rstrip(".:;, "), TITLE_LENGTH)


def tell_changed(session: Session, bulletin: Bulletin, now: datetime) -> None:
    """Let screens know that a bulletin has changed."""
    body: dict[str, object] = {"id": bulletin.id, "state": bulletin.state.value}
    events.tell(session, "bulletin", body, to_ms(now))
