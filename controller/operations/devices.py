"""Boxes as people handle them: moved, retired, revoked; what is wrong with whom they are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from controller.errors import ControllerError, NotFound
from controller.fleet.authority import Authority
from controller.operations.alarms import Trouble, settle
from controller.operations.asked_work import ask_for_plan
from controller.operations.box_certificates import revoke_certificates
from controller.operations.enrol_device import relieve
from controller.operations.placements import replace_placement
from controller.operations.touched import zones_of_cluster
from controller.storage import events, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.trust_tables import BoxRun, Certificate
from edge_agent.contract.pairing import fingerprint

CLONED, MOVED_CARD = "cloned", "moved_card"
TRUST_KINDS = (CLONED, MOVED_CARD)
"""Alarms about whom a box is; they follow from the tables alone."""


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A box that was ever taken in; `certificate_until` is None for one with a password."""

    id: str
    state: str
    """`on_duty`, `in_store` (stands nowhere), `quarantined`, `revoked` or `retired`."""
    cluster_id: str
    cluster: str
    fingerprint: str
    hardware: str
    enrolled: datetime
    certificate_until: datetime | None
    why: str


def show_devices(session: Session, now: datetime) -> Sequence[ShownDevice]:
    """Every box, those on duty first."""
    spots = places.spots(session, places.area_tree(session), to_ms(now))
    until: dict[str, int] = {}
    living = select(Certificate.device_id, Certificate.not_after_ms).where(
        col(Certificate.revoked_ms).is_(None)
    )
    for device_id, not_after_ms in session.exec(living):
        until[device_id] = max(not_after_ms, until.get(device_id, 0))
    shown = []
    for device in session.exec(select(tables.Device)):
        spot = spots.get(device.id)
        shown.append(
            ShownDevice(
                device.id,
                _state(device, stands=spot is not None),
                spot.cluster_id if spot else "",
                spot.cluster_name if spot else "",
                fingerprint(device.public_key),
                device.hardware,
                to_utc(device.enrolled_ms),
                to_utc(until[device.id]) if device.id in until else None,
                device.quarantined_why,
            )
        )
    return sorted(shown, key=lambda d: (_STATES.index(d.state), d.cluster, d.id))


def move(
    database: Database,
    authority: Authority,
    device_id: str,
    cluster_id: str,
    who: str,
    now: datetime,
    *,
    replace: bool = False,
) -> None:
    """Let a box stand at another cluster from now on; it stays on the air while it learns of it.

    Raises `NotFound`, `ControllerError` if somebody stands there, and what the authority says
    while its root is locked.
    """
    now_ms = to_ms(now)
    with database.write() as session:
        _serving(session, device_id)
        require_cluster(session, cluster_id)
        former = _clusters_of(session, device_id)
        if cluster_id in former:
            raise ControllerError(
                "stands_there",
                f"Máy {device_id} đã đứng ở cụm loa này rồi.",
                f"The box {device_id} already stands at these loudspeakers.",
            )
        others = require_room(session, cluster_id, replace=replace)
        retire_all(session, others, f"nhường chỗ cho {device_id} / made room", who, now)
        relieve(session, col(tables.Installation.device_id) == device_id, now_ms)
        session.add(tables.Installation(device_id=device_id, cluster_id=cluster_id, from_ms=now_ms))
        session.flush()
        replace_placement(session, authority, device_id, now)
        act(session, device_id, "moved", who, cluster_id, now_ms)
        _plan_anew(session, {*former, cluster_id}, now)


def retire(database: Database, device_id: str, why: str, who: str, now: datetime) -> None:
    """Take a box out of service in peace: what it has reported, and still may, counts."""
    with database.write() as session:
        _known(session, device_id)
        retire_all(session, [device_id], why, who, now)
        settle_trust(session, to_ms(now))


def revoke(database: Database, device_id: str, why: str, who: str, now: datetime) -> None:
    """Believe nothing more of a box: it was stolen, copied or broken into."""
    now_ms = to_ms(now)
    with database.write() as session:
        device = _known(session, device_id)
        device.quarantined_ms = device.quarantined_ms or now_ms
        device.quarantined_why = why
        _leave(session, device, why, now)
        act(session, device_id, "revoked", who, why, now_ms)
        settle_trust(session, now_ms)


