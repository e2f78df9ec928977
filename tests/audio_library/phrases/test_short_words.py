"""Phrases are short: each is brought to the level of the air as it stands, without a chime."""

from pathlib import Path

import pytest

from audio_library.mastering.aim import UNMEASURED_LUFS
from audio_library.mastering.preset import Dressing
from audio_library.render import render_speech


@pytest.mark.parametrize("words", ["và", "đến", "ba phút", "xã Đăk Hà", "lũ quét"])
def test_two_words_are_a_sound_of_their_own(words: str, tmp_path: Path) -> None:
    made = render_speech(words, "vi", out_dir=tmp_path, dressing=Dressing.BARE).mastered
    assert 150 < made.duration_ms < 1_500, "no pause of a sentence, no chime"
    assert made.lufs == UNMEASURED_LUFS or made.lufs == pytest.approx(-16.0, abs=0.5)
    assert made.true_peak_dbtp <= -1.5
