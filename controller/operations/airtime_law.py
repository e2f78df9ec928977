"""The airtime law of a unit: which one holds, what it would forbid, and a unit's own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import ask_for_plan
from controller.operations.prospect import some
from controller.operations.unit_rules import Source, governed, nearest
from controller.operations.zone_inputs import PlanRules, inputs_of, midnight, today
from controller.storage import events, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.unit_chain import chain_on
from schedules.airtime import DEFAULT_AIRTIME_LAW, Action, AirtimeLaw, Breach, Limit
from schedules.errors import ScheduleError
from schedules.recurrence import Occurrence
from schedules.zone_plan import ZonePlan, plan_zone

LOOKED_AHEAD = timedelta(days=14)
LOOKED_AT = 200
"""Zones that are planned for a preview, spread evenly; a province has more, a commune fewer."""

_LIMITS = frozenset(Limit)


@dataclass(frozen=True, slots=True)
class HeldLaw:
    """The law that holds in a unit, and where it comes from."""

    unit_id: str
    law: AirtimeLaw
    source: Source


@dataclass(frozen=True, slots=True)
class Broken:
    """One programme against one limit: in how many sessions and zones, and the first of them."""

    programme_id: str
    title: str
    breach: Breach
    sessions: int
    zones: int
    first: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the coming 14 days have against a law; `zones` of `governed` were looked at."""

    broken: tuple[Broken, ...]
    zones: int
    governed: int


def show_law(session: Session, unit_id: str, rules: PlanRules, now: datetime) -> HeldLaw:
    """Raises `UnknownUnit`, `UnitCycle`."""
    chain = chain_on(session, unit_id, today(rules, now))
    body, source = nearest(session, tables.AirtimeRule, chain)
    law = DEFAULT_AIRTIME_LAW if body is None else places.law_from(body)
    return HeldLaw(unit_id, law, source)


def forecast(
    session: Session, unit_id: str, law: AirtimeLaw, rules: PlanRules, now: datetime
) -> Forecast:
    """What standing programmes would break if that law held in the unit."""
    zones = governed(session, tables.AirtimeRule, unit_id).zones
    since = midnight(rules, today(rules, now))
    found: dict[tuple[str, str], list[_Once]] = {}
    looked_at = 0
    for zone_id in some(zones, LOOKED_AT):
        try:
            inputs = inputs_of(session, zone_id, rules, now).inputs
            plan = plan_zone(replace(inputs, law=law), since, since + LOOKED_AHEAD)
        except ScheduleError:
            # A zone that cannot be planned says so where it is planned.
            continue
        looked_at += 1
        titles = {each.programme.id: each.programme.title for each in inputs.standing}
        for occurrence, breach in _against(plan):
            once = _Once(zone_id, titles[occurrence.programme_id], occurrence, breach)
            found.setdefault((occurrence.programme_id, breach.code), []).append(once)
    broken = [_grouped(each) for each in found.values()]
    broken.sort(key=lambda each: (each.first, each.title, each.breach.code))
    return Forecast(tuple(broken), looked_at, len(zones))


def set_law(
    database: Database, unit_id: str, law: AirtimeLaw, by: str, now: datetime, rules: PlanRules
) -> HeldLaw:
    """Keep a unit's own law and have the zones planned in which it holds. Raises `NotFound`."""
    with database.write() as session:
        if session.get(tables.Unit, unit_id) is None:
            raise NotFound("đơn vị", "unit", unit_id)
        session.merge(
            tables.AirtimeRule(
                unit_id=unit_id, body=places.law_body(law), set_by=by, set_ms=to_ms(now)
            )
        )
        session.flush()
        _told(session, unit_id, by, now, own=True)
        return show_law(session, unit_id, rules, now)


def drop_law(database: Database, unit_id: str, by: str, now: datetime, rules: PlanRules) -> HeldLaw:
    """Let the law of the units above hold again; raises ControllerError (no_own_rule)."""
    with database.write() as session:
        own = session.get(tables.AirtimeRule, unit_id)
        if own is None:
            raise ControllerError(
                "no_own_rule",
                "Đơn vị này không có quy định giờ phát riêng, đang theo cấp trên. "
                "Không có gì thay đổi.",
                "This unit has no airtime law of its own; that of the unit above holds. "
                "Nothing was changed.",
            )
        _told(session, unit_id, by, now, own=False)
        session.delete(own)
        session.flush()
        return show_law(session, unit_id, rules, now)


def tell_broken(
    session: Session,
    what: str,
    subject: str,
    breaches: Iterable[Breach],
    by: str,
    why: str,
    now: datetime,
) -> None:
    """Log that something airs outside the law: who wanted it, why, and against which paragraph."""
    for breach in breaches:
        told: dict[str, object] = {
            "what": what,
            "id": subject,
            "by": by,
            "why": why,
            "code": breach.code,
            "paragraph": breach.paragraph,
            "vi": breach.vi,
            "en": breach.en,
        }
        events.tell(session, "airtime_broken", told, to_ms(now))


@dataclass(frozen=True, slots=True)
class _Once:
    """One session of one zone against one limit."""

    zone_id: str
    title: str
    occurrence: Occurrence
    breach: Breach


def _against(plan: ZonePlan) -> Iterator[tuple[Occurrence, Breach]]:
    """Every session that a limit of the law is against, each limit once.

    What is flagged airs, also where the limit refuses: an emergency, or a person gave a reason.
    """
    refused = ((r.occurrence, reason) for r in plan.refusals for reason in r.reasons)
    flagged = ((f.occurrence, replace(f.breach, action=Action.FLAG)) for f in plan.flags)
    met = set()
    for occurrence, breach in (*refused, *flagged):
        if breach.code in _LIMITS and (occurrence, breach.code) not in met:
            met.add((occurrence, breach.code))
            yield occurrence, breach


def _grouped(several: list[_Once]) -> Broken:
    first = min(several, key=lambda each: (each.occurrence.start_utc, each.zone_id))
    return Broken(
        first.occurrence.programme_id,
        first.title,
        first.breach,
        len({each.occurrence.recurrence_id for each in several}),
        len({each.zone_id for each in several}),
        first.occurrence.start_utc,
    )


def _told(session: Session, unit_id: str, by: str, now: datetime, *, own: bool) -> None:
    reached = governed(session, tables.AirtimeRule, unit_id)
    ask_for_plan(session, now, reached.zones)
    told: dict[str, object] = {"unit": unit_id, "by": by, "own": own}
    events.tell(session, "airtime_law", told, to_ms(now))
