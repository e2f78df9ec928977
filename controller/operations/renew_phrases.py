"""Keep the pages of the phrase bank in step with the bank, without being asked."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from controller.operations.phrase_audio import PHRASE
from controller.operations.publish_phrases import publish_phrases
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import tables
from controller.storage.database import Database

SETTLED_AFTER = timedelta(hours=1)
"""While phrases are still being made, boxes are told of the bank this often at most."""

Mark = tuple[object, ...]


class PhrasePages:
    """Remembers what the bank looked like when its pages were last laid out."""

    def __init__(self, database: Database, rules: PlanRules) -> None:
        self._database = database
        self._rules = rules
        self._mark: Mark | None = None
        self._laid_out: datetime | None = None

    def look(self, now: datetime) -> bool:
        """Lay out the pages anew if the bank has changed and rests; whether that was done."""
        day = today(self._rules, now)
        with self._database.read() as session:
            mark = (day, *_mark(session))
            busy = _is_busy(session)
        recent = self._laid_out is not None and now - self._laid_out < SETTLED_AFTER
        if mark == self._mark or (busy and recent):
            return False
        publish_phrases(self._database, day, now)
        self._mark, self._laid_out = mark, now
        return True


def _mark(session: Session) -> Mark:
    """Changes with words that are set, and with audio that was made."""
    item, event = tables.WorkItem, tables.Event
    made = sa.select(sa.func.max(item.updated_ms), sa.func.count()).where(
        col(item.kind) == PHRASE, col(item.state) == "done"
    )
    said = sa.select(sa.func.max(event.id)).where(col(event.kind) == "phrase")
    return (*session.execute(made).one(), session.execute(said).scalar())


def _is_busy(session: Session) -> bool:
    """Whether phrases are waiting to be made."""
    item = tables.WorkItem
    query = sa.select(col(item.id)).where(
        col(item.kind) == PHRASE, col(item.state).in_(("waiting", "working"))
    )
    return session.execute(query.limit(1)).first() is not None
