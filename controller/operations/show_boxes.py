"""What is known of each box: where it stands, what it said last, what is wrong with it."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlmodel import Session, select

from controller.errors import NotFound
from controller.fleet.box_policy import BoxPolicy, Maintenance
from controller.fleet.box_troubles import KINDS
from controller.operations.alarms import standing
from controller.operations.box_policy import policies
from controller.operations.devices import TRUST_KINDS
from controller.operations.show_fleet import ClusterNow, clusters_now
from controller.storage import tables
from edge_agent.contract.state import Telemetry

ALARMS = (*TRUST_KINDS, *KINDS)
NOTHING_SAID = Telemetry(boot=0, at=0, desired=0, lacking=0, bytes_wanted=0, bytes_held=0)


@dataclass(frozen=True, slots=True)
class ShownBox:
    """A box that stands somewhere; `alarms` are the kinds that stand.

    `told` is what it said last, of which nothing is known if it said nothing.
    """

    device_id: str
    cluster: ClusterNow
    reported: tables.ReportedState
    told: Telemetry
    maintenance: Maintenance | None
    alarms: tuple[str, ...]


def show_boxes(session: Session, now: datetime) -> list[ShownBox]:
    """Every box that stands somewhere, by village."""
    said = {row.device_id: row for row in session.exec(select(tables.ReportedState))}
    set_for, stands = policies(session), standing(session, ALARMS)
    shown = []
    for cluster in clusters_now(session, now):
        did = cluster.device_id
        if did is None:
            continue
        reported = said.get(did) or tables.ReportedState(device_id=did, seen_ms=0)
        going_on = set_for.get(did, BoxPolicy()).maintained_at(now)
        alarms = tuple(kind for kind in ALARMS if kind in stands.get(did, ()))
        told = last_told(reported) or NOTHING_SAID
        shown.append(ShownBox(did, cluster, reported, told, going_on, alarms))
    return shown


def show_box(session: Session, device_id: str, now: datetime) -> ShownBox:
    """One box that stands somewhere. Raises `NotFound`."""
    for shown in show_boxes(session, now):
        if shown.device_id == device_id:
            return shown
    raise NotFound("hộp loa", "box", device_id)


def last_told(reported: tables.ReportedState) -> Telemetry | None:
    """What it said last; None if it said nothing, or only in the words of another release."""
    try:
        return msgspec.convert(reported.telemetry, Telemetry)
    except msgspec.ValidationError:
        return None
