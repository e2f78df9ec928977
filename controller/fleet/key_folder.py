"""The keys on disk: private files, owner only; the root's is encrypted by the recovery code."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from controller.errors import ControllerError, RootLocked, SettingsWrong, WrongRecoveryCode
from controller.fleet import keyring
from controller.fleet.keyring import OWN, Purpose, Ring
from controller.fleet.recovery_code import new_code, normal
from edge_agent.contract.trust import public_to_text

ROOT, RING, PASSPHRASE = "root.pem", "ring.json", "passphrase"
_FIRST_ONLINE = "online.pem"
"""The one online key of folders made before there was a ring."""

log = structlog.get_logger()

BY_ITSELF = "loalang"


class KeyFolder:
    """One controller's keys. What it gives is a snapshot; `changing` lets one change at a time."""

    def __init__(self, folder: Path, now_ms: int, passphrase_file: Path | None = None) -> None:
        """Read the keys, or make them at first start; raises `SettingsWrong`."""
        self.folder = folder
        self._passphrase_files = (folder / PASSPHRASE, *filter(None, (passphrase_file,)))
        self._lock = threading.Lock()
        self._root: tuple[str, Ed25519PrivateKey] | None = None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / RING).exists():
            self._begin(now_ms)
        self.ring = _read_ring(folder / RING)
        own = [key for key in self.ring.keys if key.purpose in OWN]
        self._private = {key.kid: _read_key(folder / f"{key.kid}.pem") for key in own}
        self._signers: Mapping[Purpose, str] = {}
        self.turn(now_ms)

    def turn(self, now_ms: int) -> None:
        """From now on sign with the keys whose turn it is."""
        chosen = {purpose: keyring.signer(self.ring, purpose, now_ms) for purpose in OWN}
        self._signers = {purpose: key.kid for purpose, key in chosen.items() if key is not None}

    def signer(self, purpose: Purpose) -> tuple[str, Ed25519PrivateKey]:
        """Name and private half of the key that signs for a purpose."""
        kid = self._signers[purpose]
        return kid, self._private[kid]

    @contextmanager
    def changing(self) -> Iterator[Ring]:
        """Hold the ring still for a change by `keep`."""
        with self._lock:
            yield self.ring

    def keep(self, ring: Ring, made: Mapping[str, Ed25519PrivateKey], now_ms: int) -> None:
        """Hold to `ring` from now on; `made` are the private halves that are new in it."""
        for kid, key in made.items():
            write_private(self.folder / f"{kid}.pem", _pem(key))
        write_private(self.folder / RING, msgspec.json.format(msgspec.json.encode(ring)))
        gone = {key.kid for key in self.ring.keys} - {key.kid for key in ring.keys}
        self.ring, self._private = ring, {**self._private, **made}
        self.turn(now_ms)
        for kid in gone:
            (self.folder / f"{kid}.pem").unlink(missing_ok=True)

    def passphrase(self) -> str | None:
        """The recovery code as it lies here for an office that starts unattended, else None."""
        for path in self._passphrase_files:
            try:
                return normal(path.read_text())
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as e:
                raise _unreadable(path, str(e)) from e
        return None

    def root(self) -> Ed25519PrivateKey | None:
        """The root key, None while nothing that lies here opens it: online keys go on without."""
        try:
            code = self.passphrase()
            return None if code is None else self.root_by(code)
        except ControllerError as e:
            log.error("root_key_closed", code=e.code, why=e.en)
            return None

    @property
    def has_root(self) -> bool:
        """Whether there is a root key, be it locked."""
        return (self.folder / ROOT).exists()

    def root_by(self, typed: str) -> Ed25519PrivateKey:
        """Open the root key; raises `WrongRecoveryCode`."""
        code, known = normal(typed), self._root
        if known is not None and known[0] == code:
            return known[1]
        try:
            key = load_pem_private_key((self.folder / ROOT).read_bytes(), code.encode() or b"-")
        except OSError as e:
            raise _unreadable(self.folder / ROOT, str(e)) from e
        except ValueError as e:
            raise WrongRecoveryCode from e
        except TypeError as e:
            raise _unreadable(self.folder / ROOT, "not encrypted") from e
        if not isinstance(key, Ed25519PrivateKey):
            raise _unreadable(self.folder / ROOT, "not ed25519")
        self._root = (code, key)
        return key

    def lock(self, typed: str) -> None:
        """Forget the recovery code here; raises `WrongRecoveryCode` unless it was typed right."""
        self.root_by(typed)
        (self.folder / PASSPHRASE).unlink(missing_ok=True)

    def unlock(self, typed: str) -> None:
        """Keep the recovery code here, so that the office works unattended."""
        self.root_by(typed)
        write_private(self.folder / PASSPHRASE, f"{normal(typed)}\n".encode())

    def _begin(self, now_ms: int) -> None:
        """Make what lacks of a first ring; an older folder's keys become part of it."""
        root_path, online_path = self.folder / ROOT, self.folder / _FIRST_ONLINE
        root = Ed25519PrivateKey.generate()
        if root_path.exists():
            taken = _plain_root(root_path) or self.root()
            if taken is None:
                raise RootLocked
            root = taken
        office = Ed25519PrivateKey.generate()
        if online_path.exists():
            office = _read_key(online_path)
        made = {Purpose.OFFICE: office, Purpose.EMERGENCY: Ed25519PrivateKey.generate()}
        keys = {p: keyring.own_key(k.public_key(), p, now_ms, BY_ITSELF) for p, k in made.items()}
        code = self.passphrase() or new_code()
        if not any(path.exists() for path in self._passphrase_files):
            write_private(self.folder / PASSPHRASE, f"{code}\n".encode())
        if not root_path.exists() or _plain_root(root_path) is not None:
            write_private(root_path, _pem(root, code))
        for purpose, key in keys.items():
            write_private(self.folder / f"{key.kid}.pem", _pem(made[purpose]))
        ring = Ring(public_to_text(root.public_key()), tuple(keys.values()))
        write_private(self.folder / RING, msgspec.json.format(msgspec.json.encode(ring)))
        online_path.unlink(missing_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, whole or not at all, readable by the owner only."""
    aside = path.with_name(path.name + ".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_ring(data: bytes) -> Ring:
    """Read a ring; raises ValueError."""
    try:
        return msgspec.json.decode(data, type=Ring)
    except msgspec.MsgspecError as e:
        raise ValueError(str(e)) from e


def _read_ring(path: Path) -> Ring:
    try:
        return read_ring(path.read_bytes())
    except (OSError, ValueError) as e:
        raise _unreadable(path, str(e)) from e


def _plain_root(path: Path) -> Ed25519PrivateKey | None:
    """The root key of an older folder, which was not encrypted; None if it is."""
    return None if b"ENCRYPTED" in path.read_bytes() else _read_key(path)


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        read = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as e:
        raise _unreadable(path, str(e)) from e
    if not isinstance(read, Ed25519PrivateKey):
        raise _unreadable(path, "not ed25519")
    return read


def _pem(key: Ed25519PrivateKey, code: str = "") -> bytes:
    how = BestAvailableEncryption(code.encode()) if code else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def _unreadable(path: Path, why: str) -> SettingsWrong:
    return SettingsWrong(
        "key_unreadable",
        f"Không đọc được khoá {path}: {why}. Hãy lấy lại từ bản sao lưu bằng "
        "`loalang keys restore`; đừng xoá gì.",
        f"The key {path} cannot be read: {why}. Restore it from a backup with "
        "`loalang keys restore`; delete nothing.",
    )
