"""A stick does for a box what the network does, and nothing rests on trust in it."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent import identity
from edge_agent.cache import Shelf, Wanted
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import open_sealed
from edge_agent.contract.manifest import Asset
from edge_agent.contract.report import EventKind, PlaybackEvent, Report
from edge_agent.contract.stick import parse_report
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode
from edge_agent.desk import Done
from edge_agent.download import Downloader, Outcome, Request, fetch
from edge_agent.errors import StickUseless
from edge_agent.past import PastState
from edge_agent.settings import BrokerAddress, PlayerSettings, Settings
from edge_agent.spool import Spool
from edge_agent.sticks.bench import Bench
from edge_agent.sticks.stick import root_of
from edge_agent.sticks.watch import plugged
from edge_agent.wiring import build_bench
from tests.contract.samples import EVENT
from tests.edge_agent.office import DID, UNIT, Office, cue
from tests.edge_agent.real_parts import Box, free_port, wait_for
from tests.edge_agent.test_unwritable_state import no_room

HOUR_MS = 3_600_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Trip:
    """An office, a box that is switched off, and the stick that goes between them."""

    office: Office
    state: Path
    key: Ed25519PublicKey
    stick: Path

    @property
    def root(self) -> Path:
        return self.stick / "loalang"

    @property
    def back(self) -> Path:
        return self.root / "back" / DID

    def load(self, desired: Desired, *, did: str = DID) -> None:
        """Put the keys, a plan and every file of the office on the stick."""
        box = self.root / "boxes" / did
        box.mkdir(parents=True, exist_ok=True)
        (self.root / "keys.jws").write_bytes(self.office.sealed_keys())
        (box / "desired.jws").write_bytes(self.office.sealed(desired, Kind.DESIRED))
        shutil.copytree(self.office.files, self.root, dirs_exist_ok=True)

    def plan(self, *assets: Asset, serial: int = 1, start: int = 0) -> Desired:
        first = start or now_ms() + HOUR_MS
        cues = tuple(cue(asset, first + i * 60_000) for i, asset in enumerate(assets))
        return self.office.desired(cues, serial=serial, now_ms=now_ms())

    def bench(self) -> Bench:
        return build_bench(
            Settings(
                did=DID,
                state_dir=str(self.state),
                root_public_key=self.office.root_text,
                placement=self.office.placement(),
                brokers=(BrokerAddress("mqtt://127.0.0.1:9"),),
                player=PlayerSettings("mpv"),
                trust_system_clock=True,
                disk_reserve_mb=0,
            )
        )

    def carry(self, op: str, bench: Bench | None = None) -> dict[str, Any]:
        bench = bench or self.bench()
        answers = list(bench.carry(op, self.stick))
        assert isinstance(answers[-1], Done)
        return answers[-1].body

    def holds(self, asset: Asset) -> bool:
        return (self.state / "audio" / f"{asset.sha256}.opus").exists()

    def play(self, times: int, *, cue_id: str = "c") -> None:
        """Spool so many plays, as if the agent had run."""
        spool = Spool(self.state / "spool.sqlite", 0)
        for n in range(times):
            event = msgspec.structs.replace(EVENT, play=f"{cue_id}{n}", cue=f"{cue_id}{n}")
            spool.started(event)
            end = msgspec.structs.replace(event, kind=EventKind.ENDED)
            spool.over(end, PastState.DONE, position_ms=1, at_ms=1, keep_until_ms=now_ms() * 2)
        spool.close()

    def written(self) -> dict[int, PlaybackEvent]:
        """Every event on the stick, by its number; each signature is the box's."""
        found: dict[int, PlaybackEvent] = {}
        for file in self.back.glob("*.jws"):
            name = parse_report(file.name)
            assert name is not None
            opened = open_sealed(file.read_bytes(), kind=Kind.REPORT, key_for=lambda kid: self.key)
            report = decode(opened.payload, Report)
            events = [decode(bytes(raw), PlaybackEvent) for raw in report.events]
            assert (report.spool, events[0].seq, events[-1].seq) == name
            found |= {event.seq: event for event in events}
        return found

    def acknowledge(self, upto: int) -> None:
        spool = next(self.back.glob("*.jws")).name.split("-")[0]
        sealed = self.office.sealed(ReportAck(spool, upto), Kind.ACK)
        (self.root / "keys.jws").write_bytes(self.office.sealed_keys())
        (self.root / "boxes" / DID).mkdir(parents=True, exist_ok=True)
        (self.root / "boxes" / DID / "ack.jws").write_bytes(sealed + b"\n")


