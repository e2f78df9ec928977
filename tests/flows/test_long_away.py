"""A box that was away for 500 days, and has no clock, comes back on air without a visit."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.fleet.keyring import Purpose
from controller.operations.keys import rotate_keys
from controller.operations.load_sample import AT_ANY_HOUR, load_sample
from controller.wiring import utc_now
from edge_agent import identity, tls
from tests.faults.stage import MovableClock
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual
from tests.flows.test_pairing import BlankBox, heard, on_duty, paired

pytestmark = [pytest.mark.needs("mosquitto", "faketime"), pytest.mark.timeout(120)]


def age_certificate(stage: Stage, box: BlankBox, did: str, age: timedelta) -> None:
    """Let the box hold what it was given so long ago."""
    assert stage.controller.services.ca is not None
    public = identity.load_key(box.state).public_key()
    old = stage.controller.services.ca.box_certificate(did, public, utc_now() - age)
    tls.certificate_path(box.state).write_text(old.pem)


@contextlib.asynccontextmanager
async def running_in_1970(box: BlankBox, clock: MovableClock) -> AsyncIterator[None]:
    """The agent at work on a machine without a clock chip; nobody vouches for its clock."""
    clock.into_1970()
    config = box.folder / "agent.toml"
    told = config.read_text().replace("trust_system_clock = true", "trust_system_clock = false")
    config.write_text(told)
    with (box.folder / "agent.log").open("wb") as log:
        agent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edge_agent", "run", "--config", str(config)),
            env=os.environ | clock.environment,
            stderr=log,
        )
    try:
        yield
    finally:
        agent.terminate()
        await agent.wait()


def logged(box: BlankBox) -> list[dict[str, Any]]:
    lines = (box.folder / "agent.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_away_for_500_days_with_rotations_missed_and_no_clock(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path), villages=0, tls=True) as stage:
            (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
            box = BlankBox(tmp_path / "box").write()
            did = await paired(stage, box, village)
            async with box.running():
                await until(lambda: on_duty(stage, did))
            age_certificate(stage, box, did, timedelta(days=500))
            for _ in range(2):
                await asyncio.to_thread(
                    rotate_keys,
                    stage.controller.database,
                    stage.controller.services.authority,
                    (Purpose.OFFICE, Purpose.EMERGENCY),
                    "Cô Lan",
                    utc_now(),
                    at_once=True,
                )
            bulletin = await stage.approved("Họp thôn lúc 7h.")
            async with running_in_1970(box, MovableClock(tmp_path)):

                async def renewed() -> bool:
                    actions = [entry["action"] for entry in logged(box)]
                    return "certificate_renewed" in actions and "link_online" in actions

                await until(renewed)
                await heard(stage, box, village, bulletin)

            told = logged(box)
            actions = [entry["action"] for entry in told]
            trusted = next(
                at
                for at, entry in enumerate(told)
                if entry["action"] == "clock_source" and entry["trusted"]
            )
            sounded = next(
                at
                for at, entry in enumerate(told)
                if entry["action"] == "decided" and entry["act"] == "play"
            )
            assert actions.index("link_online") < trusted < sounded

    asyncio.run(run())
