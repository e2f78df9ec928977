"""How a box is, for a person who stands before it."""

from collections.abc import Container, Iterable

import msgspec

from edge_agent.contract.manifest import Cue
from edge_agent.contract.state import OnAir, Telemetry

NEXT_PLAYS = 3


class NextPlay(msgspec.Struct, frozen=True):
    """A play of the plan that is still to come; `held` = something for it is on the disk."""

    cue: str
    title: str
    start: int
    held: bool


class Status(msgspec.Struct, frozen=True):
    """Instants are UTC ms. What only a running agent knows is None or empty if none runs.

    `telemetry` is what the controller would be told now; `on_air` is the title of what sounds.
    `faults` are the last warnings and errors of the log.
    """

    did: str
    running: bool
    version: str
    time_zone: str
    now: int
    telemetry: Telemetry
    next: tuple[NextPlay, ...] = ()
    on_air: str = ""
    online: bool = False
    link_since: int | None = None
    clock_trusted: bool | None = None
    faults: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    """Where its office is, as its papers say; none for a box with a password."""
    hardware: str = ""
    """SHA-256 of the machine's serial number; "" where it tells none."""


def next_plays(cues: Iterable[Cue], held: Container[str], now_ms: int) -> tuple[NextPlay, ...]:
    """The first plays of `cues`, which are in order of start, that begin after `now_ms`."""
    coming = (cue for cue in cues if cue.start > now_ms)
    return tuple(
        NextPlay(cue.id, cue.title, cue.start, _is_held(cue, held))
        for cue, _ in zip(coming, range(NEXT_PLAYS), strict=False)
    )


def title_of(on_air: OnAir | None, cues: Iterable[Cue]) -> str:
    """Title of what sounds; of what no plan names, its id."""
    if on_air is None:
        return ""
    return next((cue.title for cue in cues if cue.id == on_air.cue), on_air.cue)


def _is_held(cue: Cue, held: Container[str]) -> bool:
    fallback = cue.fallback is not None and cue.fallback.sha256 in held
    return cue.stream is not None or cue.asset.sha256 in held or fallback