class Pulled(Downloader):
    """Somebody pulls the stick out as soon as the first audio is asked of it."""

    def __init__(self, fetcher: Downloader, root: Path) -> None:
        self._fetcher, self._root = fetcher, root

    def submit(self, request: Request) -> None:
        if request.wanted.shelf is Shelf.AUDIO and self._root.exists():
            shutil.rmtree(self._root)
        self._fetcher.submit(request)

    def close(self) -> None:
        self._fetcher.close()


@pytest.fixture
def trip(tmp_path: Path) -> Trip:
    office = Office.open(tmp_path / "files")
    state, stick = tmp_path / "state", tmp_path / "media" / "USB của xã"
    stick.mkdir(parents=True)
    identity.prepare(state)
    return Trip(office, state, identity.create_key(state).public_key(), stick)


def test_plan_pages_and_audio_come_without_any_network(trip: Trip) -> None:
    assets = [trip.office.asset(1_000, note=str(n)) for n in range(5)]
    trip.load(trip.plan(*assets))

    took = trip.carry("import")

    assert (took["messages"], took["files"], took["lacking"]) == (2, 6, 0)
    assert all(trip.holds(asset) for asset in assets)
    assert "Hộp đã có đủ tệp" in took["vi"]
    page = json.loads((trip.back / "about.json").read_text("utf-8"))
    assert (page["vi"], page["en"], page["files"]) == (took["vi"], took["en"], 6)
    assert (trip.root / "DOC-TOI.txt").exists()


def test_a_stick_whose_name_is_no_text_is_taken_like_any_other(trip: Trip, tmp_path: Path) -> None:
    trip.stick = tmp_path / os.fsdecode(b"USB\xff?#%41")
    trip.stick.mkdir()
    asset = trip.office.asset(1_000)
    trip.load(trip.plan(asset))
    assert trip.carry("import")["files"] == 2
    assert trip.holds(asset)


def test_a_file_that_grows_while_it_is_copied_does_not_fill_the_disk(tmp_path: Path) -> None:
    grows = tmp_path / "audio" / f"{'a' * 64}.opus"
    grows.parent.mkdir()
    grows.write_bytes(b"x" * 10)

    class Growing(threading.Event):
        def is_set(self) -> bool:
            with grows.open("ab") as file:
                file.write(b"x" * 1_000)
            return False

    part = tmp_path / "part"
    wanted = Wanted(Shelf.AUDIO, "a" * 64, 10)
    request = Request(wanted, tmp_path / "whole", part, (), (tmp_path.as_uri(),))
    ((_, outcome),) = fetch(request, Growing()).failed
    assert outcome is Outcome.MISMATCH
    assert not part.exists()
    assert grows.stat().st_size < 10_000


def test_the_same_stick_again_changes_nothing(trip: Trip) -> None:
    trip.load(trip.plan(trip.office.asset(1_000)))
    trip.carry("import")
    took = trip.carry("import")
    assert (took["messages"], took["known"], took["files"], took["refused"]) == (0, 2, 0, [])


def test_an_older_plan_does_not_come_back(trip: Trip) -> None:
    new, old = trip.office.asset(1_000, note="new"), trip.office.asset(1_000, note="old")
    trip.load(trip.plan(new, serial=2))
    trip.carry("import")
    trip.load(trip.plan(old, serial=1))
    took = trip.carry("import")
    assert took["messages"] == 0
    assert trip.holds(new)
    assert not trip.holds(old)


def test_a_forged_plan_is_refused_with_its_reason_and_nothing_of_it_is_taken(trip: Trip) -> None:
    asset = trip.office.asset(1_000)
    stranger = Office.open(trip.office.files)
    desired = trip.plan(asset)
    trip.load(desired)
    forged = stranger.sealed(desired, Kind.DESIRED)
    (trip.root / "boxes" / DID / "desired.jws").write_bytes(forged)
    took = trip.carry("import")
    assert [(each["file"], each["why"]) for each in took["refused"]] == [
        (f"boxes/{DID}/desired.jws", "untrusted")
    ]
    assert not trip.holds(asset)


def test_nothing_but_forgeries_is_told_as_a_failure(trip: Trip) -> None:
    trip.root.mkdir()
    (trip.root / "keys.jws").write_bytes(Office.open(trip.office.files).sealed_keys())
    with pytest.raises(StickUseless, match=r"keys\.jws"):
        trip.carry("import")


