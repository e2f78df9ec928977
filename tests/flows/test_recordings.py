"""A person's voice takes the machine's place on the box's plan, and gives it back."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audio_library.mastering.loudness import measure
from audio_library.mastering.preset import Dressing
from audio_library.mastering.sound_source import frames_of_container
from audio_library.recording.check import check_recording
from audio_library.render import Rendered, render_speech
from audio_library.speech.recorded import Recorded
from audio_library.speech.registry import engines
from audio_library.store.filesystem import FilesystemStore
from controller.app import create_app
from controller.cli.api_client import Api
from controller.cli.recording_desk import Text, import_files
from controller.errors import ControllerError
from controller.operations.asked_work import RENDER
from controller.operations.bring_recording import Asked, bring_recording, words_to_read
from controller.operations.enrol_reader import Consent, enrol_reader, withdraw_reader
from controller.operations.release_take import hear_take, release_take, take_back_take
from controller.operations.render_bulletin import render_bulletin
from controller.operations.review_bulletin import approve_bulletin
from controller.operations.services import Services
from controller.operations.sign_in import enrol_first_account
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.server import listen, serving
from controller.storage import tables, work_items
from controller.storage.instants import to_ms
from controller.storage.takes import ReleasedTakes
from tests.audio_library.recording.sounds import spoken
from tests.controller.api.conftest import services, stranger
from tests.controller.conftest import office
from tests.controller.office import NOW, Office

__all__ = ["office", "services", "stranger"]

pytestmark = pytest.mark.needs("espeak-ng", "ffmpeg")

VIETNAMESE = "Sáng mai tiêm chủng cho trẻ em tại nhà rông. Mời bà con đến đúng giờ."


class Workshop:
    """The loops' work, done when a test says so."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.audio = FilesystemStore(office.folder / "audio")
        self.sounds = FilesystemStore(office.folder / "recordings", suffix=".flac")
        self._voices = engines(also=(Recorded(ReleasedTakes(office.database, self.sounds)),))

    def render(self, later_ms: int = 0) -> int:
        done = 0
        while True:
            with self.office.database.write() as session:
                claimed = work_items.claim(session, RENDER, to_ms(NOW) + later_ms)
            if claimed is None:
                return done
            scratch = self.office.folder / "scratch"
            render_bulletin(self.office.database, self.audio, self._read, claimed, scratch, NOW)
            done += 1

    def _read(
        self, words: str, language: str, *, out_dir: Path, dressing: Dressing, **_: Any
    ) -> Rendered:
        return render_speech(
            words, language, out_dir=out_dir, dressing=dressing, engines=self._voices
        )

    def planned(self, did: str) -> list[tuple[str, str]]:
        """What the box is told to air: asset, and whose voice that is."""
        self.office.publish(NOW)
        cues = [cue for page in self.office.pages(did) for cue in page.cues]
        with self.office.database.read() as session:
            voices = {
                row.asset_sha256: row.voice
                for row in session.exec(tables.Rendition.__table__.select())  # type: ignore[attr-defined]
            }
        return [(cue.asset.sha256, voices[cue.asset.sha256]) for cue in cues]


@pytest.mark.timeout(120)
def test_a_released_recording_takes_the_machines_place_on_the_box_and_gives_it_back(
    office: Office, tmp_path: Path
) -> None:
    database, workshop = office.database, Workshop(office)
    box = office.boxes(1)[0]
    draft = submit_bulletin(database, Written({"vi": VIETNAMESE}), "An", NOW)
    approve_bulletin(database, draft.id, "Cô Lan", NOW, four_eyes=False)
    workshop.render()
    office.scheduled(draft.id, [box], NOW + timedelta(hours=2))
    by_machine = workshop.planned(box.did)
    assert [voice.split(":")[0] for _, voice in by_machine] == ["espeak"]

    consent = Consent("Thu Hà", ("vi",), "Cho phát trên loa của xã.")
    reader = enrol_reader(database, consent, "An", NOW).id
    asked = Asked("vi", reader, draft.id, name="REC001.wav")
    words = words_to_read(database, asked, NOW.date())
    brought = spoken(tmp_path / "REC001.wav", words)
    take = bring_recording(
        database, workshop.sounds, check_recording, asked, words, brought, "An", NOW
    )
    hear_take(database, take.id, "Bình", NOW, understands=True)
    assert workshop.render() == 0, "nothing unreleased is made into audio"
    release_take(database, take.id, "Bình", NOW, NOW.date())
    assert workshop.planned(box.did) == by_machine, "the machine reads until the recording is made"
    workshop.render()

    by_person = workshop.planned(box.did)
    assert [voice for _, voice in by_person] == [f"recorded:{reader}"]
    assert by_person[0][0] != by_machine[0][0]
    loudness = measure(frames_of_container(workshop.audio.path(by_person[0][0])))
    assert loudness.lufs == pytest.approx(-16, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.5

    take_back_take(database, take.id, "Bình", "sai giờ", NOW)
    assert workshop.planned(box.did) == []
    workshop.render()
    assert workshop.planned(box.did) == by_machine

    release_take(database, take.id, "Bình", NOW, NOW.date())
    workshop.render()
    lost = withdraw_reader(database, reader, "An", "không muốn nữa", NOW)
    assert [silenced.bulletin_id for silenced in lost.bulletins] == [draft.id]
    workshop.render()
    assert workshop.planned(box.did) == by_machine


def test_the_command_brings_files_over_the_wire_and_hears_refusals_in_the_middle(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = enrol_first_account(services.database, NOW)
    assert account is not None
    draft = submit_bulletin(services.database, Written({"vi": VIETNAMESE}), "An", NOW)
    enrol_reader(services.database, Consent("Thu Hà", ("vi",), "Cho phát."), "An", NOW)
    good = spoken(tmp_path / "REC001.wav", VIETNAMESE)
    large = tmp_path / "large.wav"
    large.write_bytes(b"PK\x03\x04" + bytes(30_000_000))

    def heard(done: int, size: int) -> None:
        assert done <= size

    def work(url: str) -> int:
        api = Api(url)
        api.sign_in(*account)
        code = import_files(api, [large, good], Text("vi", draft.id, None), "Thu Hà")
        with pytest.raises(ControllerError, match="Không tìm thấy"):
            api.upload("/recordings?language=vi&reader=nobody&bulletin=none", large, heard)
        return code

    async def run() -> int:
        sock = listen("127.0.0.1", 0)
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with serving(create_app(services, "test"), sock):
            return await asyncio.to_thread(work, address)

    assert asyncio.run(run()) == 2
    said = capsys.readouterr()
    assert "large.wav: Tệp này là một tệp nén zip" in said.err
    assert "REC001.wav: " in said.out
    assert list(services.recordings.scratch.iterdir()) == []
