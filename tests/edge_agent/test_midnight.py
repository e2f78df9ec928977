"""A programme from 23:30 to 00:40 with an alert at 23:59:50, second by second on a fake clock."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.desired import VolumeStep
from edge_agent.contract.manifest import Asset, Leave
from edge_agent.contract.report import EventKind, PlaybackEvent
from edge_agent.contract.types import decode
from edge_agent.decide import Policy, Situation, decide
from edge_agent.player import Ended, PlayerEvent, Ready, Started
from edge_agent.playout import Playout
from edge_agent.rounds import voiced
from edge_agent.spool import Spool
from edge_agent.streams import Streams
from tests.edge_agent.fakes import FakePlayer, FakeSwitch, FakeTime
from tests.edge_agent.office import UNIT, cue

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE_MS = 60_000
TICK_MS = 500


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=VIETNAM).timestamp() * 1000)


@dataclass
class Clockwork(FakePlayer):
    """A player that sounds by the fake clock; `lengths_ms` by the beginning of a file's name."""

    lengths_ms: dict[str, int] = field(default_factory=dict)
    _events: list[tuple[int, PlayerEvent]] = field(default_factory=list)
    _from: dict[str, tuple[int, int]] = field(default_factory=dict)
    _started: dict[str, int] = field(default_factory=dict)
    now_ms: int = 0

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        super().load(play, path, gain_db=gain_db, from_ms=from_ms)
        self._from[play] = (self.lengths_ms[path.name[:3]], from_ms)
        self._events.append((self.now_ms, Ready(play, self._from[play][0])))

    def play_at(self, play: str, at_unix: float) -> None:
        super().play_at(play, at_unix)
        begin = self._started[play] = round(at_unix * 1000)
        length_ms, from_ms = self._from[play]
        self._events.append((begin, Started(play, at_unix)))
        self._events.append((begin + length_ms - from_ms, Ended(play, length_ms - from_ms, "eof")))

    def stop(self, play: str) -> None:
        super().stop(play)
        self._events = [(due, e) for due, e in self._events if e.play != play]
        played_ms = max(0, self.now_ms - self._started.get(play, self.now_ms))
        self._events.append((self.now_ms, Ended(play, played_ms, "stopped")))

    def due(self) -> Iterator[PlayerEvent]:
        """What has happened until now, in order."""
        self._events.sort(key=lambda entry: entry[0])
        while self._events and self._events[0][0] <= self.now_ms:
            yield self._events.pop(0)[1]


@dataclass
class Night:
    """One box through one night."""

    folder: Path
    time: FakeTime

    def __post_init__(self) -> None:
        self.player = Clockwork()
        self.cache = Cache(self.folder)
        self.spool = Spool(self.folder / "spool.sqlite", self.time.system_ms)
        self.streams = Streams(lambda _url: None)
        self.playout = Playout(
            player=self.player,
            streams=self.streams,
            amplifier=Amplifier(FakeSwitch(), lead_ms=0, hold_ms=5_000),
            spool=self.spool,
            cache=self.cache,
            boot=1,
            progress=lambda *_step: None,
        )

    def asset(self, duration_ms: int) -> Asset:
        data = str(duration_ms).encode()
        sha256 = hashlib.sha256(data).hexdigest()
        self.cache.path(Shelf.AUDIO, sha256).write_bytes(data)
        self.cache.admit(Wanted(Shelf.AUDIO, sha256, len(data)))
        self.player.lengths_ms[sha256[:3]] = duration_ms
        return Asset(sha256, len(data), duration_ms)

    def run(self, until_ms: int, **situation: object) -> None:
        while self.time.system_ms < until_ms:
            self.time.pass_ms(TICK_MS)
            self.player.now_ms = self.time.system_ms
            now = self.time.reading()
            for event in self.player.due():
                self.playout.heard(event, now)
            seen = Situation(
                now_ms=now.utc_ms,
                clock_trusted=True,
                held=self.cache.shelves[Shelf.AUDIO].keys(),
                history=self.spool.history,
                current=self.playout.current(now),
                **situation,  # type: ignore[arg-type]
            )
            self.playout.apply(decide(seen), now)

    def events(self) -> list[PlaybackEvent]:
        batch = self.spool.batch(0)
        return [decode(raw, PlaybackEvent) for raw in batch.events] if batch else []


@pytest.mark.parametrize("date", ["2026-11-23", "2026-12-31"])
def test_it_goes_on_after_the_alert_and_into_the_next_day(tmp_path: Path, date: str) -> None:
    begin = at(f"{date}T23:30:00")
    night = Night(tmp_path, FakeTime(system_ms=begin - MINUTE_MS))
    whole, siren = night.asset(70 * MINUTE_MS), night.asset(20_000)
    programme = cue(whole, begin, id="night", leave=Leave.RESUME, latest_end=begin + 75 * MINUTE_MS)
    issued = at(f"{date}T23:59:50")
    alert = Alert(
        "flood",
        1,
        Severity.EXTREME,
        (UNIT,),
        issued,
        issued + 10 * MINUTE_MS,
        60,
        (Spoken("vi", (siren,)),),
    )
    quieter = Policy(
        volume=(VolumeStep("00:00", -6.0), VolumeStep("06:00", 0.0)), time_zone="Asia/Ho_Chi_Minh"
    )
    plan = {"cues": (programme,), "policy": quieter}
    night.run(issued, **plan)
    night.run(begin + 90 * MINUTE_MS, alerts=(voiced(alert),), **plan)

    told = [(e.kind, e.cue) for e in night.events()]
    spoken = next(name for _, name in told if name != "night")
    assert told == [
        (EventKind.STARTED, "night"),
        (EventKind.CUT, "night"),
        (EventKind.STARTED, spoken),
        (EventKind.ENDED, spoken),
        (EventKind.STARTED, "night"),
        (EventKind.ENDED, "night"),
    ]
    first, cut, alarm, _, again, ended = night.events()
    assert first.wall == begin
    assert alarm.wall - issued < 4 * TICK_MS
    assert cut.played_ms + ended.played_ms == 70 * MINUTE_MS
    assert (again.reason, again.planned) == ("resume", begin)
    assert ended.wall - begin - 70 * MINUTE_MS - 20_000 < 8 * TICK_MS
    assert (first.gain_db, ended.gain_db) == (0.0, -6.0)
