"""Runs one worker of a voice model in a child process with limits, and reads its answer."""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audio_library.child_process import run_child
from audio_library.errors import EngineFailed, StoreFull
from audio_library.speech.engine import RAW_PCM, Speech

MEMORY_BYTES = 2 * 2**30
"""Address space. The runtime with a model of no size takes 166 MB; real models are 28 to 114 MB."""


def speak_by_worker(
    module: str,
    engine: str,
    texts: Sequence[str],
    model: dict[str, Any],
    *,
    into: Path,
    timeout_s: float,
) -> tuple[Speech, ...]:
    """`model` says to the worker what to load; raises EngineFailed, StoreFull, TookTooLong."""
    into.mkdir(parents=True, exist_ok=True)
    if not texts:
        return ()
    request = {
        **model,
        "texts": list(texts),
        "into": str(into.absolute()),
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": math.ceil(timeout_s) + 1,
    }
    ended = run_child(
        [sys.executable, "-I", "-m", module],
        given=json.dumps(request).encode(),
        what=engine,
        timeout_s=timeout_s,
    )
    if ended.code != 0:
        raise EngineFailed(engine, ended.reason)
    answer: dict[str, Any] = json.loads(ended.out)
    if answer.get("error") == StoreFull.code:
        raise StoreFull
    if "error" in answer:
        raise EngineFailed(engine, answer["reason"])
    rate = int(answer["sample_rate"])
    return tuple(Speech(into / f"{n}.pcm", RAW_PCM, rate) for n in range(len(texts)))
