"""What the controller signs, and with which of its keys."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from controller.errors import RootLocked, SettingsWrong
from controller.fleet import keyring
from controller.fleet.key_folder import KeyFolder
from controller.fleet.keyring import PURPOSE_OF
from edge_agent.contract import envelope
from edge_agent.contract.trust import ROOT_KID, KeySet, Kind, Placement, public_from_text
from edge_agent.contract.types import encode


@dataclass(frozen=True, slots=True)
class Authority:
    """The keys of one controller; everything that it signs is signed here, from any thread.

    Online keys sign unattended. The root key is needed for key sets and placements alone, and may
    be locked.
    """

    keys: KeyFolder
    given: Ed25519PrivateKey | None = None

    @property
    def root(self) -> Ed25519PrivateKey | None:
        """The root key, None while it is locked."""
        return self.given or self.keys.root()

    @property
    def root_public(self) -> str:
        """What a box pins at pairing; known also while the root is locked."""
        return self.keys.ring.root

    @property
    def fingerprint(self) -> str:
        """Of the root key, for people: 32 hexadecimal digits in groups of four."""
        digest = hashlib.sha256(public_from_text(self.root_public).public_bytes_raw()).hexdigest()
        return " ".join(digest[start : start + 4] for start in range(0, 32, 4))

    @property
    def kid(self) -> str:
        """Name of the key that signs plans and commands now."""
        return self.kid_for(Kind.DESIRED)

    def kid_for(self, kind: Kind) -> str:
        """Name of the key that signs messages of `kind` now."""
        return self.keys.signer(PURPOSE_OF[kind])[0]

    def public_key(self, kid: str) -> Ed25519PublicKey | None:
        """Public half of a key of the ring that is not revoked."""
        key = self.keys.ring.find(kid)
        return public_from_text(key.public) if key and key.revoked_ms is None else None

    def unlocked(self, code: str | None) -> "Authority":
        """The same with its root opened by a recovery code; raises `WrongRecoveryCode`."""
        return replace(self, given=self.keys.root_by(code)) if code else self

    def need_root(self) -> Ed25519PrivateKey:
        """The root key; raises `RootLocked`."""
        root = self.root
        if root is None:
            raise RootLocked
        return root

    def sign(self, message: msgspec.Struct, kind: Kind) -> bytes:
        """Seal `message` with the online key for its kind."""
        kid, key = self.keys.signer(PURPOSE_OF[kind])
        return envelope.seal(encode(message), kind=kind, kid=kid, key=key)

    def told_keys(self, tops: tuple[str, ...], serial: int) -> KeySet:
        """The key set as it ought to be; own keys are for all boxes under `tops`."""
        return keyring.key_set(self.keys.ring, tops, serial)

    def key_set(self, serial: int, tops: tuple[str, ...]) -> bytes:
        """Root-signed key set; raises `RootLocked`."""
        told = encode(self.told_keys(tops, serial))
        return envelope.seal(told, kind=Kind.KEYS, kid=ROOT_KID, key=self.need_root())

    def place(self, did: str, units: tuple[str, ...], serial: int) -> bytes:
        """Root-signed placement of a box under `units`, nearest first; raises `RootLocked`."""
        placement = encode(Placement(did, units, serial))
        return envelope.seal(placement, kind=Kind.PLACEMENT, kid=ROOT_KID, key=self.need_root())


def open_authority(folder: Path, now: datetime, passphrase_file: Path | None = None) -> Authority:
    """Read the keys, or make them at first start; raises `SettingsWrong`."""
    return Authority(KeyFolder(folder, int(now.timestamp() * 1000), passphrase_file))


def device_public(text: str) -> Ed25519PublicKey:
    """Read a box's public key as it printed it; raises `SettingsWrong`."""
    try:
        return public_from_text(text)
    except ValueError as e:
        raise SettingsWrong(
            "key_unreadable",
            "Khoá công khai của hộp loa không đúng. "
            "Hãy chép lại dòng mà “loalang-agent init” in ra.",
            "The box's public key is not one. Copy again what `loalang-agent init` printed.",
        ) from e
