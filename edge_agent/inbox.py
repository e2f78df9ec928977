"""The only door for messages: what is not signed, granted, new and for this box stays outside."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, date
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import AlertList, is_of_issuer
from edge_agent.contract.commands import Command
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import Untrusted, open_sealed
from edge_agent.contract.state import ControllerState, TimeAnswer
from edge_agent.contract.trust import (
    ROOT_KID,
    KeySet,
    Kind,
    Placement,
    granted,
    issuer_of_key,
)
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode
from edge_agent.held import Held


class Why(StrEnum):
    """Why a message was dropped."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNTRUSTED = "untrusted"
    UNREADABLE = "unreadable"
    UNKNOWN_TOPIC = "unknown_topic"
    WRONG_AUDIENCE = "wrong_audience"
    NOT_ITS_OWN = "not_its_own"
    STALE_SERIAL = "stale_serial"
    SERIAL_AHEAD = "serial_ahead"
    EMPTY_WITHOUT_REASON = "empty_without_reason"


AHEAD_MS = 400 * 86_400_000
"""A serial is an instant: with a stolen key nobody can give one out that no office ever passes."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that is not obeyed, and why."""

    why: Why
    detail: str = ""


Accepted = (
    KeySet | Placement | Desired | Command | AlertList | ReportAck | TimeAnswer | ControllerState
)


def open_placement(sealed: str, did: str, root: Ed25519PublicKey) -> Placement:
    """Read the place that the root gave to the box `did`. Raises `Untrusted`, `Unreadable`."""
    opened = open_sealed(
        sealed.encode(), kind=Kind.PLACEMENT, key_for=lambda kid: root if kid == ROOT_KID else None
    )
    placement = decode(opened.payload, Placement)
    if placement.did != did:
        raise Untrusted(f"placement is of {placement.did}, not of {did}")
    return placement


