"""Voices on the internet, with a stand-in for the way there."""

import errno
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audio_library.child_process import run_child
from audio_library.errors import EngineFailed, EngineOffline, TookTooLong
from audio_library.render import render_speech
from audio_library.speech import online
from audio_library.speech.edge import EdgeTts
from audio_library.speech.engine import Engine
from audio_library.speech.espeak import Espeak
from audio_library.speech.gtts import Gtts
from audio_library.speech.kept_answers import KeptAnswers
from audio_library.speech.online import Ask, ask_all

Make = Callable[[Ask, KeptAnswers | None], Engine]


@pytest.fixture(params=["gtts", "edge"])
def make(request: pytest.FixtureRequest) -> Make:
    kind = {"gtts": Gtts, "edge": EdgeTts}[request.param]
    return lambda ask, kept: kind(allowed=True, kept=kept, ask=ask, installed=lambda: True)


class Service:
    """Answers with the text itself, in parts, and counts who asks."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        self.asked.append((text, voice))
        yield from (text[:3].encode(), text[3:].encode())


def say(engine: Engine, into: Path, *texts: str, timeout_s: float = 5) -> list[bytes]:
    made = engine.speak(texts, engine.voices()[0], into=into, timeout_s=timeout_s)
    return [speech.path.read_bytes() for speech in made]


def test_no_sentence_is_asked_for_twice_also_when_the_network_is_gone(
    tmp_path: Path, make: Make
) -> None:
    kept, service = KeptAnswers(tmp_path / "kept"), Service()
    texts = ("Câu thứ nhất.", "Câu thứ hai.")
    assert say(make(service, kept), tmp_path / "a", *texts) == [t.encode() for t in texts]
    assert len(service.asked) == 2

    def unplugged(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        raise EngineOffline("test", "no network")
        yield b""

    again = make(unplugged, kept)
    assert say(again, tmp_path / "b", *reversed(texts)) == [t.encode() for t in reversed(texts)]
    with pytest.raises(EngineOffline):
        say(again, tmp_path / "c", "Câu mới.")


def test_voices_do_not_share_answers(tmp_path: Path) -> None:
    service = Service()
    engine = EdgeTts(
        allowed=True, kept=KeptAnswers(tmp_path / "kept"), ask=service, installed=lambda: True
    )
    for voice in engine.voices():
        engine.speak(["Xin chào."], voice, into=tmp_path / voice.id, timeout_s=5)
    assert [name for _, name in service.asked] == ["vi-VN-HoaiMyNeural", "vi-VN-NamMinhNeural"]


def test_what_is_kept_is_private(tmp_path: Path, make: Make) -> None:
    say(make(Service(), KeptAnswers(tmp_path / "kept")), tmp_path / "a", "Xin chào.")
    (answer,) = (path for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert answer.stat().st_mode & 0o077 == 0
    assert answer.parent.stat().st_mode & 0o077 == 0


def test_a_service_that_stalls_in_the_middle_leaves_nothing_half(
    tmp_path: Path, make: Make
) -> None:
    never = threading.Event()

    def stalls(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        yield b"a first half"
        never.wait()

    with pytest.raises(TookTooLong):
        say(make(stalls, KeptAnswers(tmp_path / "kept")), tmp_path / "a", "Câu.", timeout_s=0.05)
    never.set()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_one_stalled_sentence_does_not_use_up_the_time_of_all(tmp_path: Path) -> None:
    never = threading.Event()

    def stalls(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        yield b"a first half"
        never.wait()

    with pytest.raises(TookTooLong):
        ask_all(
            *("test", stalls, ["Câu."], "voice"),
            kept=None,
            into=tmp_path,
            timeout_s=3_600,
            answer_s=0.05,
        )
    never.set()


def test_a_service_that_breaks_off_leaves_nothing_half(tmp_path: Path, make: Make) -> None:
    def breaks(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        yield b"a first half"
        raise EngineOffline("test", "connection reset")

    with pytest.raises(EngineOffline, match="reset"):
        say(make(breaks, KeptAnswers(tmp_path / "kept")), tmp_path / "a", "Câu.")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_breaks_off_gives_way_to_the_next_voice_of_the_language(
    tmp_path: Path, make: Make
) -> None:
    def breaks(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        yield b"a first half"
        raise EngineOffline("test", "connection reset")

    engine = make(breaks, KeptAnswers(tmp_path / "kept"))
    rendered = render_speech(
        "Xin chào.",
        "vi",
        out_dir=tmp_path / "out",
        preference=[engine.voices()[0].id],
        engines=(engine, Espeak()),
    )
    assert rendered.voice == "espeak:vi"
    assert list((tmp_path / "out").iterdir()) == [rendered.mastered.path]


UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from audio_library.speech.kept_answers import KeptAnswers

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    KeptAnswers(Path(sys.argv[1])).keep("voice", "text", iter([bytes(8_000)] * 9))
except OSError as error:
    print(error.errno, end="")
"""


def test_a_full_disk_leaves_no_half_answer(tmp_path: Path) -> None:
    argv = [sys.executable, "-I", "-c", UNDER_A_LIMIT, str(tmp_path)]
    ended = run_child(argv, given=b"", what="keep", timeout_s=30)
    assert (ended.out.decode(), ended.err) == (str(errno.EFBIG), "")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_answer_without_end_is_cut_off(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "MAX_ANSWER_BYTES", 10_000)

    def endless(text: str, voice: str, timeout_s: float) -> Iterator[bytes]:
        while True:
            yield bytes(1_000)

    with pytest.raises(EngineFailed):
        say(make(endless, KeptAnswers(tmp_path / "kept")), tmp_path / "a", "Câu.")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_edge_without_a_network_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edge_tts = pytest.importorskip("edge_tts")
    # The real way, to a port of this machine that nobody listens on.
    monkeypatch.setattr(edge_tts.communicate, "WSS_URL", "wss://127.0.0.1:9/x?a=b")
    with pytest.raises(EngineOffline) as refused:
        say(EdgeTts(allowed=True), tmp_path, "Xin chào.")
    assert "cần mạng internet" in refused.value.vi
