"""An older office speaks to a true box that knows more: rotations, a restored database, a move."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlmodel import select

from controller.operations.placements import replace_placement
from controller.settings import Settings
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.trust_tables import SignedWord
from controller.wiring import Controller, utc_now
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(180)]


def test_keys_are_rotated_the_box_moved_and_the_database_restored(tmp_path: Path) -> None:
    """One true box through all three, without a visit and never without its plan."""

    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path), villages=2) as stage:
            await until(lambda: agrees(stage, stage.controller))
            first = held(stage)
            older = tmp_path / "older.sqlite3"
            await asyncio.to_thread(copy, database_of(tmp_path), older)

            await stage.call(stage.api.post, "/keys/rotate", {"now": True})
            await until(lambda: agrees(stage, stage.controller))
            rotated = held(stage)
            assert all(rotated[word] > first[word] for word in ("keys", "desired"))

            await asyncio.to_thread(move_first_box, stage)
            await until(lambda: stands_in(stage, stage.boxes[1].village.village_id))

            await stage.controller.stop()
            await asyncio.to_thread(put_back, older, database_of(tmp_path))
            restored = Controller(Settings(data_dir=tmp_path / "controller"), stage.url)
            await restored.start()
            try:
                await until(lambda: agrees(stage, restored), 90)
                mended = held(stage)
                assert all(mended[word] > rotated[word] for word in ("keys", "desired"))
                await until(lambda: stands_in(stage, stage.boxes[0].village.village_id))
            finally:
                await restored.stop()

    asyncio.run(run())


def held(stage: Stage) -> dict[str, int]:
    """Serials that the first box holds on its disk."""
    state = stage.boxes[0].folder / "state"
    found = {}
    for word in ("keys", "desired"):
        path = state / f"{word}.json"
        _, _, body = path.read_bytes().partition(b"\n") if path.exists() else (b"", b"", b"")
        found[word] = msgspec.json.decode(body)["serial"] if body else 0
    return found


async def agrees(stage: Stage, controller: Controller) -> bool:
    """Whether the box holds just what this controller said last."""
    with controller.database.read() as session:
        keys = session.get(SignedWord, "keys")
        desired = session.get(tables.DesiredState, stage.boxes[0].did)
    if keys is None or desired is None:
        return False
    return held(stage) == {"keys": keys.serial, "desired": desired.serial}


async def stands_in(stage: Stage, village_id: str) -> bool:
    """Whether the first box holds that it was moved there."""
    path = stage.boxes[0].folder / "state" / "placement.json"
    return path.exists() and f'"units":["{village_id}"' in path.read_text()


def move_first_box(stage: Stage) -> None:
    """Swap its place for the other village's."""
    box, other = stage.boxes
    now = utc_now()
    with stage.controller.database.write() as session:
        query = select(tables.Installation).where(tables.Installation.device_id == box.did)
        installed = session.exec(query).one()
        installed.until_ms = to_ms(now)
        session.add(
            tables.Installation(
                device_id=box.did, cluster_id=other.village.cluster_id, from_ms=to_ms(now)
            )
        )
        session.flush()
        replace_placement(session, stage.controller.services.authority, box.did, now)


def database_of(folder: Path) -> Path:
    return folder / "controller" / "loalang.sqlite3"


def copy(path: Path, to: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def put_back(older: Path, path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    older.replace(path)
