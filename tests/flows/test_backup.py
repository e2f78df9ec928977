"""An office dies; its backup on an empty machine has its boxes back without a visit."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from audio_library.store.address import open_store
from controller.app import create_app
from controller.cli.api_client import Api
from controller.fleet.key_backup import open_keys, seal_keys
from controller.operations.backup import make_backup
from controller.operations.restore import restore_backup
from controller.server import listen, serving
from controller.settings import Settings
from controller.wiring import Controller, utc_now
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import outcomes, plan, virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(120)]
PASSPHRASE = "chín bông lúa mười bông mạ"


@contextlib.asynccontextmanager
async def another_office(folder: Path, stage: Stage) -> AsyncIterator[Stage]:
    """A controller on restored data, asked by who was signed in at the old one."""
    sock = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    controller = Controller(Settings(data_dir=folder), url)
    await controller.start()
    try:
        async with serving(create_app(controller.services, "test"), sock):
            api = Api(url)
            api.token = stage.api.token
            yield Stage(controller, url, api, stage.boxes)
            controller.services.closing.set()
    finally:
        await controller.stop()


def back_up(folder: Path, to: Path) -> None:
    settings = Settings(data_dir=folder)
    store = open_store("file:", folder=folder / "audio", environment=os.environ)
    make_backup(
        settings, store, seal_keys, to, PASSPHRASE, "test", utc_now(), lambda _done, _all: None
    )


async def under_load(stage: Stage, folder: Path, to: Path) -> int:
    """Back up while people write; gives how many drafts they wrote meanwhile."""
    backup = asyncio.create_task(asyncio.to_thread(back_up, folder, to))
    written = 0
    while not backup.done():
        await stage.call(stage.api.post, "/bulletins", {"scripts": {"vi": f"Tin số {written}."}})
        written += 1
    await backup
    return written


def test_the_same_boxes_come_back_to_a_restored_office_and_its_record_is_whole(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        old, backup, new = tmp_path / "controller", tmp_path / "office.backup", tmp_path / "new"
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            bulletin = await stage.approved("Họp thôn lúc 7h.")
            await plan(stage, bulletin, 3)

            async def played() -> bool:
                return await outcomes(stage) == ["played"]

            await until(played)
            assert await under_load(stage, old, backup) > 0
            as_run = await stage.call(stage.api.get, "/as-run")
            await stage.controller.stop()
            shutil.rmtree(old)

            restore_backup(Settings(data_dir=new), open_keys, backup, PASSPHRASE, utc_now())
            async with another_office(new, stage) as office:
                assert await stage.call(office.api.get, "/as-run") == as_run

                async def online() -> bool:
                    return [c["status"] for c in await office.clusters()] == ["san"]

                await until(online)
                (box,) = stage.boxes
                assert box.process.returncode is None, "nobody went to the village"
                order = {"bulletin": bulletin, "unit": "dv-23500"}
                await office.call(office.api.post, "/plays", order)

                async def played_again() -> bool:
                    return await outcomes(office) == ["played", "played"]

                await until(played_again)

    asyncio.run(run())
