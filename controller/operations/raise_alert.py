"""A person raises an alert: boxes are told in the transaction that keeps who ordered it and why.

Whom it is for is kept right after it: no box waits until thousands are counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from controller.errors import ControllerError, NotFound
from controller.fleet.alert_life import STANDING, Action, State, target
from controller.fleet.alert_lists import MOST_ACTIVE, new_id_of
from controller.fleet.authority import Authority
from controller.fleet.keyring import issuer_of
from controller.operations.alert_audience import Listener, alert_audience
from controller.operations.alert_lists import OFFICE, known_alerts, publish_lists
from controller.operations.alert_order import AlertOrder, slots_body
from controller.operations.alert_words import words_body
from controller.operations.ids import new_id
from controller.operations.prepare_alert import Prepared, prepare_alert
from controller.operations.zone_inputs import PlanRules
from controller.storage import bell, events
from controller.storage.alert_tables import Alert, AlertAudience, AlertVersion
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore
from controller.storage.instants import to_ms
from controller.storage.serials import next_serial
from controller.storage.tables import Unit

log = structlog.get_logger()

TEST_REASON = "thử hệ thống loa / a test of the loudspeakers"


@dataclass(frozen=True, slots=True)
class Sent:
    """The version that boxes are told, and where."""

    alert_id: str
    version: int
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Raised:
    """The version that boxes were told, and how many boxes it is for."""

    alert_id: str
    version: int
    boxes: int


def raise_alert(
    database: Database,
    authority: Authority,
    order: AlertOrder,
    by: str,
    rules: PlanRules,
    now: datetime,
) -> Raised:
    """Send it to every box of its area when this transaction commits.

    Raises what `prepare_alert` raises, alert_unauthorised, alert_too_many, NotFound of what it
    supersedes; then nothing is sent.
    """
    order = answered_for(order, by)
    with database.write() as session:
        sent = send(session, authority, order, by, rules, now)
    return note_audience(database, sent, rules, now)


def send(
    session: Session,
    authority: Authority,
    order: AlertOrder,
    by: str,
    rules: PlanRules,
    now: datetime,
) -> Sent:
    """The same within a transaction of the caller's, who then calls `note_audience`."""
    ready = prepare_alert(session, order, rules, now)
    replaced = [_superseded(session, each, by, now) for each in dict.fromkeys(order.supersedes)]
    refuse_too_many(session, ready.areas, now)
    alert = Alert(
        id=new_id_of(issuer_of(authority.root_public), new_id()),
        state=target(Action.RAISE, None).value,
        version=0,
        test=order.test,
        origin=OFFICE,
        hazard=ready.hazard,
        raised_ms=to_ms(now),
        expires_ms=ready.expires_ms,
    )
    keep_version(session, alert, ready, order, by)
    areas = {area for each in replaced for area in each}
    publish_lists(session, authority, {*ready.area_ids, *areas}, now)
    return Sent(alert.id, alert.version, ready.area_ids)


def note_audience(database: Database, sent: Sent, rules: PlanRules, now: datetime) -> Raised:
    """Keep whom it is for; nothing that fails here takes back what boxes were told."""
    boxes = 0
    try:
        with database.read() as session:
            audience = alert_audience(session, sent.areas, rules, now)
        boxes = len(audience)
        with database.write() as session:
            keep_audience(session, sent.alert_id, audience)
            told: dict[str, object] = {"id": sent.alert_id, "boxes": boxes}
            events.tell(session, "alert", told, to_ms(now))
    except SQLAlchemyError as e:
        # Who saw an error now would raise it once more.
        log.error("alert_audience_unknown", alert=sent.alert_id, why=str(e)[:300])
    return Raised(sent.alert_id, sent.version, boxes)


def keep_audience(session: Session, alert_id: str, audience: Iterable[Listener]) -> None:
    """Who is known already stays as it was when the alert was ordered."""
    rows = [
        {
            "alert_id": alert_id,
            "device_id": each.device_id,
            "cluster_id": each.cluster_id,
            "cluster_name": each.cluster_name,
            "village": each.village,
            "silenced": each.silenced,
            "online": each.online,
        }
        for each in audience
    ]
    insert_or_ignore(session, AlertAudience, rows)


