"""Who has received, who plays, who is silent and why: one alert, box by box, as it is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from controller.fleet.alert_board import Answer, Progress, Step, progress, tally
from controller.fleet.alert_life import STANDING, State
from controller.operations.raise_alert import load_alert
from controller.storage import tables
from controller.storage.alert_tables import Alert, AlertAudience, AlertStep, AlertVersion
from controller.storage.instants import to_ms

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One box; `silenced` is what silenced it when the alert was ordered."""

    device_id: str
    cluster: str
    village: str
    online: bool
    seen_ms: int
    silenced: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Board:
    """One alert with its newest version and every box that it is for."""

    alert: Alert
    version: AlertVersion
    lines: tuple[BoardLine, ...]

    @property
    def counts(self) -> Mapping[Answer, int]:
        return tally([line.progress for line in self.lines])


def show_alerts(session: Session, *, standing_only: bool = False) -> list[Alert]:
    """The newest first: all that stand, and of those that are over the last ones."""
    newest = (col(Alert.raised_ms).desc(), col(Alert.id).desc())
    stands = col(Alert.state).in_(STANDING)
    found = list(session.exec(select(Alert).where(stands).order_by(*newest)))
    if not standing_only:
        over = select(Alert).where(~stands).order_by(*newest).limit(MOST_SHOWN)
        found += session.exec(over).all()
    return sorted(found, key=lambda alert: (-alert.raised_ms, alert.id))


def versions_of(session: Session, alert_id: str) -> Sequence[AlertVersion]:
    """What was ordered, oldest first."""
    query = select(AlertVersion).where(AlertVersion.alert_id == alert_id)
    return session.exec(query.order_by(col(AlertVersion.version))).all()


def alert_board(session: Session, alert_id: str, now: datetime) -> Board:
    """The board of an alert; raises `NotFound`."""
    alert = load_alert(session, alert_id)
    version = session.get_one(AlertVersion, (alert.id, alert.version))
    steps: dict[str, list[Step]] = {}
    mine = select(AlertStep).where(
        AlertStep.alert_id == alert_id, AlertStep.version == alert.version
    )
    for row in session.exec(mine):
        steps.setdefault(row.device_id, []).append(
            Step(
                row.version,
                row.status,
                row.round,
                row.at_ms,
                row.received_ms,
                row.last_ms,
                row.reason,
            )
        )
    meant = select(AlertAudience).where(AlertAudience.alert_id == alert_id)
    audience = session.exec(
        meant.order_by(col(AlertAudience.village), col(AlertAudience.cluster_name))
    ).all()
    reported = tables.ReportedState
    seen = {
        device_id: (online, seen_ms)
        for device_id, online, seen_ms in session.exec(
            select(reported.device_id, reported.online, reported.seen_ms)
            .join(AlertAudience, col(AlertAudience.device_id) == col(reported.device_id))
            .where(AlertAudience.alert_id == alert_id)
        )
    }
    over = State(alert.state).over
    return Board(
        alert,
        version,
        tuple(
            BoardLine(
                box.device_id,
                box.cluster_name,
                box.village,
                online,
                seen_ms,
                box.silenced,
                progress(
                    steps.get(box.device_id, ()),
                    alert.version,
                    version.issued_ms,
                    to_ms(now),
                    online=online,
                    over=over,
                ),
            )
            for box in audience
            for online, seen_ms in [seen.get(box.device_id, (False, 0))]
        ),
    )