def test_a_stick_for_another_box_is_told_as_such(trip: Trip) -> None:
    other = "zzzzzz999999"
    desired = trip.office.desired((), serial=1, now_ms=now_ms(), empty_because="x", did=other)
    trip.load(desired, did=other)
    took = trip.carry("import")
    assert took["messages"] == 1  # the keys
    assert "không chở gì riêng cho hộp này" in took["vi"]
    # Copied into this box's folder it is refused all the same.
    shutil.copytree(trip.root / "boxes" / other, trip.root / "boxes" / DID)
    assert [each["why"] for each in trip.carry("import")["refused"]] == ["wrong_audience"]


@pytest.mark.parametrize("harm", ["cut", "rotten", "missing", "link", "pipe", "folder"])
def test_a_bad_file_is_passed_over_and_the_rest_is_taken(trip: Trip, harm: str) -> None:
    bad, good = trip.office.asset(1_000, note="bad"), trip.office.asset(1_000, note="good")
    trip.load(trip.plan(bad, good))
    file = trip.root / "audio" / f"{bad.sha256}.opus"
    data = file.read_bytes()
    file.unlink()
    match harm:
        case "cut":
            file.write_bytes(data[:-1])
        case "rotten":
            file.write_bytes(b"x" + data[1:])
        case "link":
            file.symlink_to(trip.office.files / "audio" / file.name)
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
    took = trip.carry("import")
    assert took["lacking"] == 1
    assert trip.holds(good)
    assert not trip.holds(bad)


def test_what_lies_behind_a_link_is_neither_read_nor_written(trip: Trip, tmp_path: Path) -> None:
    trip.load(trip.plan(trip.office.asset(1_000)))
    outside = tmp_path / "outside"
    shutil.move(trip.root / "boxes", outside)
    (trip.root / "boxes").symlink_to(outside)
    (trip.root / "back").symlink_to(outside)
    trip.carry("import")
    assert not (trip.state / "desired.json").exists()
    trip.play(1)
    with pytest.raises(StickUseless):
        trip.carry("export")
    assert {entry.name for entry in outside.iterdir()} == {DID}


def test_a_full_disk_takes_the_plan_and_says_that_the_audio_lacks(trip: Trip) -> None:
    asset = trip.office.asset(1_000)
    trip.load(trip.plan(asset))
    took = trip.carry("import", dataclasses.replace(trip.bench(), reserve_bytes=1 << 60))
    assert (took["messages"], took["trouble"]) == (2, "disk_full")
    assert took["lacking"] > 0
    assert not trip.holds(asset)


def test_a_stick_pulled_out_midway_leaves_what_was_whole(trip: Trip) -> None:
    assets = [trip.office.asset(1_000, note=str(n)) for n in range(4)]
    trip.load(trip.plan(*assets))
    bench = trip.bench()
    pulled = Pulled(bench.fetcher, trip.root)
    took = trip.carry("import", dataclasses.replace(bench, fetcher=pulled))
    assert took["messages"] == 2
    assert not any(trip.holds(asset) for asset in assets)
    # Plugged in again, it goes on.
    trip.load(trip.plan(*assets))
    assert trip.carry("import")["lacking"] == 0


def test_events_go_on_the_stick_and_stay_until_the_receipt_comes_back(trip: Trip) -> None:
    trip.play(30)
    gave = trip.carry("export")
    assert gave["events"] == 60
    assert sorted(trip.written()) == list(range(1, 61))

    # Without a receipt they are still there the next time.
    assert trip.carry("export")["events"] == 60
    trip.acknowledge(45)
    assert trip.carry("import")["receipts"] == 1
    trip.play(1, cue_id="d")
    assert trip.carry("export")["events"] == 17
    assert sorted(trip.written()) == list(range(46, 63))
    trip.acknowledge(62)
    trip.carry("import")
    assert trip.carry("export")["events"] == 0
    assert trip.written() == {}


def test_a_receipt_that_is_not_signed_by_the_office_forgets_nothing(trip: Trip) -> None:
    trip.load(trip.plan(trip.office.asset(1_000)))
    trip.play(2)
    trip.carry("export")
    spool = next(trip.back.glob("*.jws")).name.split("-")[0]
    forged = Office.open(trip.office.files).sealed(ReportAck(spool, 4), Kind.ACK)
    (trip.root / "boxes" / DID / "ack.jws").write_bytes(forged)
    trip.carry("import")
    assert trip.carry("export")["events"] == 4


