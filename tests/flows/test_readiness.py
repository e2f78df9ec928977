"""The gate before air, with a true box on a true broker: it proves, or it is told of."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from controller.cli.village_boxes import start_box
from controller.mqtt import child
from controller.operations.air_gate import air_gate
from controller.storage.schedule_tables import ReadinessProof
from controller.wiring import utc_now
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import plan, virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(180)]

SETTLED = timedelta(minutes=3)


def test_a_box_that_is_gone_is_told_of_until_it_is_back_and_proves_what_it_holds(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            (box,) = stage.boxes
            await child.stop(box.process)
            await plan(stage, await stage.approved("Họp thôn lúc 7h."), 1_800)

            async def told_of() -> bool:
                return await not_ready(stage) == 1

            await until(told_of)
            (alarm,) = await stage.call(stage.api.get, "/alarms")
            assert "mất liên lạc" in alarm["vi"]

            again = await start_box(box.did, box.village, box.folder, {})
            try:
                await until(lambda: proved(stage))
                assert await not_ready(stage) == 0
                assert await stage.call(stage.api.get, "/alarms") == []
            finally:
                await child.stop(again.process)

    asyncio.run(run())


async def proved(stage: Stage) -> bool:
    """The box has proved to hold the one file, and to lack none."""
    with stage.controller.database.read() as session:
        proof = session.exec(select(ReadinessProof)).first()
    return proof is not None and len(proof.held) == 1 and not proof.lacking


async def not_ready(stage: Stage) -> int:
    """How many boxes the gate tells of, as if some minutes had passed."""
    services = stage.controller.services
    return await asyncio.to_thread(air_gate, services.database, services.rules, utc_now() + SETTLED)
