"""Somebody raises an alert at a box: the office learns of it, and keeps it on the record."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from controller.cli.village_boxes import VillageBox, start_box
from controller.mqtt import child
from edge_agent.contract.report import Source
from edge_agent.desk import Done, ask
from edge_agent.errors import AgentError
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(180)]

LOCAL = "\n[local_alert]\nenabled = true\npage_port = 0\nsiren_s = 1\nrepeat_minutes = 0\n"


def test_the_office_learns_what_was_raised_at_a_box(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            box = await with_local_alerts(stage)
            state_dir = box.folder / "state"
            await until(lambda: says(state_dir, "flash_flood"))
            await at_the_box(state_dir, {"do": "raise", "hazard": "flash_flood"})
            await until(lambda: alarmed(stage, "local_alert"))
            (alert,) = await stage.call(stage.api.get, "/alerts")
            assert alert["hazard"] == "flash_flood"
            await until(lambda: aired(stage, alert["id"]))
            await at_the_box(state_dir, {"do": "all_clear"})
            await until(lambda: ended(stage))

    asyncio.run(run())


async def with_local_alerts(stage: Stage) -> VillageBox:
    """Let the box start anew with alerts of its own."""
    (box,) = stage.boxes
    await child.stop(box.process)
    config = box.folder / "agent.toml"
    config.write_text(config.read_text() + LOCAL)
    anew = await start_box(box.did, box.village, box.folder, {})
    stage.boxes[:] = [anew]
    return anew


async def at_the_box(state_dir: Path, body: dict[str, object]) -> dict[str, Any]:
    """What a person there asks of the agent."""

    def talk() -> dict[str, Any]:
        done = [each.body for each in ask(state_dir, "local", body) if isinstance(each, Done)]
        return done[0]

    return await asyncio.to_thread(talk)


async def says(state_dir: Path, hazard: str) -> bool:
    try:
        told = await at_the_box(state_dir, {"do": "state"})
    except AgentError:
        return False
    return hazard in {each["hazard"] for each in told["hazards"]}


async def alarmed(stage: Stage, kind: str) -> bool:
    return kind in {alarm["kind"] for alarm in await stage.call(stage.api.get, "/alarms")}


async def aired(stage: Stage, alert: str) -> bool:
    rows = await stage.call(stage.api.get, "/as-run")
    played = [row for row in rows if row["source"] == Source.LOCAL and row["outcome"] == "played"]
    return any(row["alert"] == alert and row["village"] for row in played)


async def ended(stage: Stage) -> bool:
    (alert,) = await stage.call(stage.api.get, "/alerts")
    return bool(alert["state"] == "ended")
