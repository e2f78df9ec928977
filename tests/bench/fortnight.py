"""Fourteen days without a network, on a clock that jumps: plays expected, made and recorded.

A village with three sessions a day holds its plan and audio when the network goes. On the fifth
day the power goes in mid-sentence and comes back a minute later, when only the clock chip knows
the time. On the fifteenth day the network is there again and the box tells what it did.
"""

import hashlib
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from _fake_box import FakeBox, PowerCut, TrueOffice, World
from _stage import note, tell

from controller import log_setup
from controller.storage.instants import to_ms
from edge_agent.contract.state import ClockSource
from edge_agent.time_source import RTC_ERROR_MS, TIMESYNCD_ERROR_MS, Vouched
from tests.edge_agent.office import FileServer

FIRST = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
"""08:00 in Viet Nam."""

DAYS = 14
SESSIONS = (timedelta(hours=3), timedelta(hours=10), timedelta(hours=21, minutes=30))
"""10:00, 17:00 and 04:30, from 00:00 UTC on."""

ITEMS = 6
SOUND_MS = 45_000
TICK_MS = 60_000
OFF_FOR = timedelta(minutes=1)
VALID_FOR = timedelta(days=DAYS + 2)


def run(folder: Path) -> None:
    files = FileServer(folder / "files")
    try:
        _run(folder, files)
    finally:
        files.close()


def _run(folder: Path, files: FileServer) -> None:
    began = time.monotonic()
    world = World(FIRST)
    office = TrueOffice(folder, folder / "files", files.address, horizon_days=DAYS + 3)
    enrolled = office.enrol(FIRST)
    midnight = FIRST.replace(hour=0)
    for at in SESSIONS:
        items = [sound(office, f"{at}, mục {number}") for number in range(ITEMS)]
        office.airs(tuple(items), enrolled, midnight + at, FIRST, daily=True)
    office.plan(FIRST, whole=True)
    box = FakeBox(world, office, enrolled, folder / "box")
    box.vouched = Vouched(ClockSource.NTP, TIMESYNCD_ERROR_MS)
    gone = FIRST + timedelta(hours=1)
    back = gone + timedelta(days=DAYS)
    plays = office.plays_planned(enrolled.did, FIRST, back)
    cut_ms = next(at for _, at in plays if at >= to_ms(gone + timedelta(days=5))) + SOUND_MS // 2

    def lose_network() -> None:
        box.vouched = None
        box.link.cut()

    world.at(to_ms(gone), lose_network)
    world.at(cut_ms, box.lose_power)
    try:
        box.live(back, tick_ms=TICK_MS)
    except PowerCut:
        note(f"fortnight: the power went at {world.now}")
    world.pass_to(world.now_ms + int(OFF_FOR.total_seconds() * 1000))
    box.vouched = Vouched(ClockSource.RTC, RTC_ERROR_MS)
    box.has_network = False
    world.at(to_ms(back), lambda: box.link.mend())
    box.live(back + timedelta(hours=1), tick_ms=TICK_MS)
    made, broken = len(box.player.whole), len(box.player.broken_off)
    recorded = office.as_run(enrolled.did)
    expected = office.plays_planned(enrolled.did, FIRST, back + timedelta(hours=1))
    note(f"fortnight: {recorded}, {time.monotonic() - began:.0f} s")
    tell(
        f"{DAYS} days offline with one power cut: plays expected, made, recorded",
        f"{len(expected)}, {made} whole and {broken} broken off, {recorded}",
        aim="all equal",
        met=recorded == {"played": len(expected), "interrupted": broken} and made == len(expected),
        why="see what is recorded",
    )


def sound(office: TrueOffice, name: str) -> str:
    """A bulletin of its own; its audio is a name, for nobody listens."""
    text = f"Thông báo của xã: {name}."
    data = hashlib.sha256(name.encode()).digest() * 500
    return office.bulletin(text, data, SOUND_MS, FIRST, valid_until=FIRST + VALID_FOR)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="loalang-bench-") as folder:
        run(Path(folder))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
