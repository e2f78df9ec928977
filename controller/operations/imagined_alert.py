"""An alert that nobody sent: for asking what it would do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.storage.instants import to_ms
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.manifest import Asset

TITLE = "Báo động thử"
LENGTH_MS = 20_000
REPEAT_S = 60
_SOUND = Asset("0" * 64, 1, LENGTH_MS)


@dataclass(frozen=True, slots=True)
class ImaginedAlert:
    """An alert of the highest severity, active for so long."""

    at: datetime
    lasts: timedelta


def imagined_alert(meant: ImaginedAlert) -> Alert:
    """An alert for every place, of one short sentence that every box holds; named by its time."""
    at_ms = to_ms(meant.at)
    lasts_ms = meant.lasts // timedelta(milliseconds=1)
    return Alert(
        id=f"{TITLE} {meant.at:%H:%M:%S %d/%m/%Y}",
        version=1,
        severity=Severity.EXTREME,
        areas=(),
        issued=at_ms,
        expires=at_ms + lasts_ms,
        max_play_s=max(1, min(lasts_ms // 1000, 86_400)),
        spoken=(Spoken("vi", (_SOUND,)),),
        repeat_s=REPEAT_S,
    )
