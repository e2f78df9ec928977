"""Opens another station's stream for a few seconds, in a child process with limits."""

import json
import math
import sys
from dataclasses import dataclass
from typing import Any

from audio_library.child_process import run_child
from audio_library.errors import StreamDead, TookTooLong

LISTEN_S = 5.0
SILENT_LUFS = -50.0
"""Below the hiss of a studio that has gone home."""
TIMEOUT_S = 20.0
"""Name, connection and first sound; a station that needs longer is dead air on a loudspeaker."""
MEMORY_BYTES = 768 * 2**20
"""Address space of the child, TLS included; it uses some 60 MB resident."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in `heard_s` seconds of sound; `bit_rate` in bit/s is 0 where it is not told."""

    kind: str
    """Container and codec: `hls aac`."""
    sample_rate: int
    channels: int
    bit_rate: int
    heard_s: float
    lufs: float
    """Loudness of what was heard; -70 is digital silence."""

    @property
    def silent(self) -> bool:
        """The stream runs, but nothing is said or played in it."""
        return self.lufs < SILENT_LUFS


def check_stream(
    url: str, *, proved: bool, listen_s: float = LISTEN_S, timeout_s: float = TIMEOUT_S
) -> Heard:
    """Listen to the stream at an http(s) address; `proved`: the host must prove its name by TLS.

    Raises StreamDead with the reason.
    """
    request = {
        "url": url,
        "proved": proved,
        "listen_s": listen_s,
        "patience_s": timeout_s / 2,
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": math.ceil(timeout_s) + 1,
    }
    try:
        ended = run_child(
            [sys.executable, "-I", "-m", "audio_library.mastering.stream_check_child"],
            given=json.dumps(request).encode(),
            what="stream check",
            timeout_s=timeout_s,
        )
    except TookTooLong as error:
        raise StreamDead(f"> {timeout_s:.0f} s") from error
    if ended.code != 0:
        # A decoder that met something hostile dies by a signal, or of its limits.
        raise StreamDead(ended.reason)
    answer: dict[str, Any] = json.loads(ended.out)
    if "dead" in answer:
        raise StreamDead(answer["dead"])
    return Heard(**answer)
