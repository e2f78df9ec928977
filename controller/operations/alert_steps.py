"""What boxes say of alerts: signature first, then kept, each step once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session, col, func, select

from controller.fleet.alert_life import Action, State
from controller.fleet.hazards import TEST
from controller.operations.alert_lists import LOCAL
from controller.operations.enrol_device import quarantined
from controller.operations.own_word import read_own
from controller.operations.raise_alert import over, tell_alert
from controller.operations.read_reports import drop
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import bell, events, places, tables
from controller.storage.alert_tables import Alert, AlertAudience, AlertVersion
from controller.storage.alert_tables import AlertStep as StepRow
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore, inserting
from controller.storage.instants import to_ms
from controller.storage.unit_chain import Chains
from edge_agent.contract import topics
from edge_agent.contract.alert import AlertStatus, AlertStep, Severity
from edge_agent.contract.envelope import Untrusted
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import Unreadable

log = structlog.get_logger()

LOCAL_LASTS = timedelta(hours=24)
"""A box does not say for how long; it tells the end, unless it never comes back."""

MOST_LOCAL_A_DAY = 50
"""Of one box: more is a fault or a thief, and fills the office's disk."""

NOT_LESS = 2
"""Rounds more than the life of an alert holds: the first, and one begun at its very end."""


_KEY = ("alert_id", "device_id", "version", "status", "round")


@dataclass(frozen=True, slots=True)
class SealedStep:
    """One message of one box, not yet verified; `key` is None for a stranger."""

    device_id: str
    key: Ed25519PublicKey | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Said:
    device_id: str
    step: AlertStep


def keep_alert_steps(
    database: Database, rules: PlanRules, sealed: Sequence[SealedStep], now: datetime
) -> int:
    """Verify and keep a batch; what is forged, or of an alert that nobody knows, is dropped.

    A step of an alert raised at the box makes that alert known. Gives how many were kept.
    """
    said = list(_believed(sealed))
    if not said:
        return 0
    with database.write() as session:
        apart = quarantined(session)
        said = [each for each in said if each.device_id not in apart]
        _learn_local(session, rules, said, now)
        kept = list(_of_known(session, said))
        _note_late_comers(session, rules, kept, now)
        _keep(session, kept, to_ms(now))
        _end_local(session, kept, now)
        _tell(session, kept, to_ms(now))
    return len(kept)


def _believed(sealed: Iterable[SealedStep]) -> Iterator[_Said]:
    for one in sealed:
        topic = topics.up(one.device_id, "alert")
        try:
            step = read_own(one.device_id, one.key, one.payload, Kind.ALERT_STEP, AlertStep)
        except Untrusted as e:
            drop(topic, "untrusted", str(e))
        except Unreadable as e:
            drop(topic, "unreadable", str(e))
        else:
            yield _Said(one.device_id, step)


def _of_known(session: Session, said: Sequence[_Said]) -> Iterator[_Said]:
    """Those of versions that exist, of rounds that may be, and of one's own local alerts."""
    ids = {each.step.alert for each in said}
    alerts = {a.id: a for a in session.exec(select(Alert).where(col(Alert.id).in_(ids)))}
    versions = {
        (v.alert_id, v.version): v
        for v in session.exec(select(AlertVersion).where(col(AlertVersion.alert_id).in_(ids)))
    }
    for each in said:
        alert = alerts.get(each.step.alert)
        version = versions.get((each.step.alert, each.step.version))
        local = alert is not None and alert.origin == LOCAL
        own = alert is not None and alert.origin_device_id == each.device_id
        if (
            alert is None
            or version is None
            or local != each.step.local
            or (local and not own)
            or each.step.round > _last_round(version)
        ):
            drop(topics.up(each.device_id, "alert"), "unknown alert", each.step.alert)
            continue
        yield each


def _last_round(version: AlertVersion) -> int:
    if not version.repeat_s:
        return NOT_LESS
    return (version.expires_ms - version.issued_ms) // (version.repeat_s * 1000) + NOT_LESS


def _keep(session: Session, said: Sequence[_Said], now_ms: int) -> None:
    """Each step once, as the box said it last; what is replayed changes nothing."""
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    for each in sorted(said, key=lambda each: each.step.at):
        row = _row(each, now_ms)
        rows[tuple(row[name] for name in _KEY)] = row
    insert = inserting(session, StepRow)
    new = {name: insert.excluded[name] for name in ("at_ms", "last_ms", "reason")}
    later = insert.excluded.at_ms > col(StepRow.at_ms)
    statement = insert.on_conflict_do_update(index_elements=_KEY, set_=new, where=later)
    if rows:
        session.connection().execute(statement, list(rows.values()))


def _row(said: _Said, now_ms: int) -> dict[str, Any]:
    step = said.step
    return {
        "alert_id": step.alert,
        "device_id": said.device_id,
        "version": step.version,
        "status": step.status.value,
        "round": step.round,
        "at_ms": step.at,
        "received_ms": now_ms,
        "last_ms": now_ms,
        "reason": step.reason,
    }


