"""An alert from the order to the horn and back, at a true office with true boxes."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.operations.phrase_audio import ask_for_phrases
from controller.operations.phrase_bank import load_bank, place_names
from controller.wiring import utc_now
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual

pytestmark = [pytest.mark.needs("mosquitto", "espeak-ng"), pytest.mark.timeout(180)]

NEEDED = (
    "opening.urgent",
    "opening.update",
    "link.warning",
    "hazard.flash_flood",
    "instruction.leave_stream",
    "source.commune",
    "time.issued",
)


async def has_phrases(stage: Stage, village: str) -> None:
    """Have the few phrases of one alert made, and the box hold them."""
    services = stage.controller.services

    def ask() -> None:
        now = utc_now()
        with services.database.write() as session:
            places = place_names(session, [village], services.today())
            bank = load_bank(session, "vi", places)
            zone = ZoneInfo(services.rules.time_zone)
            soon = [(now + timedelta(minutes=5 * n)).astimezone(zone) for n in range(2)]
            times = {f"hour.{at:%H}" for at in soon}
            times |= {f"minute.{at.minute // 5 * 5:02d}" for at in soon if at.minute >= 5}
            ask_for_phrases(session, bank, (*NEEDED, *places, *sorted(times)), now)

    await asyncio.to_thread(ask)

    async def made() -> bool:
        left: list[dict[str, Any]] = await stage.call(stage.api.get, "/work-items")
        return not [item for item in left if item["kind"] == "phrase"]

    await until(made)
    await stage.call(stage.api.get, "/phrases/index")

    async def held() -> bool:
        box = await stage.call(stage.api.get, f"/boxes/{stage.boxes[0].did}")
        (cluster,) = await stage.clusters()
        return bool(box["lacking"] == 0 and cluster["status"] == "san")

    await until(held)


async def answers(stage: Stage, alert: str) -> dict[str, Any]:
    board = await stage.call(stage.api.get, f"/alerts/{alert}/board")
    (line,) = board["boxes"]
    found: dict[str, Any] = line
    return found


def test_order_update_end_and_what_is_kept_of_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path), languages=[("vi",)]) as stage:
            (village,) = [box.village.village_id for box in stage.boxes]
            await has_phrases(stage, village)
            form = {
                "scopes": [village],
                "hazard": "flash_flood",
                "instructions": ["leave_stream"],
                "siren_seconds": 2,
                "repeat_minutes": 0,
                "authorised_by": "Chủ tịch xã",
                "reason": "thử cả chặng",
            }
            raised = await stage.call(stage.api.post, "/alerts", form)
            alert = raised["id"]

            async def says(answer: str) -> bool:
                return bool((await answers(stage, alert))["answer"] == answer)

            await until(lambda: says("playing"), within_s=20)
            line = await answers(stage, alert)
            assert line["after_ms"]["received"] < 5_000
            assert line["after_ms"]["playing"] < 8_000

            change = {"reason": "nước dâng", "minutes": 30}
            again = await stage.call(stage.api.post, f"/alerts/{alert}/update", change)
            assert again["version"] > raised["version"]
            await until(lambda: says("playing"), within_s=20)
            ended = await stage.call(
                stage.api.post, f"/alerts/{alert}/end", {"reason": "nước đã rút"}
            )
            assert ended["alert"]["state"] == "ended"
            await until(lambda: says("ended"), within_s=20)

            async def recorded() -> bool:
                rows = await stage.call(stage.api.get, f"/as-run?alert={alert}")
                return bool(rows) and all(row["outcome"] != "unknown" for row in rows)

            await until(recorded, within_s=20)
            rows = await stage.call(stage.api.get, f"/as-run?alert={alert}")
            assert {row["source"] for row in rows} == {"alert"}
            assert {row["approved_by"] for row in rows} == {"Chủ tịch xã"}
            assert all(row["village"] and row["title"] == "Lũ quét" for row in rows)

    asyncio.run(run())
