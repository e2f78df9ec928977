"""A controller with enrolled boxes, in a process of its own: FOLDER BOXES.

One JSON line out when it is ready; then one command a line in, one answer a line out.
"""

import asyncio
import cProfile
import hashlib
import json
import os
import pstats
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, func, select

from audio_library.rendition import spoken_sha256
from controller import log_setup
from controller.fleet.alert_board import ANSWERED
from controller.operations.alert_board import alert_board
from controller.operations.alert_order import AlertOrder
from controller.operations.asked_work import NIGHT
from controller.operations.end_alert import end_alert
from controller.operations.enrol_device import enrol_device, enrol_devices
from controller.operations.load_sample import AT_ANY_HOUR, PROVINCE, load_sample
from controller.operations.play_now import PlayOrder, play_now
from controller.operations.publish_phrases import publish_phrases
from controller.operations.raise_alert import raise_alert
from controller.operations.review_bulletin import approve_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.settings import Settings
from controller.storage import bulletins, tables
from controller.storage.alert_tables import AlertStep
from controller.storage.instants import to_ms
from controller.wiring import Controller, utc_now
from edge_agent.contract.trust import public_to_text
from tests.controller.operations.alarm_bell import lend_voice

SOUND_MS = 2_000
TEXT = "Loa làng thử phát ngay."
LANGUAGES = ("vi", "sed")
WITHIN_S = 300.0


async def run(folder: Path, boxes: int) -> None:
    settings = Settings(data_dir=folder)
    controller = Controller(settings, "http://127.0.0.1:9")
    villages = load_sample(controller.database, boxes, law=AT_ANY_HOUR)
    keys = [Ed25519PrivateKey.generate() for _ in villages]
    asked = [
        (village.cluster_id, public_to_text(key.public_key()))
        for village, key in zip(villages, keys, strict=True)
    ]
    given = controller.services
    enrolled = enrol_devices(given.database, given.authority, asked, utc_now())
    await controller.start()
    try:
        await _until_idle(controller)
        assert controller.broker is not None
        say(
            port=controller.broker.port,
            root=given.authority.root_public,
            boxes=[
                {
                    "key": key.private_bytes_raw().hex(),
                    "password": box.password,
                    "placement": box.placement,
                }
                for key, box in zip(keys, enrolled, strict=True)
            ],
        )
        await _serve(controller)
    finally:
        await controller.stop()


async def _until_idle(controller: Controller) -> None:
    """Wait until every box is planned for and every word is with the broker."""

    def busy() -> int:
        with controller.database.read() as session:
            working = col(tables.WorkItem.state).in_(("waiting", "working"))
            by_day = tables.WorkItem.kind != NIGHT
            items = session.exec(
                select(func.count()).select_from(tables.WorkItem).where(working, by_day)
            )
            unsent = col(tables.Outbox.sent_ms).is_(None)
            waiting = session.exec(select(func.count()).select_from(tables.Outbox).where(unsent))
            sent = session.exec(select(func.count()).select_from(tables.Outbox)).one()
            return items.one() + waiting.one() + (0 if sent else 1)

    while await asyncio.to_thread(busy):
        await asyncio.sleep(0.1)


async def _serve(controller: Controller) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    profile = cProfile.Profile()
    bulletin = await asyncio.to_thread(_voiced_bulletin, controller)
    while line := await reader.readline():
        command = json.loads(line)
        match command["do"]:
            case "play":
                at = time.monotonic()
                await asyncio.to_thread(_play_now, controller, bulletin)
                say(at=at)
            case "bank":
                await asyncio.to_thread(_fill_bank, controller)
                await _until_idle(controller)
                say()
            case "alert":
                at = time.monotonic()
                say(at=at, alert=await asyncio.to_thread(_raise_alert, controller))
            case "board":
                async with asyncio.timeout(WITHIN_S):
                    while not await asyncio.to_thread(_all_known, controller, command["alert"]):
                        await asyncio.sleep(0.05)
                say(at=time.monotonic())
            case "end":
                await asyncio.to_thread(_end_alert, controller, command["alert"])
                say()
            case "enrol":
                say(**await asyncio.to_thread(_enrol, controller, command["public_key"]))
            case "cpu":
                used = os.times()
                say(user=used.user, system=used.system)
            case "profile":
                profile.enable()
                say()
            case "stats":
                profile.disable()
                pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(35)
                say()


