"""The port to whatever makes sound, and the events it gives back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.contract.report import Heard


@dataclass(frozen=True, slots=True)
class Ready:
    """A file or stream is open and waits for its instant; the length of a stream is 0."""

    play: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Started:
    """The first sample left at `at_unix`, seconds on the system's clock."""

    play: str
    at_unix: float


@dataclass(frozen=True, slots=True)
class Position:
    """How much has sounded in this play, said each second."""

    play: str
    ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """No sound any more: `reason` is eof, stopped or error; `played_ms` sounded in this play.

    `heard` is what an ear at the horn noticed of it.
    """

    play: str
    played_ms: int
    reason: str
    error: str = ""
    heard: Heard = Heard.UNKNOWN
    heard_dbfs: float | None = None


PlayerEvent = Ready | Started | Position | Ended


class Player(Protocol):
    """One sound at a time, or two if it `can_mix`. Commands return at once; events tell the rest.

    A load that fails is `Ended` with reason error. A player that dies gives `Ended` for what it
    held and is started again by the next load. Raises `PlayerUnusable` if it cannot be started.
    """

    @property
    def can_seek(self) -> bool:
        """Whether it can begin in the middle."""

    @property
    def can_mix(self) -> bool:
        """Whether a second play may sound beside the first."""

    @property
    def restarts(self) -> int:
        """How often a process of it died or had to be killed."""

    def load(
        self, play: str, path: Path, *, gain_db: float, from_ms: int, preroll_ms: int = 0
    ) -> None:
        """Open `path` for the play named `play`, without sound.

        Before its first sample goes `preroll_ms` of silence, which wakes the sound card.
        """

    def tune(self, play: str, url: str, *, gain_db: float) -> None:
        """Open the stream at `url` for the play, without sound; when it dies, that is `Ended`."""

    def play_at(self, play: str, at_unix: float) -> None:
        """Let it sound at this instant of the system's clock, or at once if that is past."""

    def stop(self, play: str) -> None:
        """End it now; also what is only loaded."""

    def set_gain(self, play: str, gain_db: float, *, over_ms: int = 0) -> None:
        """Change how loud it is, little by little if the player can."""

    def abandon(self, play: str) -> None:
        """Kill the process that holds it and does not answer; no event tells of it."""

    def close(self) -> None:
        """End the player's processes."""
