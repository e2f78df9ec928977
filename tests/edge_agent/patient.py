"""The true playout through hours of a plan on a fake clock, and all that was heard of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.alert import Alert
from edge_agent.contract.manifest import Asset, Cue
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.types import decode
from edge_agent.decide import Policy, Situation, decide
from edge_agent.player import Ended, Ready, Started
from edge_agent.playout import Playout
from edge_agent.rounds import voiced
from edge_agent.spool import Spool
from edge_agent.streams import Streams
from tests.edge_agent.fakes import FakeSwitch, FakeTime

MINUTE = 60_000


@dataclass
class Sound:
    """One play as it was heard: from when to when, and each turn of its loudness."""

    file: str
    began_ms: int | None = None
    ended_ms: int | None = None
    turns: list[tuple[int, int, float]] = field(default_factory=list)

    def sounds(self, at_ms: int) -> bool:
        begun = self.began_ms is not None and self.began_ms <= at_ms
        return begun and (self.ended_ms is None or at_ms < self.ended_ms)

    def gain_db(self, at_ms: int) -> float:
        """How loud it is in the midst of its fades."""
        gain = self.turns[0][2]
        for begins_ms, over_ms, to_db in self.turns:
            if at_ms < begins_ms:
                break
            share = 1.0 if not over_ms else min(1.0, (at_ms - begins_ms) / over_ms)
            gain += (to_db - gain) * share
        return gain


@dataclass
class PatientPlayer:
    """Does what it is told at the instant it is told, says so, and remembers what was heard."""

    time: FakeTime
    lengths: dict[str, int]
    can_seek: bool = True
    can_mix: bool = True
    restarts: int = 0
    events: list[tuple[int, Ready | Started | Ended]] = field(default_factory=list)
    length_ms: dict[str, int] = field(default_factory=dict)
    heard: dict[str, Sound] = field(default_factory=dict)

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        self.length_ms[play] = self.lengths[path.stem] - from_ms
        self.heard[play] = Sound(path.stem, turns=[(0, 0, gain_db)])
        self.events.append((self.time.system_ms, Ready(play, self.length_ms[play])))

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        raise NotImplementedError

    def play_at(self, play: str, at_unix: float) -> None:
        began = round(at_unix * 1000)
        over = began + self.length_ms[play]
        self.heard[play].began_ms, self.heard[play].ended_ms = began, over
        self.events.append((began, Started(play, at_unix)))
        self.events.append((over, Ended(play, self.length_ms[play], "eof")))

    def stop(self, play: str) -> None:
        self.events = [(at, e) for at, e in self.events if e.play != play]
        now, sound = self.time.system_ms, self.heard[play]
        sounded = max(0, now - (now if sound.began_ms is None else sound.began_ms))
        sound.ended_ms = now
        self.events.append((now, Ended(play, sounded, "stopped")))

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        self.heard[play].turns.append((self.time.system_ms, over_ms, gain_db))

    def abandon(self, play: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Lived:
    """What a box would report of the time, and what was heard of it."""

    events: list[PlaybackEvent]
    sounds: tuple[Sound, ...]


def live(
    folder: Path,
    cues: tuple[Cue, ...],
    assets: tuple[Asset, ...],
    within: tuple[int, int],
    *,
    policy: Callable[[int], Policy] = lambda _now_ms: Policy(),
    trusted: Callable[[int], bool] = lambda _now_ms: True,
    edges: tuple[int, ...] = (),
    alerts: tuple[Alert, ...] = (),
) -> Lived:
    """Let a box play `cues` from one instant to another; `edges` are when its policy may change.

    What of `assets` is not to be held does not stand there. Of an alert it hears when that is
    issued.
    """
    since_ms, until_ms = within
    time = FakeTime(system_ms=since_ms)
    cache = Cache(folder)
    for asset in assets:
        cache.path(Shelf.AUDIO, asset.sha256).write_bytes(str(asset.duration_ms).encode())
        cache.admit(Wanted(Shelf.AUDIO, asset.sha256, asset.bytes))
    player = PatientPlayer(time, {asset.sha256: asset.duration_ms for asset in assets})
    spool = Spool(folder / "spool.sqlite", since_ms - 86_400_000)
    playout = Playout(
        player=player,
        streams=Streams(lambda url: None),
        amplifier=Amplifier(FakeSwitch(), lead_ms=0, hold_ms=5_000),
        spool=spool,
        cache=cache,
        boot=1,
        progress=lambda *step: None,
    )
    told = tuple(alert.issued for alert in alerts)
    while time.system_ms < until_ms:
        due = sorted((e for e in player.events if e[0] <= time.system_ms), key=lambda e: e[0])
        for happened in due:
            if happened in player.events:
                player.events.remove(happened)
                playout.heard(happened[1], time.reading())
        now = time.reading()
        decision = decide(
            Situation(
                now_ms=now.utc_ms,
                clock_trusted=trusted(now.utc_ms),
                cues=cues,
                held=cache.shelves[Shelf.AUDIO].keys(),
                history=spool.history,
                alerts=tuple(voiced(a) for a in alerts if a.issued <= now.utc_ms),
                current=playout.current(now),
                policy=policy(now.utc_ms),
                under=playout.under(now),
                known_sound_ms=playout.known_sound_ms,
            )
        )
        playout.apply(decision, now)
        coming = [at - now.utc_ms for at in (*(at for at, _ in player.events), *edges, *told)]
        waits = [decision.next_deadline_ms - now.utc_ms, *playout.waits_ms(decision, now)]
        following = [ms for ms in (*coming, *waits) if ms > 0]
        soon = any(at <= now.utc_ms for at, _ in player.events)
        time.pass_ms(1 if soon else max(1, min([*following, MINUTE])))
    events, after = [], 0
    while (batch := spool.batch(after)) is not None:
        events += [decode(raw, PlaybackEvent) for raw in batch.events]
        after = events[-1].seq
    spool.close()
    return Lived(events, tuple(player.heard.values()))
