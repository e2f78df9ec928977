"""All keys of an office in one sealed block: scrypt and AES-256-GCM over a tar of two folders."""

import io
import os
import shutil
import tarfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Meta

from controller.errors import BackupRefused
from controller.fleet.key_folder import PASSPHRASE, RING, ROOT, read_ring, write_private
from controller.fleet.keyring import OWN, Ring
from edge_agent.contract.trust import public_to_text

KEYS, CA = "keys", "ca"
LARGEST_BYTES = 8 * 2**20
MOST_FILES = 1_000
SHORTEST = 12
"""Letters of a passphrase: scrypt makes each guess cost 0.3 s and 128 MB."""

_MAGIC = b"loalang-keys-1\n"
_LONGEST_HEAD = 300
_COST = Annotated[int, Meta(ge=2**14, le=2**20)]


class _Head(msgspec.Struct, frozen=True):
    """How the key was made of the passphrase."""

    salt: Annotated[bytes, Meta(min_length=16, max_length=64)]
    nonce: Annotated[bytes, Meta(min_length=12, max_length=12)]
    n: _COST = 2**17
    r: Annotated[int, Meta(ge=8, le=8)] = 8
    p: Annotated[int, Meta(ge=1, le=4)] = 1


@dataclass(frozen=True, slots=True)
class KeyPack:
    """What was found in a sealed block: files by path below the data folder, and the ring."""

    files: Mapping[str, bytes]
    ring: Ring


def seal_keys(data_dir: Path, passphrase: str) -> bytes:
    """Seal keys and certificate authority of a data folder; also of a running controller.

    Raises `BackupRefused` if there are none, or the passphrase is too short.
    """
    if len(passphrase) < SHORTEST:
        raise BackupRefused(
            "passphrase_short",
            f"Mật khẩu bản sao lưu cần ít nhất {SHORTEST} ký tự. Chưa ghi gì.",
            f"The passphrase of a backup needs {SHORTEST} letters or more. Nothing was written.",
        )
    files = _files(data_dir)
    _check(files)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o600
            tar.addfile(member, io.BytesIO(files[name]))
    head = _Head(os.urandom(16), os.urandom(12))
    said = _MAGIC + msgspec.json.encode(head) + b"\n"
    key = _derived(head, passphrase)
    return said + AESGCM(key).encrypt(head.nonce, packed.getvalue(), said)


