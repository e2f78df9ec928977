"""Who this box is: its own key, and the counters that order its births and connections."""

import base64
import fcntl
import logging
import re
from pathlib import Path
from typing import TextIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent import durable
from edge_agent.errors import BadIdentity, StateBusy, StateUnwritable
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.identity")

KEY_FILE = "device_key.pem"
LOCK_FILE = "lock"
_PEM = re.compile(r"\s*-----BEGIN PRIVATE KEY-----([\w+/=\s]+)-----END PRIVATE KEY-----\s*")
_HEAD = bytes.fromhex("302e020100300506032b657004220420")
"""What stands before the 32 bytes of an ed25519 key in PKCS #8 (RFC 8410)."""


def prepare(state_dir: Path) -> None:
    """Make the state folder, for the owner only. Raises `StateUnwritable`."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as e:
        raise StateUnwritable(
            f"Không tạo được thư mục {state_dir}: {e.strerror}.",
            f"Cannot make the folder {state_dir}: {e.strerror}.",
        ) from e


def claim(state_dir: Path) -> TextIO:
    """Take the state folder for this process while the file stays open. Raises `AgentError`."""
    try:
        lock = (state_dir / LOCK_FILE).open("w")
    except OSError as e:
        raise StateUnwritable(
            f"Không mở được {state_dir / LOCK_FILE}: {e.strerror}. Dữ liệu vẫn còn nguyên.",
            f"Cannot open {state_dir / LOCK_FILE}: {e.strerror}. The state was kept.",
        ) from e
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        lock.close()
        raise StateBusy(
            f"Một loalang-agent khác đang dùng {state_dir}. Hãy dừng nó trước.",
            f"Another loalang-agent is using {state_dir}. Stop it first.",
        ) from e
    return lock


def create_key(state_dir: Path, name: str = KEY_FILE) -> Ed25519PrivateKey:
    """Give the box's key, making it on the first call; it never leaves the box."""
    path = state_dir / name
    if path.exists():
        return load_key(state_dir, name)
    key = Ed25519PrivateKey.generate()
    durable.write(path, to_pem(key))
    return key


def load_key(state_dir: Path, name: str = KEY_FILE) -> Ed25519PrivateKey:
    """Read the box's key and see to it that only the owner can. Raises `BadIdentity`."""
    path = state_dir / name
    try:
        path.chmod(0o600)
        return _from_pem(path.read_text())
    except (OSError, ValueError) as e:
        raise BadIdentity(
            f"Không đọc được khoá thiết bị {path}: {e}. "
            "Chạy `loalang-agent init --state-dir` rồi ghép nối lại.",
            f"Cannot read the device key {path}: {e}. "
            "Run `loalang-agent init --state-dir` and pair the box again.",
        ) from e


# cryptography reads PEM too, but with its readers of SSH and X.509: 2 MB that nothing else needs.
def to_pem(key: Ed25519PrivateKey) -> bytes:
    """The key as its file holds it."""
    body = base64.b64encode(_HEAD + key.private_bytes_raw()).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n".encode()


def _from_pem(text: str) -> Ed25519PrivateKey:
    """Raises ValueError."""
    pem = _PEM.fullmatch(text)
    der = base64.b64decode(pem[1]) if pem else b""
    if not der.startswith(_HEAD):
        raise ValueError("not an ed25519 key in PKCS #8")
    return Ed25519PrivateKey.from_private_bytes(der.removeprefix(_HEAD))


class Counter:
    """A number on disk that only grows, also over restarts and a damaged file.

    After damage it goes on from `now_s` (UTC), above any honest count.
    """

    def __init__(self, path: Path, now_s: int) -> None:
        self._path = path
        self.losses: tuple[str, ...] = ()
        try:
            stored = durable.read_checked(path)
            self._value = int(stored) if stored else 0
        except (durable.Damaged, ValueError) as e:
            kept = durable.set_aside(path)
            self.losses = (f"{path.name} damaged",)
            note(log, "state_set_aside", level=logging.ERROR, file=str(kept), error=str(e))
            self._value = now_s

    def next(self) -> int:
        """Count one up; if the disk takes no more, it goes on in memory."""
        self._value += 1
        try:
            durable.write_checked(self._path, str(self._value).encode())
        except OSError as e:
            durable.note_unwritten(log, self._path, e)
        return self._value
