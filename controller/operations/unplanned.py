"""Plays that no plan named (alerts, orders, what was raised at the box): where, what and by whom.

An as-run row copies what a plan would have said of the place, as it was when the play began.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, select

from controller.operations.hazard_clips import clip_title
from controller.storage import tables
from controller.storage.alert_tables import Alert, AlertVersion
from controller.storage.instants import to_utc
from controller.storage.unit_chain import chain_on
from schedules.errors import ScheduleError


class Unplanned(NamedTuple):
    """A play by its box, the instant at which it was to begin, and the alert that it spoke for."""

    device_id: str
    at_ms: int
    alert_id: str


_Stood = tuple[tables.Installation, tables.Cluster]


@dataclass(frozen=True, slots=True)
class Known:
    """What an as-run row copies; "" where nothing is known."""

    cluster_id: str = ""
    cluster_name: str = ""
    village: str = ""
    title: str = ""
    ordered_by: str = ""
    authorised_by: str = ""


NOTHING_KNOWN = Known()


def known_of(session: Session, plays: Collection[Unplanned]) -> Mapping[Unplanned, Known]:
    """What is known of each of these plays, in a few questions however many there are."""
    if not plays:
        return {}
    stood = _installations(session, {play.device_id for play in plays})
    alerts = _alerts(session, {play.alert_id for play in plays if play.alert_id})
    village = _Villages(session)
    found = {}
    for play in plays:
        cluster = _cluster_at(stood.get(play.device_id, ()), play.at_ms)
        alert, version = _version_at(alerts.get(play.alert_id, ()), play.at_ms)
        found[play] = Known(
            cluster.id if cluster else "",
            cluster.name if cluster else "",
            village.of(cluster.unit_id, to_utc(play.at_ms).date()) if cluster else "",
            clip_title(alert.hazard)[0] if alert else "",
            version.ordered_by if version else "",
            version.authorised_by if version else "",
        )
    return found


class _Villages:
    """Names of the places of clusters, each looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, date], str] = {}

    def of(self, unit_id: str, day: date) -> str:
        """The unit with the one above it; "" where the units stand in a circle."""
        key = (unit_id, day)
        if key not in self._known:
            try:
                self._known[key] = chain_on(self._session, unit_id, day).path_name
            except ScheduleError:
                self._known[key] = ""
        return self._known[key]


def _cluster_at(stood: Sequence[_Stood], at_ms: int) -> tables.Cluster | None:
    """Where the box stood then; where it stands now if its clock knew no better."""
    then = (
        cluster
        for installed, cluster in stood
        if installed.from_ms <= at_ms and (installed.until_ms or at_ms + 1) > at_ms
    )
    return next(then, stood[0][1] if stood else None)


def _installations(session: Session, device_ids: Collection[str]) -> Mapping[str, Sequence[_Stood]]:
    """Where each box stood, the newest place first."""
    installed = tables.Installation
    query = (
        select(installed, tables.Cluster)
        .join(tables.Cluster, col(tables.Cluster.id) == col(installed.cluster_id))
        .where(col(installed.device_id).in_(device_ids))
        .order_by(col(installed.from_ms).desc(), col(installed.id).desc())
    )
    found: dict[str, list[_Stood]] = {}
    for row, cluster in session.exec(query):
        found.setdefault(row.device_id, []).append((row, cluster))
    return found


def _alerts(
    session: Session, alert_ids: Collection[str]
) -> Mapping[str, Sequence[tuple[Alert, AlertVersion]]]:
    """Each alert with its versions, newest first."""
    if not alert_ids:
        return {}
    query = (
        select(Alert, AlertVersion)
        .join(AlertVersion, col(AlertVersion.alert_id) == col(Alert.id))
        .where(col(Alert.id).in_(alert_ids))
        .order_by(col(AlertVersion.version).desc())
    )
    found: dict[str, list[tuple[Alert, AlertVersion]]] = {}
    for alert, version in session.exec(query):
        found.setdefault(alert.id, []).append((alert, version))
    return found


def _version_at(
    versions: Sequence[tuple[Alert, AlertVersion]], at_ms: int
) -> tuple[Alert, AlertVersion] | tuple[None, None]:
    """The newest version that was ordered by then, else the first."""
    for alert, version in versions:
        if version.issued_ms <= at_ms:
            return alert, version
    return versions[-1] if versions else (None, None)