class Inbox:
    """Judges every message of one box against what it holds; changes nothing."""

    def __init__(self, root: Ed25519PublicKey, placement: Placement) -> None:
        self._root = root
        self._paired = placement
        self._did = placement.did

    def placement(self, held: Held) -> Placement:
        """Where the box stands by the newest word of the root: of its pairing, or since then."""
        moved = held.placement
        if moved is None or moved.did != self._did or moved.serial <= self._paired.serial:
            return self._paired
        return moved

    def scopes(self, held: Held) -> tuple[str, ...]:
        """Scopes that may speak to this box: the units above it and those of its desired state."""
        desired = held.desired.scopes if held.desired else ()
        return tuple(dict.fromkeys((*self.placement(held).units, *desired)))

    def read(
        self, topic: str, payload: bytes, held: Held, trusted_ms: int | None
    ) -> Accepted | Dropped:
        """Give what `payload` says if it is to be obeyed; `trusted_ms` is None without a clock."""
        if not payload:
            return Dropped(Why.EMPTY)
        if len(payload) > MAX_PAYLOAD_BYTES:
            return Dropped(Why.TOO_LARGE, f"{len(payload)} bytes")
        try:
            return self._read(topic, payload, held, trusted_ms)
        except Untrusted as e:
            return Dropped(Why.UNTRUSTED, str(e)[:200])
        except Unreadable as e:
            return Dropped(Why.UNREADABLE, str(e)[:200])

    def _read(
        self, topic: str, payload: bytes, held: Held, trusted_ms: int | None
    ) -> Accepted | Dropped:
        if topic == topics.CONTROLLER_STATE:
            return decode(payload, ControllerState)
        if topic == topics.CONTROLLER_KEYS:
            return self._keys(payload, held)

        def open_as(kind: Kind) -> bytes:
            return open_sealed(
                payload, kind=kind, key_for=self._key(kind, held, trusted_ms)
            ).payload

        device = topics.parse_down(topic)
        group = topics.parse_group(topic)
        if device is not None and device.device == self._did:
            if device.word == "placement":
                return self._moved(payload, held)
            if device.word == "desired":
                desired = decode(open_as(Kind.DESIRED), Desired)
                return _too_far(desired.serial, trusted_ms) or self._desired(desired, held)
            if device.word == "cmd":
                return self._command(decode(open_as(Kind.COMMAND), Command), held)
            if device.word == "ack":
                return decode(open_as(Kind.ACK), ReportAck)
            return decode(open_as(Kind.TIME), TimeAnswer)
        if group is not None and group.scope in self.scopes(held):
            if group.issuer is None:
                return self._command(decode(open_as(Kind.COMMAND), Command), held)
            find = self._key(Kind.ALERT, held, trusted_ms)
            opened = open_sealed(payload, kind=Kind.ALERT, key_for=find)
            alerts = decode(opened.payload, AlertList)
            bound = issuer_of_key(held.keys, opened.kid) if held.keys else ""
            if bound and not is_of_issuer(alerts, bound):
                return Dropped(Why.NOT_ITS_OWN, f"{opened.kid} {alerts.issuer}")
            ahead = _too_far(alerts.serial, trusted_ms)
            return ahead or self._alerts(alerts, group.scope, group.issuer, held)
        return Dropped(Why.UNKNOWN_TOPIC)

    def _key(
        self, kind: Kind, held: Held, trusted_ms: int | None
    ) -> Callable[[str], Ed25519PublicKey | None]:
        def find(kid: str) -> Ed25519PublicKey | None:
            if held.keys is None:
                return None
            return granted(held.keys, kid, kind, self.placement(held), trusted_ms)

        return find

    def _keys(self, payload: bytes, held: Held) -> KeySet | Dropped:
        opened = open_sealed(
            payload,
            kind=Kind.KEYS,
            key_for=lambda kid: self._root if kid == ROOT_KID else None,
        )
        keys = decode(opened.payload, KeySet)
        stored = held.keys.serial if held.keys else 0
        return keys if keys.serial > stored else _stale(keys.serial, stored)

    def _moved(self, payload: bytes, held: Held) -> Placement | Dropped:
        placement = open_placement(payload.decode("ascii", "replace"), self._did, self._root)
        stored = self.placement(held).serial
        return placement if placement.serial > stored else _stale(placement.serial, stored)

    def _desired(self, desired: Desired, held: Held) -> Desired | Dropped:
        if desired.did != self._did:
            return Dropped(Why.WRONG_AUDIENCE, desired.did)
        stored = held.desired.serial if held.desired else 0
        if desired.serial <= stored:
            return _stale(desired.serial, stored)
        if not desired.manifest.pages and not desired.empty_because:
            return Dropped(Why.EMPTY_WITHOUT_REASON)
        for page in desired.manifest.pages:
            if not is_day(page.date):
                return Dropped(Why.UNREADABLE, f"date {page.date}")
        for told in (desired.quiet_hours, desired.data):
            if told is not None and not knows_zone(told.time_zone):
                return Dropped(Why.UNREADABLE, f"time zone {told.time_zone[:50]!r}")
        return desired

    def _command(self, command: Command, held: Held) -> Command | Dropped:
        # An order to a unit is sent again to the box alone when it comes back.
        if command.audience not in (self._did, *self.scopes(held)):
            return Dropped(Why.WRONG_AUDIENCE, command.audience)
        return command

    @staticmethod
    def _alerts(alerts: AlertList, scope: str, issuer: str, held: Held) -> AlertList | Dropped:
        if (alerts.scope, alerts.issuer) != (scope, issuer):
            return Dropped(Why.WRONG_AUDIENCE, f"{alerts.scope} {alerts.issuer}")
        known = held.alerts.get((issuer, scope))
        stored = known.serial if known else 0
        return alerts if alerts.serial > stored else _stale(alerts.serial, stored)


def is_day(text: str) -> bool:
    """Whether `text` names a day that a calendar has, and days after it."""
    try:
        return date.fromisoformat(text).year < MAXYEAR
    except ValueError:
        return False


def knows_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone of this machine."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _too_far(serial: int, trusted_ms: int | None) -> Dropped | None:
    if trusted_ms is None or serial <= trusted_ms + AHEAD_MS:
        return None
    return Dropped(Why.SERIAL_AHEAD, f"{serial} is far from now, {trusted_ms}")


def _stale(serial: int, stored: int) -> Dropped:
    return Dropped(Why.STALE_SERIAL, f"{serial} is not above {stored}")
