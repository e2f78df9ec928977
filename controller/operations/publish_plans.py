"""Plan the zones that are due, and publish, signed, to every box whose plan has changed."""

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from controller.errors import ControllerError
from controller.fleet.authority import Authority
from controller.operations.asked_work import NIGHT, PLAN
from controller.operations.plan_zones import resolve
from controller.operations.priority_order import note_questions
from controller.operations.publish_boxes import publish_boxes
from controller.operations.zone_inputs import PlanRules, midnight, today
from controller.storage import events, tables, work_items, zone_days
from controller.storage.alert_tables import ClipPage
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.library_tables import PhrasePage
from controller.storage.schedule_tables import BoxPage
from schedules.errors import ScheduleError

log = structlog.get_logger()

AT_ONCE = 16
"""Zones of one claim: a second's work, far below a lease."""
KEEP_PAGES_MS = 15 * 86_400_000
NIGHT_FROM, NIGHT_LASTS_S = timedelta(minutes=30), 4 * 3600


def claim_plans(database: Database, now: datetime) -> tuple[work_items.Claimed, ...]:
    """Take a few of the zones whose plan is due; what somebody waits for comes first."""
    with database.write() as session:
        return work_items.claim_some(session, (PLAN, NIGHT), to_ms(now), AT_ONCE)


def do_plan(
    database: Database,
    authority: Authority,
    rules: PlanRules,
    work: work_items.Claimed,
    now: datetime,
) -> tuple[str, ...]:
    """Plan one zone and tell its boxes; gives the ids of those that were told something.

    The zone is resolved from a snapshot and written in one short transaction, which leaves nothing
    if another replica has claimed the zone meanwhile, nor if a night's plan was overtaken by an
    edit. A zone that cannot be planned says why, and holds up no other.
    """
    try:
        with database.read() as session:
            edited = _last_edit(session, work.key)
            resolved = resolve(session, work.key, rules, now, whole=work.kind == NIGHT)
    except (ScheduleError, ControllerError) as error:
        _fail(database, rules, work, error, now)
        return ()
    now_ms, zone_id = to_ms(now), work.key
    with database.write() as session:
        if not work_items.is_ours(session, work):
            log.info("plan_lost", zone=zone_id, attempt=work.attempts)
            return ()
        if work.kind == NIGHT and _last_edit(session, zone_id) != edited:
            work_items.set_again(session, work.id, now_ms, now_ms)
            return ()
        zone_days.put(session, zone_id, resolved.days, today(rules, now), now_ms)
        told = publish_boxes(session, authority, rules, resolved.zone, resolved.days, now)
        note_questions(session, zone_id, resolved.questions, now, rules.limit)
        _finish(session, rules, work, resolved.has_box, now)
        if told:
            body: dict[str, object] = {"zone": zone_id, "devices": sorted(told)}
            events.tell(session, "plan", body, now_ms)
    log.info("zone_planned", zone=zone_id, kind=work.kind, told=len(told))
    return told


def next_night(rules: PlanRules, zone_id: str, now: datetime) -> datetime:
    """When a zone's whole horizon is resolved again: between 00:30 and 04:30, always at its own
    second, so that a fleet is spread over the night.
    """
    share = int.from_bytes(hashlib.sha256(zone_id.encode()).digest()[:4], "big") / 2**32
    into_the_day = NIGHT_FROM + timedelta(seconds=int(share * NIGHT_LASTS_S))
    day = today(rules, now)
    coming = midnight(rules, day) + into_the_day
    if coming <= now:
        coming = midnight(rules, day + timedelta(days=1)) + into_the_day
    return coming


def give_up(database: Database, work: work_items.Claimed, why: str, now: datetime) -> None:
    """A defect stopped the planning of a zone: it is tried again until it works."""
    vi = f"Chưa lập được lịch vì lỗi của máy, sẽ thử lại: {why}"
    en = f"Not planned because of a defect, tried again soon: {why}"
    with database.write() as session:
        if work_items.is_ours(session, work):
            error = ("defect", vi, en)
            work_items.fail(session, work.id, error, to_ms(now), final=False, keep_trying=True)


def forget_old_pages(session: Session, now: datetime) -> None:
    """Delete packed pages that no box is told of any more, some time after they were made."""
    of_phrases = select(PhrasePage.page_sha256).where(col(PhrasePage.page_sha256).is_not(None))
    of_boxes = select(BoxPage.page_sha256).where(col(BoxPage.page_sha256).is_not(None))
    old = sa.delete(tables.Page).where(
        col(tables.Page.created_ms) < to_ms(now) - KEEP_PAGES_MS,
        col(tables.Page.sha256).not_in(of_phrases),
        col(tables.Page.sha256).not_in(of_boxes),
        col(tables.Page.sha256).not_in(select(ClipPage.page_sha256)),
    )
    session.execute(old)


def _last_edit(session: Session, zone_id: str) -> tuple[object, ...] | None:
    """Changes whenever somebody asks for the zone, or its plan is begun or done."""
    item = tables.WorkItem
    query = sa.select(
        col(item.state), col(item.asked_again), col(item.attempts), col(item.updated_ms)
    ).where(col(item.kind) == PLAN, col(item.key) == zone_id)
    row = session.execute(query).first()
    return None if row is None else tuple(row)


def _finish(
    session: Session, rules: PlanRules, work: work_items.Claimed, has_box: bool, now: datetime
) -> None:
    now_ms, zone_id = to_ms(now), work.key
    night_ms = to_ms(next_night(rules, zone_id, now))
    if work.kind == NIGHT:
        work_items.set_again(session, work.id, night_ms, now_ms)
    else:
        work_items.finish(session, work.id, now_ms)
        work_items.set_for(session, NIGHT, zone_id, night_ms, now_ms)
    night = work_items.find(session, NIGHT, zone_id)
    if night is not None and night.body.get("has_box", True) != has_box:
        # Said when it changes, not every night.
        night.body = {"has_box": has_box}
        session.add(night)
        log.warning("zone_box_changed", zone=zone_id, has_box=has_box)
        events.tell(session, "zone_box", {"id": zone_id, "has_box": has_box}, now_ms)


def _fail(
    database: Database,
    rules: PlanRules,
    work: work_items.Claimed,
    error: ScheduleError | ControllerError,
    now: datetime,
) -> None:
    """The zone keeps the plan that it has, and what is wrong is said; others are planned."""
    now_ms = to_ms(now)
    log.error("zone_not_planned", zone=work.key, code=error.code, why=error.en)
    with database.write() as session:
        if not work_items.is_ours(session, work):
            return
        if work.kind == NIGHT:
            again = to_ms(next_night(rules, work.key, now))
            work_items.set_again(session, work.id, again, now_ms)
        else:
            said = (error.code, error.vi, error.en)
            work_items.fail(session, work.id, said, now_ms, final=True)
        body: dict[str, object] = {
            "zone": work.key,
            "code": error.code,
            "vi": error.vi,
            "en": error.en,
        }
        events.tell(session, "plan_failed", body, now_ms)
