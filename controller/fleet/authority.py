"""The controller's keys on disk, and what they sign."""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from controller.errors import SettingsWrong
from edge_agent.contract import envelope
from edge_agent.contract.trust import (
    ROOT_KID,
    Grant,
    KeySet,
    Kind,
    Placement,
    PublishedKey,
    public_from_text,
    public_to_text,
)
from edge_agent.contract.types import encode

ONLINE_KEY_LIFE_MS = 400 * 86_400_000
ONLINE_KINDS = (Kind.DESIRED, Kind.COMMAND, Kind.ALERT, Kind.TIME, Kind.ACK)


@dataclass(frozen=True, slots=True)
class Authority:
    """Root and online key of one controller; everything that it signs is signed here."""

    root: Ed25519PrivateKey
    online: Ed25519PrivateKey

    @property
    def root_public(self) -> str:
        """What a box pins at pairing."""
        return public_to_text(self.root.public_key())

    @property
    def kid(self) -> str:
        """Name of the online key: the head of its public half."""
        return public_to_text(self.online.public_key())[:16].replace("_", "-").strip("-") or "key"

    def sign(self, message: msgspec.Struct, kind: Kind) -> bytes:
        """Seal `message` with the online key."""
        return envelope.seal(encode(message), kind=kind, kid=self.kid, key=self.online)

    def key_set(self, serial: int, now_ms: int, units: tuple[str, ...]) -> bytes:
        """Root-signed set of the one online key, for boxes under `units`."""
        grants = tuple(Grant(kind, units) for kind in ONLINE_KINDS)
        public = public_to_text(self.online.public_key())
        key = PublishedKey(self.kid, public, now_ms + ONLINE_KEY_LIFE_MS, grants)
        keys = KeySet(serial, (key,))
        return envelope.seal(encode(keys), kind=Kind.KEYS, kid=ROOT_KID, key=self.root)

    def place(self, did: str, units: tuple[str, ...], serial: int) -> bytes:
        """Root-signed placement of a box under `units`, nearest first."""
        placement = Placement(did, units, serial)
        return envelope.seal(encode(placement), kind=Kind.PLACEMENT, kid=ROOT_KID, key=self.root)


def open_authority(folder: Path) -> Authority:
    """Read the keys, or make them at first start; private files, owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Authority(_key(folder / "root.pem"), _key(folder / "online.pem"))


def _key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        temporary = path.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(pem)
            f.flush()
            os.fsync(f.fileno())
        temporary.replace(path)
        return made
    try:
        read = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as e:
        raise SettingsWrong(
            "key_unreadable",
            f"Không đọc được khoá {path}: {e}. Hãy lấy lại từ bản sao lưu; đừng xoá.",
            f"The key {path} cannot be read: {e}. Restore it from a backup; do not delete it.",
        ) from e
    if not isinstance(read, Ed25519PrivateKey):
        raise SettingsWrong(
            "key_unreadable", f"Khoá {path} không phải ed25519.", f"The key {path} is not ed25519."
        )
    return read


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