def note_standing_audiences(session: Session, rules: PlanRules, now: datetime) -> None:
    """After a start: an office that died right after an order had not kept whom it was for."""
    standing = select(Alert).where(col(Alert.state).in_(STANDING), Alert.origin == OFFICE)
    for alert in session.exec(standing):
        version = session.get_one(AlertVersion, (alert.id, alert.version))
        keep_audience(session, alert.id, alert_audience(session, version.areas, rules, now))


def answered_for(order: AlertOrder, by: str) -> AlertOrder:
    """With who authorised it and why; of a test that goes without saying.

    Raises ControllerError (alert_unauthorised).
    """
    if order.test:
        return replace(
            order,
            authorised_by=order.authorised_by.strip() or by,
            reason=order.reason.strip() or TEST_REASON,
        )
    if not order.authorised_by.strip() or not order.reason.strip():
        raise ControllerError(
            "alert_unauthorised",
            "Báo động cần tên người cho phép và lý do. Chưa phát gì.",
            "An alert needs who authorised it, and a reason. Nothing was sent.",
        )
    return replace(order, authorised_by=order.authorised_by.strip(), reason=order.reason.strip())


def keep_version(
    session: Session, alert: Alert, ready: Prepared, order: AlertOrder, by: str
) -> None:
    """Write the next version of an alert, and tell screens."""
    now_ms = ready.issued_ms
    # By the clock, so that an office restored from a backup does not say an older word again.
    alert.version = max(next_serial(session, f"alert/{alert.id}", now_ms), alert.version + 1)
    alert.expires_ms = ready.expires_ms
    session.add(alert)
    session.flush()
    session.add(
        AlertVersion(
            alert_id=alert.id,
            version=alert.version,
            severity=ready.severity.value,
            areas=list(ready.area_ids),
            languages=list(ready.languages),
            sentence=slots_body(ready.values),
            places=list(order.places),
            spoken=[
                words_body(words, sent=sent)
                for some, sent in ((ready.words, True), (ready.others, False))
                for words in some
            ],
            repeat_s=ready.repeat_s,
            siren_s=ready.siren_s,
            max_play_s=ready.max_play_s,
            issued_ms=now_ms,
            expires_ms=ready.expires_ms,
            ordered_by=by,
            authorised_by=order.authorised_by,
            reason=order.reason,
            supersedes=list(dict.fromkeys(order.supersedes)),
        )
    )
    session.flush()
    tell_alert(session, alert, now_ms, by=by)


def tell_alert(session: Session, alert: Alert, now_ms: int, **more: object) -> None:
    """Tell screens where an alert stands, and have the alarms looked at."""
    told: dict[str, object] = {
        "id": alert.id,
        "state": alert.state,
        "version": alert.version,
        "hazard": alert.hazard,
        "test": alert.test,
        **more,
    }
    events.tell(session, "alert", told, now_ms)
    bell.ring(session, bell.ALERT)


def load_alert(session: Session, alert_id: str) -> Alert:
    """Raises `NotFound`."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFound("báo động", "alert", alert_id[:80])
    return alert


def refuse_too_many(session: Session, areas: Iterable[Unit], now: datetime) -> None:
    """More in an area than a list carries would push the oldest alert out of it.

    Raises ControllerError (alert_too_many).
    """
    known = known_alerts(session, now)
    for area in areas:
        if sum(each.stands_in(area.id) for each in known) >= MOST_ACTIVE:
            raise ControllerError(
                "alert_too_many",
                f"Ở {area.name} đã có {MOST_ACTIVE} báo động. Chưa phát gì; "
                "hãy kết thúc hoặc cập nhật báo động cũ.",
                f"There are {MOST_ACTIVE} alerts in {area.name} already. Nothing was sent; end "
                "or update an older one.",
            )


def _superseded(session: Session, alert_id: str, by: str, now: datetime) -> list[str]:
    """End an alert that a new one replaces, if it stands; gives its areas."""
    alert = load_alert(session, alert_id)
    if alert.origin != OFFICE or State(alert.state).over:
        return []
    version = session.get_one(AlertVersion, (alert.id, alert.version))
    over(session, alert, Action.END, by, "được thay bằng báo động mới / superseded", now)
    return version.areas


def over(
    session: Session, alert: Alert, action: Action, by: str | None, why: str | None, now: datetime
) -> None:
    """End an alert or let it expire; raises `AlertOver`."""
    alert.state = target(action, State(alert.state)).value
    alert.ended_ms, alert.ended_by, alert.ended_why = to_ms(now), by, why
    session.add(alert)
    tell_alert(session, alert, to_ms(now), by=by)
