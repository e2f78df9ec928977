"""What the box was told and holds to: key set, place, desired state, alerts. On disk, checked."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from edge_agent import durable
from edge_agent.contract.alert import AlertList
from edge_agent.contract.desired import Desired
from edge_agent.contract.trust import KeySet, Placement
from edge_agent.contract.types import encode
from edge_agent.log_setup import note
from edge_agent.rounds import Gone, gone_after

log = logging.getLogger("edge_agent.held")
T = TypeVar("T", bound=msgspec.Struct)
AlertSource = tuple[str, str]
"""Issuer and scope: each pair has its own serial."""


@dataclass(frozen=True, slots=True)
class Held:
    """The newest accepted state of each kind."""

    keys: KeySet | None = None
    desired: Desired | None = None
    alerts: dict[AlertSource, AlertList] = field(default_factory=dict)
    gone: dict[str, Gone] = field(default_factory=dict)
    placement: Placement | None = None
    """Where the box was moved to since it was paired."""


class _StoredAlerts(msgspec.Struct, frozen=True):
    lists: tuple[AlertList, ...]
    gone: tuple[Gone, ...] = ()


class HeldStore:
    """Keeps `Held` on disk; a damaged file is set aside and its loss remembered."""

    def __init__(self, folder: Path) -> None:
        self._keys = folder / "keys.json"
        self._desired = folder / "desired.json"
        self._alerts = folder / "alerts.json"
        self._placement = folder / "placement.json"
        self.losses: tuple[str, ...] = ()
        alerts = self._read(self._alerts, _StoredAlerts)
        self.held = Held(
            self._read(self._keys, KeySet),
            self._read(self._desired, Desired),
            {(a.issuer, a.scope): a for a in alerts.lists} if alerts else {},
            {each.id: each for each in alerts.gone} if alerts else {},
            self._read(self._placement, Placement),
        )

    def take_keys(self, keys: KeySet) -> None:
        """Hold to `keys` from now on."""
        durable.write_checked(self._keys, encode(keys))
        self.held = replace(self.held, keys=keys)

    def take_placement(self, placement: Placement) -> None:
        """Stand at `placement` from now on."""
        durable.write_checked(self._placement, encode(placement))
        self.held = replace(self.held, placement=placement)

    def take_desired(self, desired: Desired) -> None:
        """Hold to `desired` from now on."""
        durable.write_checked(self._desired, encode(desired))
        self.held = replace(self.held, desired=desired)

    def take_alerts(self, alerts: AlertList) -> None:
        """Hold to `alerts` as all that its issuer has active in its scope, and to what it ended."""
        gone = gone_after(self.held.gone, self.held.alerts.values(), alerts)
        lists = self.held.alerts | {(alerts.issuer, alerts.scope): alerts}
        stored = _StoredAlerts(tuple(lists.values()), tuple(gone.values()))
        durable.write_checked(self._alerts, encode(stored))
        self.held = replace(self.held, alerts=lists, gone=gone)

    def _read(self, path: Path, kind: type[T]) -> T | None:
        try:
            stored = durable.read_checked(path)
            # Many messages together may be longer than the longest of them.
            return None if stored is None else msgspec.json.decode(stored, type=kind)
        except (durable.Damaged, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
            kept = durable.set_aside(path)
            self.losses += (f"{path.name} damaged",)
            note(log, "state_set_aside", level=logging.ERROR, file=str(kept), error=str(e))
            return None
