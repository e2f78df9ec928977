"""The plain form of a programme: bulletins, places, a time, once or every day."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from controller.errors import ControllerError
from controller.operations.programme_draft import Draft
from controller.operations.save_programme import Saved, save_programme
from controller.operations.zone_inputs import PlanRules
from controller.storage import tables
from controller.storage.database import Database
from schedules.precedence import Rank
from schedules.template import chosen_alone
from schedules.timing import Timing
from schedules.types import BulletinId


class Repeat(StrEnum):
    """How often a slot airs."""

    ONCE = "once"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Slot:
    """When and where, as a person chose it; `quiet_ok` is the reason to air outside the law."""

    bulletin_ids: tuple[str, ...]
    zone_ids: tuple[str, ...]
    start_date: date
    wall_time: time
    kind: Repeat = Repeat.ONCE
    until: date | None = None
    title: str = ""
    rank: Rank = Rank.PROGRAMME
    quiet_ok: str = ""


def schedule_programme(
    database: Database, slot: Slot, by: str, now: datetime, rules: PlanRules
) -> Saved:
    """Check a slot against law and readiness, keep it, and have its zones planned.

    Its times are those of the first zone. Raises as `save_programme`; then nothing is kept.
    """
    if not slot.bulletin_ids:
        raise ControllerError(
            "not_approved",
            "Chưa chọn bản tin nào. Hãy chọn một bản tin đã duyệt rồi xếp lịch.",
            "No bulletin was chosen. Choose an approved one, then schedule.",
        )
    with database.read() as session:
        found = session.get(tables.Zone, slot.zone_ids[0]) if slot.zone_ids else None
    timing = Timing(
        datetime.combine(slot.start_date, slot.wall_time),
        found.time_zone if found else rules.time_zone,
        rules=("FREQ=DAILY",) if slot.kind is Repeat.DAILY else (),
        valid_until=slot.until,
    )
    draft = Draft(
        slot.zone_ids,
        timing,
        chosen_alone(tuple(BulletinId(b) for b in slot.bulletin_ids)),
        slot.title,
        rank=slot.rank,
        quiet_ok=slot.quiet_ok,
    )
    return save_programme(database, draft, by, now, rules)
