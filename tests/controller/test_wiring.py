"""The running whole: long work on a small machine keeps nothing else waiting."""

import asyncio
import threading
from pathlib import Path

import pytest

from controller.operations.bring_recording import CHECKS_AT_ONCE
from controller.settings import Settings
from controller.wiring import Controller

LOOPS_OF_WORK = 4


@pytest.mark.needs("mosquitto")
def test_threads_are_left_when_all_long_work_is_being_done(tmp_path: Path) -> None:
    done = threading.Event()

    async def busy() -> int:
        controller = Controller(Settings(data_dir=tmp_path), "http://127.0.0.1:9")
        try:
            await controller.start()
            assert all(f.stat().st_mode & 0o077 == 0 for f in tmp_path.rglob("*"))
            for _ in range(LOOPS_OF_WORK + CHECKS_AT_ONCE):
                asyncio.get_running_loop().run_in_executor(None, done.wait)
            return await asyncio.wait_for(asyncio.to_thread(threading.get_native_id), 20)
        finally:
            done.set()
            await controller.stop()

    assert asyncio.run(busy())


@pytest.mark.parametrize(
    ("set_to", "told"),
    [
        ("mqtt://loa:secret@broker.xa:1884", "mqtt://broker.xa:1884"),
        ("mqtts://loa:p%40ss@broker.xa", "mqtts://broker.xa"),
        ("mqtt://10.0.0.5:1883", "mqtt://10.0.0.5:1883"),
    ],
)
def test_boxes_are_told_where_a_broker_is_but_nobodys_password(
    tmp_path: Path, set_to: str, told: str
) -> None:
    controller = Controller(Settings(data_dir=tmp_path, broker_url=set_to), "http://127.0.0.1:9")
    try:
        assert controller.broker_url == told
    finally:
        controller.database.close()
