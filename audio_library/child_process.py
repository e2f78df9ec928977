"""Runs one child with a time limit and an end that is certain, whatever the child does."""

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_library.errors import TookTooLong

STDERR_KEPT = 2_000


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
    argv: Sequence[str], *, given: bytes, what: str, timeout_s: float, out: Path | None = None
) -> Ended:
    """Feed `given` to stdin and wait; stdout goes to the file `out` if one is named.

    Raises TookTooLong after killing the child and all it started. The child is in a session of
    its own, so that a Ctrl-C at the terminal reaches its parent first.
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
            said, complained = child.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise TookTooLong(what, timeout_s) from None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
    tail = complained[-STDERR_KEPT:].decode("utf-8", "replace")
    return Ended(child.returncode, said or b"", tail)
