"""From a spoken form to a file for air by eSpeak NG: seconds of work a second of sound.

The time of the processor is told beside it: on a busy machine only that says anything.
"""

import os
import resource
import statistics
import sys
import time
from pathlib import Path

from _speech import spoken_for
from _stage import note, tell, workshop

from audio_library.render import render_speech

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
AIM = 0.02
SHORT = "Khi thấy cháy gọi một một bốn. Bà con bình tĩnh và báo cho trưởng thôn."


def processor_s() -> float:
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    with workshop() as name:
        for what, spoken, judged in (
            ("a bulletin of 10 min", spoken_for(10), True),
            ("a bulletin of two sentences", SHORT, False),
        ):
            factors: list[float] = []
            before_s = processor_s()
            for _ in range(ROUNDS):
                began = time.perf_counter()
                made = render_speech(spoken, "vi", out_dir=Path(name))
                took = time.perf_counter() - began
                factors.append(took * 1000 / made.mastered.duration_ms)
                note(f"{what}: {took:.2f} s for {made.mastered.duration_ms / 1000:.0f} s")
            middle = statistics.median(factors)
            processor = (processor_s() - before_s) / ROUNDS * 1000 / made.mastered.duration_ms
            tell(
                f"eSpeak path with mastering, {what}: real-time factor",
                f"{middle:.4f} ({min(factors):.4f}…{max(factors):.4f})",
                baseline=f"processor {processor:.4f}",
                aim=f"≤ {AIM}" if judged else "",
                met=middle <= AIM if judged else None,
                why="encoding, and what else the machine does"
                if judged
                else f"{took:.2f} s, most of it process starts",
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
