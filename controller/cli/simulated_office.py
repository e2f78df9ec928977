"""A whole controller for a simulated fleet: its own folder, broker, pages and audio over HTTP."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, col, select

from audio_library.rendition import spoken_sha256
from controller.app import create_app
from controller.operations.asked_work import NIGHT
from controller.operations.enrol_device import enrol_devices
from controller.operations.load_sample import AT_ANY_HOUR, PROVINCE, load_sample
from controller.operations.order import order
from controller.operations.review_bulletin import approve_bulletin
from controller.operations.save_programme import Saved
from controller.operations.schedule_programme import Slot, schedule_programme
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.operations.unit_speech import unit_speech
from controller.server import listen, serving
from controller.settings import Settings
from controller.simulator.fleet import Broker
from controller.simulator.pairing import Pairing, pair
from controller.simulator.verdict import Record, read_record
from controller.storage import bulletins, tables
from controller.storage.instants import to_ms
from controller.version import VERSION
from controller.wiring import Controller, utc_now
from edge_agent.contract.commands import Play
from edge_agent.contract.manifest import Asset, Enter, Leave, Rank
from edge_agent.contract.trust import public_to_text

BYTES_PER_S = 3_000
"""24 kbit/s."""

ORDERED_S = 3
LOOK_EVERY_S = 0.1
PLANNED_WITHIN_S = 1_800.0


@dataclass(frozen=True, slots=True)
class SimulatedOffice:
    """A running controller with enrolled boxes that nobody holds yet."""

    controller: Controller
    pairings: Sequence[Pairing]
    broker: Broker
    folder: Path

    def schedule(self, at: datetime, seconds: int, *, zones: int | None = None) -> Saved:
        """A programme of one made-up bulletin in so many zones (None: all), to the second."""
        given = self.controller.services
        at = at.replace(microsecond=0)
        bulletin = self._bulletin(f"Loa làng chạy thử {seconds} giây, {at:%H:%M:%S}.", seconds)
        with given.database.read() as session:
            every = select(tables.Zone.id).order_by(col(tables.Zone.id)).limit(zones)
            chosen = tuple(session.exec(every))
        wall = at.astimezone(ZoneInfo(given.rules.time_zone)).replace(tzinfo=None)
        slot = Slot((bulletin,), chosen, wall.date(), wall.time(), quiet_ok="simulation")
        return schedule_programme(given.database, slot, "simulate", utc_now(), given.rules)

    def order_a_play(self) -> None:
        """Have every box play a few seconds at once."""
        given, seconds = self.controller.services, ORDERED_S
        body = Play(
            asset=self._sound("order", seconds),
            rank=Rank.PROGRAMME,
            enter=Enter.CUT,
            leave=Leave.DROP,
            gain_db=0.0,
            max_play_ms=seconds * 1000,
            title="Mô phỏng",
            language="vi",
            quiet_ok="simulation",
        )
        with given.database.write() as session:
            order(session, given.authority, f"dv-{PROVINCE:05d}", body, "simulate", utc_now())

    def record(self, from_ms: int, until_ms: int) -> Record:
        """What the database says of the boxes, and of plays planned in [from, until)."""
        with self.controller.database.read() as session:
            return read_record(session, [p.did for p in self.pairings], from_ms, until_ms)

    async def planned(self) -> None:
        """Wait until no plan is owed and every word is with the broker."""
        async with asyncio.timeout(PLANNED_WITHIN_S):
            while await asyncio.to_thread(self._owes):
                await asyncio.sleep(LOOK_EVERY_S)

    def _owes(self) -> bool:
        item, message = tables.WorkItem, tables.Outbox
        waiting = col(item.state).in_(("waiting", "working"))
        with self.controller.database.read() as session:
            plans = select(item.id).where(waiting, item.kind != NIGHT).limit(1)
            unsent = select(message.id).where(
                col(message.sent_ms).is_(None), col(message.lost_why).is_(None)
            )
            return bool(session.exec(plans).first() or session.exec(unsent.limit(1)).first())

    def _sound(self, name: str, seconds: int) -> Asset:
        """A file of the right length in the store; nobody here listens to it."""
        content = hashlib.sha256(f"{name} {seconds}".encode()).digest()
        content *= seconds * BYTES_PER_S // len(content) + 1
        file = self.folder / "made-up"
        file.write_bytes(content)
        sha256 = self.controller.services.store.put(file)
        return Asset(sha256, len(content), seconds * 1000)

    def _bulletin(self, text: str, seconds: int) -> str:
        """An approved bulletin whose audio is made up beforehand; gives its id."""
        given, now = self.controller.services, utc_now()
        draft = submit_bulletin(given.database, Written({"vi": text}), "simulate", now)
        sound = self._sound(text, seconds)
        with given.database.write() as session:
            speech = unit_speech(session, bulletins.load(session, draft.id).unit)
            _voice(session, "vi", speech.read(text, "vi").text, sound, to_ms(now))
        approve_bulletin(given.database, draft.id, "simulate", now, four_eyes=False)
        return draft.id


def _voice(session: Session, language: str, spoken: str, sound: Asset, now_ms: int) -> None:
    """Rows as the workshop leaves them."""
    session.merge(
        tables.Asset(
            sha256=sound.sha256,
            bytes=sound.bytes,
            duration_ms=sound.duration_ms,
            media_type=sound.media_type,
            lufs=-16.0,
            true_peak_dbtp=-2.0,
            created_ms=now_ms,
        )
    )
    session.flush()
    session.merge(
        tables.Rendition(
            language=language,
            spoken_sha256=spoken_sha256(language, spoken),
            asset_sha256=sound.sha256,
            voice="simulation",
            engine="simulation",
            created_ms=now_ms,
        )
    )


@contextlib.asynccontextmanager
async def simulated_office(folder: Path, agents: int) -> AsyncIterator[SimulatedOffice]:
    """A controller in `folder` with so many villages, each with an enrolled box."""
    async with contextlib.AsyncExitStack() as stack:
        sock = listen("127.0.0.1", 0)
        stack.callback(sock.close)
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        controller = Controller(Settings(data_dir=folder), url)
        stack.push_async_callback(controller.stop)
        pairings = await asyncio.to_thread(_enrol, controller, agents)
        await controller.start()
        assert controller.broker is not None
        await stack.enter_async_context(serving(create_app(controller.services, VERSION), sock))
        broker = Broker(controller.broker.host, controller.broker.port)
        yield SimulatedOffice(controller, pairings, broker, folder)


def _enrol(controller: Controller, agents: int) -> list[Pairing]:
    given = controller.services
    villages = load_sample(given.database, agents, law=AT_ANY_HOUR)
    keys = [Ed25519PrivateKey.generate() for _ in villages]
    asked = [
        (village.cluster_id, public_to_text(key.public_key()))
        for village, key in zip(villages, keys, strict=True)
    ]
    enrolled = enrol_devices(given.database, given.authority, asked, utc_now())
    return [
        pair(key, box.password, box.root_public, box.placement)
        for key, box in zip(keys, enrolled, strict=True)
    ]
