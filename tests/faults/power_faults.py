"""Power that goes, disks that rot, fill up or turn read-only: real agents, killed and started."""

import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.contract.manifest import Cue
from edge_agent.contract.report import EventKind
from tests.edge_agent.office import cue
from tests.edge_agent.real_parts import wait_for
from tests.faults.rows import Row
from tests.faults.stage import Stage, now_ms, pause, stage

EVERY_MS = 1_300
SOUND_MS = 500
LIVES_S = (0.3, 2.6)
"""Between the start of a process and its end: also while it starts, fetches and reports."""

PLAN_MS = 40_000


def kills(folder: Path, times: int, seed: int) -> Row:
    """SIGKILL at random instants, with a play every 1.3 s and downloads all the time."""
    chance = random.Random(seed)
    with stage(folder) as village:
        box, until = village.box, now_ms()
        cues: list[Cue] = []
        for _ in range(times):
            if now_ms() > until - PLAN_MS // 2:
                cues = [c for c in cues if c.start > now_ms() - 60_000]
                first = max(until, now_ms() + 1_500)
                cues += _every(village, first, first + PLAN_MS)
                until = first + PLAN_MS
                village.publish(*cues)
            pause(chance.uniform(*LIVES_S))
            box.kill()
            box.start()
        _quiet_end(village)
        told = village.tell()
        rotten = village.rotten()
        interrupted = len(village.events(EventKind.INTERRUPTED))
        survived = times - rotten - village.crashes()
        note = f"{told.plays} plays, {interrupted} interrupted, {rotten} rotten on air, seed {seed}"
    return Row("SIGKILL", times, survived, told.lost, told.doubled + told.again, note)


def _every(village: Stage, first: int, until: int) -> list[Cue]:
    return [
        cue(village.sound(SOUND_MS), at, id=f"c-{at}", latest_start=at + 400)
        for at in range(first, until, EVERY_MS)
    ]


def _quiet_end(village: Stage) -> None:
    """Let the plan end, and everything be told."""
    village.publish()
    wait_for(
        lambda: any(h.desired == village.serial for h in village.ear.hellos), "the empty plan", 40
    )
    wait_for(village.told_all, "every event to be told", 40)


Damage = Callable[[Path], None]


def _headless(file: Path) -> None:
    with file.open("r+b") as disk:
        disk.write(b"\xff" * 100)


def _half(file: Path) -> None:
    with file.open("r+b") as disk:
        disk.truncate(file.stat().st_size // 2)


def _zeroed(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def _rotten(file: Path) -> None:
    with file.open("r+b") as disk:
        disk.seek(4_096)
        disk.write(b"\x5a" * (file.stat().st_size - 4_096))


def _rotten_log(file: Path) -> None:
    with file.with_name(file.name + "-wal").open("r+b") as disk:
        disk.seek(32 + 30)
        disk.write(b"\x5a" * 64)


DAMAGES: dict[str, Damage] = {
    "header": _headless,
    "middle page": _rotten,
    "log": _rotten_log,
    "truncated": _half,
    "zero-filled": _zeroed,
}


def damaged_spool(folder: Path, names: tuple[str, ...] = tuple(DAMAGES)) -> Row:
    """The spool's file rots while the power is off: told as lost, nothing of before again."""
    survived = 0
    with stage(folder) as village:
        for at, name in enumerate(names):
            _play_and_leave_unacknowledged(village, 2 * at)
            survived += _rot(village, DAMAGES[name])
        told = village.tell()
    doubled = told.doubled + told.again
    lost = told.lost + 2 * len(names) - told.plays
    return Row("spool file damaged", len(names), survived, lost, doubled, ", ".join(names))


def _play_and_leave_unacknowledged(village: Stage, before: int) -> None:
    """One play whose events are acknowledged, and one whose events wait for their receipt."""
    box, ear, soon = village.box, village.ear, now_ms() + 2_500
    receipts = len(box.log("report_acknowledged"))
    ear.acknowledge = True
    first = cue(village.sound(200), soon, id=f"c-{before}")
    village.publish(first, cue(village.sound(200), soon + 1_500, id=f"c-{before + 1}"))
    wait_for(lambda: len(village.events(EventKind.ENDED)) == before + 1, "the first play")
    wait_for(lambda: len(box.log("report_acknowledged")) > receipts, "the receipt")
    ear.acknowledge = False
    wait_for(lambda: len(village.events(EventKind.ENDED)) == before + 2, "the second play")


def _rot(village: Stage, damage: Damage) -> bool:
    """Cut the power and spoil the file: told as lost in another spool, or nothing was lost of it.

    What SQLite's log holds anew is not missed in the file.
    """
    box, before = village.box, village.ear.hellos[-1]
    box.kill()
    damage(box.state / "spool.sqlite")
    box.start()
    wait_for(lambda: village.ear.hellos[-1].boot > before.boot, "the box to be back")
    after = village.ear.hellos[-1]
    return ("spool.sqlite damaged" in after.losses) == (after.spool.id != before.spool.id)


@contextmanager
def disk_of_its_own(folder: Path, megabytes: int = 16) -> Iterator[Path]:
    """A real ext4 on a file, for the state of one box; needs root."""
    image, state = folder / "disk.img", folder / "state"
    state.mkdir()
    with image.open("wb") as file:
        file.truncate(megabytes * 1_000_000)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(state)], check=True)
    state.chmod(0o700)
    try:
        yield state
    finally:
        subprocess.run(["umount", "--lazy", str(state)], check=True)


