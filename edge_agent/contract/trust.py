"""Who may say what: the root's placement of a box, and the key set with its grants."""

import base64
from enum import StrEnum
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from edge_agent.contract.types import DeviceId, Identifier, ScopeId, Serial, UtcMs

ROOT_KID = "root"


class Kind(StrEnum):
    """Kinds of signed message (`typ` of the envelope)."""

    KEYS = "keys"
    PLACEMENT = "placement"
    DESIRED = "desired"
    COMMAND = "cmd"
    ALERT = "alert"
    TIME = "time"
    ACK = "ack"
    LIVE = "live"
    REPORT = "report"
    PROOF = "proof"
    DIAGNOSIS = "diagnosis"
    STEP = "step"
    PRESENCE = "presence"
    ALERT_STEP = "alert_step"
    RENEWAL = "renewal"


class Grant(msgspec.Struct, frozen=True):
    """A key may sign messages of `kind` for boxes under one of `units`."""

    kind: Kind
    units: tuple[ScopeId, ...]


class PublishedKey(msgspec.Struct, frozen=True):
    """An online key: `public` is the raw ed25519 key in base64url; `not_after` ends new orders.

    Alerts that it signs must be of `issuer`, if that is given, and so must their ids.
    """

    kid: Identifier
    public: str
    not_after: UtcMs
    grants: tuple[Grant, ...]
    issuer: Annotated[str, Meta(max_length=60, pattern=r"^[A-Za-z0-9-]*\Z")] = ""


class KeySet(msgspec.Struct, frozen=True):
    """Root-signed set of online keys; the newest serial replaces all before it."""

    serial: Serial
    keys: tuple[PublishedKey, ...]
    revoked: tuple[Identifier, ...] = ()


class Placement(msgspec.Struct, frozen=True):
    """Root-signed place of a box: the units above it, nearest first."""

    did: DeviceId
    units: tuple[ScopeId, ...]
    serial: Serial


def public_from_text(text: str) -> Ed25519PublicKey:
    """Read a raw ed25519 public key from unpadded base64url; ValueError if it is none."""
    return Ed25519PublicKey.from_public_bytes(
        base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    )


def public_to_text(key: Ed25519PublicKey) -> str:
    """Write a raw ed25519 public key as unpadded base64url."""
    return base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()


def granted(
    keys: KeySet, kid: str, kind: Kind, placement: Placement, now_ms: int | None
) -> Ed25519PublicKey | None:
    """Find the key `kid` if it may sign `kind` for the box at `placement`, else None.

    `now_ms` is trusted time; None (no trusted clock) leaves expiry unjudged.
    """
    if kid in keys.revoked:
        return None
    for key in keys.keys:
        if key.kid != kid or (now_ms is not None and now_ms > key.not_after):
            continue
        if any(g.kind == kind and set(g.units) & set(placement.units) for g in key.grants):
            return public_from_text(key.public)
    return None


def issuer_of_key(keys: KeySet, kid: str) -> str:
    """Whose alerts the key `kid` may sign; "" if it is not bound to one issuer."""
    return next((key.issuer for key in keys.keys if key.kid == kid), "")
