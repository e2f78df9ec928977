"""A controller for a province, in a process of its own: FOLDER BOXES.

One JSON line out when every box is enrolled and planned for; then one command a line in, one
answer a line out.
"""

import asyncio
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from controller import log_setup
from controller.cli.simulated_office import SimulatedOffice, simulated_office


async def run(folder: Path, boxes: int) -> None:
    began = time.monotonic()
    async with simulated_office(folder, boxes) as office:
        enrolled = time.monotonic()
        await office.planned()
        say(
            port=office.broker.port,
            enrolled=enrolled - began,
            planned=time.monotonic() - enrolled,
            root=office.controller.services.authority.root_public,
            boxes=[
                {
                    "key": p.key.private_bytes_raw().hex(),
                    "password": p.password,
                    "did": p.did,
                    "units": p.placement.units,
                    "serial": p.placement.serial,
                }
                for p in office.pairings
            ],
        )
        await _serve(office)


async def _serve(office: SimulatedOffice) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        match command["do"]:
            case "schedule":
                at = datetime.fromtimestamp(command["at_s"], UTC)
                seconds, zones = command["seconds"], command.get("zones")
                await asyncio.to_thread(office.schedule, at, seconds, zones=zones)
                say()
            case "planned":
                await office.planned()
                say()
            case "kill_broker":
                assert office.controller.broker is not None
                pid = office.controller.broker.pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                say()
            case "processes":
                assert office.controller.broker is not None
                say(ours=os.getpid(), broker=office.controller.broker.pid)


def say(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    uvloop.run(run(Path(sys.argv[1]), int(sys.argv[2])))
