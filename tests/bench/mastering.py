"""Mastering beside the `ffmpeg` command on the same samples: the same passes, one after the other.

Speech is read once by eSpeak NG. Ours is the mastering child, process start and all; theirs is
`ffmpeg` filtering and measuring, bringing to level as often as our rule asks for it, encoding, and
decoding again to measure loudness and true peak. Neither adds the chime.
"""

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from _speech import read_aloud
from _stage import note, spread, tell, workshop

from audio_library.mastering import levelling
from audio_library.mastering.aim import Aim, fits
from audio_library.mastering.filters import Filter
from audio_library.mastering.in_child import master_in_child
from audio_library.mastering.opus import BITS_PER_SECOND
from audio_library.mastering.pcm import SAMPLE_RATE
from audio_library.mastering.preset import Dressing, Preset
from audio_library.mastering.voice_chain import voice_chain
from audio_library.speech.engine import Speech
from deploy.parts import PARTS, is_installed

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
AIM = 1.1
MEMORY_AIM_MB = 70
LENGTHS = ((10, ROUNDS), (60, 1))
"""Minutes, and how often."""


def with_ffmpeg(speech: Speech, folder: Path) -> tuple[float, float]:
    """The same passes with the command; gives what the last one measured: LUFS and dBTP."""
    raw = ("-f", "s16le", "-ar", str(speech.sample_rate), "-ac", "1")
    pcm = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")
    voice, level, made = folder / "voice.pcm", folder / "level.pcm", folder / "made.opus"
    chain = _written(voice_chain(Preset.HORN))
    lufs, _ = _ffmpeg(*raw, "-i", str(speech.path), out=voice, chain=chain)
    aim = Aim()
    gain_db = aim.lufs - lufs
    for _ in range(levelling.MAX_PASSES):
        chain = _written(levelling.to_level(gain_db, aim))
        lufs, _ = _ffmpeg(*pcm, "-i", str(voice), out=level, chain=chain)
        if abs(aim.lufs - lufs) <= levelling.TOLERANCE_LU:
            break
        gain_db += 1.35 * (aim.lufs - lufs)
    coder = ("-c:a", "libopus", "-b:a", str(BITS_PER_SECOND), "-application", "voip")
    _run(*pcm, "-i", str(level), *coder, "-frame_duration", "20", "-vbr", "on", str(made))
    return _measured(_run("-i", str(made), "-af", "ebur128=peak=true", "-f", "null", "-"))


def _written(filters: Iterable[Filter]) -> str:
    return ",".join(f"{step.name}={step.arguments}" for step in filters)


def _ffmpeg(*source: str, out: Path, chain: str) -> tuple[float, float]:
    """Filter into samples and measure them in one go."""
    graph = f"[0]{chain},asplit[a][b];[b]ebur128[m]"
    # The measured branch has to go somewhere: nowhere.
    return _measured(
        _run(
            *source,
            *("-filter_complex", graph, "-map", "[a]", "-f", "s16le", str(out)),
            *("-map", "[m]", "-f", "null", "-"),
        )
    )


def _run(*arguments: str) -> str:
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-y", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stderr


def _measured(said: str) -> tuple[float, float]:
    summary = said.rpartition("Summary:")[2]
    loudness = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    assert loudness is not None, said[-500:]
    return float(loudness[1]), float(peak[1]) if peak else 0.0


def ours_once(speech: Speech, out: Path) -> float:
    """Seconds to a mastered file."""
    began = time.perf_counter()
    master_in_child(speech, out, dressing=Dressing.BARE)
    return time.perf_counter() - began


PEAK = """
import resource, sys
from pathlib import Path
from audio_library.mastering.in_child import master_in_child
from audio_library.mastering.preset import Dressing
from audio_library.speech.engine import RAW_PCM, Speech

speech = Speech(Path(sys.argv[1]), RAW_PCM, int(sys.argv[2]))
master_in_child(speech, Path(sys.argv[3]), dressing=Dressing.BARE)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_mb(speech: Speech, out: Path) -> float:
    """Of the mastering child, resident; asked by a small process, whose size a child inherits."""
    argv = [sys.executable, "-c", PEAK, str(speech.path), str(speech.sample_rate), str(out)]
    return int(subprocess.run(argv, check=True, capture_output=True, text=True).stdout) / 1024


def main() -> int:
    with workshop() as name:
        folder = Path(name)
        speeches = {minutes: read_aloud(minutes, folder) for minutes, _ in LENGTHS}
        for minutes, _ in LENGTHS:
            memory = peak_mb(speeches[minutes], folder / "ours.opus")
            tell(
                f"mastering {minutes} min: peak memory",
                f"{memory:.0f} MB",
                aim=f"≤ {MEMORY_AIM_MB} MB",
                met=memory <= MEMORY_AIM_MB,
                why="FFmpeg's libraries and two encoders",
            )
        if not is_installed(PARTS["ffmpeg"]):
            tell("mastering beside ffmpeg", "not measured: needs ffmpeg")
            return 0
        for minutes, rounds in LENGTHS:
            ours: list[float] = []
            theirs: list[float] = []
            for _ in range(rounds):
                began = time.perf_counter()
                lufs, peak = with_ffmpeg(speeches[minutes], folder)
                theirs.append(time.perf_counter() - began)
                if not fits(lufs, peak):
                    note(f"mastering: ffmpeg came out at {lufs} LUFS, {peak} dBTP")
                ours.append(ours_once(speeches[minutes], folder / "ours.opus"))
                note(f"mastering {minutes} min: {ours[-1]:.1f} s, {theirs[-1]:.1f} s")
            ratio = statistics.median(ours) / statistics.median(theirs)
            tell(
                f"mastering {minutes} min of speech, verified",
                spread(ours, "s"),
                baseline=f"ffmpeg {spread(theirs, 's')}",
                ratio=ratio,
                aim=f"≤ {AIM}",
                met=ratio <= AIM,
                why="a Python process starts, and every frame passes through Python",
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
