"""An office dies; its backup on an empty machine has its boxes back without a visit."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from audio_library.store.address import open_store
from controller.app import create_app, create_box_app
from controller.cli.api_client import Api
from controller.fleet.key_backup import open_keys, seal_keys
from controller.operations.backup import make_backup
from controller.operations.load_sample import AT_ANY_HOUR, load_sample
from controller.operations.restore import restore_backup
from controller.server import listen, serving, serving_tls
from controller.settings import Settings
from controller.wiring import Controller, utc_now
from tests.flows.stage import Stage, own_tls, staged, until
from tests.flows.test_faults import outcomes, virtual
from tests.flows.test_pairing import BlankBox, heard, on_duty, paired

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(150)]
PASSPHRASE = "chín bông lúa mười bông mạ"


@contextlib.asynccontextmanager
async def another_office(folder: Path, old: Stage) -> AsyncIterator[Stage]:
    """A controller on restored data where boxes know the broker to be, for who was signed in."""
    sock = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    known = urlsplit(old.controller.addresses().brokers[0]).port
    update = {**own_tls(), "broker_tls_port": known}
    settings = Settings(data_dir=folder).model_copy(update=update)
    controller = Controller(settings, url)
    assert controller.tls is not None
    await controller.start()
    try:
        people = create_app(controller.services, "test")
        boxes = create_box_app(controller.services)
        async with serving(people, sock), serving_tls(people, boxes, settings, controller.tls):
            api = Api(url)
            api.token = old.api.token
            yield Stage(controller, url, api, [])
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


def test_a_paired_box_comes_back_to_a_restored_office_and_the_record_is_whole(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        old, backup, new = tmp_path / "controller", tmp_path / "office.backup", tmp_path / "new"
        async with staged(tmp_path, virtual(tmp_path), villages=0, tls=True) as stage:
            (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
            box = BlankBox(tmp_path / "box").write()
            did = await paired(stage, box, village)
            async with box.running():
                await until(lambda: on_duty(stage, did))
                await heard(stage, box, village, await stage.approved("Họp thôn."))
                await until(lambda: played(stage, 1))
                assert await under_load(stage, old, backup) > 0
                as_run = await stage.call(stage.api.get, "/as-run")
                await stage.controller.stop()
                shutil.rmtree(old)

                restore_backup(Settings(data_dir=new), open_keys, backup, PASSPHRASE, utc_now())
                async with another_office(new, stage) as office:
                    assert await office.call(office.api.get, "/as-run") == as_run
                    await until(lambda: on_duty(office, did))
                    # What it has never held comes by the restored authority's door for boxes.
                    await heard(office, box, village, await office.approved("Tiêm chủng."))
                    await until(lambda: played(office, 2))

    asyncio.run(run())


async def played(stage: Stage, times: int) -> bool:
    return await outcomes(stage) == ["played"] * times
