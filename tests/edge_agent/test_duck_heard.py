"""Two sounds as a village hears them: the true agent, mpv twice, PulseAudio; and its death."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_agent.contract import topics
from edge_agent.contract.desired import Maintenance, VolumeStep
from edge_agent.contract.manifest import Cue, Enter, Leave, Rank
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, Horn, wait_for
from tests.edge_agent.test_player_mpv import tone

pytestmark = pytest.mark.needs("mosquitto", "mpv", "pulseaudio")

MUSIC_HZ, VOICE_HZ = 400, 1_000
FULL = 8_485.0
"""RMS of a tone as `tone` makes it."""

LOW = FULL / 4
SOON_MS = 6_500


@dataclass
class Street:
    """A box with a horn that tells music from a voice."""

    office: Office
    files: FileServer
    box: Box
    ear: Ear
    horn: Horn
    folder: Path
    serial: int = 0

    def cue(self, name: str, seconds: float, hertz: int, start: int, **changes: object) -> Cue:
        data = tone(self.folder / f"{name}.wav", seconds, hertz).read_bytes()
        asset = self.office.audio(data, round(seconds * 1000))
        return cue(asset, start, id=name, **changes)

    def publish(self, *cues: Cue, **changes: object) -> None:
        self.serial += 1
        now_ms = time.time_ns() // 1_000_000
        sources = (self.files.address,)
        desired = self.office.desired(cues, serial=self.serial, now_ms=now_ms, sources=sources)
        sealed = self.office.sealed(replace(desired, **changes), Kind.DESIRED)
        self.ear.retain(topics.down(DID, "desired"), sealed)

    def speak_over_music(self, *, music_s: float, voice_s: float) -> None:
        """Let music begin, and plan a voice over it for some seconds later."""
        music = self.cue("music", music_s, MUSIC_HZ, soon(), rank=Rank.FILLER, leave=Leave.RESUME)
        self.publish(music)
        wait_for(lambda: self.ear.of_kind("started"), "the music", 40.0)
        at = soon() - 2_000
        rules = {"rank": Rank.PRIORITY, "enter": Enter.DUCK, "leave": Leave.DROP}
        self.publish(music, self.cue("voice", voice_s, VOICE_HZ, at, **rules))

    def loud(self, since_s: float, until_s: float) -> list[tuple[float, float]]:
        """How loud music and voice were in this stretch, moment by moment."""
        wait_for(lambda: self.horn.tones and self.horn.tones[-1][0] > until_s, "the ear", 40.0)
        return [(m, v) for at, (m, v) in self.horn.tones if since_s <= at <= until_s]


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    horn = Horn(tmp_path / "pulse", hertz=(MUSIC_HZ, VOICE_HZ))
    player = {"kind": "mpv", "audio_output": "pulse", "audio_device": "pulse/horn"}
    box = Box(office, tmp_path, broker.port, player=player, environment=horn.environment)
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    yield Street(office, files, box, ear, horn, tmp_path)
    ear.close()
    box.close()
    horn.close()
    broker.close()
    files.close()


def soon() -> int:
    return time.time_ns() // 1_000_000 + SOON_MS


def test_a_voice_over_music_lowers_it_and_lets_it_come_back(street: Street) -> None:
    street.speak_over_music(music_s=11.0, voice_s=2.5)
    wait_for(lambda: len(street.ear.of_kind("ended")) == 2, "both to end", 40.0)
    started = {event.cue: event.wall / 1000 for event in street.ear.of_kind("started")}
    word, end = started["voice"], started["voice"] + 2.5
    before = street.loud(started["music"] + 0.4, word - 0.6)
    during = street.loud(word + 0.3, end - 0.3)
    after = street.loud(end + 0.7, started["music"] + 10.6)
    assert min(m for m, _ in before) > FULL * 0.9
    assert max(v for _, v in before + after) < FULL * 0.05
    assert all(LOW * 0.8 < m < LOW * 1.2 and v > FULL * 0.9 for m, v in during)
    assert min(m for m, _ in after) > FULL * 0.9
    everything = street.loud(started["music"], started["music"] + 11.0)
    assert not [pair for pair in everything if min(pair) > FULL / 2]
    assert {e.cue: round(e.played_ms / 1000, 1) for e in street.ear.of_kind("ended")} == {
        "voice": 2.5,
        "music": 11.0,
    }


def test_what_sounds_dies_with_the_agent_and_no_second_beside_it(street: Street) -> None:
    street.speak_over_music(music_s=20.0, voice_s=9.0)
    wait_for(lambda: len(street.ear.of_kind("started")) == 2, "both to sound", 40.0)
    pids = [entry["pid"] for entry in street.box.log("player_started")]
    assert len(pids) == 2
    os.kill(pids[-1], signal.SIGSTOP)  # an orphan that would not notice
    street.box.kill()
    died = time.time()
    silent = street.loud(died + 0.8, died + 1.6)
    assert max(max(pair) for pair in silent) < FULL * 0.02
    street.box.start()
    wait_for(lambda: len(street.ear.of_kind("started")) == 3, "the music to go on", 40.0)
    since = time.time()
    again = street.loud(since + 0.5, since + 1.5)
    assert all(m > FULL * 0.9 and v < FULL * 0.05 for m, v in again)
    assert [event.cue for event in street.ear.of_kind("interrupted")] == ["music", "voice"]


def test_loudness_of_the_hour_and_a_maintenance_are_heard_in_the_midst(street: Street) -> None:
    music = street.cue("music", 20.0, MUSIC_HZ, soon(), rank=Rank.FILLER, leave=Leave.RESUME)
    street.publish(music)
    (started,) = wait_for(lambda: street.ear.of_kind("started"), "the music", 40.0)
    begun = started.wall / 1000
    assert min(m for m, _ in street.loud(begun + 0.5, begun + 1.2)) > FULL * 0.9
    street.publish(music, volume=(VolumeStep("00:00", -12.0),))
    turned = time.time()
    falling = [m for m, _ in street.loud(turned, turned + 3.0)]
    assert falling[-1] == pytest.approx(LOW, rel=0.1)
    # Little by little, over a second: no moment is half as loud as the one before it.
    assert min(b / a for a, b in pairwise(falling)) > 0.8
    until = time.time_ns() // 1_000_000 + 600_000
    street.publish(music, maintenance=Maintenance(until, "thay loa"))
    (cut,) = wait_for(lambda: street.ear.of_kind("cut"), "the silence", 20.0)
    assert cut.reason == "maintenance"
    now = time.time()
    assert max(m for m, _ in street.loud(now + 0.5, now + 1.0)) < FULL * 0.02
