"""What keeps the whole box silent: a switch at the box, or works that its office told of."""

from pathlib import Path

from edge_agent.contract.desired import Desired
from edge_agent.settings import Settings


def silenced(
    settings: Settings, desired: Desired | None, utc_ms: int, *, is_switched: bool = False
) -> str:
    """Name what silences everything at `utc_ms`, emergencies too; "" if nothing does.

    `is_switched` says that the kill switch on a pin is closed.
    """
    if is_switched:
        return "kill_switch"
    switches = {
        "kill_switch": settings.kill_switch,
        "maintenance": settings.maintenance_switch,
    }
    for name, file in switches.items():
        if file and Path(file).exists():
            return name
    works = desired.maintenance if desired else None
    return "maintenance" if works is not None and utc_ms < works.until else ""