def confirm_hardware(database: Database, device_id: str, who: str, now: datetime) -> None:
    """A person says that the box really lives in the machine by which it speaks now."""
    now_ms = to_ms(now)
    with database.write() as session:
        device = _serving(session, device_id)
        newest = _newest_run(session, device_id)
        if newest is None or not newest.hardware or newest.hardware == device.hardware:
            raise ControllerError(
                "no_moved_card",
                f"Máy {device_id} không báo đổi phần cứng.",
                f"The box {device_id} has not told of other hardware.",
            )
        device.hardware = newest.hardware
        session.add(device)
        # Two machines in turn are a copy; what came before this word is no turn.
        before = delete(BoxRun).where(
            col(BoxRun.device_id) == device_id, col(BoxRun.run) != newest.run
        )
        session.exec(before)
        act(session, device_id, "hardware_confirmed", who, "", now_ms)
        settle_trust(session, now_ms)


def quarantine(session: Session, device_id: str, why: str, now: datetime) -> None:
    """Keep a box apart: it stands where it stands, and nothing that comes in its name counts."""
    device = session.get_one(tables.Device, device_id)
    device.quarantined_ms, device.quarantined_why = to_ms(now), why
    session.add(device)
    revoke_certificates(session, device_id, why, now)
    act(session, device_id, "quarantined", "", why, to_ms(now))


def retire_all(
    session: Session, device_ids: Collection[str], why: str, who: str, now: datetime
) -> None:
    """Take these boxes out of service."""
    for device_id in sorted(device_ids):
        _leave(session, session.get_one(tables.Device, device_id), why, now)
        act(session, device_id, "retired", who, why, to_ms(now))


def settle_trust(session: Session, now_ms: int) -> None:
    """Bring the alarms about whom boxes are in line with the tables."""
    spots = places.spots(session, places.area_tree(session), now_ms)
    cloned: dict[str, Trouble] = {}
    moved: dict[str, Trouble] = {}
    serving = select(tables.Device).where(col(tables.Device.retired_ms).is_(None))
    apart = serving.where(col(tables.Device.quarantined_ms).is_not(None))
    for device in session.exec(apart):
        spot = spots.get(device.id)
        name = spot.cluster_name if spot else device.id
        cloned[device.id] = Trouble(
            f"{name}: máy {device.id} bị cách ly: {device.quarantined_why}. Có hai bản của cùng "
            "một thẻ nhớ. Không tin báo cáo nào của máy nữa; loa vẫn phát lịch đã có trên thẻ. "
            "Hãy tìm bản sao, rồi ghép nối lại máy thật với khoá mới: `loalang devices invite` và "
            "`loalang-agent pair … --anew`.",
            f"{name}: the box {device.id} is in quarantine: {device.quarantined_why}. There are "
            "two copies of one card. Nothing that it reports is believed; it still plays the plan "
            "on its card. Find the copy, then pair the true box with a new key: "
            "`loalang devices invite` and `loalang-agent pair … --anew`.",
            device.id,
            spot.cluster_id if spot else None,
        )
    for device in session.exec(serving.where(tables.Device.hardware != "")):
        newest = _newest_run(session, device.id)
        if device.id in cloned or newest is None:
            continue
        if newest.hardware and newest.hardware != device.hardware:
            spot = spots.get(device.id)
            name = spot.cluster_name if spot else device.id
            moved[device.id] = Trouble(
                f"{name}: thẻ nhớ của máy {device.id} đang chạy trong một máy khác. Nếu anh chị "
                f"đã thay máy, hãy xác nhận: `loalang devices confirm {device.id}`; nếu không, "
                f"hãy thu hồi: `loalang devices revoke {device.id}`.",
                f"{name}: the card of the box {device.id} runs in another machine. If you have "
                f"changed the machine, confirm it: `loalang devices confirm {device.id}`; if not, "
                f"revoke the box: `loalang devices revoke {device.id}`.",
                device.id,
                spot.cluster_id if spot else None,
            )
    settle(session, CLONED, cloned, now_ms)
    settle(session, MOVED_CARD, moved, now_ms)


