"""Shapes of alarms in the JSON API."""

from pydantic import AwareDatetime

from controller.api.shapes import Shape
from controller.storage.instants import to_utc
from controller.storage.schedule_tables import Alarm


class AlarmOut(Shape):
    """Something that a person must look at."""

    id: int
    """Names the alarm."""
    kind: str
    """`not_ready`: a box has not proved to hold what it plays within the hour. `keys`: only the
    root key can mend it, and it is locked or gone. Of boxes also
    `box_silent`, `box_late`, `disk_full`, `hot`, `under_voltage`, `clock`, `horn_not_heard`,
    `amplifier`, `player`, `data`, `card`, `plan_short`, `losses`, `rolled_back`, `wrong_rules`,
    `spool_long`. Of alerts `alert_unanswered`, `local_alert`, `alert_review`."""
    device: str | None
    """Id of the box; null where it is about none."""
    cluster: str | None
    """Id of the loudspeakers; null where it is about none."""
    vi: str
    """Where, when, what is wrong, what will be heard instead, and what to do."""
    en: str
    """The same in English."""
    raised_at: AwareDatetime
    """When it was first seen."""
    cleared_at: AwareDatetime | None
    """When it ended by itself; null while it is open."""

    @staticmethod
    def of(row: Alarm) -> "AlarmOut":
        """From the table."""
        return AlarmOut(
            id=row.id or 0,
            kind=row.kind,
            device=row.device_id,
            cluster=row.cluster_id,
            vi=row.vi,
            en=row.en,
            raised_at=to_utc(row.raised_ms),
            cleared_at=None if row.cleared_ms is None else to_utc(row.cleared_ms),
        )
