"""Composition root: the one place where the parts of an agent are made and joined."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent import identity, refuge
from edge_agent.agent import Agent, Event, Events, Neighbours, Parts
from edge_agent.amplifier import Amplifier, switch_for
from edge_agent.cache import Cache, Shelf
from edge_agent.clock import BoxClock
from edge_agent.commands import CommandLog
from edge_agent.contract import topics
from edge_agent.contract.desired import ReportPolicy
from edge_agent.contract.envelope import Untrusted
from edge_agent.contract.state import ClockSource
from edge_agent.contract.trust import public_from_text
from edge_agent.contract.types import Unreadable
from edge_agent.data_meter import DataMeter
from edge_agent.desk import Desk
from edge_agent.download import Downloader
from edge_agent.errand import Send, sender
from edge_agent.errors import BadConfig, StateUnwritable
from edge_agent.hardware import this_run
from edge_agent.health import Vitals, read_health
from edge_agent.held import HeldStore
from edge_agent.inbox import Inbox, open_placement
from edge_agent.link import Birth, Link
from edge_agent.logbook import LogBook
from edge_agent.player import Player, PlayerEvent
from edge_agent.proof import Prover, Reader
from edge_agent.settings import Settings
from edge_agent.spool import Spool
from edge_agent.streams import Asker, Streams
from edge_agent.supply import make_room
from edge_agent.time_source import TIMESYNCD_ERROR_MS, Vouched, detect
from edge_agent.tls import Tls
from edge_agent.uplink import Uplink, state_payload
from edge_agent.watchdog import Watchdog

if TYPE_CHECKING:
    from edge_agent.credentials import Credentials
    from edge_agent.horn import Horn
    from edge_agent.local.post import Panel
    from edge_agent.pins import Contact
    from edge_agent.selftest.trial import Trial
    from edge_agent.sticks.bench import Bench


def build(settings: Settings, book: LogBook) -> tuple[Agent, Events]:
    """Make the agent and the queue that wakes it. Raises `AgentError`."""
    try:
        return _build(settings, book)
    except OSError as e:
        raise StateUnwritable(
            f"Không dùng được thư mục {settings.state_dir}: {e}. Những gì kế hoạch cần vẫn còn. "
            "Hãy kiểm tra quyền và chỗ trống trên đĩa rồi chạy lại.",
            f"Cannot use the folder {settings.state_dir}: {e}. What the plan needs was kept. "
            "Look at its owner and at the room on the disk, and start again.",
        ) from e


def _build(settings: Settings, book: LogBook) -> tuple[Agent, Events]:
    state_dir = Path(settings.state_dir)
    now_ms = _system_ms()
    key = identity.load_key(state_dir)
    inbox = _inbox(settings)
    events: SimpleQueue[Event] = SimpleQueue()
    clock = _clock(settings)
    held = HeldStore(state_dir)
    cache = Cache(state_dir)
    meter = DataMeter(state_dir / "data_used")
    make_room(cache, held.held, min(now_ms, clock.floor_ms))
    # A machine without a clock chip wakes up in 1970: no count goes back for that.
    lost_before_ms = max(now_ms, clock.floor_ms)
    boots = identity.Counter(state_dir / "boot", lost_before_ms // 1000)
    connections = identity.Counter(state_dir / "connections", lost_before_ms // 1000)
    boot = boots.next()
    lived = boot > 1
    spool = Spool(state_dir / "spool.sqlite", lost_before_ms, expected=lived)
    commands = CommandLog(state_dir / "commands.sqlite", lost_before_ms, expected=lived)
    kept = (boots, connections, clock, held, spool, commands, meter)

    def birth() -> Birth:
        conn = connections.next()
        return Birth(
            conn,
            topics.up(settings.did, "state"),
            alive=state_payload(boot, conn, online=True),
            dead=state_payload(boot, conn, online=False),
            filters=topics.subscriptions(settings.did, inbox.scopes(held.held)),
            keepalive_s=_report(held).keepalive_s,
        )

    horn = _horn(settings, events.put)
    send = sender(events.put)
    tls = Tls(state_dir if settings.offices else None, clock.floor_ms)
    link = Link(settings.did, settings.brokers, birth=birth, emit=events.put, tls=tls)
    agent = Agent(
        Parts(
            settings=settings,
            inbox=inbox,
            held=held,
            clock=clock,
            spool=spool,
            commands=commands,
            desk=Desk(state_dir, events.put),
            send=send,
            vitals=Vitals(read_health, send, settings.health.signal),
            watchdog=Watchdog(os.environ),
            book=book,
            cache=cache,
            meter=meter,
            fetcher=Downloader(events.put, tls),
            neighbours=_neighbours(settings, cache, events),
            player=_player(settings, horn.heard if horn else events.put),
            horn=horn,
            kill_pin=_kill_pin(settings),
            panel=_panel(settings, events),
            amplifier=Amplifier(
                switch_for(settings.amplifier),
                lead_ms=settings.amplifier.lead_ms,
                hold_ms=settings.amplifier.hold_ms,
            ),
            link=link,
            tls=tls,
            credentials=_credentials(settings, key, tls, send, link),
            streams=Streams(Asker(events.put)),
            prover=Prover(settings.did, Reader(partial(cache.path, Shelf.AUDIO), events.put)),
            uplink=Uplink(settings.did, key, link, spool),
            boot=boot,
            presenter=this_run(),
            losses=(*refuge.losses(settings), *(loss for part in kept for loss in part.losses)),
            events=events,
        )
    )
    return agent, events


def build_bench(settings: Settings) -> "Bench":
    """Make what a stick needs of a box whose agent is not at work. Raises `AgentError`."""
    from edge_agent.intake import Intake
    from edge_agent.sticks.bench import Bench, BenchEvents
    from edge_agent.supply import STATE_BYTES, Supply

    state_dir = Path(settings.state_dir)
    events: BenchEvents = SimpleQueue()
    clock = _clock(settings)
    held = HeldStore(state_dir)
    cache = Cache(state_dir)
    supply = Supply(
        cache,
        DataMeter(state_dir / "data_used"),
        did=settings.did,
        max_spread_s=settings.max_spread_s,
    )
    lived = (state_dir / "boot").exists()
    spool = Spool(state_dir / "spool.sqlite", max(_system_ms(), clock.floor_ms), expected=lived)
    return Bench(
        did=settings.did,
        intake=Intake(_inbox(settings), held, clock, spool, supply),
        held=held,
        clock=clock,
        spool=spool,
        cache=cache,
        supply=supply,
        uplink=Uplink(settings.did, identity.load_key(state_dir), _Nowhere(), spool),
        fetcher=Downloader(events.put),
        send=sender(events.put),
        events=events,
        reserve_bytes=max(STATE_BYTES, settings.disk_reserve_mb * 1_000_000),
    )


def build_trial(settings: Settings) -> "Trial":
    """Make what a self-test needs to sound a tone where no agent is at work."""
    from edge_agent.selftest.trial import Trial

    said: SimpleQueue[PlayerEvent] = SimpleQueue()
    horn = _horn(settings, said.put)
    player = _player(settings, horn.heard if horn else said.put)

    def close() -> None:
        player.close()
        if horn is not None:
            horn.close()

    return Trial(
        player=player,
        switch=switch_for(settings.amplifier),
        said=said,
        now=_clock(settings).read(),
        close=close,
    )


class _Nowhere:
    """A link that is not there."""

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        """Takes nothing."""
        return False


def _clock(settings: Settings) -> BoxClock:
    return BoxClock(
        Path(settings.state_dir) / "time_floor",
        system_ms=_system_ms,
        mono_ms=_mono_ms,
        vouch=_told if settings.trust_system_clock else detect,
    )


def _report(held: HeldStore) -> ReportPolicy:
    return held.held.desired.report if held.held.desired else ReportPolicy()


def _inbox(settings: Settings) -> Inbox:
    try:
        root = public_from_text(settings.root_public_key)
        return Inbox(root, open_placement(settings.placement, settings.did, root))
    except (ValueError, Untrusted, Unreadable) as e:
        raise BadConfig(
            f"root_public_key hoặc placement trong cấu hình không đúng: {e}. "
            "Hãy ghép nối lại thiết bị.",
            f"root_public_key or placement in the configuration is wrong: {e}. Pair the box again.",
        ) from e


def _horn(settings: Settings, emit: Callable[[PlayerEvent], None]) -> "Horn | None":
    if settings.horn.kind == "none":
        return None
    from edge_agent.horn import Horn

    return Horn(settings.horn, emit)


def _player(settings: Settings, emit: Callable[[PlayerEvent], None]) -> Player:
    chosen = settings.player
    if chosen.kind == "command":
        from edge_agent.players.command import CommandPlayer

        return CommandPlayer(chosen.argv, emit)
    from edge_agent.players.mpv import MpvPlayer
    from edge_agent.players.voices import Voices

    mpv = partial(
        MpvPlayer,
        program=chosen.argv or ("mpv",),
        audio_output=chosen.audio_output,
        audio_device=chosen.audio_device,
    )
    return Voices(mpv, emit)


def _credentials(
    settings: Settings, key: Ed25519PrivateKey, tls: Tls, send: Send, link: Link
) -> "Credentials | None":
    if not settings.offices:
        return None
    from edge_agent.credentials import Credentials

    return Credentials(
        settings.did,
        key,
        Path(settings.state_dir),
        tls,
        offices=settings.offices,
        send=send,
        renewed=link.renew,
    )


def _neighbours(settings: Settings, cache: Cache, events: Events) -> Neighbours | None:
    if not settings.neighbours.enabled:
        return None
    # Most boxes stand alone: what serves others is loaded only where it is asked for.
    from edge_agent import neighbours

    return neighbours.Neighbours(settings.neighbours, cache, events.put)


def _kill_pin(settings: Settings) -> "Contact | None":
    if settings.switches.kill_gpio is None:
        return None
    from edge_agent.pins import Contact

    return Contact(settings.switches.kill_gpio)


def _panel(settings: Settings, events: Events) -> "Panel | None":
    chosen = settings.local_alert
    if not chosen.enabled:
        return None
    # Few boxes have buttons or a page of their own.
    from edge_agent.local.buttons import Buttons
    from edge_agent.local.door import Door
    from edge_agent.local.local_alert import ALL_CLEAR
    from edge_agent.local.page import Page
    from edge_agent.local.pin import PinCheck
    from edge_agent.local.post import Panel, asker
    from edge_agent.pins import Contact

    buttons = None
    if chosen.key_gpio is not None:
        pins = {button.hazard: button.gpio for button in chosen.buttons}
        if chosen.all_clear_gpio is not None:
            pins[ALL_CLEAR] = chosen.all_clear_gpio
        contacts = {name: Contact(pin).closed for name, pin in pins.items()}
        key = Contact(chosen.key_gpio).closed
        buttons = Buttons(key, contacts, hold_ms=chosen.hold_s * 1000)
    if not chosen.page_port:
        return Panel(buttons, None)
    pin = PinCheck(Path(settings.state_dir), _mono_ms)
    page = Page(asker(events.put), pin.check, lambda: pin.is_set)
    return Panel(buttons, Door(chosen.interface, chosen.page_port, page.answer))


def _told(_system_ms: int) -> Vouched:
    """What a person said of this clock in the settings."""
    return Vouched(ClockSource.NTP, TIMESYNCD_ERROR_MS)


def _system_ms() -> int:
    return time.time_ns() // 1_000_000


def _mono_ms() -> int:
    """Counts on while the machine is suspended, as the system's clock does."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
