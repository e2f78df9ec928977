"""A relay as a village hears it: the true agent, mpv and PulseAudio, and a station that fails."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.contract import topics
from edge_agent.contract.manifest import Cue, Leave, Rank, Stream
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, Horn, wait_for
from tests.edge_agent.stations import Station, tone_mp3
from tests.edge_agent.test_player_mpv import tone

pytestmark = pytest.mark.needs("mosquitto", "mpv", "pulseaudio", "ffmpeg")

RELAY_S = 9
STATION_HZ, MUSIC_HZ = 1_000, 400


@dataclass
class Street:
    """A box with a horn, and a station that it relays."""

    office: Office
    files: FileServer
    box: Box
    ear: Ear
    horn: Horn
    station: Station
    folder: Path

    def relay(self, path: str) -> Cue:
        """Publish nine seconds of the station, with a tone of 400 Hz for when it is silent."""
        data = tone(self.folder / "music.wav", 12.0, MUSIC_HZ).read_bytes()
        start = time.time_ns() // 1_000_000 + 6_500
        planned = cue(
            self.office.audio(data, 12_000),
            start,
            id="relay",
            rank=Rank.RELAY,
            leave=Leave.RESUME,
            play_ms=RELAY_S * 1_000,
            latest_end=start + RELAY_S * 1_000,
            stream=Stream(self.station.address + path, "thử trên máy này"),
        )
        now_ms = time.time_ns() // 1_000_000
        desired = self.office.desired(
            (planned,), serial=1, now_ms=now_ms, sources=(self.files.address,)
        )
        self.ear.retain(topics.down(DID, "desired"), self.office.sealed(desired, Kind.DESIRED))
        return planned

    def heard(self, planned: Cue) -> list[tuple[float, float, float]]:
        """Stretches of sound, in seconds from the planned start, once the relay is over."""
        wait_for(lambda: self.ear.of_kind("ended"), "the end", 30.0)
        start = planned.start / 1000
        end = start + RELAY_S + 1.0
        wait_for(lambda: self.horn.levels[-1][0] > end, "a second of silence")
        return [(b - start, e - start, hertz) for b, e, hertz in self.horn.spells()]


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    horn = Horn(tmp_path / "pulse")
    station = Station(tone_mp3(tmp_path / "a.mp3"), tmp_path)
    player = {"kind": "mpv", "audio_output": "pulse", "audio_device": "pulse/horn"}
    box = Box(office, tmp_path, broker.port, player=player, environment=horn.environment)
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    yield Street(office, files, box, ear, horn, station, tmp_path)
    ear.close()
    box.close()
    station.close()
    horn.close()
    broker.close()
    files.close()


def test_a_living_station_is_heard_from_the_first_to_the_last_second(street: Street) -> None:
    spells = street.heard(street.relay("/live"))
    # Of a shred between two gaps of a busy machine the pitch cannot be told.
    long = [hertz for begin, end, hertz in spells if end - begin > 0.5]
    assert all(abs(hertz - STATION_HZ) < abs(hertz - MUSIC_HZ) for hertz in long)
    assert abs(spells[0][0]) < 0.3
    assert abs(spells[-1][1] - RELAY_S) < 0.4
    (ended,) = street.ear.of_kind("ended")
    assert ended.reason == "relay_unproved"


@pytest.mark.parametrize("fails", ["stalled", "hang_up"])
def test_a_station_that_fails_midway_is_replaced_to_the_end(street: Street, fails: str) -> None:
    planned = street.relay("/live")
    fail: Callable[[], None] = getattr(street.station, fails).set
    wait_for(lambda: street.ear.of_kind("started"), "the relay to begin", 30.0)
    fail()
    spells = street.heard(planned)
    # The first moment of a piece may hold a part of its waves alone.
    music = [(begin, end) for begin, end, hertz in spells if hertz < (STATION_HZ + MUSIC_HZ) / 2]
    died = max(end for begin, end, _ in spells if (begin, end) not in music)
    filled, end = music[0][0], music[-1][1]
    assert filled - died < (5.5 if fails == "stalled" else 1.5)
    assert abs(end - RELAY_S) < 0.4
    assert [event.reason for event in street.ear.of_kind("ended")] == ["fallback"]


def test_a_station_that_never_answers_is_replaced_in_its_second(street: Street) -> None:
    spells = street.heard(street.relay("/never"))
    long = [hertz for begin, end, hertz in spells if end - begin > 0.5]
    assert all(abs(hertz - MUSIC_HZ) < abs(hertz - STATION_HZ) for hertz in long)
    assert abs(spells[0][0]) < 0.4
    assert abs(spells[-1][1] - RELAY_S) < 0.4