def _note_late_comers(
    session: Session, rules: PlanRules, said: Sequence[_Said], now: datetime
) -> None:
    """Boxes that answer and were not in the area when the alert was ordered."""
    ids = {each.step.alert for each in said}
    audience = AlertAudience
    known = set(
        session.exec(
            select(audience.alert_id, audience.device_id).where(col(audience.alert_id).in_(ids))
        )
    )
    late = sorted({(each.step.alert, each.device_id) for each in said} - known)
    stand = _places(session, rules, {did for _, did in late}, now)
    insert_or_ignore(session, audience, [{"alert_id": a, **stand[did]} for a, did in late])


def _places(
    session: Session, rules: PlanRules, device_ids: Collection[str], now: datetime
) -> Mapping[str, dict[str, Any]]:
    """Where boxes stand now, as rows of the audience; nameless where nobody knows.

    A whole province may answer before it is kept whom an alert is for.
    """
    if not device_ids:
        return {}
    query = places.standing_boxes(to_ms(now)).where(
        col(tables.Installation.device_id).in_(device_ids)
    )
    clusters = {row.device_id: row for row in session.execute(query)}
    chains = Chains(session, today(rules, now))

    def place(device_id: str) -> dict[str, Any]:
        row = clusters.get(device_id)
        chain = chains.of(row.unit_id) if row is not None else None
        known = row if chain else None
        return {
            "device_id": device_id,
            "cluster_id": known.id if known else "",
            "cluster_name": known.name if known else "",
            "village": chain.path_name if chain else "",
            "silenced": "",
            "online": True,
        }

    return {device_id: place(device_id) for device_id in device_ids}


def _learn_local(session: Session, rules: PlanRules, said: Sequence[_Said], now: datetime) -> None:
    """Keep every alert that was raised at a box and that nobody has heard of."""
    told: Mapping[str, _Said] = {
        each.step.alert: each for each in reversed(said) if each.step.local
    }
    if not told:
        return
    known = set(session.exec(select(Alert.id).where(col(Alert.id).in_(told))))
    for alert_id, each in told.items():
        if alert_id in known:
            continue
        if _local_today(session, each.device_id, now) >= MOST_LOCAL_A_DAY:
            drop(topics.up(each.device_id, "alert"), "too many local alerts", alert_id)
            continue
        _keep_local(session, rules, each, now)


def _local_today(session: Session, device_id: str, now: datetime) -> int:
    query = select(func.count()).where(
        Alert.origin_device_id == device_id,
        col(Alert.raised_ms) > to_ms(now - timedelta(days=1)),
    )
    return session.exec(query).one()


def _keep_local(session: Session, rules: PlanRules, said: _Said, now: datetime) -> None:
    step, now_ms = said.step, to_ms(now)
    expires_ms = to_ms(now + LOCAL_LASTS)
    alert = Alert(
        id=step.alert,
        state=State.ACTIVE.value,
        version=step.version,
        test=step.hazard == TEST,
        origin=LOCAL,
        origin_device_id=said.device_id,
        hazard=step.hazard,
        raised_ms=now_ms,
        expires_ms=expires_ms,
    )
    session.add(alert)
    session.flush()
    place = _places(session, rules, [said.device_id], now)[said.device_id]
    session.add(
        AlertVersion(
            alert_id=alert.id,
            version=step.version,
            severity=Severity.EXTREME.value,
            areas=[],
            languages=[],
            sentence={},
            spoken=[],
            repeat_s=60,
            siren_s=0,
            max_play_s=1,
            issued_ms=now_ms,
            expires_ms=expires_ms,
            ordered_by="",
            authorised_by="",
            reason=f"tại hộp loa / at the box: {place['village'] or said.device_id}",
        )
    )
    session.flush()
    insert_or_ignore(session, AlertAudience, [{"alert_id": alert.id, **place}])
    log.warning("local_alert", alert=alert.id, device=said.device_id, hazard=step.hazard)
    tell_alert(session, alert, now_ms, device_id=said.device_id)


def _end_local(session: Session, said: Sequence[_Said], now: datetime) -> None:
    for each in said:
        if each.step.local and each.step.status is AlertStatus.ENDED:
            alert = session.get_one(Alert, each.step.alert)
            if not State(alert.state).over:
                over(session, alert, Action.END, None, each.step.reason or None, now)


def _tell(session: Session, said: Sequence[_Said], now_ms: int) -> None:
    """One piece of news an alert, however many boxes speak at once."""
    boxes: dict[str, set[str]] = {}
    for each in said:
        boxes.setdefault(each.step.alert, set()).add(each.device_id)
    news = ({"id": alert_id, "answered": len(some)} for alert_id, some in boxes.items())
    events.tell_all(session, "alert", news, now_ms)
    if boxes:
        bell.ring(session, bell.ALERT)
