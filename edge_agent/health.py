"""What the machine says of itself, read from its files; None where it cannot tell."""

import logging
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_agent.errand import Send
from edge_agent.log_setup import note
from edge_agent.settings import Argv

log = logging.getLogger("edge_agent.health")

SYS = Path("/sys")
PROC = Path("/proc")

LOOK_EVERY_MS = 10_000
HOT_C, COOL_C = 80.0, 75.0
"""Hot above the first, no longer hot below the second."""

WEAK_FOR_MS = 600_000
"""A weak supply comes and goes with each sound: it counts as weak for so long after the last."""

SIGNAL_WITHIN_S = 10.0
_SIGNAL_DBM = range(-200, 101)
_PRE_EOL_PERCENT = {2: 80, 3: 90}
"""What JEDEC's pre-end-of-life words mean at least; a card's own words about wear add to it."""

_UNDER_VOLTAGE_NOW = 0x1


@dataclass(frozen=True, slots=True)
class Health:
    """Degrees Celsius of the processor, its supply, its disk and its radio.

    `disk_errors` sums what the file systems and the cards count; `card_worn_percent` is the life
    that the most worn card says it has used.
    """

    temperature_c: float | None = None
    under_voltage: bool | None = None
    disk_errors: int | None = None
    card_worn_percent: int | None = None
    signal_dbm: int | None = None
    uptime_s: int | None = None


def read_health(sys: Path = SYS, proc: Path = PROC) -> Health:
    """Look at the sensors below `sys` and the counters below `proc`; never asks the disk."""
    milli = _number(sys / "class/thermal/thermal_zone0/temp")
    return Health(
        temperature_c=None if milli is None else milli / 1000,
        under_voltage=_under_voltage(sys),
        disk_errors=_disk_errors(sys),
        card_worn_percent=_card_worn(sys),
        signal_dbm=_wireless(proc / "net/wireless"),
        uptime_s=_uptime(proc / "uptime"),
    )


class Vitals:
    """The machine's health, looked at once in a while, and what of it is bad now.

    With `ask_signal`, the argv of a program that prints dBm, that is asked about the radio.
    """

    def __init__(self, read: Callable[[], Health], send: Send, ask_signal: Argv = ()) -> None:
        self._read = read
        self._send = send
        self._ask_signal = ask_signal
        self._asking = False
        self._answered: int | None = None
        self._looked_at: int | None = None
        self._hot = False
        self._weak_at: int | None = None
        self._found = Health()

    def look(self, mono_ms: int) -> Health:
        """The health of at most `LOOK_EVERY_MS` ago."""
        if self._looked_at is None or mono_ms - self._looked_at >= LOOK_EVERY_MS:
            self._looked_at = mono_ms
            self._found = self._steady(self._read(), mono_ms)
            self._hot = (self._found.temperature_c or 0.0) > (COOL_C if self._hot else HOT_C)
        return self._found

    def _steady(self, found: Health, mono_ms: int) -> Health:
        if found.under_voltage:
            self._weak_at = mono_ms
        if self._weak_at is None or mono_ms - self._weak_at >= WEAK_FOR_MS:
            return found
        return replace(found, under_voltage=True)

    @property
    def troubles(self) -> frozenset[str]:
        """What is bad, by name: it is said at once when that changes."""
        found = {"hot": self._hot, "under_voltage": bool(self._found.under_voltage)}
        return frozenset(name for name, bad in found.items() if bad)

    def signal_dbm(self) -> int | None:
        """Strength of the radio: what the program said when it was asked last, and asks again."""
        if not self._ask_signal:
            return self._found.signal_dbm
        if not self._asking:
            self._asking = True
            self._send(lambda: _asked_signal(self._ask_signal), self._told_signal)
        return self._answered

    def _told_signal(self, found: int | OSError | None) -> None:
        self._asking = False
        if isinstance(found, OSError):
            note(log, "signal_unknown", level=logging.WARNING, error=str(found))
            found = None
        self._answered = found


def _asked_signal(argv: Argv) -> int | None:
    """The first number that the program prints, if it can be dBm. Raises OSError."""
    try:
        said = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SIGNAL_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as e:
        raise TimeoutError(f"{argv[0]} took over {SIGNAL_WITHIN_S} s") from e
    found = re.search(rb"-?\d{1,4}", said.stdout[:4_096])
    return _dbm(int(found[0])) if found else None


def _under_voltage(sys: Path) -> bool | None:
    """The alarm of the supply's sensor, or the word of a Pi's firmware; both tell of now."""
    alarms = [_number(file) for file in sys.glob("class/hwmon/hwmon*/in0_lcrit_alarm")]
    words = sys.glob("devices/platform/soc/*firmware/get_throttled")
    alarms += [n & _UNDER_VOLTAGE_NOW for f in words if (n := _number(f, base=16)) is not None]
    known = [alarm for alarm in alarms if alarm is not None]
    return any(known) if known else None


def _disk_errors(sys: Path) -> int | None:
    counted = [_number(file) for file in sys.glob("fs/ext4/*/errors_count")]
    counted += [_number(file, base=16) for file in sys.glob("block/*/device/ioerr_cnt")]
    known = [number for number in counted if number is not None]
    return sum(known) if known else None


def _card_worn(sys: Path) -> int | None:
    """Of each card two words, each a tenth of its life more, and whether its end is near."""
    worn: list[int] = []
    for file in sys.glob("block/mmcblk*/device/life_time"):
        tenths = [int(word, 16) for word in _words(file) if re.fullmatch(r"0x[0-9a-fA-F]+", word)]
        worn += [min(100, tenth * 10) for tenth in tenths if tenth > 0]
    for file in sys.glob("block/mmcblk*/device/pre_eol_info"):
        stage = _number(file, base=16)
        if stage in _PRE_EOL_PERCENT:
            worn.append(_PRE_EOL_PERCENT[stage])
    return max(worn, default=None)


def _wireless(file: Path) -> int | None:
    """Level of the first radio: the third number of its line, as the kernel writes it."""
    for line in _text(file).splitlines()[2:]:
        parts = line.split()
        level = parts[3].rstrip(".") if len(parts) > 3 else ""
        if re.fullmatch(r"-\d+", level):
            return _dbm(int(level))
    return None


def _uptime(file: Path) -> int | None:
    words = _words(file)
    return int(float(words[0])) if words and re.fullmatch(r"\d+(\.\d+)?", words[0]) else None


def _dbm(number: int) -> int | None:
    return number if number in _SIGNAL_DBM else None


def _number(file: Path, *, base: int = 10) -> int | None:
    try:
        return int(_text(file), base)
    except ValueError:
        return None


def _words(file: Path) -> list[str]:
    return _text(file).split()


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
