"""Active alerts of one issuer: always the full list; what is absent has ended."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import (
    ClockMs,
    Counter,
    Identifier,
    LanguageTag,
    Reason,
    ScopeId,
    Serial,
    UtcMs,
)

MAX_SAY = 4_000

Say = Annotated[str, Meta(max_length=MAX_SAY, pattern=r"^[A-Za-z0-9._:|, -]*\Z")]
"""A sentence of the phrase bank: ids with spaces between; `,` and `|` stand alone for pauses.

`opening.urgent | place.here | link.warning hazard.storm , hazard.flood` : a `,` is the pause
within a list, a `|` the one between clauses.
"""


class Severity(StrEnum):
    """The most severe goes first."""

    EXTREME = "extreme"
    SEVERE = "severe"
    MODERATE = "moderate"
    MINOR = "minor"


class Spoken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an alert says in one language: whole audio by hash, or phrases that the box holds.

    With neither it says what the first language of the alert says, in phrases of its own.
    """

    language: LanguageTag
    assets: Annotated[tuple[Asset, ...], Meta(max_length=20)] = ()
    say: Say = ""


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """Plays at once, again each `repeat_s` (0 = once), until `expires`.

    It is for boxes under one of `areas`; without areas for all that the list reaches.
    `max_play_s` bounds all its sound on the monotonic clock, whatever the wall clock says. Where
    a language of it cannot be said, the clip of `hazard` in that language sounds, if it is held.
    Each round begins with `siren_s` of the siren; a `test` never does.
    """

    id: Identifier
    version: Serial
    severity: Severity
    areas: Annotated[tuple[ScopeId, ...], Meta(max_length=500)]
    issued: UtcMs
    expires: UtcMs
    max_play_s: Annotated[int, Meta(ge=1, le=86_400)]
    spoken: Annotated[tuple[Spoken, ...], Meta(max_length=18)]
    repeat_s: Annotated[int, Meta(ge=0, le=86_400)] = 0
    supersedes: Annotated[tuple[Identifier, ...], Meta(max_length=50)] = ()
    hazard: Annotated[str, Meta(max_length=60, pattern=r"^[a-z0-9_]*\Z")] = ""
    siren_s: Annotated[int, Meta(ge=0, le=30)] = 0
    test: bool = False


class Ended(msgspec.Struct, frozen=True):
    """An alert is over, in all its versions up to `version`, by whatever way they still come."""

    id: Identifier
    version: Serial


class AlertList(msgspec.Struct, frozen=True):
    """Everything that `issuer` holds active for `scope`, and what it ended lately."""

    issuer: Identifier
    scope: ScopeId
    serial: Serial
    issued: UtcMs
    alerts: Annotated[tuple[Alert, ...], Meta(max_length=100)]
    ended: Annotated[tuple[Ended, ...], Meta(max_length=200)] = ()


def is_of_issuer(told: AlertList, issuer: str) -> bool:
    """Whether a list speaks for `issuer` alone: every id that it names begins with its name.

    Else one issuer could end, replace or pass off as said what another one said.
    """
    named = [alert.id for alert in told.alerts] + [ended.id for ended in told.ended]
    named += [over for alert in told.alerts for over in alert.supersedes]
    return told.issuer == issuer and all(ident.startswith(f"{issuer}.") for ident in named)


class Clip(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said of one hazard where nobody can order words: by a button, or as a last resort.

    `hazard` is a word of the phrase bank, `all_clear` or `test`.
    """

    hazard: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+\Z")]
    spoken: Annotated[tuple[Spoken, ...], Meta(min_length=1, max_length=18)]
    vi: Annotated[str, Meta(max_length=200)] = ""
    en: Annotated[str, Meta(max_length=200)] = ""


class ClipPage(msgspec.Struct, frozen=True):
    """The clips of a zone in its order of languages: gzip JSON, named by the hash of its bytes."""

    clips: Annotated[tuple[Clip, ...], Meta(max_length=60)]


class AlertStatus(StrEnum):
    """How far one alert has come on one box."""

    RECEIVED = "received"
    PLAYING = "playing"
    DONE = "done"
    SILENT = "silent"
    ENDED = "ended"


class AlertStep(msgspec.Struct, frozen=True):
    """One step of one alert on one box, signed by the box; `reason` says why it is silent.

    `round` counts repeats from 0. A `local` alert was raised at the box itself.
    """

    alert: Identifier
    version: Serial
    status: AlertStatus
    at: ClockMs
    boot: Counter
    round: Counter = 0
    reason: Reason = ""
    local: bool = False
    hazard: Annotated[str, Meta(max_length=60, pattern=r"^[a-z0-9_]*\Z")] = ""
