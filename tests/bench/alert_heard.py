"""An alert: from the order until it sounds at every one of BENCH_AGENTS real agent processes.

Each agent has a player of its own, a virtual loudspeaker that tells when it begins. The office, all
agents and all players share this machine, which true boxes do not: beside them one box is alerted
alone. Each round needs another length of the siren and another sentence, so that nothing is made
beforehand.
"""

import asyncio
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from _stage import lacks_broker, note, spread, tell
from sqlmodel import col, select

from controller import log_setup
from controller.cli.village_boxes import VillageBox, set_up_box, start_box
from controller.fleet.hazards import hazard
from controller.mqtt import child
from controller.operations.load_sample import (
    AT_ANY_HOUR,
    PROVINCE,
    SampleVillage,
    load_sample,
)
from controller.operations.phrase_audio import ask_for_phrases
from controller.operations.phrase_bank import load_bank, place_names
from controller.storage import tables
from controller.wiring import utc_now
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual

AGENTS = int(os.environ.get("BENCH_AGENTS", "60"))
ROUNDS = max(3, int(os.environ.get("BENCH_ROUNDS", "3")))
MEGABYTES_A_BOX = 150
"""An agent and its loudspeaker."""

WITHIN_S = 600.0
LIFE_S = 1_800
FLOOD = "flash_flood"
SHORTEST_SIREN_S = 6
AIM_ALONE_MS = 1_000


@dataclass(frozen=True)
class Heard:
    """Milliseconds from the order, of each box: its loudspeaker began; the office knew so."""

    sounds: list[int]
    known: list[int]


async def boxes_on_air(
    stage: Stage, stack: contextlib.AsyncExitStack, folder: Path
) -> list[VillageBox]:
    """So many agents, each on duty."""
    villages = load_sample(stage.controller.database, AGENTS, law=AT_ANY_HOUR)
    with stage.controller.database.write() as session:
        for zone in session.exec(select(tables.Zone)):
            zone.languages = ["vi"]
            session.add(zone)
    boxes = []
    for village in villages:
        place = folder / village.village_id
        place.mkdir()
        speaker = virtual(place)
        did = await set_up_box(stage.api, village, place / "box", speaker)
        box = await start_box(did, village, place / "box", {})
        stack.push_async_callback(child.stop, box.process)
        boxes.append(box)

    async def all_online() -> bool:
        return all(c["status"] == "san" for c in await stage.clusters())

    await until(all_online, WITHIN_S)
    return boxes