def read_pack(sealed: bytes, passphrase: str) -> KeyPack:
    """Open a sealed block and check that it is whole; raises `BackupRefused`."""
    body = sealed.removeprefix(_MAGIC)
    line, found, secret = body.partition(b"\n")
    if body == sealed or not found or len(line) > _LONGEST_HEAD or len(sealed) > LARGEST_BYTES:
        raise _not_keys("not a backup of keys")
    try:
        head = msgspec.json.decode(line, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as e:
        raise _not_keys(str(e)) from e
    said = sealed[: len(_MAGIC) + len(line) + 1]
    try:
        packed = AESGCM(_derived(head, passphrase)).decrypt(head.nonce, secret, said)
    except InvalidTag as e:
        raise BackupRefused(
            "wrong_passphrase",
            "Mật khẩu không đúng, hoặc tệp đã hỏng. Chưa thay đổi gì.",
            "The passphrase is wrong, or the file is damaged. Nothing was changed.",
        ) from e
    files = _unpacked(packed)
    return KeyPack(files, _check(files))


def open_keys(sealed: bytes, data_dir: Path, passphrase: str) -> None:
    """Put sealed keys into a data folder that has none; raises `BackupRefused`."""
    restore_keys(read_pack(sealed, passphrase), data_dir, None)


def restore_keys(pack: KeyPack, data_dir: Path, replace_at: datetime | None) -> Path | None:
    """Put keys into a data folder; gives where the former ones lie now, if there were others.

    Other keys that stand there are replaced only where `replace_at` says when; else it raises
    `BackupRefused` and touches nothing.
    """
    standing = _files(data_dir)
    if standing == dict(pack.files):
        return None
    if standing and replace_at is None:
        raise BackupRefused(
            "other_keys",
            f"Trong {data_dir} đã có khoá khác. Chưa thay đổi gì; nếu đúng là muốn thay, hãy "
            "thêm --replace: khoá cũ được để sang bên.",
            f"There are other keys in {data_dir}. Nothing was changed; if they are to be "
            "replaced, add --replace: the old ones are put aside.",
        )
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = None
    if replace_at is not None and standing:
        aside = data_dir / f"keys-before-{replace_at:%Y%m%d-%H%M%S}"
        aside.mkdir(mode=0o700)
    # The keys last: a folder without a ring says that this was not finished.
    for folder in (CA, KEYS):
        fresh = data_dir / f"{folder}.restored"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        for name, content in pack.files.items():
            if name.startswith(f"{folder}/"):
                write_private(fresh / name.partition("/")[2], content)
        if aside is not None and (data_dir / folder).exists():
            (data_dir / folder).replace(aside / folder)
        if any(fresh.iterdir()):
            fresh.replace(data_dir / folder)
        else:
            fresh.rmdir()
    return aside


def _files(data_dir: Path) -> dict[str, bytes]:
    """Content of both folders, of one moment: a ring that changes meanwhile is read again."""
    while True:
        before = _content(data_dir / KEYS / RING)
        found = {
            f"{folder}/{path.name}": content
            for folder in (KEYS, CA)
            if (data_dir / folder).is_dir()
            for path in sorted((data_dir / folder).iterdir())
            if path.suffix != ".new" and (content := _content(path)) is not None
        }
        if _content(data_dir / KEYS / RING) == before:
            return found


def _content(path: Path) -> bytes | None:
    """None for what is no file, or no more."""
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    except FileNotFoundError:
        return None


def _unpacked(packed: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
            for member in tar:
                folder, _, name = member.name.partition("/")
                plain = name and "/" not in name and not name.startswith(".")
                if not member.isreg() or folder not in (KEYS, CA) or not plain:
                    raise _not_keys(f"a strange member: {member.name[:80]!r}")
                content = tar.extractfile(member)
                assert content is not None
                files[member.name] = content.read()
                if len(files) > MOST_FILES:
                    raise _not_keys("too many files")
    except tarfile.TarError as e:
        raise _not_keys(str(e)) from e
    return files


def _check(files: Mapping[str, bytes]) -> Ring:
    """The ring, if every key that it names is there; raises `BackupRefused`."""
    try:
        ring = read_ring(files[f"{KEYS}/{RING}"])
        own = {key.kid: key.public for key in ring.keys if key.purpose in OWN}
        for kid, public in own.items():
            _same(files[f"{KEYS}/{kid}.pem"], None, public)
        code = files.get(f"{KEYS}/{PASSPHRASE}")
        if code is not None:
            _same(files[f"{KEYS}/{ROOT}"], code.strip(), ring.root)
        elif b"ENCRYPTED" not in files[f"{KEYS}/{ROOT}"]:
            raise ValueError("the root key is not encrypted")
    except KeyError as e:
        raise _not_keys(f"{e.args[0]} is missing") from e
    except (ValueError, TypeError) as e:
        raise _not_keys(str(e)) from e
    return ring


def _same(pem: bytes, code: bytes | None, public: str) -> None:
    """Raises ValueError or TypeError unless `pem` holds the private half of `public`."""
    key = load_pem_private_key(pem, code)
    if not isinstance(key, Ed25519PrivateKey) or public_to_text(key.public_key()) != public:
        raise ValueError("a private key is not the one of the ring")


def _derived(head: _Head, passphrase: str) -> bytes:
    kdf = Scrypt(salt=head.salt, length=32, n=head.n, r=head.r, p=head.p)
    return kdf.derive(unicodedata.normalize("NFC", passphrase).encode())


def _not_keys(why: str) -> BackupRefused:
    return BackupRefused(
        "keys_not_whole",
        f"Bản sao lưu khoá không dùng được: {why}. Chưa thay đổi gì.",
        f"This backup of keys cannot be used: {why}. Nothing was changed.",
    )