def _voiced_bulletin(controller: Controller) -> str:
    """An approved bulletin whose audio exists by name only; gives its id."""
    given, now = controller.services, utc_now()
    draft = submit_bulletin(given.database, Written({"vi": TEXT}), "Y Hạnh", now)
    approve_bulletin(given.database, draft.id, "Cô Lan", now, four_eyes=False)
    with given.database.write() as session:
        (pin,) = bulletins.load(session, draft.id).pins
        sha256 = hashlib.sha256(pin.spoken.encode()).hexdigest()
        session.merge(
            tables.Asset(
                sha256=sha256,
                bytes=9_000,
                duration_ms=SOUND_MS,
                media_type="audio/ogg",
                lufs=-16.0,
                true_peak_dbtp=-2.0,
                created_ms=to_ms(now),
            )
        )
        session.flush()
        session.merge(
            tables.Rendition(
                language=pin.language,
                spoken_sha256=spoken_sha256(pin.language, pin.spoken),
                asset_sha256=sha256,
                voice="espeak-ng/vi",
                engine="espeak-ng",
                created_ms=to_ms(now),
            )
        )
    return draft.id


def _enrol(controller: Controller, public_key: str) -> dict[str, str]:
    """One more box, in the place of the first."""
    given = controller.services
    with given.database.read() as session:
        cluster = session.exec(select(tables.Cluster.id)).first()
    assert cluster is not None
    box = enrol_device(given.database, given.authority, cluster, public_key, utc_now())
    controller.let_boxes_in()
    return {
        "did": box.did,
        "password": box.password,
        "root": box.root_public,
        "placement": box.placement,
    }


def _play_now(controller: Controller, bulletin: str) -> None:
    """What the handler of `POST /api/v1/plays` does."""
    given = controller.services
    asked = PlayOrder(bulletin, f"dv-{PROVINCE:05d}", quiet_ok="measurement")
    play_now(given.database, given.authority, asked, "bench", utc_now(), given.rules.time_zone)


def _fill_bank(controller: Controller) -> None:
    """Phrases whose audio exists by name only."""
    given = controller.services
    for language in LANGUAGES:
        lend_voice(given.database, language)
    publish_phrases(given.database, given.today(), utc_now())


def _raise_alert(controller: Controller) -> str:
    """What the handler of `POST /api/v1/alerts` does; gives the alert's id."""
    given = controller.services
    asked = AlertOrder(
        scopes=(f"dv-{PROVINCE:05d}",),
        hazard="flash_flood",
        languages=LANGUAGES,
        level=("3",),
        when=("next_hours",),
        authorised_by="bench",
        reason="bench",
    )
    now = utc_now()
    return raise_alert(given.database, given.authority, asked, "bench", given.rules, now).alert_id


def _end_alert(controller: Controller, alert_id: str) -> None:
    given, now = controller.services, utc_now()
    end_alert(given.database, given.authority, alert_id, "bench", "bench", given.rules, now)


def _all_known(controller: Controller, alert_id: str) -> bool:
    """Whether the board of `GET /api/v1/alerts/{id}/board` knows of every box."""
    with controller.database.read() as session:
        known = select(func.count(sa.distinct(col(AlertStep.device_id)))).where(
            AlertStep.alert_id == alert_id
        )
        boxes = session.exec(select(func.count()).select_from(tables.Device)).one()
        if session.exec(known).one() < boxes:
            return False
        board = alert_board(session, alert_id, utc_now())
    return all(line.progress.answer in ANSWERED for line in board.lines)


def say(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    uvloop.run(run(Path(sys.argv[1]), int(sys.argv[2])))
