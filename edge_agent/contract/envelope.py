"""JWS compact serialization (RFC 7515) with EdDSA (RFC 8037) around every order and report.

The header names the key (`kid`) and the message kind (`typ`); no other algorithm is accepted,
and the signature is checked before a byte of the payload is parsed.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode, encode

ALGORITHM = "EdDSA"
_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)")


class Untrusted(Exception):
    """An envelope that proves nothing: unsigned, unknown key, wrong kind, cut or forged."""


class Opened(NamedTuple):
    """A verified envelope: who signed it, as what, and the bytes that were signed."""

    kid: str
    kind: str
    payload: bytes


class _Header(msgspec.Struct, frozen=True):
    """The protected header; `crit` names extensions that must be understood: none are."""

    alg: str
    kid: str
    typ: str
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def seal(payload: bytes, *, kind: str, kid: str, key: Ed25519PrivateKey) -> bytes:
    """Sign `payload` as a message of `kind` by the key named `kid`."""
    signed = _to_base64(encode(_Header(ALGORITHM, kid, kind))) + b"." + _to_base64(payload)
    return signed + b"." + _to_base64(key.sign(signed))


def open_sealed(
    sealed: bytes, *, kind: str, key_for: Callable[[str], Ed25519PublicKey | None]
) -> Opened:
    """Verify `sealed` as a message of `kind`; `key_for(kid)` gives the key or None.

    Raises `Untrusted`.
    """
    if len(sealed) > MAX_PAYLOAD_BYTES:
        raise Untrusted(f"envelope of {len(sealed)} bytes is over {MAX_PAYLOAD_BYTES}")
    parts = _COMPACT.fullmatch(sealed)
    if parts is None:
        raise Untrusted(f"not the compact form of a signed {kind}")
    try:
        header = decode(_from_base64(parts[1]), _Header)
        known = header.alg == ALGORITHM and header.crit is msgspec.UNSET
        if not known or header.typ != kind:
            raise Untrusted(f"header is not of a signed {kind}")
        key = key_for(header.kid)
        if key is None:
            raise Untrusted(f"no key {header.kid!r} may sign a {kind}")
        key.verify(_from_base64(parts[3]), sealed[: parts.end(2)])
        return Opened(header.kid, kind, _from_base64(parts[2]))
    except (Unreadable, InvalidSignature, ValueError) as e:
        raise Untrusted(f"signature of a {kind} does not hold: {e!r}") from e


def _to_base64(data: bytes) -> bytes:
    """The URL-safe alphabet without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")


def _from_base64(text: bytes) -> bytes:
    """Raises ValueError."""
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))
