"""From a blank box to its first sound: an office with TLS of its own, a true agent, its player.

The box has an empty folder and knows its hardware alone. What people do is left out: reading the
code to the box, and comparing the fingerprint before they approve.
"""

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

from _stage import lacks_broker, note, tell

from controller import log_setup
from controller.operations.load_sample import AT_ANY_HOUR, SampleVillage, load_sample
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual
from tests.flows.test_pairing import BlankBox, invited, on_duty

BOXES = int(os.environ.get("BENCH_ROUNDS", "5"))
WITHIN_S = 60.0
AIM_S = 300.0


@dataclass(frozen=True)
class Steps:
    """Seconds of one box, in their order."""

    asks: float
    """From `loalang-agent pair` on an empty folder until the office shows its fingerprint."""
    approved: float
    """From the officer's yes until the box says that it is paired."""
    online: float
    """From `loalang-agent run` until the office sees it on duty."""
    sounds: float
    """From the order to play until its loudspeaker begins, with the audio fetched."""

    @property
    def total(self) -> float:
        return self.asks + self.approved + self.online + self.sounds


async def paired(stage: Stage, box: BlankBox, village: SampleVillage, bulletin: str) -> Steps:
    """Pair one box and let it be heard."""
    marks = [time.monotonic()]

    def mark() -> None:
        marks.append(time.monotonic())

    code = await invited(stage, village)
    marks[0] = time.monotonic()
    line = asyncio.create_task(box.call("pair", code["address"], code["code"]))

    async def asked() -> bool:
        waiting = await stage.call(stage.api.get, "/devices/pairings")
        return any(each["state"] == "asked" for each in waiting)

    await until(asked, WITHIN_S)
    mark()
    path = f"/devices/pairings/{code['id']}/approve"
    approved = await stage.call(stage.api.post, path, {"replace": False})
    status, said = await line
    if status:
        raise RuntimeError(said)
    mark()
    async with box.running():
        await until(lambda: on_duty(stage, approved["device"]), WITHIN_S)
        mark()
        order = {"bulletin": bulletin, "unit": village.village_id, "quiet_ok": "bench"}
        await stage.call(stage.api.post, "/plays", order)
        await _sound(box)
        mark()
    return Steps(*(end - begin for begin, end in pairwise(marks)))


async def _sound(box: BlankBox) -> None:
    """Wait until its loudspeaker begins: then it opens a file."""
    async with asyncio.timeout(WITHIN_S):
        while not box.wavs:
            await asyncio.sleep(0.005)


async def run(folder: Path) -> list[Steps]:
    async with staged(folder, virtual(folder), villages=0, tls=True) as stage:
        villages = load_sample(stage.controller.database, BOXES, law=AT_ANY_HOUR)
        bulletin = await stage.approved("Họp thôn lúc 7h.")
        measured = []
        for number, village in enumerate(villages):
            box = BlankBox(folder / f"box-{number}").write()
            measured.append(await paired(stage, box, village, bulletin))
            note(f"pairing: {measured[-1]}")
        return measured


def main() -> int:
    lacking = lacks_broker() or (None if shutil.which("espeak-ng") else "needs espeak-ng")
    what = "a blank box to its first sound, people's time left out"
    if lacking:
        tell(what, f"not measured: {lacking}")
        return 0
    with tempfile.TemporaryDirectory(prefix="loalang-bench-") as made:
        measured = asyncio.run(run(Path(made)))
    totals = [each.total for each in measured]
    middle = statistics.median(totals)
    steps = ", ".join(
        f"{field.name} {statistics.median(getattr(each, field.name) for each in measured):.1f}"
        for field in fields(Steps)
    )
    tell(
        what,
        f"{middle:.1f} s ({min(totals):.1f}…{max(totals):.1f}): {steps}",
        aim=f"≤ {AIM_S:.0f} s",
        met=middle <= AIM_S,
        why="see its steps",
    )
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
