"""What waits for a person of the office: ưu tiên bulletins to order, boxes that are not ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from controller.operations.alarms import show_alarms
from controller.operations.priority_order import ShownQuestion, show_questions
from controller.storage import bulletins
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Alarm

RECENT = timedelta(hours=24)
"""So long a decision stays on the desk after it was made, while its session is still to come."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A bulletin that wants to be first: whose it is, and when it was sent, if it still exists."""

    id: str
    title: str
    author: str
    sent: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Ordering:
    """A question with its bulletins, in the order that holds."""

    asked: ShownQuestion
    rivals: tuple[Rival, ...]

    @property
    def is_open(self) -> bool:
        """Nobody has decided yet and the time limit has not come."""
        return self.asked.question.decided_ms is None

    def first(self, bulletin_id: str) -> tuple[str, ...]:
        """All of them, that one first, the others as they stand."""
        return (bulletin_id, *(r.id for r in self.rivals if r.id != bulletin_id))


def orderings(session: Session, now: datetime) -> tuple[Ordering, ...]:
    """Open questions, most urgent first; then what was decided of late for a session to come."""
    asked = [each for each in show_questions(session, now) if _is_of_use(each, now)]
    wanted = {bulletin_id for each in asked for bulletin_id, _ in each.titles}
    known = {b.id: b for b in bulletins.load_many(session, wanted)}
    found = []
    for each in asked:
        rivals = []
        for bulletin_id, title in each.titles:
            b = known.get(bulletin_id)
            rivals.append(
                Rival(bulletin_id, title, b.author, b.created_at, b.valid_until)
                if b
                else Rival(bulletin_id, title, "", None, None)
            )
        found.append(Ordering(each, tuple(rivals)))
    return tuple(found)


def open_alarms(session: Session, now: datetime) -> Sequence[Alarm]:
    """What is wrong now, newest first."""
    return show_alarms(session, to_ms(now))


def _is_of_use(shown: ShownQuestion, now: datetime) -> bool:
    question = shown.question
    if shown.moot or question.session_ms <= to_ms(now):
        return False
    return question.decided_ms is None or question.decided_ms > to_ms(now - RECENT)
