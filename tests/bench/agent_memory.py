"""Memory of an idle agent, connected, without its player, from /proc/PID/smaps_rollup."""

import asyncio
import json
import os
import sqlite3
import statistics
import sys
from pathlib import Path

from _stage import lacks_broker, note, our_controller, tell, workshop

from controller import log_setup
from controller.cli.village_boxes import AGENT
from controller.fleet.box_config import BoxConfig
from controller.mqtt.broker_files import write_private

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ONLINE_WITHIN_S = 30.0
IDLE_S = 8.0
AIM_MB = 40.0


async def run(folder: Path) -> None:
    async with our_controller(folder / "ours", 1) as side:
        resident, proportional = [], []
        for number in range(ROUNDS):
            box = folder / f"box-{number}"
            box.mkdir()
            made = await asyncio.create_subprocess_exec(
                *AGENT, "init", "--state-dir", str(box / "state"), stdout=asyncio.subprocess.PIPE
            )
            out, _ = await made.communicate()
            told = await side.ask(do="enrol", public_key=json.loads(out)["public_key"])
            config = BoxConfig(
                did=told["did"],
                state_dir=box / "state",
                root_public=told["root"],
                placement=told["placement"],
                broker=f"mqtt://127.0.0.1:{side.port}",
                password=told["password"],
                trust_system_clock=True,
            )
            write_private(box / "agent.toml", config.to_toml())
            rss, pss = await _idle(box, side.database, told["did"])
            resident.append(rss)
            proportional.append(pss)
            note(f"agent memory, round {number + 1}: RSS {rss:.1f} MB, PSS {pss:.1f} MB")
    rss, pss = statistics.median(resident), statistics.median(proportional)
    tell(
        "agent idle, connected, without its player",
        f"RSS {rss:.1f} MB, PSS {pss:.1f} MB",
        aim=f"RSS ≤ {AIM_MB:.0f} MB",
        met=rss <= AIM_MB,
        why="Python 9, msgspec 11, cryptography 6, paho and ssl 9 MB",
    )


async def _idle(box: Path, database: Path, did: str) -> tuple[float, float]:
    """RSS and PSS in MB of an agent that has been on line for a while."""
    with (box / "agent.log").open("w") as log:
        agent = await asyncio.create_subprocess_exec(
            *AGENT, "run", "--config", str(box / "agent.toml"), stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(ONLINE_WITHIN_S):
            while not _is_on_line(database, did):
                if agent.returncode is not None:
                    raise RuntimeError((box / "agent.log").read_text())
                await asyncio.sleep(0.1)
        await asyncio.sleep(IDLE_S)
        return _memory(agent.pid)
    finally:
        agent.terminate()
        await agent.wait()


def _is_on_line(database: Path, did: str) -> bool:
    """Whether the box has said hello and holds its desired state."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        query = "select online and desired > 0 from reported_state where device_id = ?"
        row = db.execute(query, (did,)).fetchone()
        return bool(row and row[0])
    finally:
        db.close()


def _memory(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kb["Rss"] * 1024 / 1e6, kb["Pss"] * 1024 / 1e6


def main() -> int:
    lacking = lacks_broker()
    if lacking:
        tell("agent idle", f"not measured: {lacking}")
        return 0
    with workshop() as folder:
        asyncio.run(run(Path(folder)))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
