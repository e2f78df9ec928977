"""When a sound begins: the agent with mpv, beside a bare sleep and beside mpv started cold.

Two agents hold one plan of short tones. At the instants of the same plan a bare process sleeps,
and between them mpv is started for a file as a script of cron would. A start is what mpv tells of
its first sample; the bare sleep tells when it awoke.
"""

import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from _sounds import tone
from _stage import note, tell

from controller import log_setup
from edge_agent.contract import topics
from edge_agent.contract.manifest import Cue
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

PLAYS = int(os.environ.get("BENCH_PLAYS", "200"))
COLD_PLAYS = max(5, PLAYS // 5)
EVERY_MS = 2_500
TONE_MS = 600
FIRST_MS = 15_000
COLD_AFTER_MS = 1_250
"""A cold start falls between two plays, when nothing else begins."""
AIM_MS = 6.0
MPV = ("mpv", "--no-config", "--no-video", "--no-terminal", "--really-quiet", "--ao=null")


class Village:
    """A broker, an agent with mpv on the null output, and an ear for what it reports."""

    def __init__(self, folder: Path, office: Office) -> None:
        folder.mkdir()
        self.broker = Broker(folder)
        player = {"kind": "mpv", "audio_output": "null"}
        self.box = Box(office, folder, self.broker.port, player=player, heartbeat_s=60)
        self.ear = Ear(office, self.broker.port, self.box.key)
        self.ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
        self.box.start()

    def starts(self) -> dict[str, int]:
        """Wall time of each start by cue, in ms."""
        return {event.cue: event.wall for event in self.ear.of_kind("started")}

    def close(self) -> None:
        self.ear.close()
        self.box.close()
        self.broker.close()


def run(folder: Path) -> None:
    office = Office.open(folder / "files")
    files = FileServer(folder / "files")
    villages = [Village(folder / name, office) for name in ("one", "two")]
    try:
        planned = plan(folder, office)
        for village in villages:
            now_ms = time.time_ns() // 1_000_000
            desired = office.desired(planned, serial=1, now_ms=now_ms, sources=(files.address,))
            sealed = office.sealed(desired, Kind.DESIRED)
            village.ear.retain(topics.down(DID, "desired"), sealed)
        instants = [c.start / 1000 for c in planned]
        sleeper = subprocess.Popen(
            [sys.executable, "-c", SLEEPER, json.dumps(instants)], stdout=subprocess.PIPE
        )
        cold = cold_starts(folder / "tone.wav", instants)
        out, _ = sleeper.communicate()
        for village in villages:
            wait_for(partial(_have_begun, village), "the last start", 60.0)
        tell_all(planned, [v.starts() for v in villages], json.loads(out), cold)
    finally:
        for village in villages:
            village.close()
        files.close()


def _have_begun(village: Village) -> bool:
    return len(village.starts()) >= PLAYS


SLEEPER = """
import json, sys, time
late = []
for at in json.loads(sys.argv[1]):
    time.sleep(max(0.0, at - time.time()))
    late.append((time.time() - at) * 1000)
print(json.dumps(late))
"""


def plan(folder: Path, office: Office) -> tuple[Cue, ...]:
    """Tones of one file at instants that fall on no whole second."""
    asset = office.audio(tone(folder / "tone.wav", TONE_MS).read_bytes(), TONE_MS)
    first_ms = time.time_ns() // 1_000_000 + FIRST_MS
    return tuple(
        cue(asset, at, id=f"c{number}", latest_end=at + 2_000)
        for number in range(PLAYS)
        for at in [first_ms + number * EVERY_MS + number * 37 % 400]
    )


def cold_starts(file: Path, instants: Sequence[float]) -> list[float]:
    """How late the first sample of an mpv is that is started at the instant itself, in ms."""
    late = []
    step = max(1, len(instants) // COLD_PLAYS)
    for at in (instant + COLD_AFTER_MS / 1000 for instant in instants[::step]):
        time.sleep(max(0.0, at - time.time()))
        late.append(cold_start(file, at))
    return late


def cold_start(file: Path, at: float) -> float:
    """Start mpv now and watch for the first movement of its position."""
    ours, theirs = socket.socketpair()
    with ours:
        process = subprocess.Popen(
            (*MPV, f"--input-ipc-client=fd://{theirs.fileno()}", str(file)),
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        ours.sendall(b'{"command": ["observe_property", 1, "time-pos"]}\n')
        pending = b""
        while block := ours.recv(65_536):
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                position = json.loads(line).get("data")
                if isinstance(position, float) and position > 0:
                    process.kill()
                    process.wait()
                    return (time.time() - position - at) * 1000
    raise RuntimeError("mpv ended without a sound")


def tell_all(
    planned: Sequence[Cue],
    starts: Sequence[dict[str, int]],
    slept: Sequence[float],
    cold: Sequence[float],
) -> None:
    errors = [abs(told[c.id] - c.start) for told in starts for c in planned]
    skews = [abs(starts[0][c.id] - starts[1][c.id]) for c in planned]
    ours, bare = shown(errors), shown(slept)
    over = percentile(errors, 99) - percentile(slept, 99)
    tell(
        f"start error of {len(planned)} plays on each of two agents, beside a bare sleep",
        ours,
        baseline=bare,
        aim=f"p99 ≤ its p99 + {AIM_MS:.0f} ms",
        met=over <= AIM_MS,
        why=f"{over:.1f} ms above",
    )
    tell("the same, beside mpv started cold", ours, baseline=shown(cold))
    tell("skew of the two agents on this machine", shown(skews))


def shown(errors: Sequence[float]) -> str:
    return f"p50 {statistics.median(errors):.1f}, p99 {percentile(errors, 99):.1f} ms"


def percentile(values: Sequence[float], share: int) -> float:
    """Smallest value that at least `share` per cent of all do not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * share / 100) - 1]


def main() -> int:
    lacking = [
        name
        for name in ("mosquitto", "mpv")
        if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    ]
    if lacking:
        tell("start error", f"not measured: needs {', '.join(lacking)}")
        return 0
    note(f"start error: {PLAYS} plays take {PLAYS * EVERY_MS // 60_000 + 1} minutes")
    with tempfile.TemporaryDirectory(prefix="loalang-bench-") as folder:
        run(Path(folder))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
