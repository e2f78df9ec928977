"""Runs one child with a time limit and an end that is certain, whatever the child does."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_library.errors import TookTooLong

STDERR_KEPT = 2_000
LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: exit code (negative: killed by that signal), stdout, the end of stderr."""

    code: int
    out: bytes
    err: str

    @property
    def reason(self) -> str:
        """The last line that it said, or how it died."""
        lines = self.err.strip().splitlines()
        if lines:
            return lines[-1][:200]
        return f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"


def run_child(
    argv: Sequence[str],
    *,
    given: bytes,
    what: str,
    timeout_s: float,
    out: Path | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Ended:
    """Feed `given` to stdin and wait; stdout goes to the file `out` if one is named.

    `meanwhile` is called a few times a second; what it raises ends the child. Raises TookTooLong
    after killing the child and all it started. The child is in a session of its own, so that a
    Ctrl-C at the terminal reaches its parent first.
    """
    with (
        Path(os.devnull if out is None else out).open("wb") as file,
        subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if out is None else file,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as child,
    ):
        try:
            said, complained = _heard(child, given, what, timeout_s, meanwhile)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
    tail = complained[-STDERR_KEPT:].decode("utf-8", "replace")
    return Ended(child.returncode, said or b"", tail)


def _heard(
    child: "subprocess.Popen[bytes]",
    given: bytes,
    what: str,
    timeout_s: float,
    meanwhile: Callable[[], None] | None,
) -> tuple[bytes, bytes]:
    give_up = time.monotonic() + timeout_s
    to_say: bytes | None = given
    while True:
        left_s = max(0.0, give_up - time.monotonic())
        look_s = left_s if meanwhile is None else min(left_s, LOOK_EVERY_S)
        try:
            return child.communicate(to_say, timeout=look_s)
        except subprocess.TimeoutExpired:
            if look_s >= left_s:
                raise TookTooLong(what, timeout_s) from None
        # Asked again it goes on where it was: nothing given or said is lost.
        to_say = None
        if meanwhile is not None:
            meanwhile()
