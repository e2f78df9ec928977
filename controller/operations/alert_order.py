"""What a person orders when they raise or change an alert, before anything is worked out."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from audio_library.phrases.compose import Moment, Value

USUAL_MINUTES = 60
USUAL_TEST_MINUTES = 10
MOST_MINUTES = 24 * 60
MOST_TEST_MINUTES = 30


@dataclass(frozen=True, slots=True)
class AlertOrder:
    """Where, what and in which words; None and empty mean the default of hazard and area.

    `scopes` are units as a person names them, `hazard` a word of the phrase bank ("" of a test),
    `level`, `when`, `instructions`, `source` and `places` are phrases with or without their first
    word (`3` is `level.3`). `without_missing` leaves out the languages that lack phrases.
    """

    scopes: tuple[str, ...]
    hazard: str = ""
    languages: tuple[str, ...] = ()
    minutes: int | None = None
    test: bool = False
    all_clear: bool = False
    severity: str | None = None
    level: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    since: Moment | None = None
    until: Moment | None = None
    wind: int | None = None
    rain_mm: int | None = None
    instructions: tuple[str, ...] | None = None
    source: str = ""
    places: tuple[str, ...] = ()
    repeat_minutes: int | None = None
    siren_s: int | None = None
    supersedes: tuple[str, ...] = ()
    without_missing: bool = False
    authorised_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What an update says otherwise; None stays as it was."""

    scopes: tuple[str, ...] | None = None
    hazard: str | None = None
    languages: tuple[str, ...] | None = None
    minutes: int | None = None
    severity: str | None = None
    level: tuple[str, ...] | None = None
    when: tuple[str, ...] | None = None
    since: Moment | None = None
    until: Moment | None = None
    wind: int | None = None
    rain_mm: int | None = None
    instructions: tuple[str, ...] | None = None
    source: str | None = None
    places: tuple[str, ...] | None = None
    repeat_minutes: int | None = None
    siren_s: int | None = None
    without_missing: bool = False
    authorised_by: str = ""
    reason: str = ""


Slots = Mapping[str, Value]

_MOMENTS = ("since", "until")
NO_SLOTS: Slots = MappingProxyType({})


def named(kind: str, given: str) -> str:
    """`3` is short for `level.3`."""
    return given if given.startswith(f"{kind}.") else f"{kind}.{given}"


def slots_body(slots: Slots) -> dict[str, object]:
    """Slots as they are stored."""
    return {name: _body(value) for name, value in slots.items()}


def slots_from(body: Mapping[str, Any]) -> dict[str, Value]:
    """Slots as they were stored."""
    return {
        name: Moment(**value)
        if isinstance(value, dict)
        else tuple(value)
        if isinstance(value, list)
        else value
        for name, value in body.items()
    }


def _body(value: Value) -> object:
    if isinstance(value, Moment):
        return {k: v for k in Moment.__slots__ if (v := getattr(value, k)) is not None}
    return value if isinstance(value, int) else list(value)
