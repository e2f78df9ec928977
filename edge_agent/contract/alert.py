"""Active alerts of one issuer: always the full list; what is absent has ended."""

from enum import StrEnum
from typing import Annotated

import msgspec

from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import Identifier, LanguageTag, ScopeId, Serial, UtcMs


class Severity(StrEnum):
    """The most severe goes first."""

    EXTREME = "extreme"
    SEVERE = "severe"
    MODERATE = "moderate"
    MINOR = "minor"


class Spoken(msgspec.Struct, frozen=True):
    """What an alert says in one language."""

    language: LanguageTag
    assets: tuple[Asset, ...]


class Alert(msgspec.Struct, frozen=True):
    """Plays at once, again each `repeat_s` (0 = once), until `expires`.

    `max_play_s` bounds all its sound on the monotonic clock, whatever the wall clock says.
    """

    id: Identifier
    version: Serial
    severity: Severity
    areas: tuple[ScopeId, ...]
    issued: UtcMs
    expires: UtcMs
    max_play_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    spoken: tuple[Spoken, ...]
    repeat_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 0
    supersedes: tuple[Identifier, ...] = ()


class AlertList(msgspec.Struct, frozen=True):
    """Everything that `issuer` holds active for `scope`."""

    issuer: Identifier
    scope: ScopeId
    serial: Serial
    issued: UtcMs
    alerts: tuple[Alert, ...]
