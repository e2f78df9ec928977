"""The office with its web page: real services over a real database, and boxes that only talk."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from sqlmodel import col, select

from audio_library.render import render_speech
from audio_library.speech.recorded import Recorded
from audio_library.speech.registry import ENGINES
from audio_library.store.filesystem import FilesystemStore
from controller.access import passwords
from controller.app import create_app
from controller.operations.asked_work import NIGHT, PLAN, RENDER
from controller.operations.bring_recording import RecordingRoom
from controller.operations.ids import new_id
from controller.operations.observe_devices import Observation, Said, observe_devices
from controller.operations.publish_plans import do_plan
from controller.operations.record_playback import Received, record_playback
from controller.operations.render_bulletin import Renderer, render_bulletin
from controller.operations.services import BoxAddresses, Services
from controller.operations.sign_in import enrol_first_account
from controller.operations.waveforms import Waveforms
from controller.server import listen, serving
from controller.storage import tables, work_items
from controller.storage.bell import BellTower
from controller.storage.instants import to_ms
from controller.storage.takes import ReleasedTakes
from controller.work.workshop import work_through
from edge_agent.contract.manifest import Rank
from edge_agent.contract.report import EventKind, Heard, PlaybackEvent
from edge_agent.contract.state import Clock, ClockSource, OnAir, State, Telemetry
from tests.controller.office import RULES, Box, Office


class NoDoor:
    """No box connects here: there is no broker."""

    broker_url = "mqtt://127.0.0.1:1883"

    def addresses(self) -> BoxAddresses:
        """No box is told any."""
        return BoxAddresses((), (), ())

    def let_boxes_in(self) -> None:
        """Nobody to let in."""


class Desk:
    """An office that people can reach by HTTP."""

    def __init__(
        self,
        office: Office,
        *,
        now: datetime | None = None,
        four_eyes: bool = False,
        renderer: Renderer | None = None,
    ) -> None:
        self.office = office
        self.now = now
        self._done = threading.Condition()
        bells = BellTower()
        office.database.on_ring = bells.ring
        sounds = FilesystemStore(office.folder / "recordings", suffix=".flac")
        engines = (Recorded(ReleasedTakes(office.database, sounds)), *ENGINES)
        self._renderer = renderer or partial(render_speech, engines=engines)
        self.services = Services(
            database=office.database,
            store=FilesystemStore(office.folder / "audio"),
            authority=office.authority,
            rules=RULES,
            bells=bells,
            door=NoDoor(),
            clock=self.clock,
            closing=asyncio.Event(),
            four_eyes=four_eyes,
            secure_cookies=False,
            recordings=RecordingRoom(sounds, office.folder / "scratch"),
            engines=engines,
            agents=office.folder / "agents",
            waveforms=Waveforms(
                FilesystemStore(office.folder / "audio"), office.folder / "waveforms"
            ),
        )
        self.app = create_app(self.services, "test")
        enrolled = enrol_first_account(office.database, self.clock())
        assert enrolled is not None
        self.name, self.password = enrolled

    def colleague(self, name: str) -> str:
        """Another account; gives its password."""
        password = passwords.new_password()
        hashed = passwords.hash_password(password)
        account = tables.Account(
            id=new_id(), name=name, password_hash=hashed, created_ms=to_ms(self.clock())
        )
        with self.office.database.write() as session:
            session.add(account)
        return password

    def clock(self) -> datetime:
        """The present of the test, or of the wall clock if it has none."""
        return self.now or datetime.now(UTC)

    @contextmanager
    def open(self) -> Iterator[str]:
        """Serve on loopback, do renditions and plans; gives the address."""
        sock = listen("127.0.0.1", 0)
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(sock, ready)))
        thread.start()
        try:
            assert ready.wait(10)
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            self._loop.call_soon_threadsafe(self.services.closing.set)
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join(10)

    async def _serve(self, sock: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        services = self.services
        work = partial(work_through, services.database, bells=services.bells, clock=self.clock)
        loops = [
            asyncio.create_task(work(RENDER, self._render)),
            asyncio.create_task(work(PLAN, self._plan)),
        ]
        async with serving(self.app, sock):
            ready.set()
            await self._stopping.wait()
            # Those who listen to events must be let go before the server waits for them.
            with services.database.write() as session:
                session.info.setdefault("bells", set()).add("events")
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)

    def settled(self) -> "Desk":
        """Once all that was asked for is rendered and planned."""

        def is_idle() -> bool:
            query = select(tables.WorkItem).where(
                col(tables.WorkItem.state).in_(("waiting", "working")),
                col(tables.WorkItem.kind) != NIGHT,
            )
            with self.office.database.read() as session:
                return session.exec(query).first() is None

        with self._done:
            assert self._done.wait_for(is_idle, timeout=15)
        return self

    def _render(self, work: work_items.Claimed, now: datetime) -> None:
        scratch = self.office.folder / "scratch"
        render_bulletin(
            self.office.database, self.services.store, self._renderer, work, scratch, now
        )

    def _plan(self, work: work_items.Claimed, now: datetime) -> None:
        do_plan(self.office.database, self.office.authority, RULES, work, now)
        with self._done:
            self._done.notify_all()

    # ── what boxes say ──

    def say(self, box: Box, *said: Said) -> None:
        """A box says something of itself."""
        observe_devices(self.office.database, [Observation(box.did, s) for s in said], self.clock())

    def up(self, box: Box, *, lacking: int = 0, held: int = 0, on_air: OnAir | None = None) -> None:
        """The box is there, has the newest plan, lacks so many files, and plays this."""
        with self.office.database.read() as session:
            desired = session.get(tables.DesiredState, box.did)
        telemetry = Telemetry(
            boot=1,
            at=to_ms(self.clock()),
            desired=desired.serial if desired else 0,
            lacking=lacking,
            bytes_wanted=120_000,
            bytes_held=held,
            on_air=on_air,
        )
        self.say(box, State(1, 1, True), telemetry)

    def planned(self, box: Box) -> tables.PlannedPlay | None:
        """The newest play that the box was told to make."""
        query = (
            select(tables.PlannedPlay)
            .where(tables.PlannedPlay.device_id == box.did)
            .order_by(col(tables.PlannedPlay.start_ms).desc())
        )
        with self.office.database.read() as session:
            return session.exec(query).first()

    def report(
        self,
        box: Box,
        kind: EventKind,
        seq: int,
        *,
        late_ms: int = 0,
        reason: str = "",
        heard: Heard = Heard.UNKNOWN,
    ) -> None:
        """The box reports on its newest planned play."""
        play = self.planned(box)
        assert play is not None
        ended = kind is EventKind.ENDED
        played_ms = play.duration_ms if ended else 0
        event = PlaybackEvent(
            seq=seq,
            kind=kind,
            play=f"play{play.cue_id[:20]}",
            cue=play.cue_id,
            asset_sha256=play.asset_sha256,
            wall=play.start_ms + late_ms + played_ms,
            mono=1_000_000 + played_ms,
            boot=1,
            clock=Clock(ClockSource.NTP),
            planned=play.start_ms,
            duration_ms=play.duration_ms,
            rank=Rank.PROGRAMME,
            rules=1,
            desired=play.serial,
            gain_db=0.0,
            title=play.title,
            language=play.language,
            played_ms=played_ms,
            reason=reason,
            heard=heard,
        )
        record_playback(self.office.database, [Received(box.did, "spool1", (event,))], self.clock())
