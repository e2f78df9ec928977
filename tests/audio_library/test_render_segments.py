"""Sentence by sentence: an edit makes anew what it changed, and nobody hears where it was cut."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from audio_library.child_process import run_child
from audio_library.errors import EngineFailed, EngineOffline, NotRecorded, Stopped
from audio_library.mastering.preset import Dressing, Preset
from audio_library.render import render_speech, respelled
from audio_library.speech.engine import Engine, Speech, Voice
from audio_library.speech.espeak import Espeak
from audio_library.speech.segment_cache import SegmentCache

LINES = (
    "Dự báo cháy rừng ngày mười sáu tháng ba: xã Sa Bình cấp năm, cực kỳ nguy hiểm.",
    "Bà con không đốt nương, không mang lửa vào rừng, không hút thuốc khi đi lấy măng.",
    "Khi thấy cháy gọi một một bốn, hoặc gọi cho trạm kiểm lâm gần nhất, cả ban đêm.",
)
TEXT = "\n\n".join(LINES)
EDITED = TEXT.replace("lấy măng", "lấy mật")


@dataclass
class Listening:
    """eSpeak NG, and what it was asked to say."""

    inner: Espeak = field(default_factory=Espeak)
    heard: list[str] = field(default_factory=list)
    name: str = "eSpeak NG"
    licence: str = ""
    online: bool = False
    unofficial: bool = False
    whole: bool = False
    fails: Exception | None = None

    def voices(self) -> tuple[Voice, ...]:
        return tuple(replace(voice, engine=self.name) for voice in self.inner.voices()[:1])

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        if self.fails is not None:
            raise self.fails
        self.heard += texts
        return self.inner.speak(texts, voice, into=into, timeout_s=timeout_s)


@pytest.fixture
def cache(tmp_path: Path) -> SegmentCache:
    return SegmentCache(tmp_path / "segments")


def test_an_edit_speaks_only_what_it_changed(tmp_path: Path, cache: SegmentCache) -> None:
    engine = Listening()
    first = render_speech(TEXT, "vi", out_dir=tmp_path, engines=[engine], segments=cache)
    assert engine.heard == list(LINES)
    engine.heard.clear()
    edited = render_speech(EDITED, "vi", out_dir=tmp_path, engines=[engine], segments=cache)
    assert engine.heard == [LINES[1].replace("măng", "mật")]
    assert edited.mastered.sha256 != first.mastered.sha256
    engine.heard.clear()
    again = render_speech(TEXT, "vi", out_dir=tmp_path, engines=[engine], segments=cache)
    assert engine.heard == []
    assert again.mastered == first.mastered


RENDER = """
import sys
from pathlib import Path
from audio_library.render import render_speech
from audio_library.speech.segment_cache import SegmentCache

