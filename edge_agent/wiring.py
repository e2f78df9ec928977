"""Composition root: the one place where the parts of an agent are made and joined."""

import time
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from edge_agent import identity
from edge_agent.agent import Agent, Event, Events, Parts
from edge_agent.amplifier import Amplifier, CommandSwitch
from edge_agent.cache import Cache, Shelf
from edge_agent.clock import BoxClock, detect_source
from edge_agent.commands import CommandLog
from edge_agent.contract import topics
from edge_agent.contract.envelope import Untrusted
from edge_agent.contract.state import ClockSource
from edge_agent.contract.trust import public_from_text
from edge_agent.contract.types import Unreadable
from edge_agent.desk import Desk
from edge_agent.download import Downloader
from edge_agent.errors import BadConfig, StateUnwritable
from edge_agent.held import HeldStore
from edge_agent.inbox import Inbox, open_placement
from edge_agent.link import Birth, Link
from edge_agent.player import Player
from edge_agent.player_command import CommandPlayer
from edge_agent.player_mpv import MpvPlayer
from edge_agent.proof import Prover, Reader
from edge_agent.settings import Settings
from edge_agent.spool import Spool
from edge_agent.streams import Asker, Streams
from edge_agent.supply import make_room
from edge_agent.uplink import Uplink, state_payload


def build(settings: Settings) -> tuple[Agent, Events]:
    """Make the agent and the queue that wakes it. Raises `AgentError`."""
    try:
        return _build(settings)
    except OSError as e:
        raise StateUnwritable(
            f"Không dùng được thư mục {settings.state_dir}: {e}. Những gì kế hoạch cần vẫn còn. "
            "Hãy kiểm tra quyền và chỗ trống trên đĩa rồi chạy lại.",
            f"Cannot use the folder {settings.state_dir}: {e}. What the plan needs was kept. "
            "Look at its owner and at the room on the disk, and start again.",
        ) from e


def _build(settings: Settings) -> tuple[Agent, Events]:
    state_dir = Path(settings.state_dir)
    now_ms = _system_ms()
    key = identity.load_key(state_dir)
    inbox = _inbox(settings)
    events: SimpleQueue[Event] = SimpleQueue()
    clock = BoxClock(
        state_dir / "time_floor",
        system_ms=_system_ms,
        mono_ms=_mono_ms,
        source=_told_ntp if settings.trust_system_clock else detect_source,
    )
    held = HeldStore(state_dir)
    cache = Cache(state_dir)
    make_room(cache, held.held, min(now_ms, clock.floor_ms))
    boots = identity.Counter(state_dir / "boot", now_ms // 1000)
    connections = identity.Counter(state_dir / "connections", now_ms // 1000)
    boot = boots.next()
    lived, lost_before_ms = boot > 1, max(now_ms, clock.floor_ms)
    spool = Spool(state_dir / "spool.sqlite", lost_before_ms, expected=lived)
    commands = CommandLog(state_dir / "commands.sqlite", lost_before_ms, expected=lived)
    kept = (boots, connections, clock, held, spool, commands)

    def birth() -> Birth:
        conn = connections.next()
        return Birth(
            conn,
            topics.up(settings.did, "state"),
            alive=state_payload(boot, conn, online=True),
            dead=state_payload(boot, conn, online=False),
            filters=topics.subscriptions(settings.did, inbox.scopes(held.held)),
        )

    link = Link(settings.did, settings.brokers, birth=birth, emit=events.put)
    agent = Agent(
        Parts(
            settings=settings,
            inbox=inbox,
            held=held,
            clock=clock,
            spool=spool,
            commands=commands,
            desk=Desk(state_dir, events.put),
            cache=cache,
            fetcher=Downloader(events.put),
            player=_player(settings, events),
            amplifier=Amplifier(
                CommandSwitch(settings.amplifier),
                lead_ms=settings.amplifier.lead_ms,
                hold_ms=settings.amplifier.hold_ms,
            ),
            link=link,
            streams=Streams(Asker(events.put)),
            prover=Prover(settings.did, Reader(partial(cache.path, Shelf.AUDIO), events.put)),
            uplink=Uplink(settings.did, key, link, spool),
            boot=boot,
            losses=tuple(loss for part in kept for loss in part.losses),
            events=events,
        )
    )
    return agent, events


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


def _player(settings: Settings, events: Events) -> Player:
    chosen = settings.player
    if chosen.kind == "command":
        return CommandPlayer(chosen.argv, events.put)
    return MpvPlayer(
        events.put,
        program=chosen.argv or ("mpv",),
        audio_output=chosen.audio_output,
        audio_device=chosen.audio_device,
    )


def _told_ntp() -> ClockSource:
    return ClockSource.NTP


def _system_ms() -> int:
    return time.time_ns() // 1_000_000


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000
