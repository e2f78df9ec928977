"""The tone that a box makes for itself."""

import io
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from edge_agent.cache import Cache, Shelf, digest
from edge_agent.contract.commands import TestTone
from edge_agent.decide import Act, Policy, Situation, decide
from edge_agent.tone import FADE_S, HERTZ, PEAK, RATE, keep_tone, tone_cue, wav
from tests.edge_agent.office import cue


@pytest.mark.parametrize("seconds", [1, 5, 30])
def test_it_is_a_sine_of_a_thousand_hertz_with_soft_ends(seconds: int) -> None:
    with wave.open(io.BytesIO(wav(seconds))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        samples = array("h", file.readframes(file.getnframes()))
    assert len(samples) == seconds * RATE
    assert max(samples) == pytest.approx(PEAK * 32_767, abs=1)
    crossings = sum(a < 0 <= b for a, b in pairwise(samples))
    assert crossings == pytest.approx(seconds * HERTZ, abs=2)
    soft = round(FADE_S * RATE) // 10
    assert max(map(abs, samples[:soft])) < 3_300
    assert max(map(abs, samples[-soft:])) < 3_300


def test_it_is_kept_like_any_audio_and_made_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    asset = keep_tone(cache, 2)
    path = cache.path(Shelf.AUDIO, asset.sha256)
    written = path.stat().st_mtime_ns
    assert (digest(path), asset.duration_ms) == (asset.sha256, 2_000)
    assert keep_tone(cache, 2) == asset
    assert path.stat().st_mtime_ns == written
    assert Cache(tmp_path).shelves[Shelf.AUDIO] == {asset.sha256: asset.bytes}


def situation(tmp_path: Path, **changes: object) -> tuple[Situation, int]:
    now_ms = 1_795_386_600_000
    cache = Cache(tmp_path)
    asset = keep_tone(cache, 5)
    tone = tone_cue("t", asset, TestTone(), now_ms=now_ms, until_ms=now_ms + 60_000)
    fields = {
        "now_ms": now_ms,
        "clock_trusted": True,
        "cues": (),
        "held": frozenset([asset.sha256]),
        "history": {},
        "orders": (tone,),
    } | changes
    return Situation(**fields), now_ms  # type: ignore[arg-type]


def test_it_sounds_when_nothing_else_does(tmp_path: Path) -> None:
    asked, _ = situation(tmp_path)
    decision = decide(asked)
    assert (decision.act, decision.reason) == (Act.PLAY, "ordered")


def test_what_is_planned_goes_first(tmp_path: Path) -> None:
    asked, now_ms = situation(tmp_path)
    planned = cue(asked.orders[0].asset, now_ms, id="news")
    decision = decide(situation(tmp_path, cues=(planned,))[0])
    assert decision.play is not None
    assert decision.play.cue.id == "news"


def test_a_switch_that_silences_the_box_silences_it(tmp_path: Path) -> None:
    asked, _ = situation(tmp_path, policy=Policy(silenced="maintenance"))
    assert decide(asked).act is Act.SILENT
