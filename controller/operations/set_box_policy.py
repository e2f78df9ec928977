"""A person sets how one box behaves: kept, noted in the log, and told to that box alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from controller.errors import ControllerError, NotFound
from controller.fleet.authority import Authority
from controller.fleet.box_policy import BoxPolicy
from controller.operations.box_policy import keep_policy, policy_of
from controller.operations.order import require_box
from controller.operations.publish_boxes import publish_box
from controller.operations.zone_inputs import PlanRules
from controller.storage import events, tables
from controller.storage.box_tables import BoxPolicy as PolicyRow
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.schedule_tables import Cart

log = structlog.get_logger()

LONGEST_MAINTENANCE = timedelta(days=31)
"""Whoever forgets to end it has a village in silence no longer than this."""


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """What is set for a box, by whom and when; nobody and None where nothing ever was."""

    policy: BoxPolicy
    set_by: str
    set_at: datetime | None


def show_policy(session: Session, device_id: str) -> HeldPolicy:
    """Raises `NotFound`."""
    require_box(session, device_id)
    row = session.get(PolicyRow, device_id)
    if row is None:
        return HeldPolicy(BoxPolicy(), "", None)
    return HeldPolicy(policy_of(session, device_id), row.set_by, to_utc(row.set_ms))


def set_policy(
    database: Database,
    authority: Authority,
    rules: PlanRules,
    device_id: str,
    change: Callable[[BoxPolicy], BoxPolicy],
    by: str,
    now: datetime,
) -> HeldPolicy:
    """Keep what `change` makes of the box's policy and tell the box; nothing if that is the same.

    Whoever begins or ends maintenance has seen what was lost on its disk until then. Raises
    `NotFound` (box, fallback), ControllerError (maintenance_times); then nothing is kept.
    """
    with database.write() as session:
        require_box(session, device_id)
        # Two people at once: the second changes what the first has left.
        session.get(tables.Device, device_id, with_for_update=True)
        old = policy_of(session, device_id)
        new = change(old)
        if new != old:
            _check(session, old, new, now)
            keep_policy(session, device_id, new, by, to_ms(now))
            session.flush()
            if new.maintenance != old.maintenance:
                _disk_was_seen(session, device_id)
            publish_box(session, authority, rules, device_id, now)
            told: dict[str, object] = {
                "device_id": device_id,
                "by": by,
                "maintained": new.maintained_at(now) is not None,
            }
            events.tell(session, "box_policy", told, to_ms(now))
            log.info("box_policy_set", device=device_id, by=by, was=str(old), now=str(new))
        return show_policy(session, device_id)


def _check(session: Session, old: BoxPolicy, new: BoxPolicy, now: datetime) -> None:
    if new.fallback != old.fallback and new.fallback:
        cart = session.get(Cart, new.fallback)
        if cart is None or cart.removed_ms is not None:
            raise NotFound("nhạc hiệu hay câu dự phòng", "cart", new.fallback)
    work = new.maintenance
    if work is None or work == old.maintenance:
        return
    if not now < work.until <= now + LONGEST_MAINTENANCE:
        raise ControllerError(
            "maintenance_times",
            f"Bảo trì phải kết thúc sau lúc này và trong {LONGEST_MAINTENANCE.days} ngày. "
            "Chưa đổi gì; hãy sửa giờ kết thúc.",
            f"Maintenance must end after now and within {LONGEST_MAINTENANCE.days} days. "
            "Nothing was changed; mend its end.",
        )


def _disk_was_seen(session: Session, device_id: str) -> None:
    said = session.get(tables.ReportedState, device_id)
    counted = said.telemetry.get("disk_errors") if said else None
    if said is not None and isinstance(counted, int):
        said.disk_errors_known = counted
        session.add(said)
