"""The composition root: every part of a running controller is made here, and only here."""

import asyncio
import contextlib
import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audio_library.clip import master_clip
from audio_library.render import Rendered, render_speech
from audio_library.speech.recorded import Recorded
from audio_library.speech.segment_cache import SegmentCache
from audio_library.store.address import open_store
from audio_library.store.filesystem import FilesystemStore
from controller.fleet.authority import open_authority
from controller.fleet.certificates import CertificateAuthority, open_ca
from controller.mqtt.broker_files import TlsListener
from controller.mqtt.embedded import EmbeddedBroker
from controller.mqtt.inbound import Inbound
from controller.mqtt.link import Link, Offline
from controller.operations.air_gate import air_gate
from controller.operations.alert_steps import SealedStep
from controller.operations.asked_work import RENDER, ask_for_plan
from controller.operations.box_certificates import revoked, shut_out
from controller.operations.bring_recording import RecordingRoom
from controller.operations.device_alarms import device_alarms
from controller.operations.enrol_device import broker_accounts, device_keys
from controller.operations.hazard_clips import renew_clip_pages
from controller.operations.keys import refuse_lost_keys, tend_keys
from controller.operations.make_cart import CART, ask_for_figures, make_cart
from controller.operations.mend_rolled_back import mend_rolled_back
from controller.operations.observations import Observations
from controller.operations.phrase_audio import PHRASE
from controller.operations.prepare_phrases import PhraseWishes
from controller.operations.priority_order import TimeLimit, lapse_questions
from controller.operations.purge import PURGE, ask_for_purge, do_purge
from controller.operations.raise_alert import note_standing_audiences
from controller.operations.read_reports import SealedReport
from controller.operations.record_playback import Receipt
from controller.operations.render_bulletin import render_bulletin
from controller.operations.renew_phrases import PhrasePages
from controller.operations.republish import republish
from controller.operations.services import BoxAddresses, Services
from controller.operations.update_boxes import push_roll_outs
from controller.operations.voices import engines_here, preferred
from controller.operations.watch_alerts import watch_alerts
from controller.operations.waveforms import Waveforms
from controller.operations.zone_inputs import PlanRules
from controller.settings import WILDCARDS, Settings
from controller.storage import work_items
from controller.storage.bell import ALERT, TROUBLE, BellTower
from controller.storage.database import Database, open_database
from controller.storage.instants import to_ms
from controller.storage.serials import next_serial
from controller.storage.takes import ReleasedTakes
from controller.tls_doors import TlsDoors, certified_names, netloc, told_names
from controller.work.alerts import LOOK_EVERY_S, LOOK_REST_S, ingest_alert_steps
from controller.work.each_minute import each_minute
from controller.work.for_ever import Loop, for_ever
from controller.work.ingest import ingest_observations, ingest_reports
from controller.work.midnight import at_each_midnight
from controller.work.outbox import send_outbox
from controller.work.planner import plan_zones
from controller.work.time_desk import TimeDesk
from controller.work.watch import watch
from controller.work.workshop import work_through
from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.state import TimeAnswer
from edge_agent.contract.trust import Kind, public_from_text

log = structlog.get_logger()

THREADS = 16
"""Seven may be busy for minutes (five loops of work, two checks of recordings): as many as Python
gives a machine of two cores, and then no order to stop would leave the house."""
ASK_AGAIN_S = 6.0
"""Longer than the goodbye to the broker takes."""
REPORT_QUEUE = 40_000
"""A province that begins and ends a programme in one second, twice over; 50 MB."""


def utc_now() -> datetime:
    """The clock of the outermost loops."""
    return datetime.now(UTC)