def can_mount() -> bool:
    """Whether this machine lets a test have a file system of its own."""
    return os.geteuid() == 0 and Path("/dev/loop-control").exists()


def read_only_disk(folder: Path) -> Row:
    """The card gives up in mid-programme, as ext4 does it: on air it goes on, and it is told."""
    with disk_of_its_own(folder) as state, stage(folder) as village:
        box = village.box
        wait_for(lambda: box.log("link_online"), "the box to be up")
        begin = now_ms() + 3_000
        village.publish(
            cue(village.sound(2_500), begin, id="on-air"),
            cue(village.sound(400), begin + 4_000, id="next"),
        )
        village.ready()
        wait_for(lambda: village.events(EventKind.STARTED), "the sound")
        subprocess.run(["mount", "-o", "remount,abort", str(state)], check=False)
        wait_for(lambda: len(box.log("play_over")) == 2, "both to end")
        said = bool(box.log("state_unwritable")) or bool(box.log("disk_full"))
        alive = box.process is not None and box.process.poll() is None
        whole = [entry["ms"] for entry in box.log("play_over")]
        wait_for(lambda: village.ear.hellos[-1].losses, "the office to hear of it")
        survived = said and alive and whole[0] > 2_300 and whole[1] > 300 and not village.crashes()
        told = village.tell()
    note = (
        f"sounded {whole[0]} and {whole[1]} ms; the office hears that the disk takes nothing, not "
        "how plays ended since"
    )
    return Row(
        "SD read-only in mid-programme",
        1,
        int(survived),
        told.lost,
        told.doubled + told.again,
        note,
        bound_to_lose=2,
    )


def read_only_start(folder: Path) -> Row:
    """It begins on a card that takes nothing: it plays the plan of the card, once, and tells."""
    with disk_of_its_own(folder) as state, stage(folder) as village:
        box = village.box
        wait_for(lambda: box.log("link_online"), "the box to be up")
        begin = now_ms() + 7_000
        before = cue(village.sound(300), now_ms() + 2_500, id="before", latest_start=begin)
        village.publish(before, cue(village.sound(400), begin, id="after"))
        village.ready()
        wait_for(lambda: len(village.events(EventKind.ENDED)) == 1, "the first play")
        assert box.stop() == 0
        subprocess.run(["mount", "-o", "remount,ro", str(state)], check=True)
        box.start()
        wait_for(lambda: len(village.events(EventKind.ENDED)) == 2, "the second play")
        box.kill()
        box.start()
        wait_for(lambda: village.ear.hellos[-1].conn == 3, "the third start")
        told = village.tell()
        heard = dict.fromkeys(hello.losses for hello in village.ear.hellos if hello.losses)
        once = ("card read-only", "spool.sqlite missing", "commands.sqlite missing")
        survived = [*heard] == [once, once[:1]] and not village.crashes()
        (refuge,) = {Path(entry["refuge"]) for entry in box.log("card_read_only")}
        box.kill()
        shutil.rmtree(refuge)
    note = "on memory, with the plan, the keys and the audio of the card"
    lost = told.lost + 2 - told.plays
    return Row("start on a read-only SD", 1, int(survived), lost, told.doubled + told.again, note)


def full_disk(folder: Path) -> Row:
    """Not one byte is left in mid-programme: it plays on, says so, and goes on when there is room.

    A change of the plan comes while there is none.
    """
    with disk_of_its_own(folder) as state, stage(folder) as village:
        box = village.box
        wait_for(lambda: box.log("link_online"), "the box to be up")
        begin = now_ms() + 3_000
        cues = [
            cue(village.sound(1_500), begin, id="on-air"),
            cue(village.sound(400), begin + 3_000, id="next"),
        ]
        village.publish(*cues)
        village.ready()
        wait_for(lambda: village.events(EventKind.STARTED), "the sound")
        ballast = state / "ballast"
        with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"\1" * 4_096):
                pass
        added = cue(village.sound(400), begin + 10_000, id="added", latest_start=begin + 60_000)
        village.publish(*cues, added)
        wait_for(lambda: len(box.log("play_over")) == 2, "both to end")
        refused = [entry["reason"] for entry in box.log("message_dropped")]
        said = bool(box.log("disk_full")) or "disk_full" in refused
        ballast.unlink()
        wait_for(lambda: len(box.log("play_over")) == 3, "what was added", 40)
        wait_for(village.told_all, "every event")
        told = village.tell()
    note = "what sounded was told, and the change of the plan taken when there was room again"
    survived = int(said and told.plays == 3)
    return Row(
        "disk full in mid-programme", 1, survived, told.lost, told.doubled + told.again, note
    )