def require_cluster(session: Session, cluster_id: str) -> tables.Cluster:
    """The cluster of that id. Raises `NotFound`."""
    cluster = session.get(tables.Cluster, cluster_id)
    if cluster is None:
        raise NotFound("cụm loa", "cluster", cluster_id)
    return cluster


def require_room(
    session: Session, cluster_id: str, *, replace: bool, but: Collection[str] = ()
) -> frozenset[str]:
    """Who stands at a cluster, other than these; an error that names them unless `replace`."""
    query = (
        select(tables.Installation.device_id)
        .join(tables.Device, col(tables.Device.id) == col(tables.Installation.device_id))
        .where(
            tables.Installation.cluster_id == cluster_id,
            col(tables.Installation.until_ms).is_(None),
            col(tables.Device.retired_ms).is_(None),
        )
    )
    standing = frozenset(session.exec(query)) - frozenset(but)
    if standing and not replace:
        named = ", ".join(sorted(standing))
        raise ControllerError(
            "cluster_taken",
            f"Ở cụm loa này đang có máy {named}. Nếu máy mới thay máy đó, hãy thêm --replace; máy "
            "cũ sẽ được cho nghỉ, sổ phát của nó vẫn còn.",
            f"The box {named} stands at these loudspeakers. If the new one takes its place, add "
            "--replace; the old one is then retired, and its history is kept.",
        )
    return standing


def act(session: Session, device_id: str, what: str, who: str, detail: str, now_ms: int) -> None:
    """Keep what was done with a box, and tell the screens."""
    body: dict[str, object] = {"id": device_id, "act": what, "by": who, "detail": detail}
    events.tell(session, "device", body, now_ms)


_STATES = ("on_duty", "quarantined", "in_store", "revoked", "retired")


def _state(device: tables.Device, *, stands: bool) -> str:
    if device.retired_ms is not None:
        return "revoked" if device.quarantined_ms is not None else "retired"
    if device.quarantined_ms is not None:
        return "quarantined"
    return "on_duty" if stands else "in_store"


def _leave(session: Session, device: tables.Device, why: str, now: datetime) -> None:
    _plan_anew(session, _clusters_of(session, device.id), now)
    device.retired_ms = to_ms(now)
    session.add(device)
    relieve(session, col(tables.Installation.device_id) == device.id, to_ms(now))
    revoke_certificates(session, device.id, why, now)


def _known(session: Session, device_id: str) -> tables.Device:
    device = session.get(tables.Device, device_id)
    if device is None or device.retired_ms is not None:
        raise NotFound("hộp loa", "box", device_id)
    return device


def _serving(session: Session, device_id: str) -> tables.Device:
    device = _known(session, device_id)
    if device.quarantined_ms is not None:
        raise ControllerError(
            "box_quarantined",
            f"Máy {device_id} đang bị cách ly ({device.quarantined_why}). Hãy ghép nối lại máy "
            "thật với khoá mới.",
            f"The box {device_id} is in quarantine ({device.quarantined_why}). Pair the true box "
            "with a new key.",
        )
    return device


def _clusters_of(session: Session, device_id: str) -> frozenset[str]:
    query = select(tables.Installation.cluster_id).where(
        tables.Installation.device_id == device_id, col(tables.Installation.until_ms).is_(None)
    )
    return frozenset(session.exec(query))


def _newest_run(session: Session, device_id: str) -> BoxRun | None:
    query = select(BoxRun).where(BoxRun.device_id == device_id)
    return session.exec(query.order_by(col(BoxRun.first_ms).desc()).limit(1)).first()


def _plan_anew(session: Session, cluster_ids: Collection[str], now: datetime) -> None:
    zones = (zones_of_cluster(session, cluster_id) for cluster_id in cluster_ids)
    ask_for_plan(session, now, frozenset[str]().union(*zones))
