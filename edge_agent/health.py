"""What the machine says of itself; None where it cannot tell."""

from dataclasses import dataclass
from pathlib import Path

_TEMPERATURE = Path("class/thermal/thermal_zone0/temp")
_UNDER_VOLTAGE = "class/hwmon/hwmon*/in0_lcrit_alarm"


@dataclass(frozen=True, slots=True)
class Health:
    """Degrees Celsius of the processor, and whether its supply is too weak."""

    temperature_c: float | None
    under_voltage: bool | None


def read_health(sys: Path = Path("/sys")) -> Health:
    """Look at the sensors below `sys`."""
    milli = _number(sys / _TEMPERATURE)
    alarms = [_number(file) for file in sorted(sys.glob(_UNDER_VOLTAGE))]
    known = [alarm for alarm in alarms if alarm is not None]
    return Health(None if milli is None else milli / 1000, any(known) if known else None)


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
