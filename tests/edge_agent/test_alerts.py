"""What a box says of each alert: the best that it holds of every language, without waiting."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_agent.alerts import FETCH_WITHIN_MS, Alerts
from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.alert import Alert, AlertList, Clip, Severity, Spoken
from edge_agent.contract.desired import Desired, PhraseRef
from edge_agent.contract.manifest import Asset, Manifest
from edge_agent.contract.phrase_index import PhrasePage
from edge_agent.contract.state import ClockSource
from edge_agent.contract.types import encode
from edge_agent.held import Held
from edge_agent.rounds import SIREN, Voiced
from edge_agent.siren import siren
from edge_agent.voice import AGAIN_MS, ROOM_LEFT, Voice
from tests.edge_agent.fakes import FakeTime
from tests.edge_agent.office import DID, UNIT
from tests.edge_agent.opus_files import phrase

SAY = "warn | flood"
FAR = Asset("f" * 64, 9_000, 9_000)


@dataclass
class Box:
    """A cache, a voice whose errands run when the test lets them, and the alerts that are held."""

    cache: Cache
    now: FakeTime = field(default_factory=FakeTime)
    source: ClockSource = ClockSource.NTP
    clips: tuple[Clip, ...] = ()
    pages: tuple[PhraseRef, ...] = ()
    held: dict[tuple[str, str], AlertList] = field(default_factory=dict)
    errands: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.voice = Voice(self.cache, self.send, lambda: self.clips)
        self.alerts = Alerts(self.voice, self.cache.shelves[Shelf.AUDIO])

    def send(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        def run() -> None:
            try:
                made = work()
            except OSError as e:
                made = e
            then(made)

        self.errands.append(run)

    def put(self, shelf: Shelf, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.cache.path(shelf, sha256).write_bytes(data)
        self.cache.admit(Wanted(shelf, sha256, len(data)))
        return sha256

    def audio(self, hertz: int, duration_ms: int = 300) -> Asset:
        data = phrase(hertz, duration_ms)
        return Asset(self.put(Shelf.AUDIO, data), len(data), duration_ms)

    def learn(self, language: str, **phrases: Asset) -> None:
        page = gzip.compress(encode(PhrasePage(language, phrases)), mtime=0)
        self.pages += (PhraseRef(language, self.put(Shelf.PAGES, page), len(page)),)

    def look(self, *alerts: Alert, errands: bool = True) -> tuple[Voiced, ...]:
        """Hear of exactly these; with `errands`, until nothing is being made any more."""
        now = self.now.reading(self.source)
        self.held[("tinh", UNIT)] = AlertList("tinh", UNIT, 1, now.utc_ms, alerts)
        word = Manifest("0" * 64, now.utc_ms, now.utc_ms + 1, ())
        told = Desired(DID, 1, now.utc_ms, word, (), (), (), phrases=self.pages)
        while True:
            self.voice.look(told, self.now.mono_ms)
            self.alerts.look(Held(alerts=self.held), {UNIT}, now)
            if not errands or not self.errands:
                return self.alerts.voiced
            self.errands.pop(0)()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(Cache(tmp_path))
    box.learn("vi", warn=box.audio(440), flood=box.audio(700))
    return box


def alert(*spoken: Spoken, **changes: Any) -> Alert:
    now = FakeTime().system_ms
    plain = Alert("lu-1", 1, Severity.EXTREME, (), now, now + 600_000, 600, spoken, hazard="flood")
    return replace(plain, **changes)


def said(voiced: Voiced) -> list[tuple[str, str, int]]:
    return [(part.name, part.language, part.asset.duration_ms) for part in voiced.parts]


def test_a_sentence_is_said_in_phrases_and_stands_among_the_audio(box: Box) -> None:
    (voiced,) = box.look(alert(Spoken("vi", say=SAY)))
    assert said(voiced) == [("0.0", "vi", 300 + 350 + 300)]
    assert voiced.parts[0].asset.sha256 in box.cache.shelves[Shelf.AUDIO]
    assert voiced.parts[0].asset.sha256 in box.voice.made
    assert (voiced.lacks, voiced.waits) == ("", False)


def test_it_is_joined_once_however_often_it_is_said(box: Box) -> None:
    box.look(alert(Spoken("vi", say=SAY)))
    box.look(alert(Spoken("vi", say=SAY), id="lu-2"), errands=False)
    assert box.errands == []


def test_the_siren_comes_first_and_sounds_while_the_sentence_is_made(box: Box) -> None:
    (waiting,) = box.look(alert(Spoken("vi", say=SAY), siren_s=2), errands=False)
    assert (waiting.parts, waiting.waits) == ((), True)
    box.errands.pop(0)()
    (sounding,) = box.look(alert(Spoken("vi", say=SAY), siren_s=2), errands=False)
    assert (said(sounding), sounding.waits) == ([(SIREN, "zxx", 2_000)], True)
    (whole,) = box.look(alert(Spoken("vi", say=SAY), siren_s=2))
    assert [part.name for part in whole.parts] == [SIREN, "0.0"]


def test_the_second_language_says_the_same_in_phrases_of_its_own(box: Box) -> None:
    box.learn("sed", warn=box.audio(300, 500), flood=box.audio(500, 600))
    (voiced,) = box.look(alert(Spoken("vi", say=SAY), Spoken("sed")))
    assert said(voiced)[1] == ("1.0", "sed", 500 + 350 + 600)


def test_a_missing_phrase_gives_way_to_the_clip_and_holds_up_nobody(box: Box) -> None:
    clip = box.audio(900, 400)
    box.clips = (Clip("flood", (Spoken("sed", (clip,)), Spoken("hre", (FAR,)))),)
    box.learn("sed", warn=box.audio(300, 500))
    (voiced,) = box.look(alert(Spoken("sed", say=SAY), Spoken("hre"), Spoken("vi")))
    assert said(voiced) == [("0.0", "sed", 400), ("2.0", "vi", 950)]
    assert voiced.lacks == "clip_instead: sed; phrases_missing: hre"


def test_phrases_that_arrive_later_are_said_then(box: Box) -> None:
    far = phrase(500, 600)
    lost = Asset(hashlib.sha256(far).hexdigest(), len(far), 600)
    box.learn("sed", warn=box.audio(300, 500), flood=lost)
    (mute,) = box.look(alert(Spoken("sed", say=SAY)))
    assert (mute.parts, mute.lacks) == ((), "phrases_missing: sed")
    box.put(Shelf.AUDIO, far)
    box.now.pass_ms(AGAIN_MS)
    (voiced,) = box.look(alert(Spoken("sed", say=SAY)))
    assert said(voiced) == [("0.0", "sed", 1_450)]


def test_a_rotten_phrase_is_never_said_and_thrown_away(box: Box) -> None:
    bad = box.audio(250, 200)
    box.cache.path(Shelf.AUDIO, bad.sha256).write_bytes(phrase(251, 200))
    box.learn("sed", warn=bad, flood=box.audio(500))
    (mute,) = box.look(alert(Spoken("sed", say=SAY)))
    assert mute.lacks == "phrases_missing: sed"
    assert bad.sha256 not in box.cache.shelves[Shelf.AUDIO]


def test_whole_audio_is_waited_for_only_a_moment_where_a_clip_is_held(box: Box) -> None:
    clip = box.audio(900, 400)
    box.clips = (Clip("flood", (Spoken("vi", (clip,)),)),)
    (waiting,) = box.look(alert(Spoken("vi", (FAR,))))
    assert [part.asset for part in waiting.parts] == [FAR]
    box.now.pass_ms(FETCH_WITHIN_MS)
    (instead,) = box.look(alert(Spoken("vi", (FAR,))))
    assert [part.asset for part in instead.parts] == [clip]


def test_where_nothing_can_be_joined_the_phrases_are_said_one_by_one(box: Box) -> None:
    wav = box.put(Shelf.AUDIO, b"RIFF, but no Opus")
    box.learn("sed", warn=Asset(wav, 17, 250), flood=box.audio(700))
    (voiced,) = box.look(alert(Spoken("sed", say=SAY)))
    assert said(voiced) == [("0.0", "sed", 250), ("0.1", "sed", 300)]


class NearlyFull(Cache):
    """A card with little room left."""

    def free_bytes(self) -> int:
        return ROOM_LEFT


def test_no_sentence_takes_the_last_of_the_disk_and_it_is_said_all_the_same(
    tmp_path: Path,
) -> None:
    box = Box(NearlyFull(tmp_path))
    box.learn("vi", warn=box.audio(440), flood=box.audio(700))
    (voiced,) = box.look(alert(Spoken("vi", say=SAY), siren_s=1))
    assert said(voiced) == [
        ("siren", "zxx", 1_000),
        ("0.0", "vi", 300),
        ("0.1", "vi", 300),
    ]


def test_no_alert_is_taken_for_expired_by_a_clock_that_may_be_wrong(box: Box) -> None:
    box.now.step_ms(10**11)
    flood = alert(Spoken("vi", say=SAY))
    assert box.look(flood) == ()
    box.source = ClockSource.UNTRUSTED
    assert [each.alert for each in box.look(flood)] == [flood]


def test_a_box_that_was_moved_heeds_no_list_of_where_it_stood(box: Box) -> None:
    elsewhere = alert(Spoken("vi", say=SAY))
    box.held[("tinh", "xa-cu")] = AlertList("tinh", "xa-cu", 1, elsewhere.issued, (elsewhere,))
    assert box.look() == ()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    siren_s=st.integers(0, 30),
    hazard=st.sampled_from(["flood", "test", ""]),
    spoken=st.lists(
        st.sampled_from([Spoken("vi"), Spoken("vi", say="warn"), Spoken("sed"), Spoken("jra")]),
        max_size=4,
    ),
)
def test_law_a_test_never_sounds_the_siren_nor_what_it_tests(
    box: Box, siren_s: int, hazard: str, spoken: list[Spoken]
) -> None:
    danger, harmless = box.audio(900, 400), box.audio(800, 200)
    real = tuple(Spoken(language, (danger,)) for language in ("vi", "sed", "jra"))
    tested = (Spoken("sed", (harmless,)),)
    box.clips = (Clip("flood", real), Clip("test", tested))
    tried = alert(*spoken, siren_s=siren_s, hazard=hazard, test=True)
    (voiced,) = box.look(tried)
    assert all(part.name != SIREN and part.asset != danger for part in voiced.parts)


def test_a_full_disk_leaves_the_siren_out_and_the_words_in(box: Box) -> None:
    data = siren(2)
    wanted = Wanted(Shelf.AUDIO, hashlib.sha256(data).hexdigest(), len(data))
    # Nothing can be written where a folder stands.
    box.cache.part(wanted).mkdir()
    (voiced,) = box.look(alert(Spoken("vi", (box.audio(440),)), siren_s=2))
    assert said(voiced) == [("0.0", "vi", 300)]
