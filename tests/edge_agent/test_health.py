"""What a machine's own files tell of it: trees of files as a Pi, a laptop and a wreck have them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.health import LOOK_EVERY_MS, WEAK_FOR_MS, Health, Vitals, read_health


def tree(root: Path, **files: str) -> Path:
    """Make files below `root`; in a name "__" stands for "/"."""
    for name, text in files.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_a_machine_without_sensors_is_unknown_not_well(tmp_path: Path) -> None:
    assert read_health(tmp_path, tmp_path) == Health()


def test_a_pi_tells_of_heat_supply_card_radio_and_running_time(tmp_path: Path) -> None:
    sys_ = tree(
        tmp_path / "sys",
        class__thermal__thermal_zone0__temp="51234\n",
        class__hwmon__hwmon1__in0_lcrit_alarm="1\n",
        fs__ext4__mmcblk0p2__errors_count="3\n",
        fs__ext4__sda1__errors_count="1\n",
        block__mmcblk0__device__ioerr_cnt="0x10\n",
        block__mmcblk0__device__life_time="0x02 0x04\n",
        block__mmcblk0__device__pre_eol_info="0x01\n",
    )
    proc = tree(
        tmp_path / "proc",
        uptime="12345.67 23456.78\n",
        net__wireless=(
            "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
            " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"
            " wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n"
        ),
    )
    assert read_health(sys_, proc) == Health(51.234, True, 20, 40, -56, 12_345)


@pytest.mark.parametrize(
    ("word", "weak"), [("0x0\n", False), ("50005\n", True), ("0x50000\n", False)]
)
def test_the_firmware_of_a_pi_tells_of_weak_supply_now(
    tmp_path: Path, word: str, weak: bool
) -> None:
    firmware = tmp_path / "devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text(word)
    assert read_health(tmp_path, tmp_path).under_voltage is weak


@pytest.mark.parametrize(
    ("life", "pre_eol", "worn"),
    [
        ("0x00 0x00", "0x00", None),
        ("0x01 0x01", "0x01", 10),
        ("0x0b 0x01", "0x01", 100),
        ("0x01 0x01", "0x02", 80),
        ("0x0a 0x01", "0x02", 100),
        ("", "0x03", 90),
    ],
)
def test_a_card_tells_how_much_of_its_life_is_used(
    tmp_path: Path, life: str, pre_eol: str, worn: int | None
) -> None:
    tree(
        tmp_path,
        block__mmcblk1__device__life_time=life,
        block__mmcblk1__device__pre_eol_info=pre_eol,
    )
    assert read_health(tmp_path, tmp_path).card_worn_percent == worn


def test_rubbish_in_a_sensor_is_unknown(tmp_path: Path) -> None:
    tree(
        tmp_path,
        class__thermal__thermal_zone0__temp="warm\n",
        fs__ext4__sda1__errors_count="",
        block__mmcblk0__device__life_time="old young",
        net__wireless="no\nradio\nwlan0: 0 0 0\n",
        uptime="long",
    )
    (tmp_path / "class/hwmon/hwmon0").mkdir(parents=True)
    (tmp_path / "class/hwmon/hwmon0/in0_lcrit_alarm").write_bytes(b"\xff\xfe")
    assert read_health(tmp_path, tmp_path) == Health()


def at_once(work: Callable[[], Any], then: Callable[[Any], None]) -> None:
    try:
        found = work()
    except OSError as e:
        found = e
    then(found)


def test_heat_is_a_trouble_until_it_is_clearly_over() -> None:
    now = [80.0]
    vitals = Vitals(lambda: Health(temperature_c=now[0]), at_once)
    seen = []
    for turn, degrees in enumerate([79.0, 80.0, 80.1, 76.0, 75.1, 75.0, 79.0]):
        now[0] = degrees
        vitals.look(turn * LOOK_EVERY_MS)
        seen.append("hot" in vitals.troubles)
    assert seen == [False, False, True, True, True, False, False]


def test_a_supply_that_flaps_is_weak_until_it_was_well_for_a_while() -> None:
    weak = [True]
    vitals = Vitals(lambda: Health(under_voltage=weak[0]), at_once)
    seen = []
    for turn in range(10):
        weak[0] = turn % 2 == 0
        seen.append(vitals.look(turn * LOOK_EVERY_MS).under_voltage)
    assert seen == [True] * 10
    assert vitals.look(8 * LOOK_EVERY_MS + WEAK_FOR_MS).under_voltage is False


def test_sensors_are_not_asked_at_each_turn() -> None:
    looks: list[int] = []

    def read() -> Health:
        looks.append(1)
        return Health(under_voltage=True)

    vitals = Vitals(read, at_once)
    for mono_ms in range(0, 2 * LOOK_EVERY_MS, 100):
        assert vitals.look(mono_ms).under_voltage
    assert len(looks) == 2
    assert vitals.troubles == {"under_voltage"}


@pytest.mark.parametrize(
    ("said", "dbm"),
    [("-71", -71), ("signal: -71 dBm", -71), ("none", None), ("-9999", None), ("x" * 9_000, None)],
)
def test_a_modem_is_asked_by_a_program(said: str, dbm: int | None) -> None:
    argv = (sys.executable, "-c", f"print({said!r})")
    vitals = Vitals(lambda: Health(signal_dbm=-1), at_once, argv)
    vitals.signal_dbm()
    assert vitals.signal_dbm() == dbm


def test_a_program_that_is_not_there_leaves_the_signal_unknown() -> None:
    vitals = Vitals(lambda: Health(signal_dbm=-1), at_once, ("/nowhere/modem",))
    vitals.signal_dbm()
    assert vitals.signal_dbm() is None


def test_a_modem_that_does_not_answer_is_asked_only_once_at_a_time() -> None:
    asked = []
    vitals = Vitals(Health, lambda work, then: asked.append(work), ("modem",))
    assert [vitals.signal_dbm() for _ in range(3)] == [None] * 3
    assert len(asked) == 1
