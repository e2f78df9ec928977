"""Honest stand-ins for the ports of the agent."""

from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.clock import Reading
from edge_agent.contract.state import ClockSource
from edge_agent.errors import PlayerUnusable


@dataclass
class FakeTime:
    """Both clocks of a machine; `pass_ms` moves them together, `step_ms` only the wall's."""

    system_ms: int = 1_795_386_600_000
    mono_ms: int = 50_000

    def pass_ms(self, ms: int) -> None:
        self.system_ms += ms
        self.mono_ms += ms

    def step_ms(self, ms: int) -> None:
        self.system_ms += ms

    def reading(self, source: ClockSource = ClockSource.NTP) -> Reading:
        return Reading(self.system_ms, self.system_ms, 0, self.mono_ms, source)


@dataclass
class FakePlayer:
    """Remembers what it was told."""

    can_seek: bool = True
    can_mix: bool = True
    restarts: int = 0
    broken: bool = False
    told: list[tuple[object, ...]] = field(default_factory=list)
    prerolls: list[int] = field(default_factory=list)

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        if self.broken:
            raise PlayerUnusable("không chạy", "does not run")
        self.told.append(("load", play, path.name[:3], gain_db, from_ms))
        self.prerolls.append(preroll_ms)

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        if self.broken:
            raise PlayerUnusable("không chạy", "does not run")
        self.told.append(("tune", play, url, gain_db))

    def play_at(self, play: str, at_unix: float) -> None:
        self.told.append(("play_at", play, round(at_unix * 1000)))

    def stop(self, play: str) -> None:
        self.told.append(("stop", play))

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        self.told.append(("gain", play, gain_db))

    def abandon(self, play: str) -> None:
        self.told.append(("abandon", play))

    def close(self) -> None:
        self.told.append(("close",))

    def ops(self) -> list[object]:
        return [entry[0] for entry in self.told]


@dataclass
class FakeSwitch:
    """Remembers how it was switched."""

    switched: list[bool] = field(default_factory=list)
    fault: str = ""

    def set(self, on: bool) -> None:
        self.switched.append(on)


@dataclass
class FakeOutlet:
    """A connection that can be cut."""

    online: bool = True
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        if self.online:
            self.sent.append((topic, payload))
        return self.online
