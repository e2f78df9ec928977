"""A stick between the office and a box that has no network at all, there and back, twice."""

import asyncio
import json
import os
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from controller.cli import bundle_desk
from controller.cli.village_boxes import Loudspeaker, VillageBox, start_box
from controller.mqtt import child
from controller.storage import tables
from controller.wiring import utc_now
from tests.flows.stage import Stage, staged, until

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(120)]

NOBODY = "http://127.0.0.1:9"
"""No box can fetch from there: what it holds came on the stick."""


async def on_air(stage: Stage, bulletin: str, in_s: float) -> None:
    """Plan a programme and wait until the box was told."""
    at = (utc_now() + timedelta(seconds=in_s)).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    form = {
        "bulletins": [bulletin],
        "villages": [box.village.village_id for box in stage.boxes],
        "start_date": at.date().isoformat(),
        "wall_time": at.time().replace(microsecond=0).isoformat(),
    }
    await stage.call(stage.api.post, "/programmes", form)

    async def told() -> bool:
        with stage.controller.database.read() as session:
            return bool(session.exec(select(tables.PlannedPlay)).all())

    await until(told)


async def cut_off(box: VillageBox) -> VillageBox:
    """The same box without a broker."""
    await child.stop(box.process)
    config = box.folder / "agent.toml"
    lines = config.read_text("utf-8").splitlines()
    lines = ['url = "mqtt://127.0.0.1:9"' if line.startswith("url") else line for line in lines]
    config.write_text("\n".join(lines) + "\n", "utf-8")
    return await start_box(box.did, box.village, box.folder, {})


async def at_box(box: VillageBox, op: str, stick: Path) -> str:
    """What a person at the box types, and what is answered."""
    command = ("-m", "edge_agent", op, str(stick), "--config", str(box.folder / "agent.toml"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out
    return out.decode()


def spooled(box: VillageBox) -> int:
    """Events that the box still keeps."""
    with sqlite3.connect(f"file:{box.folder}/state/spool.sqlite?mode=ro", uri=True) as spool:
        return int(spool.execute("select count(*) from event").fetchone()[0])


def test_a_plan_goes_out_on_a_stick_and_what_was_played_comes_back_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOALANG_PUBLIC_URL", NOBODY)
    stick = tmp_path / "usb"
    stick.mkdir()
    module = "audio_library.mastering.virtual_loudspeaker"
    (tmp_path / "wav").mkdir()
    player = Loudspeaker(
        "command", (sys.executable, "-m", module, "--wav-dir", str(tmp_path / "wav"))
    )

    async def run() -> None:
        async with staged(tmp_path, player) as stage:
            box = await cut_off(stage.boxes[0])
            try:
                await there_and_back(stage, box)
            finally:
                await child.stop(box.process)

    async def there_and_back(stage: Stage, box: VillageBox) -> None:
        bulletin = await stage.approved("Họp thôn lúc 7h.")
        await on_air(stage, bulletin, 9)
        village = {"village": [box.village.village_id]}
        await stage.call(bundle_desk.make, stage.api, stick, village)
        assert "Hộp đã có đủ tệp" in await at_box(box, "import", stick)

        async def played() -> bool:
            return spooled(box) == 2

        await until(played)
        assert await stage.call(stage.api.get, "/as-run") == []
        assert "Đã ghi 2 sự kiện" in await at_box(box, "export", stick)
        assert await stage.call(bundle_desk.take, stage.api, stick) == 0
        (row,) = await stage.call(stage.api.get, "/as-run")
        assert row["outcome"] == "played"

        # The records stay in the box until the receipt comes; meanwhile they may come again.
        assert spooled(box) == 2
        assert await stage.call(bundle_desk.take, stage.api, stick) == 0
        assert "0 sự kiện mới, 2 đã có" in capsys.readouterr().out
        assert len(await stage.call(stage.api.get, "/as-run")) == 1

        # The second trip: made anew, it carries the receipts too.
        (stick / "loalang" / "boxes" / box.did / "ack.jws").unlink()
        await stage.call(bundle_desk.make, stage.api, stick, village)
        assert "1 biên nhận" in await at_box(box, "import", stick)
        assert spooled(box) == 0
        assert "Đã ghi 0 sự kiện" in await at_box(box, "export", stick)
        assert not list((stick / "loalang" / "back").glob("*/*.jws"))
        about = json.loads((stick / "loalang" / "back" / box.did / "about.json").read_text())
        assert about["lacking"] == 0

    asyncio.run(run())
