"""Ưu tiên bulletins that want to be first in one session: a person of the commune orders them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from audio_library.bulletin import State
from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import ask_for_plan
from controller.operations.touched import zones_of_units_below
from controller.storage import events, lexicons, tables
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore
from controller.storage.instants import to_ms, to_utc
from controller.storage.schedule_tables import PriorityQuestion
from schedules.area import Level
from schedules.types import BulletinId
from schedules.zone_plan import Question

SHOWN_BACK_MS = 7 * 86_400_000
"""How long a question that is over is still shown, with who decided."""
ORDERS_AT_ONCE = 200
"""So many of the newest decisions of a zone's units: the bulletins of older ones are over."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """The declared default stands so long after asking, or so long before the session."""

    wait: timedelta = timedelta(hours=2)
    ahead: timedelta = timedelta(minutes=30)

    def decide_by(self, asked: datetime, session: datetime) -> datetime:
        """Never before it was asked: what is asked too late falls to the default at once."""
        return max(asked, min(asked + self.wait, session - self.ahead))


DEFAULT_LIMIT = TimeLimit()


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """A question with names; `moot`: no longer two of its bulletins can air."""

    question: PriorityQuestion
    unit: str
    titles: tuple[tuple[str, str], ...]
    """(bulletin, title), in the order that holds."""
    moot: bool


def note_questions(
    session: Session,
    zone_id: str,
    questions: Iterable[Question],
    now: datetime,
    limit: TimeLimit = DEFAULT_LIMIT,
) -> None:
    """Ask the commune of a zone, once for each set of bulletins, whatever zone met it first.

    A zone whose session comes sooner brings the time limit forward.
    """
    soonest: dict[tuple[BulletinId, ...], Question] = {}
    for question in questions:
        same = tuple(sorted(question.bulletin_ids))
        soonest[same] = min(question, soonest.get(same, question), key=_start)
    if not soonest:
        return
    unit_id = _commune(session, zone_id)
    for same, question in soonest.items():
        start = _start(question)
        asked = PriorityQuestion(
            id=_key(unit_id, same),
            unit_id=unit_id,
            bulletins=list(question.bulletin_ids),
            session_ms=to_ms(start),
            asked_ms=to_ms(now),
            decide_by_ms=to_ms(limit.decide_by(now, start)),
        )
        _note(session, asked)


def decided_orders(session: Session, unit_ids: Sequence[str]) -> tuple[tuple[BulletinId, ...], ...]:
    """The orders that hold in these units, of which a later one has the last word.

    First those of a time limit, then those of persons, each from the oldest to the newest.
    """
    query = (
        select(PriorityQuestion.decided, PriorityQuestion.decided_by, PriorityQuestion.decided_ms)
        .where(
            col(PriorityQuestion.unit_id).in_(unit_ids),
            col(PriorityQuestion.decided_ms).is_not(None),
        )
        .order_by(col(PriorityQuestion.decided_ms).desc(), col(PriorityQuestion.id))
        .limit(ORDERS_AT_ONCE)
    )
    found = sorted(session.exec(query), key=lambda row: (row[1] != "", row[2] or 0))
    return tuple(tuple(BulletinId(b) for b in order or ()) for order, _, _ in found)


def show_questions(
    session: Session, now: datetime, unit_ids: Sequence[str] | None = None
) -> list[ShownQuestion]:
    """What waits for a person, most urgent first; then what was decided of late."""
    query = (
        select(PriorityQuestion)
        .where(
            or_(
                col(PriorityQuestion.decided_ms).is_(None),
                col(PriorityQuestion.session_ms) > to_ms(now) - SHOWN_BACK_MS,
            )
        )
        .order_by(
            col(PriorityQuestion.decided_ms).is_not(None),
            col(PriorityQuestion.decide_by_ms),
            col(PriorityQuestion.id),
        )
    )
    if unit_ids is not None:
        query = query.where(col(PriorityQuestion.unit_id).in_(unit_ids))
    return _shown(session, session.exec(query).all(), to_ms(now))


def show_question(session: Session, question_id: str, now: datetime) -> ShownQuestion:
    """One question; raises `NotFound`."""
    return _shown(session, [_load(session, question_id)], to_ms(now))[0]


def decide_order(
    database: Database,
    question_id: str,
    order: Sequence[str],
    by: str,
    now: datetime,
    *,
    again: bool = False,
) -> None:
    """Let these bulletins go in this order from now on; the commune's zones are planned anew.

    After the time limit, too, while the session is still to come. What a person decided stands
    unless `again`. Raises NotFound, ControllerError: order_incomplete, question_over,
    already_decided.
    """
    with database.write() as session:
        question = _load(session, question_id, to_change=True)
        if sorted(order) != sorted(question.bulletins):
            raise _incomplete(question.bulletins)
        if question.session_ms <= to_ms(now):
            raise _over(question)
        if question.decided_by and not again:
            raise _already(question)
        _decide(session, question, order, by, to_ms(now))
        ask_for_plan(session, now, zones_of_units_below(session, [question.unit_id]))