async def bank_held(stage: Stage, villages: Sequence[SampleVillage]) -> None:
    """Have the phrases of the alerts made, and every box hold them."""
    services = stage.controller.services

    def ask() -> None:
        now, zone = utc_now(), ZoneInfo(services.rules.time_zone)
        soon = [now.astimezone(zone) + timedelta(minutes=5 * n) for n in range(LIFE_S // 300)]
        with services.database.write() as session:
            places = place_names(session, [villages[0].village_id], services.today())
            said = {f"hour.{at:%H}" for at in soon}
            said |= {f"minute.{at.minute // 5 * 5:02d}" for at in soon if at.minute >= 5}
            said |= {"opening.urgent", "link.warning", "time.issued"}
            said |= {"source.commune", "source.province"}
            said |= {hazard(FLOOD).phrase, *hazard(FLOOD).instructions, *places}
            ask_for_phrases(session, load_bank(session, "vi", places), sorted(said), now)

    async def made() -> bool:
        left: list[dict[str, Any]] = await stage.call(stage.api.get, "/work-items")
        return not [item for item in left if item["kind"] in ("phrase", "plan")]

    async def held() -> bool:
        with services.database.read() as session:
            said = session.exec(select(tables.ReportedState)).all()
            told = {row.device_id: row.serial for row in session.exec(select(tables.DesiredState))}
        return all(row.lacking == 0 and row.desired == told.get(row.device_id) for row in said)

    await asyncio.to_thread(ask)
    await until(made, WITHIN_S)
    await stage.call(stage.api.get, "/phrases/index")
    await until(made, WITHIN_S)
    await until(held, WITHIN_S)


async def alerted(stage: Stage, scope: str, boxes: int, asked: dict[str, Any]) -> Heard:
    """Raise an alert, wait until it is heard and told everywhere, and end it."""
    form = {
        "scopes": [scope],
        "hazard": FLOOD,
        "languages": ["vi"],
        "repeat_minutes": 0,
        "authorised_by": "bench",
        "reason": "bench",
        **asked,
    }
    ordered_ms = time.time_ns() // 1_000_000
    raised = await stage.call(stage.api.post, "/alerts", form)
    if raised["boxes"] != boxes:
        raise RuntimeError(f"it is for {raised['boxes']} boxes, not for {boxes}")
    alert: str = raised["id"]
    board: dict[str, Any] = {}

    async def all_play() -> bool:
        board.update(await stage.call(stage.api.get, f"/alerts/{alert}/board"))
        return all("playing" in (line["after_ms"] or ()) for line in board["boxes"])

    await until(all_play, WITHIN_S)
    await stage.call(stage.api.post, f"/alerts/{alert}/end", {"reason": "bench"})
    sounds: dict[str, int] = {}

    async def all_told() -> bool:
        begun = select(tables.PlaybackEvent).where(
            col(tables.PlaybackEvent.alert_id) == alert, col(tables.PlaybackEvent.kind) == "started"
        )
        with stage.controller.database.read() as session:
            for event in session.exec(begun.order_by(col(tables.PlaybackEvent.wall_ms))):
                sounds.setdefault(event.device_id, event.wall_ms - ordered_ms)
        return len(sounds) == boxes

    await until(all_told, WITHIN_S)

    async def silent() -> bool:
        return all(c["status"] == "san" for c in await stage.clusters())

    await until(silent, WITHIN_S)
    return Heard(sorted(sounds.values()), [line["after_ms"]["playing"] for line in board["boxes"]])


async def rounds(stage: Stage, scope: str, boxes: int, *, siren: bool) -> list[Heard]:
    """The same alert some times, each with another siren and another sentence."""
    measured = []
    orders = list(permutations(each.split(".")[1] for each in hazard(FLOOD).instructions))
    for number in range(ROUNDS):
        # The one box alone and all together must not say the same.
        taken = 2 * number + (boxes == 1)
        length = SHORTEST_SIREN_S + taken if siren else 0
        words = orders[taken % len(orders)]
        asked = {"siren_seconds": length, "instructions": words[: 2 + siren]}
        heard = await alerted(stage, scope, boxes, asked)
        measured.append(heard)
        note(f"alert heard, {boxes} boxes, siren {length} s: last after {heard.sounds[-1]} ms")
    return measured


def report(boxes: int, measured: Sequence[Heard], *, siren: bool) -> None:
    """The last of all boxes in each round, and the middle one."""
    last = [float(heard.sounds[-1]) for heard in measured]
    middle = statistics.median(ms for heard in measured for ms in heard.sounds)
    first = "siren first" if siren else "without a siren"
    load = f"load {os.getloadavg()[0]:.1f}"
    if boxes == 1:
        tell(
            f"alert, order to the first sound of one real agent, {first}",
            spread(last, "ms"),
            aim=f"≤ {AIM_ALONE_MS:,} ms",
            met=statistics.median(last) <= AIM_ALONE_MS,
            why=load,
        )
        return
    known = [float(max(heard.known)) for heard in measured]
    tell(
        f"alert, order to the first sound of the last of {boxes} real agents, {first}",
        f"{spread(last, 'ms')}; the middle box {middle:,.0f} ms",
        why=f"all share {os.cpu_count()} processors; {load}",
    )
    tell(f"  until the board knows that all {boxes} sound", spread(known, "ms"))


async def run(folder: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(folder, virtual(folder), villages=0))
        boxes = await boxes_on_air(stage, stack, folder)
        note(f"alert heard: {len(boxes)} agents are on duty")
        await bank_held(stage, [box.village for box in boxes])
        note("alert heard: every box holds the phrases")
        for siren in (True, False):
            alone = await rounds(stage, boxes[0].village.village_id, 1, siren=siren)
            report(1, alone, siren=siren)
            every = await rounds(stage, f"dv-{PROVINCE:05d}", len(boxes), siren=siren)
            report(len(boxes), every, siren=siren)


def lacking() -> str | None:
    """What this machine lacks."""
    pages = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if pages < AGENTS * MEGABYTES_A_BOX * 2**20:
        return f"{AGENTS} agents need {AGENTS * MEGABYTES_A_BOX} MB"
    return lacks_broker() or (None if shutil.which("espeak-ng") else "needs espeak-ng")


def main() -> int:
    why = lacking()
    if why:
        tell(f"alert, order to the first sound of {AGENTS} real agents", f"not measured: {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="loalang-bench-") as made:
        asyncio.run(run(Path(made)))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
