"""The PIN of the local page: kept as a slow hash, with the count of wrong ones, on the disk."""

import hashlib
import hmac
import logging
import os
import secrets
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from edge_agent import durable
from edge_agent.contract.types import encode
from edge_agent.errors import AgentError
from edge_agent.log_setup import note
from edge_agent.machine import machine_run

log = logging.getLogger("edge_agent.local.pin")

FILE = "local_pin"
TRIES_FILE = "local_pin_tries"
SHORTEST, LONGEST = 6, 12
ROUNDS = 300_000
"""Of PBKDF2 with SHA-256: half a second on the smallest board, and no memory."""

FREE_TRIES = 5
LOCK_MS, LONGEST_LOCK_MS = 5 * 60_000, 60 * 60_000
"""After so many wrong PINs it is locked, each further one for twice as long."""


class BadPin(AgentError):
    """These figures cannot be a PIN."""

    code = "bad_pin"


class PinWrong(AgentError):
    """Not the PIN of this box; `left` more may be tried before it locks."""

    code = "pin_wrong"


class PinLocked(AgentError):
    """Too many wrong PINs: for now none is looked at."""

    code = "pin_locked"


class PinUnset(AgentError):
    """Nobody has chosen a PIN at this box."""

    code = "pin_unset"


class _Kept(msgspec.Struct, frozen=True):
    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    rounds: Annotated[int, Meta(ge=1, le=10_000_000)]


class _Tries(msgspec.Struct, frozen=True):
    """`wrong` since the last right one; locked until `until_mono_ms` of that run of the machine."""

    wrong: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    until_mono_ms: int = 0
    machine: str = ""


def choose(state_dir: Path, pin: str) -> None:
    """Make `pin` the one of this box and forget wrong ones. Raises `BadPin` and OSError."""
    _refuse_weak(pin)
    salt = secrets.token_bytes(16)
    kept = _Kept(salt.hex(), _slow_hash(pin, salt, ROUNDS).hex(), ROUNDS)
    file = state_dir / FILE
    durable.write_checked(file, encode(kept))
    (state_dir / TRIES_FILE).unlink(missing_ok=True)
    if os.geteuid() == 0:
        # Chosen by root, read by the agent's own user.
        owner = state_dir.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def drop(state_dir: Path) -> None:
    """Leave the box without a PIN: its page can raise nothing. Raises OSError."""
    for name in (FILE, TRIES_FILE):
        (state_dir / name).unlink(missing_ok=True)


def is_chosen(state_dir: Path) -> bool:
    """Whether the box has a PIN."""
    return _kept(state_dir / FILE) is not None


class PinCheck:
    """Judges PINs for the whole box, one at a time, whoever asks; used by any thread."""

    def __init__(
        self, state_dir: Path, mono_ms: Callable[[], int], *, machine: str | None = None
    ) -> None:
        self._file = state_dir / FILE
        self._tries_file = state_dir / TRIES_FILE
        self._mono_ms = mono_ms
        self._machine = machine_run() if machine is None else machine
        self._lock = threading.Lock()
        self._unkept: _Tries | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is a PIN at all."""
        return _kept(self._file) is not None

    def check(self, pin: str) -> None:
        """Returns for the right PIN. Raises `PinUnset`, `PinLocked` and `PinWrong`."""
        with self._lock:
            kept = _kept(self._file)
            if kept is None:
                raise PinUnset(
                    "Hộp này chưa đặt mã PIN. Hãy chạy `loalang-agent pin` trên hộp.",
                    "This box has no PIN yet. Run `loalang-agent pin` on it.",
                )
            tries, now = self._tries(), self._mono_ms()
            if now < tries.until_mono_ms:
                raise _locked(tries.until_mono_ms - now)
            # Counted before it is looked at: pulling the plug gives no free try.
            wrong = tries.wrong + 1
            lock_ms = _lock_ms(wrong)
            self._keep(_Tries(wrong, now + lock_ms if lock_ms else 0, self._machine))
            if _is_right(pin, kept):
                self._keep(None)
                return
            if lock_ms:
                raise _locked(lock_ms)
            raise PinWrong(
                f"Sai mã PIN. Còn {FREE_TRIES - wrong} lần thử.",
                f"Wrong PIN. {FREE_TRIES - wrong} tries left.",
            )

    def _tries(self) -> _Tries:
        """Wrong tries so far; a lock of another run of the machine begins anew."""
        tries = self._unkept
        if tries is None:
            try:
                stored = durable.read_checked(self._tries_file)
                tries = msgspec.json.decode(stored, type=_Tries) if stored else _Tries()
            except (durable.Damaged, OSError, msgspec.MsgspecError) as e:
                note(log, "local_pin_tries_lost", level=logging.ERROR, error=str(e))
                tries = self._lock_anew(FREE_TRIES)
        if tries.machine != self._machine and _lock_ms(tries.wrong):
            return self._lock_anew(tries.wrong)
        return tries

    def _lock_anew(self, wrong: int) -> _Tries:
        tries = _Tries(wrong, self._mono_ms() + _lock_ms(wrong), self._machine)
        self._keep(tries)
        return tries

    def _keep(self, tries: _Tries | None) -> None:
        """A disk that takes nothing must not give free tries, nor keep the right PIN out."""
        self._unkept = None
        try:
            if tries is None:
                self._tries_file.unlink(missing_ok=True)
            else:
                durable.write_checked(self._tries_file, encode(tries))
        except OSError as e:
            durable.note_unwritten(log, self._tries_file, e)
            self._unkept = tries or _Tries()


def _kept(file: Path) -> _Kept | None:
    try:
        stored = durable.read_checked(file)
        return None if stored is None else msgspec.json.decode(stored, type=_Kept)
    except (durable.Damaged, OSError, msgspec.MsgspecError) as e:
        note(log, "local_pin_unreadable", level=logging.ERROR, error=str(e))
        return None


def _refuse_weak(pin: str) -> None:
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        raise BadPin(
            f"Mã PIN phải gồm {SHORTEST} đến {LONGEST} chữ số. Mã cũ vẫn giữ nguyên.",
            f"A PIN has {SHORTEST} to {LONGEST} figures. The old one was kept.",
        )
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        raise BadPin(
            "Mã PIN này quá dễ đoán (chữ số giống nhau hoặc liên tiếp). Mã cũ vẫn giữ nguyên.",
            "This PIN is too easy to guess (equal or consecutive figures). The old one was kept.",
        )


def _slow_hash(pin: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, rounds)


def _is_right(pin: str, kept: _Kept) -> bool:
    found = _slow_hash(pin, bytes.fromhex(kept.salt), kept.rounds)
    return hmac.compare_digest(found, bytes.fromhex(kept.digest))


def _lock_ms(wrong: int) -> int:
    """For how long the `wrong`th wrong PIN in a row locks."""
    if wrong < FREE_TRIES:
        return 0
    return int(min(LONGEST_LOCK_MS, LOCK_MS * 2 ** min(wrong - FREE_TRIES, 10)))


def _locked(left_ms: int) -> PinLocked:
    minutes = -(-left_ms // 60_000)
    return PinLocked(
        f"Đã nhập sai nhiều lần. Hãy thử lại sau {minutes} phút, hoặc dùng nút có khoá.",
        f"Too many wrong PINs. Try again in {minutes} minutes, or use the keyed button.",
    )
