"""A true agent, connected, with a week's plan: its memory, its idle turning, its start.

Memory is of /proc/PID/smaps_rollup: RSS counts what it shares with others in full, PSS by share.
The bytecode is compiled beforehand, as an installed package has it.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _sounds import tone
from _stage import lacks_broker, note, spread, tell

from controller import log_setup
from edge_agent.contract import topics
from edge_agent.contract.manifest import Cue
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SETTLED_S = 8.0
IDLE_S = float(os.environ.get("BENCH_IDLE_S", "60"))
PLAYING_S = 5.0
CUES = 200
EVERY_MS = 50 * 60_000
SOUND_MS = 15_000
AIM_MB = 40.0
AIM_CPU_PERCENT = 1.0


@dataclass(frozen=True)
class Memory:
    """Megabytes (10^6 bytes) of one process."""

    rss: float
    pss: float


@dataclass(frozen=True)
class Round:
    """One agent from its start on; `idle_cpu` in per cent of a core."""

    hello_s: float
    idle: Memory
    idle_cpu: float
    playing: Memory
    player: Memory


def run(folder: Path) -> None:
    environment = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    compile_first = [sys.executable, "-c", "import edge_agent.__main__, edge_agent.players.mpv"]
    subprocess.run(compile_first, env=os.environ | environment, check=True)
    rounds = []
    for number in range(ROUNDS):
        place = folder / f"round-{number}"
        place.mkdir()
        rounds.append(measure(place, environment))
        note(f"agent memory, round {number + 1}: {rounds[-1]}")
    tell_all(rounds)


def measure(folder: Path, environment: dict[str, str]) -> Round:
    office = Office.open(folder / "files")
    files, broker = FileServer(folder / "files"), Broker(folder)
    player = {"kind": "mpv", "audio_output": "null"}
    box = Box(office, folder, broker.port, player=player, environment=environment, heartbeat_s=60)
    ear = Ear(office, broker.port, box.key)
    sound = office.audio(tone(folder / "tone.wav", SOUND_MS).read_bytes(), SOUND_MS)
    try:
        now_ms = time.time_ns() // 1_000_000
        week = tuple(cue(sound, now_ms + n * EVERY_MS) for n in range(1, CUES + 1))

        def publish(cues: tuple[Cue, ...], serial: int) -> None:
            desired = office.desired(cues, serial=serial, now_ms=now_ms, sources=(files.address,))
            ear.retain(topics.down(DID, "desired"), office.sealed(desired, Kind.DESIRED))

        ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
        publish(week, 1)
        begun = time.monotonic()
        box.start()
        wait_for(lambda: ear.hellos, "the first hello")
        hello_s = time.monotonic() - begun
        assert box.process is not None
        pid = box.process.pid
        wait_for(lambda: ear.hellos[-1].desired == 1 and not ear.hellos[-1].cache.lacking, "audio")
        time.sleep(SETTLED_S)
        used = cpu_s(pid)
        time.sleep(IDLE_S)
        idle_cpu, idle = (cpu_s(pid) - used) / IDLE_S * 100, memory(pid)
        soon = cue(sound, time.time_ns() // 1_000_000 + 4_000, id="soon")
        publish((soon, *week), 2)
        wait_for(lambda: ear.of_kind("started"), "the sound to begin")
        time.sleep(PLAYING_S)
        (mpv,) = children(pid)
        return Round(hello_s, idle, idle_cpu, memory(pid), memory(mpv))
    finally:
        ear.close()
        box.close()
        broker.close()
        files.close()


def memory(pid: int) -> Memory:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return Memory(kb["Rss"] * 1024 / 1e6, kb["Pss"] * 1024 / 1e6)


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def tell_all(rounds: Sequence[Round]) -> None:
    idle, cpu = middle([r.idle for r in rounds]), [r.idle_cpu for r in rounds]
    tell(
        f"agent idle, connected, a plan of {CUES} cues, without its player",
        shown(idle),
        aim=f"RSS ≤ {AIM_MB:.0f} MB",
        met=idle.rss <= AIM_MB,
        why="half of it is Python, msgspec and cryptography as they come",
    )
    tell("the same agent while it plays", shown(middle([r.playing for r in rounds])))
    tell("mpv beside it", shown(middle([r.player for r in rounds])))
    tell(
        f"agent idle, CPU of one core over {IDLE_S:.0f} s",
        spread(cpu, "%"),
        aim=f"< {AIM_CPU_PERCENT:.0f} %",
        met=statistics.median(cpu) < AIM_CPU_PERCENT,
        why="it looks at its switches and its plan each second",
    )
    tell(
        "agent, from its start to its hello at the broker", spread([r.hello_s for r in rounds], "s")
    )


def middle(found: Sequence[Memory]) -> Memory:
    return Memory(statistics.median(m.rss for m in found), statistics.median(m.pss for m in found))


def shown(found: Memory) -> str:
    return f"RSS {found.rss:.1f} MB, PSS {found.pss:.1f} MB"


def main() -> int:
    lacking = lacks_broker() or (None if shutil.which("mpv") else "needs mpv")
    if lacking:
        tell("agent idle", f"not measured: {lacking}")
        return 0
    with tempfile.TemporaryDirectory(prefix="loalang-bench-") as folder:
        run(Path(folder))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
