"""What a box is given once, at pairing."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge_agent.contract.envelope import open_sealed
from edge_agent.contract.trust import ROOT_KID, Kind, Placement, public_from_text
from edge_agent.contract.types import decode


@dataclass(frozen=True, slots=True)
class Pairing:
    """A box's own key, its password for the broker, the root it trusts and where it stands."""

    password: str
    key: Ed25519PrivateKey
    root: Ed25519PublicKey
    placement: Placement

    @property
    def did(self) -> str:
        """Id of the box, which is its user name at the broker."""
        return self.placement.did


def pair(key: Ed25519PrivateKey, password: str, root_public: str, placement: str) -> Pairing:
    """Take an enrolment; raises `Untrusted` if the root did not sign the placement."""
    root = public_from_text(root_public)
    opened = open_sealed(
        placement.encode(),
        kind=Kind.PLACEMENT,
        key_for=lambda kid: root if kid == ROOT_KID else None,
    )
    return Pairing(password, key, root, decode(opened.payload, Placement))