def lapse_questions(database: Database, now: datetime) -> int:
    """Let the default, which held meanwhile, stand where nobody decided in time; how many."""
    with database.write() as session:
        query = select(PriorityQuestion).where(
            col(PriorityQuestion.decide_by_ms) <= to_ms(now),
            col(PriorityQuestion.decided_ms).is_(None),
        )
        late = session.exec(query.with_for_update(skip_locked=True)).all()
        for question in late:
            _decide(session, question, question.bulletins, "", to_ms(now))
    return len(late)


def _start(question: Question) -> datetime:
    return question.rundown.occurrence.start_utc


def _key(unit_id: str, bulletin_ids: Sequence[str]) -> str:
    """The same question has the same id on every replica."""
    return hashlib.sha256("\n".join((unit_id, *bulletin_ids)).encode()).hexdigest()[:20]


def _commune(session: Session, zone_id: str) -> str:
    """The commune of a zone, or its own unit where that belongs to none."""
    own = session.get_one(tables.Zone, zone_id).unit_id
    for unit_id in lexicons.units_above(session, own):
        unit = session.get(tables.Unit, unit_id)
        if unit is not None and unit.level == Level.COMMUNE.value:
            return unit_id
    return own


def _note(session: Session, asked: PriorityQuestion) -> None:
    """Keep a question that is not there yet, or bring its session forward."""
    there = session.get(PriorityQuestion, asked.id)
    if there is None:
        insert_or_ignore(session, PriorityQuestion, [asked.model_dump()])
        _tell(session, asked, "asked", "", asked.asked_ms)
    elif there.decided_ms is None and asked.session_ms < there.session_ms:
        there.session_ms = asked.session_ms
        there.decide_by_ms = min(there.decide_by_ms, asked.decide_by_ms)
        session.add(there)


def _decide(
    session: Session, question: PriorityQuestion, order: Sequence[str], by: str, now_ms: int
) -> None:
    question.decided, question.decided_by, question.decided_ms = list(order), by, now_ms
    session.add(question)
    _tell(session, question, "decided" if by else "lapsed", by, now_ms)


def _tell(session: Session, question: PriorityQuestion, what: str, by: str, now_ms: int) -> None:
    body: dict[str, object] = {
        "id": question.id,
        "unit": question.unit_id,
        "what": what,
        "order": list(question.decided or question.bulletins),
        "by": by,
        "session_ms": question.session_ms,
        "decide_by_ms": question.decide_by_ms,
    }
    events.tell(session, "priority_question", body, now_ms)


def _load(session: Session, question_id: str, *, to_change: bool = False) -> PriorityQuestion:
    question = session.get(PriorityQuestion, question_id, with_for_update=to_change)
    if question is None:
        raise NotFound("câu hỏi ưu tiên", "priority question", question_id[:80])
    return question


def _shown(
    session: Session, questions: Sequence[PriorityQuestion], now_ms: int
) -> list[ShownQuestion]:
    asked_of = {question.unit_id for question in questions}
    units = select(tables.Unit.id, tables.Unit.name).where(col(tables.Unit.id).in_(asked_of))
    names: dict[str, str] = dict(session.exec(units).all())
    named = {bulletin for question in questions for bulletin in question.bulletins}
    query = select(tables.Bulletin).where(col(tables.Bulletin.id).in_(named))
    found = {bulletin.id: bulletin for bulletin in session.exec(query)}
    return [_one_shown(each, names[each.unit_id], found, now_ms) for each in questions]


def _one_shown(
    question: PriorityQuestion, unit: str, found: Mapping[str, tables.Bulletin], now_ms: int
) -> ShownQuestion:
    order = question.decided or question.bulletins
    until_ms = max(now_ms, question.session_ms)
    able = [
        b
        for b in order
        if b in found
        and found[b].state == State.APPROVED.value
        and found[b].valid_until_ms > until_ms
    ]
    titles = tuple((b, found[b].title if b in found else "") for b in order)
    return ShownQuestion(question, unit, titles, moot=len(able) < 2)


def _incomplete(bulletin_ids: Sequence[str]) -> ControllerError:
    listed = ", ".join(bulletin_ids)
    return ControllerError(
        "order_incomplete",
        f"Thứ tự phải gồm đúng các bản tin này, mỗi bản tin một lần: {listed}. Chưa đổi gì.",
        f"The order must name exactly these bulletins, each once: {listed}. Nothing was changed.",
    )


def _over(question: PriorityQuestion) -> ControllerError:
    at = to_utc(question.session_ms).isoformat(timespec="minutes")
    return ControllerError(
        "question_over",
        f"Buổi phát lúc {at} đã bắt đầu nên không đổi thứ tự được nữa.",
        f"The session of {at} has begun; its order can no longer be changed.",
    )


def _already(question: PriorityQuestion) -> ControllerError:
    at = to_utc(question.decided_ms or 0).isoformat(timespec="minutes")
    return ControllerError(
        "already_decided",
        f"{question.decided_by} đã quyết định thứ tự lúc {at}; thứ tự ấy vẫn giữ. "
        "Nếu vẫn muốn đổi, hãy nói rõ là quyết định lại.",
        f"{question.decided_by} decided the order at {at}, and that order stands. "
        "To change it all the same, say that you decide again.",
    )
