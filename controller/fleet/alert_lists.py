"""What boxes of one scope are told of all alerts: pure, from the alerts and their versions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from edge_agent.contract.alert import Alert, AlertList, Ended

REMEMBERED_MS = 24 * 3_600_000
"""An alert that is over is named so long after the instant at which it would have expired."""

MOST_ACTIVE = 50
MOST_ENDED = 200
"""Of one scope: the newest."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version as the wire has it, but for the scope; `areas` are all that it was for."""

    wire: Alert
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """An alert with all its versions, oldest first; `over`: it ended or expired."""

    over: bool
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def scopes(self) -> frozenset[str]:
        """Wherever any version of it was heard."""
        return frozenset(area for each in self.versions for area in each.areas)

    @property
    def remembered_until_ms(self) -> int:
        return max(each.wire.expires for each in self.versions) + REMEMBERED_MS

    def stands_in(self, scope: str) -> bool:
        return not self.over and scope in self.newest.areas

    def ended_in(self, scope: str) -> Ended:
        """All versions that were ever for the scope: a later one may still be for another."""
        last = self.newest
        if not self.over:
            last = next(each for each in reversed(self.versions) if scope in each.areas)
        return Ended(last.wire.id, last.wire.version)


def new_id_of(issuer: str, ident: str) -> str:
    """The id of a new alert: boxes take it from nobody but its issuer."""
    return f"{issuer}.{ident}"


def alert_list(
    issuer: str, scope: str, serial: int, now_ms: int, known: Iterable[Known]
) -> AlertList:
    """All that stands in a scope, and what is over there and not forgotten yet."""
    here = [each for each in known if scope in each.scopes and each.remembered_until_ms > now_ms]
    return AlertList(
        issuer=issuer,
        scope=scope,
        serial=serial,
        issued=now_ms,
        alerts=tuple(
            _for(scope, each.newest.wire) for each in _newest(here) if each.stands_in(scope)
        )[:MOST_ACTIVE],
        ended=tuple(each.ended_in(scope) for each in _newest(here) if not each.stands_in(scope))[
            :MOST_ENDED
        ],
    )


def _newest(known: Sequence[Known]) -> list[Known]:
    return sorted(known, key=lambda each: (-each.newest.wire.issued, each.newest.wire.id))


def _for(scope: str, alert: Alert) -> Alert:
    return msgspec.structs.replace(alert, areas=(scope,))
