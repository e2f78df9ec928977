"""A person says an alert anew: a new version, at which boxes stop the former one."""

from dataclasses import fields, replace
from datetime import datetime

from sqlmodel import Session

from audio_library.phrases.compose import Moment
from controller.fleet.alert_life import Action, AlertOver, State, target
from controller.fleet.authority import Authority
from controller.fleet.hazards import ALL_CLEAR, TEST
from controller.operations.alert_lists import publish_lists
from controller.operations.alert_order import AlertChange, AlertOrder, slots_from
from controller.operations.prepare_alert import Prepared, prepare_alert
from controller.operations.raise_alert import (
    Raised,
    Sent,
    answered_for,
    keep_version,
    load_alert,
    note_audience,
    refuse_too_many,
)
from controller.operations.zone_inputs import PlanRules
from controller.storage.alert_tables import Alert, AlertVersion
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc


def update_alert(
    database: Database,
    authority: Authority,
    alert_id: str,
    change: AlertChange,
    by: str,
    rules: PlanRules,
    now: datetime,
) -> Raised:
    """Send the next version; an area that is no longer in it is told that the alert is over.

    Raises `NotFound`, `AlertOver`, and what `raise_alert` raises.
    """
    with database.write() as session:
        alert = load_alert(session, alert_id)
        alert.state = target(Action.UPDATE, State(alert.state)).value
        before = session.get_one(AlertVersion, (alert.id, alert.version))
        order = answered_for(changed(alert, before, change), by)
        ready = prepare_change(session, alert, order, change, rules, now)
        refuse_too_many(session, [a for a in ready.areas if a.id not in before.areas], now)
        alert.hazard = ready.hazard
        keep_version(session, alert, ready, order, by)
        publish_lists(session, authority, {*before.areas, *ready.area_ids}, now)
        sent = Sent(alert.id, alert.version, ready.area_ids)
    return note_audience(database, sent, rules, now)


def preview_change(
    session: Session, alert_id: str, change: AlertChange, rules: PlanRules, now: datetime
) -> Prepared:
    """What an update would send; raises as the update itself."""
    alert = load_alert(session, alert_id)
    target(Action.UPDATE, State(alert.state))
    before = session.get_one(AlertVersion, (alert.id, alert.version))
    return prepare_change(session, alert, changed(alert, before, change), change, rules, now)


def prepare_change(
    session: Session,
    alert: Alert,
    order: AlertOrder,
    change: AlertChange,
    rules: PlanRules,
    now: datetime,
) -> Prepared:
    """Without new minutes it expires when it would have; raises `AlertOver` if that was before."""
    if alert.expires_ms <= to_ms(now):
        raise AlertOver(State.EXPIRED)
    expires = to_utc(alert.expires_ms) if change.minutes is None else None
    return prepare_alert(session, order, rules, now, update=True, expires=expires)


def changed(alert: Alert, before: AlertVersion, change: AlertChange) -> AlertOrder:
    """The order of the former version, with what the change says otherwise.

    Places that were named beside the areas are kept; a new hazard brings its own instructions.
    """
    said = slots_from(before.sentence)
    order = AlertOrder(
        scopes=tuple(before.areas),
        hazard="" if alert.hazard in (TEST, ALL_CLEAR) else alert.hazard,
        languages=tuple(before.languages),
        test=alert.test,
        all_clear=alert.hazard == ALL_CLEAR,
        severity=before.severity,
        level=_phrases(said.get("level")),
        when=_phrases(said.get("when")),
        since=_moment(said.get("since")),
        until=_moment(said.get("until")),
        wind=_number(said.get("wind")),
        rain_mm=_number(said.get("rain_mm")),
        instructions=_phrases(said.get("instructions")),
        source=next(iter(_phrases(said.get("source"))), ""),
        places=tuple(before.places),
        repeat_minutes=before.repeat_s // 60,
        siren_s=before.siren_s,
        authorised_by=before.authorised_by,
    )
    told = {
        field.name: value
        for field in fields(change)
        if (value := getattr(change, field.name)) is not None and value != ""
    }
    if change.hazard is not None:
        order = replace(order, instructions=None, severity=None, siren_s=None, repeat_minutes=None)
    if change.level is not None:
        order = replace(order, severity=None)
    return replace(order, **told)


def _phrases(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def _moment(value: object) -> Moment | None:
    return value if isinstance(value, Moment) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
