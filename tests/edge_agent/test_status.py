"""The one screen that a person at the box reads, whatever the box knows."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_agent import durable
from edge_agent.contract.manifest import Asset
from edge_agent.contract.state import Clock, ClockSource, OnAir, Telemetry
from edge_agent.contract.types import encode
from edge_agent.health import Health
from edge_agent.plan import held_until
from edge_agent.spool import Spool
from edge_agent.status.folder import read_stopped
from edge_agent.status.status import NEXT_PLAYS, NextPlay, Status, next_plays, title_of
from edge_agent.status.words import screen
from tests.edge_agent.office import DAY_MS, DID, Office, cue

NOW = 1_795_386_600_000
TOLD = Telemetry(1, NOW, 4, 0, 0, 0)
PLAIN = Status(DID, True, "0.1.0", "Asia/Ho_Chi_Minh", NOW, TOLD)
ASSET = Asset("a" * 64, 100, 1_000)


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    lines = screen(PLAIN).splitlines()
    for label in ("Kế hoạch đến", "Đĩa còn trống", "Nhiệt độ", "Nguồn yếu", "Sóng"):
        assert any(line.startswith(label) and "unknown" in line for line in lines), label


def test_everything_that_is_wrong_stands_on_the_screen() -> None:
    told = replace(
        TOLD,
        lacking=3,
        bytes_wanted=5_000_000,
        bytes_held=2_000_000,
        waits="data_budget, spread",
        silenced="maintenance",
        temperature_c=83.5,
        under_voltage=True,
        disk_free_bytes=10_000_000,
        disk_total_bytes=8_000_000_000,
        disk_errors=7,
        card_worn_percent=90,
        signal_dbm=-101,
        data_used_bytes=900_000_000,
        data_limit_bytes=1_000_000_000,
        plan_until=NOW + DAY_MS,
        clock=Clock(ClockSource.RTC),
        clock_error_ms=150_000,
        spooled=12,
        certificate_until=NOW - DAY_MS,
        certificate_trouble="ended",
    )
    fault = json.dumps({"at": "2026-11-23T00:00:00.000Z", "action": "disk_full", "free": 3})
    said = screen(
        replace(
            PLAIN,
            telemetry=told,
            next=(NextPlay("c-1", "Bản tin sáng", NOW + 60_000, False),),
            link_since=NOW - 3_600_000,
            clock_trusted=False,
            faults=(fault, "rubbish", "[1]"),
        )
    )
    for words in (
        "mất mạng / offline từ / since",
        "bảo trì / maintenance",
        "3 tệp / files, 3.0 MB (hết hạn mức dữ liệu",
        "THIẾU ÂM THANH / AUDIO LACKS",
        "± 150.0 s, CHỜ GIỜ ĐÚNG",
        "10 / 8000 MB, 7 lỗi / errors, mòn / worn 90 %",
        "83.5 °C",
        "CÓ / YES",
        "-101 dBm",
        "900.0 MB / 1000 MB",
        "waiting: 12",
        "ĐÃ HẾT HẠN, đang gia hạn / ENDED, being renewed",
        "disk_full free=3",
        "rubbish",
    ):
        assert words in said


@given(
    st.builds(
        Telemetry,
        st.integers(0),
        st.integers(0),
        st.integers(0),
        st.integers(0, 9),
        st.integers(0),
        st.integers(0),
        silenced=st.text(),
        waits=st.text(),
        certificate_until=st.none() | st.integers(0, 10**14),
        certificate_trouble=st.text(),
    ),
    st.text(max_size=30),
    st.lists(st.text(), max_size=4),
)
def test_no_word_breaks_the_screen(told: Telemetry, zone: str, faults: list[str]) -> None:
    assert screen(replace(PLAIN, telemetry=told, time_zone=zone, faults=tuple(faults)))


def test_the_next_plays_are_those_still_to_come() -> None:
    other = Asset("b" * 64, 100, 1_000)
    cues = tuple(
        cue(asset, NOW + at, id=f"c-{at}", fallback=fallback)
        for at, asset, fallback in (
            (-1_000, ASSET, None),
            (0, ASSET, None),
            (1_000, ASSET, None),
            (2_000, other, None),
            (3_000, other, ASSET),
            (4_000, ASSET, None),
        )
    )
    found = next_plays(cues, {ASSET.sha256}, NOW)
    assert [(play.cue, play.held) for play in found] == [
        ("c-1000", True),
        ("c-2000", False),
        ("c-3000", True),
    ]
    assert len(found) == NEXT_PLAYS
    assert title_of(OnAir("p", "c-0", 0, 1), cues) == "Lịch tiêm chủng"
    assert title_of(OnAir("p", "order-1", 0, 1), cues) == "order-1"
    assert title_of(None, cues) == ""


def test_the_plan_ends_where_its_first_page_lacks(tmp_path: Path) -> None:
    office = Office.open(tmp_path)
    pages = tuple(
        office.page((cue(ASSET, NOW + day * DAY_MS),), NOW + day * DAY_MS) for day in range(3)
    )
    plan = replace(office.desired((), serial=1, now_ms=NOW).manifest, pages=pages)
    every = {page.sha256 for page in pages}
    zone = "Asia/Ho_Chi_Minh"
    assert held_until(plan, every, zone) == plan.covers_until
    # 2026-11-24T00:00 in Viet Nam; the page of the 22nd (UTC date of NOW) is held.
    until = held_until(plan, every - {pages[1].sha256}, zone)
    assert plan.covers_from < until < NOW + 2 * DAY_MS
    assert until % DAY_MS == 17 * 3_600_000
    assert held_until(plan, set(), zone) >= plan.covers_from


def test_a_folder_that_nobody_works_in_is_read_and_left_alone(tmp_path: Path) -> None:
    empty = read_stopped(DID, tmp_path, "0.1.0", Health(51.0), NOW)
    assert (empty.running, empty.telemetry.plan_until, empty.next) == (False, None, ())
    assert empty.telemetry.temperature_c == 51.0

    office = Office.open(tmp_path / "files")
    for folder in ("audio", "pages"):
        (tmp_path / folder).mkdir()
    desired = office.desired((cue(ASSET, NOW + 60_000),), serial=9, now_ms=NOW)
    durable.write_checked(tmp_path / "desired.json", encode(desired))
    durable.write_checked(tmp_path / "boot", b"41")
    Spool(tmp_path / "spool.sqlite", 0).close()
    lacks = read_stopped(DID, tmp_path, "0.1.0", Health(), NOW).telemetry
    assert (lacks.boot, lacks.desired, lacks.lacking, lacks.spooled) == (41, 9, 1, 0)
    (page,) = (tmp_path / "files/pages").iterdir()
    (tmp_path / "pages" / page.name).write_bytes(page.read_bytes())
    found = read_stopped(DID, tmp_path, "0.1.0", Health(), NOW)
    assert [(play.title, play.held) for play in found.next] == [("Lịch tiêm chủng", False)]
    assert found.telemetry.plan_until == desired.manifest.covers_until


def test_damaged_files_are_read_past(tmp_path: Path) -> None:
    for name in ("desired.json", "boot", "spool.sqlite"):
        (tmp_path / name).write_bytes(b"torn" * 100)
    found = read_stopped(DID, tmp_path, "0.1.0", Health(), NOW)
    assert (found.telemetry.boot, found.telemetry.desired, found.telemetry.spooled) == (0, 0, 0)
    assert (tmp_path / "boot").read_bytes() == b"torn" * 100