class Controller:
    """A running controller: `start`, serve `services`, `stop`."""

    def __init__(self, settings: Settings, http_url: str) -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._settings = settings
        self._scratch = settings.data_dir / "scratch"
        store = open_store(
            settings.blob_url,
            folder=settings.data_dir / "audio",
            environment=os.environ,
            max_bytes=settings.audio_limit_bytes or None,
        )
        self.database = open_database(settings.sqlalchemy_url(), settings.sqlite_path())
        recordings = FilesystemStore(settings.data_dir / "recordings", suffix=".flac")
        recorded = Recorded(ReleasedTakes(self.database, recordings))
        refuse_lost_keys(self.database, settings.data_dir / "keys")
        self._authority = open_authority(
            settings.data_dir / "keys", utc_now(), settings.keys_passphrase_file
        )
        ca = open_ca(settings.data_dir / "ca", utc_now()) if settings.tls == "own" else None
        names = told_names(settings.hostnames) if ca else ()
        bells = BellTower()
        self.database.on_ring = bells.ring
        self.services = Services(
            database=self.database,
            store=store,
            authority=self._authority,
            rules=PlanRules(
                settings.time_zone,
                settings.horizon_days,
                (settings.public_url or http_url,),
                TimeLimit(
                    timedelta(minutes=settings.priority_wait_minutes),
                    timedelta(minutes=settings.priority_ahead_minutes),
                ),
                box_sources=_box_sources(settings, names),
                offices=tuple(_https(name, settings.https_port) for name in names),
            ),
            bells=bells,
            door=self,
            clock=utc_now,
            closing=asyncio.Event(),
            four_eyes=settings.four_eyes,
            secure_cookies=settings.secure_cookies,
            recordings=RecordingRoom(recordings, self._scratch),
            waveforms=Waveforms(store, settings.data_dir / "waveforms"),
            agents=settings.data_dir / "agents",
            engines=engines_here(settings, (recorded,)),
            clips=partial(master_clip, preset=settings.preset),
            ca=ca,
        )
        self._tls_brokers = tuple(
            f"mqtts://{netloc(name)}:{settings.broker_tls_port}" for name in names
        )
        self.tls = None if ca is None else self._open_doors(ca)
        self._keys = DeviceKeys(self.database)
        self._reports: asyncio.Queue[SealedReport] = asyncio.Queue(REPORT_QUEUE)
        self._alert_steps: asyncio.Queue[SealedStep] = asyncio.Queue(REPORT_QUEUE)
        self._observations = Observations()
        self._time_desk = TimeDesk()
        self.broker = _broker(settings, self.tls)
        # Accounts are read and written by one thread at a time: an older list must not win.
        self._letting_in = threading.Lock()
        self._link: Link | None = None
        self._listening_since: datetime | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def broker_url(self) -> str:
        """Where boxes reach the broker, without anybody's password."""
        if self.broker is None:
            at = urlsplit(self._settings.broker_url)
            return f"{at.scheme}://{at.netloc.rpartition('@')[2]}"
        host = self.broker.host
        if host in WILDCARDS:
            host = urlsplit(self._settings.public_url).hostname or host
        return f"mqtt://{host}:{self.broker.port}"

    def addresses(self) -> BoxAddresses:
        """What a box is told when it is paired."""
        rules = self.services.rules
        if self.tls is None:
            return BoxAddresses((self.broker_url,), (), rules.sources)
        return BoxAddresses(self._tls_brokers, rules.offices, rules.box_sources)

    async def start(self) -> None:
        """Start the broker and all loops; raises a `ControllerError`."""
        database, services, now = self.database, self.services, utc_now()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "loalang"))
        # What a killed controller was making: the database's lock says that nobody is now.
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(mode=0o700, exist_ok=True)
        with database.write() as session:
            work_items.release_all(session, to_ms(now))
            epoch = next_serial(session, "epoch", to_ms(now))
            ask_for_plan(session, now)
            ask_for_figures(session, now)
            # Where the office switches off at night, no midnight ever asks.
            ask_for_purge(session, now)
            # A newer release may say other words of a hazard.
            renew_clip_pages(session, now)
            note_standing_audiences(session, services.rules, now)
            accounts, gone = broker_accounts(session), shut_out(session, now)
        if self.broker is not None:
            await self.broker.start(accounts, gone)
        url = self.broker.url if self.broker else self._settings.broker_url
        inbound = Inbound(
            self._keys,
            self._reports,
            self._observations,
            self._alert_steps,
            self._time_desk.ask,
        )
        self._link = link = Link(url, inbound.receive, epoch=epoch)

        render_here = partial(
            render_speech,
            engines=services.engines,
            preset=self._settings.preset,
            segments=SegmentCache(self._settings.data_dir / "segments"),
        )

        def renderer(spoken: str, language: str, **asked: Any) -> Rendered:
            with database.read() as session:
                order = preferred(session, language)
            return render_here(spoken, language, preference=order, **asked)

        def render(work: work_items.Claimed, at: datetime) -> None:
            render_bulletin(database, services.store, renderer, work, self._scratch, at)

        def cart(work: work_items.Claimed, at: datetime) -> None:
            make_cart(database, services.store, renderer, work, self._scratch, at)

        def clear_up(work: work_items.Claimed, at: datetime) -> None:
            do_purge(database, services.shelves, work, at)

        def look_at_boxes(at: datetime) -> None:
            device_alarms(database, services.rules, self._listening_since, at)

        def look_after_keys(at: datetime) -> None:
            tend_keys(database, self._authority, at)
            mend_rolled_back(database, self._authority, services.rules, at)

        def look_at_alerts(at: datetime) -> None:
            watch_alerts(database, self._authority, services.rules, at)

        phrase_pages = PhrasePages(database, services.rules)
        bells = services.bells
        loops: dict[str, Loop] = {
            "link": link.run,
            "republish": partial(self._republish_when_connected, link),
            "outbox": partial(send_outbox, database, link, bells, utc_now),
            "reports": partial(ingest_reports, database, self._reports, self._acknowledge, utc_now),
            "time": partial(self._time_desk.answer, self._answer_time),
            "observations": partial(
                ingest_observations, database, self._observations, self.let_boxes_in, utc_now
            ),
            "alert_steps": partial(
                ingest_alert_steps, database, services.rules, self._alert_steps, utc_now
            ),
            "alerts": partial(
                watch,
                look_at_alerts,
                bells,
                ALERT,
                utc_now,
                every_s=LOOK_EVERY_S,
                rests_s=LOOK_REST_S,
            ),
            "render": partial(work_through, database, RENDER, render, bells, utc_now),
            "carts": partial(work_through, database, CART, cart, bells, utc_now),
            "questions": partial(each_minute, partial(lapse_questions, database), utc_now),
            "roll_outs": partial(
                each_minute, partial(push_roll_outs, database, self._authority), utc_now
            ),
            "gate": partial(each_minute, partial(air_gate, database, services.rules), utc_now),
            "phrases": partial(work_through, database, PHRASE, render, bells, utc_now),
            "phrase_pages": partial(each_minute, phrase_pages.look, utc_now),
            "plan": partial(plan_zones, database, self._authority, services.rules, bells, utc_now),
            "purge": partial(work_through, database, PURGE, clear_up, bells, utc_now),
            "keys": partial(watch, look_after_keys, bells, TROUBLE, utc_now),
            "boxes": partial(watch, look_at_boxes, bells, TROUBLE, utc_now),
            "tls": partial(each_minute, self._renew_tls, utc_now),
            "midnight": partial(at_each_midnight, database, services.rules.time_zone, utc_now),
        }
        if self._settings.prepare_phrases:
            wishes = PhraseWishes(database, services.rules, services.engines)
            loops["phrase_wishes"] = partial(each_minute, wishes.look, utc_now)
        self._tasks = [
            asyncio.create_task(for_ever(name, loop), name=name) for name, loop in loops.items()
        ]

    async def stop(self) -> None:
        """End the loops, say goodbye to the boxes, stop the broker, close the database."""
        self.services.closing.set()
        pending = set(self._tasks)
        while pending:
            for task in pending:
                task.cancel()
            # Asked again: up to 3.11 `wait_for` forgets a cancel that meets its answer.
            _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_S)
        if self.broker is not None:
            await self.broker.stop()
        self.database.close()

    def let_boxes_in(self) -> None:
        """Broker and doors learn who may come in, and who may not any more."""
        now = utc_now()
        self._keys.forget()
        with self._letting_in:
            with self.database.read() as session:
                accounts, gone = broker_accounts(session), shut_out(session, now)
                listed = revoked(session, now)
            if self.tls is not None:
                self.tls.renew(listed, now)
            if self.broker is not None:
                self.broker.reload(accounts, gone)

    def _renew_tls(self, now: datetime) -> None:
        """Once a day: lists and certificates of servers end, too."""
        if self.tls is not None and self.tls.is_due(now):
            self.let_boxes_in()

    def _open_doors(self, ca: CertificateAuthority) -> TlsDoors:
        now = utc_now()
        with self.database.read() as session:
            gone = revoked(session, now)
        names = partial(certified_names, self._settings.hostnames)
        return TlsDoors(ca, names, gone, now)

    async def _acknowledge(self, receipt: Receipt) -> None:
        ack = self._authority.sign(ReportAck(receipt.spool, receipt.upto), Kind.ACK)
        await self._publish(topics.down(receipt.device_id, "ack"), ack)

    async def _answer_time(self, device_id: str, nonce: str) -> None:
        answer = self._authority.sign(TimeAnswer(nonce, to_ms(utc_now())), Kind.TIME)
        await self._publish(topics.down(device_id, "time"), answer)

    async def _publish(self, topic: str, payload: bytes) -> None:
        """Say something that is said again if it is lost."""
        if self._link is not None:
            with contextlib.suppress(Offline):
                await self._link.publish(topic, payload, qos=0, retain=False)

    async def _republish_when_connected(self, link: Link) -> None:
        seen = 0
        while True:
            await link.connected.wait()
            if link.connections != seen:
                seen = link.connections
                self._listening_since = utc_now()
                await asyncio.to_thread(republish, self.database, self._authority, utc_now())
            await link.lost.wait()
            self._listening_since = None


