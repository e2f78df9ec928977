"""A whole controller in this process, and one real box that reaches its broker by a bad way."""

import contextlib
import json
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from controller.cli.village_boxes import set_up_box, start_box
from controller.mqtt import child
from controller.operations.load_sample import AT_ANY_HOUR, SampleVillage, load_sample
from controller.storage.database import Database
from tests.faults.proxy import Proxy
from tests.flows.stage import Stage, staged
from tests.flows.test_faults import virtual


@dataclass
class Town:
    """The controller, and the box in `folder` that is not started yet."""

    stage: Stage
    village: SampleVillage
    did: str
    folder: Path
    link: Proxy
    process: Process | None = None

    @property
    def database(self) -> Database:
        return self.stage.controller.database

    async def start(self) -> None:
        self.process = (await start_box(self.did, self.village, self.folder, {})).process

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def log(self, action: str) -> list[dict[str, Any]]:
        """All log lines of the box with this action."""
        file = self.folder / "agent.log"
        lines = file.read_text().splitlines() if file.exists() else []
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [entry for entry in entries if entry["action"] == action]


@asynccontextmanager
async def town(folder: Path, *, broker_url: str = "embedded:") -> AsyncIterator[Town]:
    """Set up both."""
    player = virtual(folder)
    async with (
        staged(folder, player, villages=0, broker_url=broker_url) as stage,
        contextlib.AsyncExitStack() as stack,
    ):
        (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
        place = folder / "box"
        did = await set_up_box(stage.api, village, place, player)
        port = urlsplit(stage.controller.broker_url).port
        assert port is not None
        link = Proxy(port)
        stack.callback(link.close)
        config = place / "agent.toml"
        config.write_text(config.read_text().replace(f":{port}", f":{link.port}", 1))
        made = Town(stage, village, did, place, link)
        try:
            yield made
        finally:
            if made.process is not None:
                await child.stop(made.process)
