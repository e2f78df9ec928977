"""What a machine says of its own clock."""

import os
from pathlib import Path

import pytest

from edge_agent.contract.state import ClockSource
from edge_agent.time_source import (
    RTC_ERROR_MS,
    TIMESYNCD_ERROR_MS,
    Vouched,
    detect,
    drift_ms,
    read_tracking,
)

NOW_S = 1_795_386_600
NOW_MS = NOW_S * 1000
TRACKING = (
    "C0A80101,192.168.1.1,3,{compared},-0.000012345,0.000034,0.00005,-12.3,0.01,0.2,"
    "{delay},{dispersion},64.2,{leap}"
)


def tracking(compared: float = NOW_S - 30, leap: str = "Normal") -> str:
    return TRACKING.format(compared=compared, delay=0.020, dispersion=0.035, leap=leap)


def test_chrony_gives_its_own_bound_and_when_it_compared() -> None:
    assert read_tracking(tracking(), NOW_MS) == Vouched(ClockSource.NTP, 46, 30_000)


@pytest.mark.parametrize(
    "said",
    [
        tracking(leap="Not synchronised"),
        tracking().replace("C0A80101", "7F7F0101"),
        tracking().replace("-12.3,0.01,0.2,0.02", "-12.3,0.01,0.2,nan"),
        tracking().replace("0.035", "much"),
        "506 Cannot talk to daemon",
        "",
    ],
)
def test_what_is_not_synchronised_or_not_understood_vouches_for_nothing(said: str) -> None:
    assert read_tracking(said, NOW_MS) is None


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nobody cares for the clock."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def put(file: Path, content: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def test_without_anybody_nobody_vouches(machine: Path) -> None:
    assert detect(NOW_MS, machine) is None
    put(machine / "sys/class/rtc/rtc0/hctosys", "0\n")
    assert detect(NOW_MS, machine) is None


def test_a_chip_that_set_the_clock_at_the_start_vouches_for_it(machine: Path) -> None:
    put(machine / "sys/class/rtc/rtc0/hctosys", "1\n")
    assert detect(NOW_MS, machine) == Vouched(ClockSource.RTC, RTC_ERROR_MS)


def test_timesyncd_is_sure_of_less_the_longer_ago_it_looked(machine: Path) -> None:
    put(machine / "sys/class/rtc/rtc0/hctosys", "1\n")
    mark = put(machine / "run/systemd/timesync/synchronized", "")
    os.utime(mark, (NOW_S - 3_600, NOW_S - 3_600))
    error_ms = TIMESYNCD_ERROR_MS + drift_ms(3_600_000)
    assert detect(NOW_MS, machine) == Vouched(ClockSource.NTP, error_ms, 3_600_000)


def test_the_real_program_is_asked_and_one_that_hangs_or_fails_is_left(machine: Path) -> None:
    program = put(machine / "bin/chronyc", f'#!/bin/sh\necho "{tracking()}"\n')
    program.chmod(0o700)
    assert detect(NOW_MS, machine) == Vouched(ClockSource.NTP, 46, 30_000)
    program.write_text("#!/bin/sh\nexit 1\n")
    assert detect(NOW_MS, machine) is None
    program.write_text("no program")
    assert detect(NOW_MS, machine) is None
