"""What people must look at in alerts: who has not answered, what was raised at a box, reviews."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from controller.fleet.alert_board import UNANSWERED_AFTER_MS, Answer
from controller.fleet.alert_life import STANDING
from controller.fleet.authority import Authority
from controller.operations.alarms import Trouble, differs, settle
from controller.operations.alert_board import BoardLine, alert_board
from controller.operations.alert_lists import LOCAL, OFFICE
from controller.operations.end_alert import expire_alerts
from controller.operations.hazard_clips import clip_title
from controller.operations.zone_inputs import PlanRules
from controller.storage.alert_tables import Alert, AlertAudience, AlertVersion
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc

UNANSWERED = "alert_unanswered"
RAISED_LOCALLY = "local_alert"
REVIEW = "alert_review"
KINDS = (UNANSWERED, RAISED_LOCALLY, REVIEW)

REVIEW_AFTER = timedelta(hours=24)
NAMED = 8
"""Boxes that one alarm names."""

_OPEN = (Answer.UNANSWERED, Answer.UNREACHED, Answer.SILENT)


def watch_alerts(database: Database, authority: Authority, rules: PlanRules, now: datetime) -> None:
    """Let alerts expire, and raise and clear their alarms; writes only when something changed."""
    expire_alerts(database, authority, now)
    with database.read() as session:
        found = alert_troubles(session, ZoneInfo(rules.time_zone), now)
        changed = [kind for kind in KINDS if differs(session, kind, found[kind])]
    if changed:
        with database.write() as session:
            for kind in changed:
                settle(session, kind, found[kind], to_ms(now))


def alert_troubles(
    session: Session, zone: ZoneInfo, now: datetime
) -> Mapping[str, dict[str, Trouble]]:
    """What a person should look at, by kind and alert."""
    found: dict[str, dict[str, Trouble]] = {kind: {} for kind in KINDS}
    for alert in _watched(session):
        if alert.origin == OFFICE and alert.state in STANDING:
            silent = _unanswered(session, alert, now)
            if silent is not None:
                found[UNANSWERED][alert.id] = silent
        elif alert.origin == LOCAL:
            found[RAISED_LOCALLY][alert.id] = _local(session, alert, zone)
        elif not alert.test and now >= to_utc(alert.raised_ms) + REVIEW_AFTER:
            found[REVIEW][alert.id] = _review(alert, zone)
    return found


def _watched(session: Session) -> Sequence[Alert]:
    """Those that stand, and those that nobody has reviewed."""
    unreviewed = col(Alert.reviewed_ms).is_(None) & col(Alert.test).is_(False)
    return session.exec(select(Alert).where(or_(col(Alert.state).in_(STANDING), unreviewed))).all()


def _unanswered(session: Session, alert: Alert, now: datetime) -> Trouble | None:
    """Boxes of which nobody knows that the alert is heard there."""
    version = session.get_one(AlertVersion, (alert.id, alert.version))
    if to_ms(now) - version.issued_ms <= UNANSWERED_AFTER_MS:
        return None
    board = alert_board(session, alert.id, now)
    lines = [line for line in board.lines if line.progress.answer in _OPEN]
    if not lines:
        return None
    vi, en = clip_title(alert.hazard)
    names = "; ".join(map(_name, lines[:NAMED])) + ("; …" if len(lines) > NAMED else "")
    return Trouble(
        f"Báo động “{vi}”: {len(lines)}/{len(board.lines)} hộp loa chưa chắc đã phát: {names}. "
        "Hãy báo cho các nơi này bằng cách khác.",
        f"Alert “{en}”: {len(lines)} of {len(board.lines)} boxes may not have sounded it: {names}. "
        "Tell these places in another way.",
    )


def _local(session: Session, alert: Alert, zone: ZoneInfo) -> Trouble:
    box = session.exec(select(AlertAudience).where(AlertAudience.alert_id == alert.id)).first()
    place = box.village if box and box.village else alert.origin_device_id
    vi, en = clip_title(alert.hazard)
    at = _wall(alert.raised_ms, zone)
    return Trouble(
        f"{place}: có người bấm báo động “{vi}” tại hộp loa lúc {at}. Hãy hỏi tình hình ngay, "
        f"rồi ghi nhận xét (loalang alert review {alert.id}).",
        f"{place}: somebody raised “{en}” at the box itself at {at}. Ask what happened at once, "
        f"then review it (loalang alert review {alert.id}).",
        device_id=alert.origin_device_id,
        cluster_id=box.cluster_id or None if box else None,
    )


def _review(alert: Alert, zone: ZoneInfo) -> Trouble:
    vi, en = clip_title(alert.hazard)
    at = _wall(alert.raised_ms, zone)
    return Trouble(
        f"Báo động “{vi}” lúc {at} chưa có nhận xét sau 24 giờ. "
        f"Hãy ghi lại (loalang alert review {alert.id}).",
        f"The alert “{en}” of {at} has not been reviewed within 24 hours. "
        f"Review it (loalang alert review {alert.id}).",
    )


def _name(line: BoardLine) -> str:
    return line.village or line.cluster or line.device_id


def _wall(ms: int, zone: ZoneInfo) -> str:
    return f"{to_utc(ms).astimezone(zone):%H:%M %d/%m}"
