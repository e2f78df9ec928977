"""What the workers of voice models share: limits before anything heavy, and an answer in JSON."""

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audio_library.errors import EngineFailed, StoreFull
from audio_library.no_room import is_no_room

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class CannotSay(Exception):
    """Why the model does not speak, in a few words."""


def answer(speak: Callable[[dict[str, Any]], int]) -> None:
    """Read the request from stdin, write the sample rate or the reason of failure to stdout."""
    request: dict[str, Any] = json.load(sys.stdin)
    memory, seconds = request["memory_bytes"], request["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # The share of a call, whoever else speaks: also several times faster than the default.
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        said: dict[str, object] = {"sample_rate": speak(request)}
    except OSError as error:
        code = StoreFull.code if is_no_room(error) else EngineFailed.code
        said = {"error": code, "reason": str(error)[:200]}
    except Exception as error:
        # Whatever a foreign model makes the runtime raise, it is this model's failure.
        said = {"error": EngineFailed.code, "reason": _first_line(error)}
    json.dump(said, sys.stdout)


def write_sound(into: str, number: int, samples: bytes) -> None:
    """Keep one text's raw samples; silence of no length is no answer."""
    if not samples:
        raise CannotSay("no sound")
    Path(into, f"{number}.pcm").write_bytes(samples)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    kind = "" if isinstance(error, CannotSay) else f"{type(error).__name__}: "
    return f"{kind}{lines[0]}"[:200]
