"""What a box sealed with its own key: believed only if that key, and no other, signed it."""

from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.contract import envelope
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode

T = TypeVar("T", bound=msgspec.Struct)


def read_own(
    device_id: str, key: Ed25519PublicKey | None, payload: bytes, kind: Kind, said: type[T]
) -> T:
    """Verify and read a word of a box. Raises `envelope.Untrusted` and `Unreadable`."""

    def key_for(kid: str) -> Ed25519PublicKey | None:
        return key if kid == device_id else None

    return decode(envelope.open_sealed(payload, kind=kind, key_for=key_for).payload, said)
