"""The real agent on a disk that is really full: a small file system of its own."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.contract import topics
from tests.edge_agent.office import FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for
from tests.edge_agent.test_village import SOON_MS, Village, now_ms

SIZE = 4_000_000
AUDIO_BYTES = 500_000

pytestmark = pytest.mark.needs("mosquitto")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for `SIZE` bytes; only root may make one."""
    if os.geteuid() != 0:
        pytest.skip("a file system of its own needs root")
    folder = tmp_path / "state"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def village(tmp_path: Path, small_disk: Path) -> Iterator[Village]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    box = Box(office, tmp_path, broker.port)
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    yield Village(office, files, broker, box, ear)
    ear.close()
    box.close()
    broker.close()
    files.close()


def fill(folder: Path) -> Path:
    """Leave not one byte."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\1" * size):
                    pass
    return ballast


def test_it_plays_and_starts_on_a_full_disk_and_tells_everything_when_there_is_room(
    village: Village, small_disk: Path
) -> None:
    box, ear = village.box, village.ear
    first, second = village.office.asset(300), village.office.asset(400)
    later = now_ms() + 6_000
    village.publish(cue(first, now_ms() + SOON_MS, id="c-1"), cue(second, later, id="c-2"))
    village.ready(1)
    ballast = fill(small_disk)
    wait_for(lambda: box.player_heard("play"), "the sound")
    wait_for(lambda: box.log("play_over"), "the end of it")
    assert box.log("disk_full")
    village.publish(cue(second, later, id="c-2"), serial=2)
    wait_for(lambda: village.dropped("disk_full"), "the newer plan to be refused")

    box.kill()
    fill(small_disk)
    box.start()
    wait_for(lambda: len(box.player_heard("play")) == 2, "the sound after a start")
    wait_for(lambda: len(box.log("play_over")) == 2, "the end of it")
    ballast.unlink()

    wait_for(lambda: [e for e in ear.of_kind("ended") if e.cue == "c-2"], "the report")
    wait_for(lambda: ear.hellos[-1].desired == 2, "the newer plan")
    assert box.stop() == 0
    assert "Traceback" not in box.log_file.read_text()


def test_at_the_start_audio_that_no_plan_needs_gives_way(
    village: Village, small_disk: Path
) -> None:
    needed = village.office.asset(300)
    village.publish(cue(needed, now_ms() + 60_000, id="c-1"))
    village.ready(1)
    village.box.stop()
    old = small_disk / "audio" / f"{'0' * 64}.opus"
    old.write_bytes(b"\1" * AUDIO_BYTES)
    fill(small_disk)
    village.box.start()
    wait_for(lambda: len(village.box.log("link_online")) == 2, "the box to be up")
    assert not old.exists()
    assert (small_disk / "audio" / f"{needed.sha256}.opus").exists()


def test_a_box_that_cannot_make_room_says_so_to_a_person(
    village: Village, small_disk: Path
) -> None:
    wait_for(lambda: village.box.log("link_online"), "the box to be up")
    village.box.stop()
    fill(small_disk)
    village.box.start()
    assert village.box.process is not None
    assert village.box.process.wait(20) == 1
    said = village.box.log_file.read_text()
    assert "room on the disk" in said
    assert "Traceback" not in said
