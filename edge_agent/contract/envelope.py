"""JWS compact serialization (RFC 7515) with EdDSA (RFC 8037) around every order and report.

The header names the key (`kid`) and the message kind (`typ`); no other algorithm is accepted,
and the signature is checked before a byte of the payload is parsed.
"""

from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from edge_agent.contract.types import MAX_PAYLOAD_BYTES

ALGORITHM = "EdDSA"
_jws = PyJWS(algorithms=[ALGORITHM])


class Untrusted(Exception):
    """An envelope that proves nothing: unsigned, unknown key, wrong kind, cut or forged."""


class Opened(NamedTuple):
    """A verified envelope: who signed it, as what, and the bytes that were signed."""

    kid: str
    kind: str
    payload: bytes


def seal(payload: bytes, *, kind: str, kid: str, key: Ed25519PrivateKey) -> bytes:
    """Sign `payload` as a message of `kind` by the key named `kid`."""
    headers = {"typ": kind, "kid": kid}
    return _jws.encode(payload, key, algorithm=ALGORITHM, headers=headers).encode("ascii")


def open_sealed(
    sealed: bytes, *, kind: str, key_for: Callable[[str], Ed25519PublicKey | None]
) -> Opened:
    """Verify `sealed` as a message of `kind`; `key_for(kid)` gives the key or None.

    Raises `Untrusted`.
    """
    if len(sealed) > MAX_PAYLOAD_BYTES:
        raise Untrusted(f"envelope of {len(sealed)} bytes is over {MAX_PAYLOAD_BYTES}")
    try:
        header = _jws.get_unverified_header(sealed)
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or header.get("typ") != kind or not isinstance(kid, str):
            raise Untrusted(f"header is not of a signed {kind}")
        key = key_for(kid)
        if key is None:
            raise Untrusted(f"no key {kid!r} may sign a {kind}")
        return Opened(kid, kind, _jws.decode(sealed, key, algorithms=[ALGORITHM]))
    except (PyJWTError, ValueError, TypeError, RecursionError) as e:
        raise Untrusted(f"signature of a {kind} does not hold: {e}") from e
