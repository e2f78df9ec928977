"""Loudness and true peak of every sample bulletin in both presets, after decoding."""

import re
import subprocess
import sys
from pathlib import Path

from _stage import tell, workshop

from audio_library.mastering.aim import HIGHEST_PEAK_DBTP, WANTED_LUFS, WITHIN_LU, fits
from audio_library.mastering.preset import Preset
from audio_library.render import render_speech
from audio_library.speech.segment_cache import SegmentCache
from deploy.parts import PARTS, is_installed

TABLE = Path(__file__).parents[1] / "audio_library" / "wording" / "sample_bulletins.tsv"


def by_ffmpeg(path: Path) -> tuple[float, float]:
    """LUFS and dBTP as the command measures them."""
    to_nowhere = ("-af", "ebur128=peak=true", "-f", "null", "-")
    said = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-i", path, *to_nowhere],
        capture_output=True,
        text=True,
        check=True,
    ).stderr.rpartition("Summary:")[2]
    figures = re.search(r"I:\s+(-?[\d.]+) LUFS.*Peak:\s+(-?[\d.]+) dBFS", said, re.DOTALL)
    assert figures is not None
    return float(figures[1]), float(figures[2])


def main() -> int:
    has_ffmpeg = is_installed(PARTS["ffmpeg"])
    rows = [row for row in TABLE.read_text("utf-8").splitlines() if row and row[0] != "#"]
    with workshop() as name:
        cache = SegmentCache(Path(name) / "segments")
        for number, row in enumerate(rows, 1):
            for preset in Preset:
                made = render_speech(
                    row.split("\t")[1], "vi", out_dir=Path(name), preset=preset, segments=cache
                ).mastered
                seen, fit = "", fits(made.lufs, made.true_peak_dbtp)
                if has_ffmpeg:
                    lufs, peak = by_ffmpeg(made.path)
                    seen = f"ffmpeg {lufs:.1f} LUFS, {peak:.1f} dBTP"
                    fit = fit and fits(lufs, peak)
                tell(
                    f"bulletin {number:02}, {preset.value}, {made.duration_ms / 1000:.2f} s",
                    f"{made.lufs:.2f} LUFS, {made.true_peak_dbtp:.2f} dBTP",
                    baseline=seen,
                    aim=f"{WANTED_LUFS:.0f} ± {WITHIN_LU}, ≤ {HIGHEST_PEAK_DBTP}",
                    met=fit,
                    why="see the figures",
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