def test_a_full_stick_loses_no_event(trip: Trip) -> None:
    trip.play(3)
    trip.root.mkdir()
    (trip.root / "DOC-TOI.txt").write_text("x")
    bench = trip.bench()
    with no_room(), pytest.raises(StickUseless, match="USB đã đầy"):
        trip.carry("export", bench)
    assert trip.carry("export")["events"] == 6


def test_a_folder_without_a_stick_says_so(trip: Trip) -> None:
    with pytest.raises(StickUseless, match="Không có thư mục loalang"):
        trip.carry("import")


@pytest.mark.parametrize("folder", ["media/usb", "/media/us\0b"])
def test_what_is_no_path_is_refused_in_words(trip: Trip, folder: str) -> None:
    trip.stick = Path(folder)
    with pytest.raises(StickUseless):
        trip.carry("import")


def test_an_alert_of_a_scope_that_only_the_new_plan_opens_is_heard(trip: Trip) -> None:
    trip.load(trip.plan(trip.office.asset(1_000)))
    alerts = trip.office.alerts(serial=1, now_ms=now_ms())
    place = trip.root / "alerts" / UNIT
    place.mkdir(parents=True)
    (place / "province.jws").write_bytes(trip.office.sealed(alerts, Kind.ALERT))
    assert trip.carry("import")["messages"] == 3


def test_sticks_are_found_one_or_two_folders_deep_and_links_are_not_followed(
    tmp_path: Path,
) -> None:
    for place in ("usb/loalang", "pi/usb2/loalang", "deep/a/b/loalang"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "usb")
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "loalang").write_text("x")
    found = [str(root.relative_to(tmp_path)) for root, *_ in plugged(tmp_path)]
    assert found == ["pi/usb2/loalang", "usb/loalang"]


def test_the_folder_may_be_named_itself(tmp_path: Path) -> None:
    assert root_of(tmp_path) == root_of(tmp_path / "loalang") == tmp_path / "loalang"


def test_what_a_person_types_beside_a_box_that_is_off(tmp_path: Path) -> None:
    office = Office.open(tmp_path / "files")
    box = Box(office, tmp_path, free_port())
    trip = Trip(office, box.state, box.key, tmp_path / "usb")

    def typed(op: str) -> "subprocess.CompletedProcess[str]":
        command = ["-m", "edge_agent", op, str(trip.stick), "--config", str(box.config)]
        return subprocess.run([sys.executable, *command], capture_output=True, text=True)

    refused = typed("import")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Không có thư mục loalang" in refused.stderr
    assert "Traceback" not in refused.stderr
    trip.load(trip.plan(office.asset(1_000)))
    done = typed("import")
    assert (done.returncode, done.stderr) == (0, "")
    assert "đã chép 2 tệp" in done.stdout
    assert "The box holds every file." in done.stdout
    assert typed("export").returncode == 0


def test_a_running_box_takes_a_stick_by_itself_plays_at_the_second_and_gives_its_record(
    tmp_path: Path,
) -> None:
    office = Office.open(tmp_path / "files")
    media = tmp_path / "media"
    (media / "usb").mkdir(parents=True)
    box = Box(office, tmp_path, free_port(), sticks=str(media))
    trip = Trip(office, box.state, box.key, media / "usb")
    box.start()
    try:
        wait_for(lambda: box.log("agent_started"), "the agent")
        asset = office.asset(600)
        start = now_ms() + 5_500
        aside = dataclasses.replace(trip, stick=tmp_path / "aside")
        aside.load(trip.plan(asset, start=start))
        aside.root.rename(trip.root)
        about = trip.back / "about.json"
        wait_for(about.exists, "the stick to be taken")
        assert json.loads(about.read_text())["lacking"] == 0
        wait_for(lambda: now_ms() > start + 1_200, "the end of the play")
        shutil.move(trip.root, tmp_path / "away")
        wait_for(lambda: box.log("stick_pulled"), "the box to see it gone")
        shutil.move(tmp_path / "away", trip.root)
        wait_for(lambda: len(trip.written()) == 2, "the record on the stick")
    finally:
        box.close()
    started, ended = (event for _, event in sorted(trip.written().items()))
    assert (started.kind, ended.kind) == (EventKind.STARTED, EventKind.ENDED)
    assert abs(started.wall - start) < 500
    assert len(box.player_heard("play")) == 1
