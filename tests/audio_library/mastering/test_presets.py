"""Every sample bulletin in both presets: one loudness, and the tone that the preset promises."""

import math
import re
import subprocess
from pathlib import Path

import pytest

from audio_library.mastering.filters import Filter, through
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Preset
from audio_library.mastering.sound_source import frames_of_container
from audio_library.render import render_speech
from audio_library.speech.segment_cache import SegmentCache

TABLE = Path(__file__).parents[1] / "wording" / "sample_bulletins.tsv"
SPOKEN = [
    line.split("\t")[1]
    for line in TABLE.read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
LONGEST = max(SPOKEN, key=len)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> SegmentCache:
    return SegmentCache(tmp_path_factory.mktemp("cache"))


def rendered(spoken: str, preset: Preset, out_dir: Path, cache: SegmentCache) -> Mastered:
    made = render_speech(spoken, "vi", out_dir=out_dir, preset=preset, segments=cache)
    return made.mastered


def power_db(path: Path, *band: Filter) -> float:
    """Mean power of what passes the filters, in dB."""
    to_float = Filter("aformat", "sample_fmts=flt:channel_layouts=mono")
    figures = Filter("astats", "metadata=1:reset=0:measure_perchannel=none")
    level = "-inf"
    for frame in through([*band, to_float, figures], frames_of_container(path)):
        level = frame.metadata.get("lavfi.astats.Overall.RMS_level", level)
    return float(level) if level != "-inf" else -math.inf


def below(hertz: int) -> tuple[Filter, ...]:
    return (Filter("lowpass", f"f={hertz}:poles=2"),) * 4


def above(hertz: int) -> tuple[Filter, ...]:
    return (Filter("highpass", f"f={hertz}:poles=2"),) * 4


def loudness_by_ffmpeg(path: Path) -> tuple[float, float, float]:
    """LUFS, dBTP and loudness range in LU."""
    to_nowhere = ("-af", "ebur128=peak=true", "-f", "null", "-")
    said = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-i", path, *to_nowhere],
        capture_output=True,
        text=True,
        check=True,
    ).stderr.rpartition("Summary:")[2]
    found = [re.search(rf"{name}:\s+(-?[\d.]+) \w+", said) for name in ("I", "Peak", "LRA")]
    assert all(found)
    loud, peak, spread = (float(match[1]) for match in found if match)
    return loud, peak, spread


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("number", range(1, len(SPOKEN) + 1))
def test_one_loudness_whoever_measures(
    number: int, preset: Preset, tmp_path: Path, cache: SegmentCache
) -> None:
    made = rendered(SPOKEN[number - 1], preset, tmp_path, cache)
    lufs, peak_dbtp, range_lu = loudness_by_ffmpeg(made.path)
    for loud, peak in ((made.lufs, made.true_peak_dbtp), (lufs, peak_dbtp)):
        assert loud == pytest.approx(-16, abs=0.5)
        assert peak <= -1.5
    assert lufs == pytest.approx(made.lufs, abs=0.11)
    assert range_lu < 6, "speech sentence by sentence is as even as speech in one go"


def test_a_horn_gets_little_that_it_cannot_sound(tmp_path: Path, cache: SegmentCache) -> None:
    horn = rendered(LONGEST, Preset.HORN, tmp_path, cache).path
    plain = rendered(LONGEST, Preset.PLAIN, tmp_path, cache).path
    whole = power_db(horn)
    assert power_db(horn, *below(200)) < whole - 24
    assert power_db(horn, *above(7_500)) < whole - 38
    assert power_db(horn, *below(200)) < power_db(plain, *below(200)) - 8
    voice = (*above(1_500), *below(4_500))
    assert power_db(horn, *voice) > power_db(plain, *voice), "presence"
