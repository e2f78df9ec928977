"""Child processes that never outlive the controller."""

import asyncio
import ctypes
import signal
from collections.abc import Mapping, Sequence

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends; runs in the child before exec."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


async def start(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    output: int = asyncio.subprocess.PIPE,
    env: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    """Start `argv` in its own session, out of reach of the terminal's Ctrl-C.

    Call it from the main thread: the death signal fires when the thread that forked ends.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        env=env,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    if stdin is not None and process.stdin is not None:
        process.stdin.write(stdin)
        await process.stdin.drain()
        process.stdin.close()
    return process


async def stop(process: asyncio.subprocess.Process, *, patience_s: float = 5.0) -> None:
    """End a child: SIGTERM, then SIGKILL after `patience_s`."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        process.kill()
        await process.wait()
