"""Heard at the horn, or played into a dead amplifier: the true agent, mpv, PulseAudio and ALSA."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.contract import topics
from edge_agent.contract.report import Heard, PlaybackEvent
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import DID, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, Horn, wait_for
from tests.edge_agent.test_player_mpv import tone

pytestmark = pytest.mark.needs("mosquitto", "mpv", "pulseaudio", "alsa")

SECONDS = 4.5


@dataclass
class Street:
    """A box that plays into the sink `horn`, and an ear that listens where it is told."""

    office: Office
    files: FileServer
    folder: Path
    broker: Broker
    horn: Horn

    def box(self, source: str) -> Box:
        """A box whose microphone hears the PulseAudio source of this name."""
        home = Path(self.horn.environment["HOME"])
        (home / ".asoundrc").write_text(
            f"pcm.microphone {{ type pulse device {source} }}\n", encoding="ascii"
        )
        return Box(
            self.office,
            self.folder,
            self.broker.port,
            player={"kind": "mpv", "audio_output": "pulse", "audio_device": "pulse/horn"},
            environment=self.horn.environment,
            horn={"kind": "alsa", "device": "microphone"},
        )


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    horn = Horn(tmp_path / "pulse", others=("elsewhere",))
    yield Street(office, files, tmp_path, broker, horn)
    horn.close()
    broker.close()
    files.close()


def play(street: Street, box: Box) -> tuple[Ear, PlaybackEvent]:
    ear = Ear(street.office, street.broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, street.office.sealed_keys())
    box.start()
    data = tone(street.folder / "tone.wav", SECONDS).read_bytes()
    now_ms = time.time_ns() // 1_000_000
    planned = cue(street.office.audio(data, round(SECONDS * 1000)), now_ms + 5_500)
    desired = street.office.desired(
        (planned,), serial=1, now_ms=now_ms, sources=(street.files.address,)
    )
    ear.retain(topics.down(DID, "desired"), street.office.sealed(desired, Kind.DESIRED))
    (ended,) = wait_for(lambda: ear.of_kind("ended"), "the end of the play")
    return ear, ended


@pytest.mark.parametrize(
    ("source", "heard"), [("horn.monitor", Heard.YES), ("elsewhere.monitor", Heard.NO)]
)
def test_the_ear_tells_a_living_horn_from_a_dead_one(
    street: Street, source: str, heard: Heard
) -> None:
    box = street.box(source)
    try:
        ear, ended = play(street, box)
        try:
            assert ended.heard is heard
            assert ended.heard_dbfs is not None
            assert (ended.heard_dbfs > -20) is (heard is Heard.YES)
            levels = [said.speaker_dbfs for said in ear.telemetry]
            assert any(level is not None for level in levels), "told while it sounded"
        finally:
            ear.close()
    finally:
        box.close()
