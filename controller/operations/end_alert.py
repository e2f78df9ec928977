"""A person ends an alert, or its time runs out: boxes fall silent, and may say that it is over."""

from datetime import datetime

from sqlmodel import Session, col, select

from controller.errors import ControllerError
from controller.fleet.alert_life import STANDING, Action
from controller.fleet.authority import Authority
from controller.fleet.hazards import ALL_CLEAR, TEST
from controller.operations.alert_lists import LOCAL, OFFICE, publish_lists
from controller.operations.alert_order import AlertOrder
from controller.operations.raise_alert import Raised, load_alert, note_audience, over, send
from controller.operations.zone_inputs import PlanRules
from controller.storage.alert_tables import Alert, AlertVersion
from controller.storage.database import Database
from controller.storage.instants import to_ms

ALL_CLEAR_MINUTES = 15
"""So long a box that comes back still says that the danger is over."""


def end_alert(
    database: Database,
    authority: Authority,
    alert_id: str,
    reason: str,
    by: str,
    rules: PlanRules,
    now: datetime,
    *,
    all_clear: bool = False,
) -> Raised | None:
    """End it everywhere at once; with `all_clear` boxes say once, without a siren, that it is over.

    Gives what was raised to say so. Raises `NotFound`, `AlertOver`, alert_reason, alert_local;
    and, when it has ended, alert_not_cleared if no language can say that it is over.
    """
    if not reason.strip():
        raise ControllerError(
            "alert_reason",
            "Hãy ghi lý do kết thúc báo động. Báo động vẫn tiếp tục.",
            "Say why the alert ends. It goes on.",
        )
    with database.write() as session:
        alert = load_alert(session, alert_id)
        if alert.origin == LOCAL:
            raise ControllerError(
                "alert_local",
                "Báo động này do người ở làng bấm tại hộp loa; chỉ kết thúc được ở đó.",
                "This alert was raised at the box itself, and can only be ended there.",
            )
        before = session.get_one(AlertVersion, (alert.id, alert.version))
        clear = None
        if all_clear and not alert.test and alert.hazard != ALL_CLEAR:
            clear = _over(alert, before, reason, by)
        over(session, alert, Action.END, by, reason.strip(), now)
        publish_lists(session, authority, _scopes(session, alert.id), now)
    return None if clear is None else _clear(database, authority, clear, by, rules, now)


def _clear(
    database: Database,
    authority: Authority,
    order: AlertOrder,
    by: str,
    rules: PlanRules,
    now: datetime,
) -> Raised:
    """Have it said that an alert is over; it is over, also where nobody can say so."""
    try:
        with database.write() as session:
            said = send(session, authority, order, by, rules, now)
    except ControllerError as e:
        raise ControllerError(
            "alert_not_cleared",
            f"Báo động đã kết thúc ở mọi nơi. Nhưng chưa báo yên được: {e.vi}",
            f"The alert has ended everywhere. But that could not be said: {e.en}",
        ) from e
    return note_audience(database, said, rules, now)


def expire_alerts(database: Database, authority: Authority, now: datetime) -> int:
    """Note every alert whose time ran out, and put its lists in order; how many there were."""
    with database.read() as session:
        if not _outlived(session, now):
            return 0
    with database.write() as session:
        gone = _outlived(session, now)
        for alert in gone:
            over(session, alert, Action.EXPIRE, None, None, now)
        scopes = {s for a in gone if a.origin == OFFICE for s in _scopes(session, a.id)}
        publish_lists(session, authority, scopes, now)
        return len(gone)


def _outlived(session: Session, now: datetime) -> list[Alert]:
    standing = select(Alert).where(
        col(Alert.state).in_(STANDING), col(Alert.expires_ms) <= to_ms(now)
    )
    return list(session.exec(standing))


def _scopes(session: Session, alert_id: str) -> set[str]:
    areas = session.exec(select(AlertVersion.areas).where(AlertVersion.alert_id == alert_id))
    return {area for some in areas for area in some}


def _over(alert: Alert, before: AlertVersion, reason: str, by: str) -> AlertOrder:
    """The all-clear of an alert, in its languages and places."""
    return AlertOrder(
        scopes=tuple(before.areas),
        hazard="" if alert.hazard == TEST else alert.hazard,
        languages=tuple(before.languages),
        minutes=ALL_CLEAR_MINUTES,
        all_clear=True,
        authorised_by=by,
        reason=reason.strip(),
    )
