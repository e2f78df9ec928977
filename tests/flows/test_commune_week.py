"""A commune's week from an .ics file: what is heard, why, and the sheet on the wall."""

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from audio_library.rendition import spoken_sha256
from controller.__main__ import app
from controller.cli.village_boxes import Loudspeaker
from controller.operations.asked_work import ask_for_plan
from controller.storage import bulletins, tables
from controller.wiring import utc_now
from schedules.calendar_file import read_calendar
from tests.flows.stage import Stage, staged, until

WEEK = Path("docs/examples/tuan-truyen-thanh.ics")
SPOKEN = {"vi": "Cấm đốt nương rẫy khi nắng to.", "sed": "Kơdâng vâ.", "hre": "Hnhăm plây."}
MEASLES = "Sáng mai Trạm Y tế tiêm vắc xin sởi."


def heard(since: str, until_: str) -> list[tuple[str, str]]:
    """UID and wall time of each occurrence of the example."""
    window = ["--since", since, "--until", until_, "--json"]
    said = CliRunner().invoke(app, ["programmes", "occurrences", str(WEEK), *window])
    assert said.exit_code == 0
    return [(e["uid"].partition("@")[0], e["start"][:16]) for e in json.loads(said.stdout)]


def test_the_example_knows_tet_holidays_and_the_dry_season() -> None:
    tet = heard("2027-02-06", "2027-02-07")
    assert tet == [
        ("tet", "2027-02-06T06:10"),
        ("sang", "2027-02-06T06:20"),
        ("chieu", "2027-02-06T17:00"),
        ("chay-rung", "2027-02-06T17:50"),
        ("ram", "2027-02-06T18:00"),
    ]
    assert [day for uid, day in heard("2027-02-01", "2027-02-20") if uid == "tet"] == [
        f"2027-02-{day:02d}T06:10" for day in (6, 7, 8)
    ]
    # 24 November is a holiday since 2026; the fire season ends on 30 April.
    assert ("trua", "2026-11-24T11:00") not in heard("2026-11-24", "2026-11-25")
    assert ("trua", "2026-11-25T11:00") in heard("2026-11-25", "2026-11-26")
    assert not [uid for uid, _ in heard("2027-05-01", "2027-06-01") if uid == "chay-rung"]
    assert [uid for uid, _ in heard("2027-04-26", "2027-05-01") if uid == "chay-rung"]
    assert not read_calendar(WEEK.read_bytes(), "Asia/Ho_Chi_Minh").unread


@pytest.mark.needs("mpv")
@pytest.mark.timeout(180)
def test_a_week_in_three_languages_is_planned_explained_and_printed(tmp_path: Path) -> None:
    asyncio.run(a_week(tmp_path))


async def a_week(folder: Path) -> None:
    speaker = Loudspeaker("mpv", audio_output="null")
    async with staged(folder, speaker, languages=[("vi", "sed", "hre")]) as stage:
        village = stage.boxes[0].village.village_id
        await stage.approved(MEASLES)
        await in_three_languages(stage)
        relay = {"name": "VOV4", "url": "https://vov4.example/live.m3u8", "why_unproved": ""}
        await stage.call(stage.api.put, "/relays/vov", relay)
        day = (date.today() + timedelta(days=2)).isoformat()

        first = await imported(stage, village)
        assert first["new"] == 6
        assert first["refused"] == 0
        assert (await imported(stage, village))["unchanged"] == 6

        async def spoken() -> list[tuple[str, str]]:
            shown = await get(stage, "calendar", village=village, since=day, days=1)
            return [
                (item["title"], item["language"])
                for session in shown["zones"][0]["days"][0]["sessions"]
                if session["title"] == "Chương trình buổi sáng"
                for item in session["sounds"]
            ]

        async def in_all_languages() -> bool:
            said = await spoken()
            return [tag for title, tag in said if title == "Nương rẫy"] == ["vi", "sed", "hre"]

        await until(in_all_languages)

        why = await get(stage, "explain", village=village, at=f"{day}T05:30:30+07:00", subject="")
        assert why["verdict"] == "will_play"
        silent = await get(
            stage, "explain", village=village, at=f"{day}T03:00:00+07:00", subject=""
        )
        assert silent["verdict"] == "will_not_play"

        sheet = await stage.call(stage.api.page, f"/lang/{village}/ngay/{day}?tep=1")
        assert "05:30:00" in sheet.decode()
        assert "Nương rẫy" in sheet.decode()


async def get(stage: Stage, what: str, **asked: object) -> dict[str, Any]:
    found: dict[str, Any] = await stage.call(stage.api.get, f"/plan/{what}?{urlencode(asked)}")
    return found


async def imported(stage: Stage, village: str) -> dict[str, int]:
    """Bring the example in for a village and keep it, as `programmes import` does."""
    asked = urlencode({"village": village, "keep": "true"})
    path = f"/programmes/calendar?{asked}"
    said: dict[str, int] = await stage.call(stage.api.upload, path, WEEK, lambda *_: None)
    return said


async def in_three_languages(stage: Stage) -> None:
    """A bulletin in all three languages; those without a voice are given the Vietnamese sound."""
    form = {"scripts": SPOKEN, "title": "Nương rẫy", "topic": "bao_ve_rung"}
    draft = await stage.call(stage.api.post, "/bulletins", form)
    seen = {"version": draft["version"], "language_confirmed": ["sed", "hre"]}
    await stage.call(stage.api.post, f"/bulletins/{draft['id']}/approve", seen)
    database = stage.controller.database

    async def in_vietnamese() -> bool:
        shown = await stage.call(stage.api.get, f"/bulletins/{draft['id']}")
        vi = next(each for each in shown["scripts"] if each["language"] == "vi")
        return bool(vi["audio"]["state"] == "ready")

    await until(in_vietnamese)
    with database.write() as session:
        pins = {pin.language: pin.spoken for pin in bulletins.load(session, draft["id"]).pins}
        sound = session.get_one(tables.Rendition, ("vi", spoken_sha256("vi", pins["vi"])))
        for tag in ("sed", "hre"):
            digest = spoken_sha256(tag, pins[tag])
            made = sound.model_dump() | {"language": tag, "spoken_sha256": digest}
            session.merge(tables.Rendition(**made))
        ask_for_plan(session, utc_now())
