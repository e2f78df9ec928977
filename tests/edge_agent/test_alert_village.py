"""An alert at a real box with a real player: said by what it holds, and told to the office."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from edge_agent.contract import topics
from edge_agent.contract.alert import (
    Alert,
    AlertList,
    AlertStatus,
    AlertStep,
    Clip,
    ClipPage,
    Ended,
    Severity,
    Spoken,
)
from edge_agent.contract.desired import ClipsRef, PhraseRef
from edge_agent.contract.manifest import Asset
from edge_agent.contract.phrase_index import PhrasePage
from edge_agent.contract.report import PlaybackEvent, Source
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, PROVINCE, UNIT, FileServer, Office, cue
from tests.edge_agent.opus_files import phrase
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

pytestmark = pytest.mark.needs("mosquitto", "mpv")

SAY = "warn | flood , here"
SAY_MS = 300 + 350 + 250 + 220 + 200
PHRASES = {"warn": (440, 300), "flood": (700, 250), "here": (330, 200)}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def mpv() -> dict[str, Any]:
    return {"kind": "mpv", "audio_output": "null"}


@dataclass
class Village:
    """A box that holds all phrases of vi, none of sed, and a recorded clip of sed for floods."""

    office: Office
    files: FileServer
    broker: Broker
    box: Box
    ear: Ear
    serial: int = field(default_factory=now_ms)

    def alert(self, ident: str = "lu-1", **changes: Any) -> Alert:
        plain = Alert(
            ident,
            1,
            Severity.EXTREME,
            (UNIT,),
            now_ms(),
            now_ms() + 60_000,
            60,
            (Spoken("vi", say=SAY), Spoken("sed"), Spoken("jra")),
            hazard="flood",
            siren_s=1,
        )
        return replace(plain, **changes)

    def tell(self, *alerts: Alert, ended: tuple[Ended, ...] = (), scope: str = UNIT) -> None:
        self.serial += 1
        told = AlertList("tinh", scope, self.serial, now_ms(), alerts, ended)
        sealed = self.office.sealed(told, Kind.ALERT)
        self.ear.retain(topics.group_alert(scope, "tinh"), sealed)

    def steps(self, ident: str = "lu-1") -> list[AlertStep]:
        return [step for step in self.ear.alert_steps if step.alert == ident]

    def reached(self, status: AlertStatus, ident: str = "lu-1", **fields: Any) -> AlertStep:
        def found() -> AlertStep | None:
            wanted = {"status": status, **fields}
            for step in self.steps(ident):
                if all(getattr(step, name) == value for name, value in wanted.items()):
                    return step
            return None

        step: AlertStep = wait_for(found, f"{ident} to be {status} {fields}")
        return step

    def heard(self, ident: str = "lu-1") -> list[PlaybackEvent]:
        return [event for event in self.ear.of_kind("ended") if event.alert == ident]


def publish(village: Village) -> Asset:
    office = village.office
    phrases = {n: office.audio(phrase(*what), what[1]) for n, what in PHRASES.items()}
    clip = office.audio(phrase(550, 400), 400)
    page, size = office.kept(PhrasePage("vi", phrases))
    spoken = (Spoken("vi", say="warn"), Spoken("sed", (clip,)))
    tested = (Spoken("vi", say="here here"),)
    clips, clips_size = office.kept(
        ClipPage((Clip("flood", spoken, "lũ", "flood"), Clip("test", tested)))
    )
    programme = cue(office.audio(phrase(220, 60_000), 60_000), now_ms() + 1_000, id="c-1")
    desired = office.desired(
        (programme,), serial=1, now_ms=now_ms(), sources=(village.files.address,)
    )
    desired = replace(
        desired, phrases=(PhraseRef("vi", page, size),), clips=ClipsRef(clips, clips_size)
    )
    village.ear.retain(topics.down(DID, "desired"), office.sealed(desired, Kind.DESIRED))
    return clip


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    tmp_path = tmp_path_factory.mktemp("village")
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    box = Box(office, tmp_path, broker.port, player=mpv())
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    village = Village(office, files, broker, box, ear)
    publish(village)
    held = lambda: any(h.desired and h.cache.lacking == 0 for h in ear.hellos)  # noqa: E731
    wait_for(held, "phrases and clips to be held")
    wait_for(lambda: ear.of_kind("started"), "the programme")
    yield village
    ear.close()
    box.close()
    broker.close()
    files.close()


def test_an_alert_needs_no_download_and_each_language_is_said_as_well_as_it_can_be(
    village: Village,
) -> None:
    asked = len(village.files.requests)
    told_ms = now_ms()
    village.tell(village.alert())
    done = village.reached(AlertStatus.DONE)
    assert done.reason == "clip_instead: sed; phrases_missing: jra"
    siren, vi, sed = wait_for(lambda: len(village.heard()) == 3 and village.heard(), "all parts")
    assert [siren.language, vi.language, sed.language] == ["zxx", "vi", "sed"]
    assert {event.source for event in (siren, vi, sed)} == {Source.ALERT}
    assert abs(vi.duration_ms - SAY_MS) <= 3
    assert abs(vi.played_ms - SAY_MS) <= 100
    assert len(village.files.requests) == asked, "an alert of phrases fetches nothing"
    first = next(event for event in village.ear.of_kind("started") if event.alert)
    assert first.wall - told_ms < 1_500, "from the order to the first sound"
    statuses = [step.status for step in village.steps()]
    assert statuses == [AlertStatus.RECEIVED, AlertStatus.PLAYING, AlertStatus.DONE]


def test_an_update_silences_what_it_replaces_at_once_and_an_end_silences_all(
    village: Village,
) -> None:
    village.tell(village.alert("lu-2", siren_s=20))
    village.reached(AlertStatus.PLAYING, "lu-2", version=1)
    newer = village.alert("lu-2", version=2, siren_s=20)
    village.tell(newer)
    village.reached(AlertStatus.ENDED, "lu-2", version=1, reason="updated")
    village.reached(AlertStatus.PLAYING, "lu-2", version=2)
    begun_ms = now_ms()
    village.tell(ended=(Ended("lu-2", 2),))
    village.reached(AlertStatus.ENDED, "lu-2", version=2, reason="ended")
    cuts = lambda: [e for e in village.ear.of_kind("cut") if e.alert == "lu-2"]  # noqa: E731
    wait_for(lambda: len(cuts()) == 2, "both cuts")
    assert [event.reason for event in cuts()] == ["alert_ended", "alert_ended"]
    assert cuts()[-1].wall - begun_ms < 1_000
    village.tell(newer, scope=PROVINCE)
    village.tell(village.alert("bao-1", siren_s=0), scope=PROVINCE)
    village.reached(AlertStatus.DONE, "bao-1")
    assert village.steps("lu-2")[-1].status is AlertStatus.ENDED, "what ended is over by any way"


def test_a_box_that_dies_in_the_middle_says_it_again_and_a_box_that_was_away_says_it_once(
    village: Village,
) -> None:
    village.tell(village.alert("lu-3", siren_s=2, spoken=(Spoken("vi", say=SAY),)))
    village.reached(AlertStatus.PLAYING, "lu-3")
    village.box.kill()
    village.box.start()
    village.reached(AlertStatus.DONE, "lu-3")
    heard = lambda: [event.language for event in village.heard("lu-3")]  # noqa: E731
    wait_for(lambda: heard() == ["zxx", "vi"], "siren and sentence")
    assert any(event.alert == "lu-3" for event in village.ear.of_kind("interrupted"))
    before = len(village.steps("lu-3"))
    assert village.box.stop() == 0
    village.box.start()
    wait_for(lambda: len(village.steps("lu-3")) > before, "the newest step, said again")
    assert [step.status for step in village.steps("lu-3")[before:]] == [AlertStatus.DONE]
    assert len(heard()) == 2


def test_a_test_has_words_of_its_own_and_never_the_siren(village: Village) -> None:
    village.tell(village.alert("thu-1", test=True, spoken=(), siren_s=20))
    village.reached(AlertStatus.DONE, "thu-1")
    (heard,) = wait_for(lambda: village.heard("thu-1"), "its end")
    assert (heard.language, heard.duration_ms) == ("vi", 200 + 120 + 200)


def test_a_kill_switch_is_told_at_once_and_the_alert_sounds_when_it_is_off_again(
    village: Village,
) -> None:
    village.box.kill_switch.touch()
    village.tell(village.alert("lu-4", siren_s=0))
    village.reached(AlertStatus.RECEIVED, "lu-4", reason="kill_switch")
    village.reached(AlertStatus.SILENT, "lu-4", reason="kill_switch")
    village.box.kill_switch.unlink()
    village.reached(AlertStatus.DONE, "lu-4")


def test_what_is_not_for_this_box_is_not_even_answered(village: Village) -> None:
    village.tell(village.alert("xa-khac", areas=("xa-khac",)), scope=PROVINCE)
    village.tell(village.alert("lu-5", siren_s=0, areas=(PROVINCE,)))
    village.reached(AlertStatus.DONE, "lu-5")
    assert village.steps("xa-khac") == []