class DeviceKeys:
    """Public keys of enrolled boxes, read again when a stranger speaks, or one was revoked."""

    LOOK_AGAIN_S = 1.0

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._looked = 0.0

    def public_key(self, device_id: str) -> Ed25519PublicKey | None:
        """The key of a box, or None for a stranger."""
        known = self._keys.get(device_id)
        now = asyncio.get_running_loop().time()
        if known is None and now - self._looked > self.LOOK_AGAIN_S:
            self._looked = now
            with self._database.read() as session:
                keys = device_keys(session)
            self._keys = {did: public_from_text(text) for did, text in keys.items()}
            known = self._keys.get(device_id)
        return known

    def forget(self) -> None:
        """Whose keys are believed has changed."""
        self._keys, self._looked = {}, 0.0


def _https(name: str, port: int) -> str:
    return f"https://{netloc(name)}:{port}"


def _box_sources(settings: Settings, names: Sequence[str]) -> tuple[str, ...]:
    """The door for boxes first, then what is open to everybody."""
    own = tuple(_https(name, settings.box_port) for name in names)
    return (*own, settings.public_url) if own and settings.public_url else own


def _broker(settings: Settings, tls: TlsDoors | None) -> EmbeddedBroker | None:
    if settings.broker_url != "embedded:":
        return None
    listener = None
    if tls is not None:
        listener = TlsListener(settings.tls_host, settings.broker_tls_port, tls.files)
    return EmbeddedBroker(
        settings.data_dir / "broker",
        host=settings.broker_host,
        port=settings.broker_port,
        use_mosquitto=settings.real_broker,
        allow_trial=settings.allow_trial_broker,
        tls=listener,
    )
