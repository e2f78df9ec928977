"""One bulletin in Vietnamese by machine and in Bahnar by a person, in each village's own order."""

import asyncio
import cmath
import json
import math
import subprocess
import sys
import urllib.request
import wave
from datetime import timedelta
from operator import mul
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.cli.api_client import Api
from controller.cli.village_boxes import Loudspeaker
from controller.wiring import utc_now
from tests.flows.stage import Stage, staged, until

pytestmark = [pytest.mark.needs("mosquitto", "ffmpeg"), pytest.mark.timeout(150)]

VIETNAMESE = "Sáng mai tiêm chủng cho trẻ em tại nhà rông."
BAHNAR = "Pơgê nơ̆r tơdrong kơ đe hơioh tơ̆ hnam rông."
PITCH_HZ = 700


def take_of_a_reader(out: Path) -> Path:
    """Six seconds of "syllables" on one pitch over a faint hiss: known again wherever it sounds."""
    voice = (
        f"aevalsrc=exprs='0.25*(sin(2*PI*{PITCH_HZ}*t)+0.5*sin(4*PI*{PITCH_HZ}*t))"
        "*lt(mod(t\\,0.5)\\,0.32)*(1-0.3*sin(2*PI*0.4*t))':s=48000:d=6"
    )
    hiss = "anoisesrc=a=0.0008:d=6:seed=3:r=48000"
    mix = "amix=inputs=2:duration=first:normalize=0"
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi", "-i", voice]
    command += ["-f", "lavfi", "-i", hiss, "-filter_complex", mix, "-c:a", "aac", "-b:a", "96k"]
    subprocess.run([*command, str(out)], check=True, stdin=subprocess.DEVNULL)
    return out


def share_on_pitch(wav: Path) -> float:
    """How much of the sound's energy lies on the reader's pitch, 0 to 1, by tenths of a second."""
    block = 4_800
    turns = [cmath.exp(-2j * math.pi * PITCH_HZ * n / 48_000) for n in range(block)]
    on_pitch = energy = 0.0
    with wave.open(str(wav)) as sound:
        assert sound.getframerate() == 48_000
        while len(samples := memoryview(sound.readframes(block)).cast("h")) == block:
            on_pitch += 2 / block * abs(sum(map(mul, samples, turns))) ** 2
            energy += sum(map(mul, samples, samples))
    return on_pitch / energy


def bring(stage: Stage, api: Api, sound: Path, bulletin: str, reader: str) -> dict[str, Any]:
    """Upload a recording as the page and the command do: the body is the file."""
    query = f"language=bdq&bulletin={bulletin}&reader={reader}&name=REC001.m4a"
    request = urllib.request.Request(
        f"{stage.url}/api/v1/recordings?{query}",
        data=sound.read_bytes(),
        headers={
            "authorization": f"Bearer {api.token}",
            "content-type": "application/octet-stream",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        kept: dict[str, Any] = json.load(answer)
    return kept


def test_each_village_hears_its_languages_in_its_order_by_machine_and_by_a_person(
    tmp_path: Path,
) -> None:
    def loudspeaker(village: str) -> Loudspeaker:
        folder = tmp_path / "wav" / village
        folder.mkdir(parents=True)
        module = "audio_library.mastering.virtual_loudspeaker"
        return Loudspeaker("command", (sys.executable, "-m", module, "--wav-dir", str(folder)))

    orders = [("vi", "bdq"), ("bdq", "vi"), ("vi",)]

    async def run() -> None:
        async with staged(tmp_path, loudspeaker, villages=3, languages=orders) as stage:
            api = stage.api
            form = {"scripts": {"vi": VIETNAMESE, "bdq": BAHNAR}}
            draft = await stage.call(api.post, "/bulletins", form)
            bulletin = draft["id"]
            seen = {"version": draft["version"]}
            await stage.call(api.post, f"/bulletins/{bulletin}/approve", seen)

            consent = {
                "name": "Y Bia",
                "languages": ["bdq"],
                "consent": "Đồng ý phát trên loa của xã trong năm 2026.",
            }
            reader = await stage.call(api.post, "/readers", consent)
            sound = take_of_a_reader(tmp_path / "take.m4a")
            take = await asyncio.to_thread(bring, stage, api, sound, bulletin, reader["id"])
            assert take["state"] == "brought"

            # Nobody airs it unheard, and who brought it is not the second listener.
            second = await stage.call(api.post, "/accounts", {"name": "A Sáng"})
            listener = Api(stage.url)
            await asyncio.to_thread(listener.sign_in, second["name"], second["password"])
            place = f"/recordings/{take['id']}"
            await stage.call(listener.post, f"{place}/heard", {"understands": True})
            await stage.call(listener.post, f"{place}/release")

            async def both_voiced() -> bool:
                shown = await stage.call(api.get, f"/bulletins/{bulletin}")
                return all(s["audio"]["state"] == "ready" for s in shown["scripts"])

            await until(both_voiced)
            at = (utc_now() + timedelta(seconds=6)).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
            slot = {
                "bulletins": [bulletin],
                "villages": [box.village.village_id for box in stage.boxes],
                "start_date": at.date().isoformat(),
                "wall_time": at.time().replace(microsecond=0).isoformat(),
            }
            await stage.call(api.post, "/programmes", slot)

            async def all_played() -> bool:
                rows = await stage.call(api.get, "/as-run")
                return [r["outcome"] for r in rows] == ["played"] * 5

            await until(all_played, 90)
            rows = await stage.call(api.get, "/as-run")
            for box, order in zip(stage.boxes, orders, strict=True):
                mine = sorted(
                    (r for r in rows if r["device"] == box.did), key=lambda r: r["started_at"]
                )
                assert tuple(r["language"] for r in mine) == order
                for row in mine:
                    wav = tmp_path / "wav" / box.village.village_id / f"{row['play']}.wav"
                    of_the_reader = share_on_pitch(wav)
                    if row["language"] == "bdq":
                        assert row["voice"] == f"recorded:{reader['id']}"
                        assert of_the_reader > 0.4, of_the_reader
                    else:
                        assert row["voice"].startswith("espeak:")
                        assert of_the_reader < 0.2, of_the_reader
                    assert row["approved_by"] == "quantri"

    asyncio.run(run())
