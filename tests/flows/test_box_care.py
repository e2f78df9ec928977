"""Care for a true box from the office: tone, diagnosis, maintenance, and its silence noticed."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.cli.box_desk import diagnosis_of, order_one
from controller.mqtt import child
from controller.operations.device_alarms import device_alarms
from controller.wiring import utc_now
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(180)]


def test_a_box_obeys_whoever_mends_it_and_is_missed_when_it_is_gone(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            (box,) = stage.boxes
            assert await stage.call(order_one, stage.api, box.did, "tone", {"seconds": 1}, 30)

            found = await stage.call(diagnosis_of, stage.api, box.did, 50, 60)
            assert "disk_free" in {check["name"] for check in found["checks"]}
            assert found["lines"]

            await maintain(stage, {"until": later(hours=1), "why": "thay loa"})
            await until(lambda: says(stage, silenced="maintenance"))
            assert (await shown(stage))["status"] == "bao_tri"
            asked = {"seconds": 1}
            assert not await stage.call(order_one, stage.api, box.did, "tone", asked, 20)

            await maintain(stage, None)
            await until(lambda: says(stage, silenced=""))
            assert (await shown(stage))["status"] == "san"

            await child.stop(box.process)
            services = stage.controller.services
            began, soon = utc_now(), utc_now() + timedelta(minutes=4)
            await asyncio.to_thread(device_alarms, services.database, services.rules, began, soon)
            kinds = [alarm["kind"] for alarm in await stage.call(stage.api.get, "/alarms")]
            assert "box_silent" in kinds

    asyncio.run(run())


def later(*, hours: int) -> str:
    return (utc_now() + timedelta(hours=hours)).isoformat()


async def maintain(stage: Stage, maintenance: dict[str, str] | None) -> None:
    path = f"/boxes/{stage.boxes[0].did}/policy"
    await stage.call(stage.api.put, path, {"maintenance": maintenance})


async def shown(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = await stage.call(stage.api.get, f"/boxes/{stage.boxes[0].did}")
    return found


async def says(stage: Stage, *, silenced: str) -> bool:
    box = await shown(stage)
    return bool(box["silenced"] == silenced)
