"""The ring of keys: which there are, what they may sign, how long. Pure; instants are ms UTC."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.contract.trust import Grant, KeySet, Kind, PublishedKey, public_to_text

DAY_MS = 86_400_000
LIFE_MS = 400 * DAY_MS
SUCCESSOR_MS = 200 * DAY_MS
"""The successor is published so long before the end: whoever is away for half a year knows it."""

LAST_DAY_MS = DAY_MS
"""On its last day a key signs nothing more."""

WARN_MS = 60 * DAY_MS
MOST_FOREIGN = 100


class Purpose(StrEnum):
    """What a key is for: the two of this office, and those of others."""

    OFFICE = "office"
    EMERGENCY = "emergency"
    FOREIGN = "foreign"


OWN = (Purpose.OFFICE, Purpose.EMERGENCY)
KINDS_OF: Mapping[Purpose, tuple[Kind, ...]] = MappingProxyType(
    {
        Purpose.OFFICE: (Kind.DESIRED, Kind.COMMAND, Kind.TIME, Kind.ACK, Kind.LIVE),
        Purpose.EMERGENCY: (Kind.ALERT,),
    }
)
PURPOSE_OF: Mapping[Kind, Purpose] = MappingProxyType(
    {kind: purpose for purpose, kinds in KINDS_OF.items() for kind in kinds}
)
GRANTABLE = (Kind.DESIRED, Kind.COMMAND, Kind.ALERT)
"""Of time and of receipts there is one giver: another's meant wrong clocks and lost reports."""


class RingKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key: `units` empty means all at the top; `retired_ms`: published still, signs no more."""

    kid: str
    public: str
    purpose: Purpose
    kinds: tuple[Kind, ...]
    made_ms: int
    not_after_ms: int
    units: tuple[str, ...] = ()
    name: str = ""
    made_by: str = ""
    retired_ms: int | None = None
    revoked_ms: int | None = None
    revoked_by: str = ""
    why: str = ""

    @property
    def standing(self) -> bool:
        """Whether it may still sign new orders, as long as it lives."""
        return self.retired_ms is None and self.revoked_ms is None


class Ring(msgspec.Struct, frozen=True):
    """All keys of a controller, oldest first; `root` is the public half of the root key."""

    root: str
    keys: tuple[RingKey, ...] = ()

    def find(self, kid: str) -> RingKey | None:
        """The key of that name."""
        return next((key for key in self.keys if key.kid == kid), None)

    def own(self, purpose: Purpose) -> Sequence[RingKey]:
        """Keys of a purpose that may sign, oldest first."""
        return [key for key in self.keys if key.purpose is purpose and key.standing]


def issuer_of(root_public: str) -> str:
    """The name under which one office issues alerts: the same as long as its root key."""
    return hashlib.sha256(root_public.encode()).hexdigest()[:12]


def kid_of(public: str) -> str:
    """Name of a key: the head of its public half."""
    return public[:16].replace("_", "-").strip("-") or "key"


def own_key(public: Ed25519PublicKey, purpose: Purpose, now_ms: int, by: str) -> RingKey:
    """A new key of this office."""
    text = public_to_text(public)
    kinds = KINDS_OF[purpose]
    return RingKey(kid_of(text), text, purpose, kinds, now_ms, now_ms + LIFE_MS, made_by=by)


def with_key(ring: Ring, key: RingKey, now_ms: int) -> Ring:
    """The ring with one more key, and without those that have ended."""
    kept = tuple(k for k in ring.keys if k.not_after_ms > now_ms and k.kid != key.kid)
    return msgspec.structs.replace(ring, keys=(*kept, key))


def changed(ring: Ring, kid: str, **changes: object) -> Ring:
    """The ring with one key changed."""
    keys = tuple(msgspec.structs.replace(k, **changes) if k.kid == kid else k for k in ring.keys)
    return msgspec.structs.replace(ring, keys=keys)


def signer(ring: Ring, purpose: Purpose, now_ms: int) -> RingKey | None:
    """The oldest key of a purpose that lives beyond its last day; without one, the newest."""
    own = ring.own(purpose)
    living = [key for key in own if key.not_after_ms - now_ms > LAST_DAY_MS]
    if living:
        return living[0]
    return own[-1] if own else None


def needs_successor(ring: Ring, purpose: Purpose, now_ms: int, within_ms: int) -> bool:
    """Whether the last key of a purpose ends within so long."""
    own = ring.own(purpose)
    return not own or max(key.not_after_ms for key in own) - now_ms <= within_ms


def key_set(ring: Ring, tops: tuple[str, ...], serial: int) -> KeySet:
    """What boxes are told: every key that is not revoked, with its grants, and who is."""
    told = tuple(
        PublishedKey(
            key.kid,
            key.public,
            key.not_after_ms,
            tuple(Grant(kind, key.units or tops) for kind in key.kinds),
            key.kid if key.purpose is Purpose.FOREIGN else issuer_of(ring.root),
        )
        for key in ring.keys
        if key.revoked_ms is None
    )
    return KeySet(serial, told, tuple(k.kid for k in ring.keys if k.revoked_ms is not None))
