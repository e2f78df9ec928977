"""Faults on the way: the broker dies, a bulletin is withdrawn, a reader is cut off."""

import asyncio
import json
import os
import signal
import sys
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from controller.cli.village_boxes import Loudspeaker, start_box
from controller.mqtt import child
from controller.storage import tables
from controller.wiring import utc_now
from tests.flows.stage import Stage, staged, until

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(120)]


def virtual(folder: Path) -> Loudspeaker:
    wav_dir = folder / "wav"
    wav_dir.mkdir()
    module = "audio_library.mastering.virtual_loudspeaker"
    return Loudspeaker("command", (sys.executable, "-m", module, "--wav-dir", str(wav_dir)))


async def plan(stage: Stage, bulletin: str, in_s: float) -> dict[str, Any]:
    at = (utc_now() + timedelta(seconds=in_s)).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    form = {
        "bulletins": [bulletin],
        "villages": [b.village.village_id for b in stage.boxes],
        "start_date": at.date().isoformat(),
        "wall_time": at.time().replace(microsecond=0).isoformat(),
    }
    kept: dict[str, Any] = await stage.call(stage.api.post, "/programmes", form)
    return kept


async def outcomes(stage: Stage) -> list[str]:
    return [row["outcome"] for row in await stage.call(stage.api.get, "/as-run")]


def test_a_plan_made_while_the_broker_is_dead_is_sent_later_and_played(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path), villages=2) as stage:
            bulletin = await stage.approved("Họp thôn lúc 7h.")
            broker = stage.controller.broker
            assert broker is not None
            assert broker.pid is not None
            os.kill(broker.pid, signal.SIGKILL)

            kept = await plan(stage, bulletin, 8)
            assert kept["id"], "the request is answered although nobody can be told yet"

            async def both_played() -> bool:
                return await outcomes(stage) == ["played", "played"]

            await until(both_played)

    asyncio.run(run())


def test_an_order_to_play_now_is_heard_also_by_a_box_that_comes_back_in_time(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            bulletin = await stage.approved("Tin ngắn.")
            (box,) = stage.boxes
            box.process.kill()
            await box.process.wait()

            order = {"bulletin": bulletin, "unit": "dv-23500"}
            told = await stage.call(stage.api.post, "/plays", order)
            assert told["devices"] == [box.did]
            again = await start_box(box.did, box.village, box.folder, {})

            async def played() -> bool:
                return await outcomes(stage) == ["played"]

            try:
                await until(played)
            finally:
                await child.stop(again.process)
            (row,) = await stage.call(stage.api.get, "/as-run")
            assert (row["bulletin"], row["approved_by"]) == (bulletin, "quantri")

    asyncio.run(run())


def test_a_withdrawn_bulletin_falls_silent_in_mid_sentence_and_is_confirmed(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            bulletin = await stage.approved("Bà con chú ý nghe kỹ nội dung sau đây. " * 12)
            await plan(stage, bulletin, 3)

            async def on_air() -> bool:
                return (await stage.clusters())[0]["status"] == "phat"

            await until(on_air)
            why = {"why": "sai nội dung"}
            await stage.call(stage.api.post, f"/bulletins/{bulletin}/withdraw", why)

            async def cut() -> bool:
                return await outcomes(stage) == ["cut"]

            await until(cut, 20)

            async def confirmed() -> bool:
                shown = await stage.call(stage.api.get, f"/bulletins/{bulletin}")
                return bool(shown["unconfirmed_boxes"] == 0)

            await until(confirmed, 20)

    asyncio.run(run())


def test_a_screen_that_was_cut_off_resumes_where_it_stopped(tmp_path: Path) -> None:
    def read_news(stage: Stage, last: int, count: int) -> list[tuple[int, str, dict[str, Any]]]:
        request = urllib.request.Request(
            f"{stage.url}/api/v1/events", headers={"last-event-id": str(last), **bearer(stage)}
        )
        found, event = [], {}
        with urllib.request.urlopen(request, timeout=20) as lines:
            for line in lines:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif event.get("event") not in ("hello", "beat"):
                    found.append((int(event["id"]), event["event"], json.loads(event["data"])))
                    if len(found) == count:
                        return found
        return found

    def bearer(stage: Stage) -> dict[str, str]:
        return {"authorization": f"Bearer {stage.api.token}"}

    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            await stage.approved("Tin một.")
            first = await asyncio.to_thread(read_news, stage, 0, 4)
            again = await asyncio.to_thread(read_news, stage, first[1][0], 2)

            assert again == first[2:]
            with stage.controller.database.read() as session:
                so_far = len(session.exec(select(tables.Event.id)).all())
            told = await asyncio.to_thread(read_news, stage, 0, so_far)
            assert "bulletin" in {kind for _, kind, _ in told}

    asyncio.run(run())
