"""The door of a simulated box: what is not signed, granted, new and for it stays outside."""

from collections.abc import Collection
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from controller.simulator.pairing import Pairing
from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import AlertList
from edge_agent.contract.commands import Command
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import Untrusted, open_sealed
from edge_agent.contract.state import ControllerState, TimeAnswer
from edge_agent.contract.trust import ROOT_KID, KeySet, Kind, granted
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode

Message = KeySet | Desired | Command | AlertList | ReportAck | TimeAnswer | ControllerState


@dataclass(slots=True)
class Held:
    """The newest accepted state of each kind; alerts by issuer and scope."""

    keys: KeySet | None = None
    desired: Desired | None = None
    alerts: dict[tuple[str, str], AlertList] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that is not obeyed, and why."""

    why: str


class Door:
    """Reads messages for one box; what is newer state is held from then on."""

    def __init__(self, pairing: Pairing) -> None:
        self._pairing = pairing
        self.held = Held()

    @property
    def scopes(self) -> tuple[str, ...]:
        """Who may speak to this box: the units above it and those of its desired state."""
        desired = self.held.desired.scopes if self.held.desired else ()
        return tuple(dict.fromkeys((*self._pairing.placement.units, *desired)))

    def read(self, topic: str, payload: bytes, trusted_ms: int | None) -> Message | Dropped:
        """Give what is to be obeyed; `trusted_ms` is None without a clock."""
        if len(payload) > MAX_PAYLOAD_BYTES:
            return Dropped("unreadable")
        try:
            return self._read(topic, payload, trusted_ms)
        except Untrusted:
            return Dropped("untrusted")
        except Unreadable:
            return Dropped("unreadable")

    def _read(self, topic: str, payload: bytes, trusted_ms: int | None) -> Message | Dropped:
        if topic == topics.CONTROLLER_STATE:
            return decode(payload, ControllerState)
        if topic == topics.CONTROLLER_KEYS:
            return self._keys(payload)

        def opened(kind: Kind) -> bytes:
            def find(kid: str) -> Ed25519PublicKey | None:
                if self.held.keys is None:
                    return None
                return granted(self.held.keys, kid, kind, self._pairing.placement, trusted_ms)

            return open_sealed(payload, kind=kind, key_for=find).payload

        at, group = topics.parse_down(topic), topics.parse_group(topic)
        if at is not None and at.device == self._pairing.did:
            match at.word:
                case "desired":
                    return self._desired(decode(opened(Kind.DESIRED), Desired))
                case "cmd":
                    # A command to a unit may be resent to one box, as the same bytes.
                    mine = (at.device, *self.scopes)
                    return _command(decode(opened(Kind.COMMAND), Command), mine)
                case "ack":
                    return decode(opened(Kind.ACK), ReportAck)
                case _:
                    return decode(opened(Kind.TIME), TimeAnswer)
        if group is not None and group.scope in self.scopes:
            if group.issuer is None:
                return _command(decode(opened(Kind.COMMAND), Command), (group.scope,))
            return self._alerts(decode(opened(Kind.ALERT), AlertList), group.scope, group.issuer)
        return Dropped("unknown_topic")

    def _keys(self, payload: bytes) -> KeySet | Dropped:
        root = self._pairing.root
        opened = open_sealed(
            payload, kind=Kind.KEYS, key_for=lambda kid: root if kid == ROOT_KID else None
        )
        keys = decode(opened.payload, KeySet)
        if self.held.keys is not None and keys.serial <= self.held.keys.serial:
            return Dropped("stale_serial")
        self.held.keys = keys
        return keys

    def _desired(self, desired: Desired) -> Desired | Dropped:
        if desired.did != self._pairing.did:
            return Dropped("wrong_audience")
        if self.held.desired is not None and desired.serial <= self.held.desired.serial:
            return Dropped("stale_serial")
        if not desired.manifest.pages and not desired.empty_because:
            return Dropped("empty_without_reason")
        self.held.desired = desired
        return desired

    def _alerts(self, alerts: AlertList, scope: str, issuer: str) -> AlertList | Dropped:
        if (alerts.scope, alerts.issuer) != (scope, issuer):
            return Dropped("wrong_audience")
        known = self.held.alerts.get((issuer, scope))
        if known is not None and alerts.serial <= known.serial:
            return Dropped("stale_serial")
        self.held.alerts[issuer, scope] = alerts
        return alerts


def _command(command: Command, audiences: Collection[str]) -> Command | Dropped:
    return command if command.audience in audiences else Dropped("wrong_audience")