cache = SegmentCache(Path(sys.argv[3])) if len(sys.argv) > 3 else None
made = render_speech(sys.argv[1], "vi", out_dir=Path(sys.argv[2]), segments=cache)
print(made.mastered.sha256, end="")
"""


def test_the_same_words_give_the_same_file_with_or_without_what_is_kept(
    tmp_path: Path, cache: SegmentCache
) -> None:
    """Without a cache, with an empty one, and with one that an edit has half filled."""

    def in_a_fresh_process(*cache_folder: str) -> str:
        argv = [sys.executable, "-I", "-c", RENDER, TEXT, str(tmp_path / "out"), *cache_folder]
        ended = run_child(argv, given=b"", what="render", timeout_s=60)
        assert ended.code == 0, ended.err
        return ended.out.decode()

    bare = in_a_fresh_process()
    render_speech(EDITED, "vi", out_dir=tmp_path / "out", segments=cache)
    assert in_a_fresh_process(str(cache.folder)) == bare
    assert in_a_fresh_process(str(cache.folder)) == bare
    assert in_a_fresh_process(str(tmp_path / "cold")) == bare


def test_a_damaged_segment_is_spoken_anew(tmp_path: Path, cache: SegmentCache) -> None:
    first = render_speech(TEXT, "vi", out_dir=tmp_path, segments=cache)
    for file in cache.folder.rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-7])
    engine = Listening()
    again = render_speech(TEXT, "vi", out_dir=tmp_path, engines=[engine], segments=cache)
    assert engine.heard == list(LINES)
    assert again.mastered == first.mastered


def test_what_is_said_twice_is_spoken_once(tmp_path: Path) -> None:
    engine = Listening()
    twice = f"{LINES[0]}\n\n{LINES[0]}"
    made = render_speech(twice, "vi", out_dir=tmp_path, engines=[engine])
    once = render_speech(LINES[0], "vi", out_dir=tmp_path)
    assert engine.heard == [LINES[0]]
    assert made.mastered.duration_ms > once.mastered.duration_ms + 3_000


def test_a_voice_without_a_fingerprint_is_asked_anew(tmp_path: Path, cache: SegmentCache) -> None:
    class Nameless(Listening):
        def voices(self) -> tuple[Voice, ...]:
            return tuple(replace(voice, fingerprint="") for voice in super().voices())

    engine = Nameless()
    for _ in range(2):
        render_speech(LINES[0], "vi", out_dir=tmp_path, engines=[engine], segments=cache)
    assert engine.heard == [LINES[0], LINES[0]]


def test_presets_and_dressings_are_kept_apart(tmp_path: Path, cache: SegmentCache) -> None:
    made = {
        (preset, dressing): render_speech(
            LINES[0], "vi", out_dir=tmp_path, preset=preset, dressing=dressing, segments=cache
        ).mastered
        for preset in Preset
        for dressing in Dressing
    }
    assert len({mastered.sha256 for mastered in made.values()}) == 4
    for preset in Preset:
        chime, bare = made[preset, Dressing.CHIME], made[preset, Dressing.BARE]
        assert chime.duration_ms > bare.duration_ms + 5_000


def test_the_next_voice_of_the_language_speaks_when_one_fails(tmp_path: Path) -> None:
    down = Listening(name="far", fails=EngineOffline("far", "no network"))
    rendered = render_speech(LINES[0], "vi", out_dir=tmp_path, engines=[down, Espeak()])
    assert (rendered.voice, rendered.engine) == ("espeak:vi", "eSpeak NG")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NotRecorded("Y Hạnh", "vi"), EngineOffline("far", "no network")),
        (EngineFailed("near", "broken"), NotRecorded("Y Hạnh", "vi")),
    ],
)
def test_the_first_voice_says_why_nobody_spoke(
    tmp_path: Path, first: Exception, second: Exception
) -> None:
    engines: list[Engine] = [
        Listening(name="one", fails=first),
        Listening(name="two", fails=second),
    ]
    with pytest.raises(type(first)):
        render_speech(LINES[0], "vi", out_dir=tmp_path, engines=engines)
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_one_segment_of_exactly_the_approved_words(tmp_path: Path) -> None:
    reader = Listening(name="reader", whole=True)
    render_speech(TEXT, "vi", out_dir=tmp_path, engines=[reader], respellings={"nương": "rẫy"})
    assert reader.heard == [TEXT]


def test_a_respelling_reaches_only_the_ear(tmp_path: Path) -> None:
    engine = Listening()
    words = {"Sa": "Xa", "Sa Bình": "Xa Bìn", "đốt": "đót"}
    render_speech(LINES[0], "vi", out_dir=tmp_path, engines=[engine], respellings=words)
    assert engine.heard == [LINES[0].replace("Sa Bình", "Xa Bìn")]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [("Đăk Hà", "Đắc Hà"), ("Đăkla", "Đăkla"), ("(Đăk)", "(Đắc)"), ("đăk", "đăk")],
)
def test_only_whole_words_are_respelled(written: str, spoken: str) -> None:
    assert respelled(written, {"Đăk": "Đắc"}) == spoken


def test_who_waits_hears_how_far_it_is(tmp_path: Path) -> None:
    shares: list[float] = []
    render_speech(TEXT, "vi", out_dir=tmp_path, told=shares.append)
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert 0 <= shares[-1] <= 1


@pytest.mark.parametrize("at", [1, 2, 3])
def test_it_can_be_stopped_and_leaves_nothing(tmp_path: Path, at: int) -> None:
    heard: list[float] = []

    def stop(share: float) -> None:
        heard.append(share)
        if len(heard) == at:
            raise Stopped

    with pytest.raises(Stopped):
        render_speech(TEXT * 5, "vi", out_dir=tmp_path, told=stop)
    assert list(tmp_path.iterdir()) == []
