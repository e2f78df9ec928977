"""A Bahnar bulletin finds its voice: brought, heard, released, taken back, made anew."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from audio_library.errors import AudioLibraryError, ControlCharacters, StoreFull
from audio_library.mastering.mastered import Mastered
from audio_library.readiness import Lack
from audio_library.recording.errors import (
    ConsentWithdrawn,
    NotTheirLanguage,
    RefusalReasonMissing,
    SecondListener,
    TakeOutdated,
    TakeTooQuiet,
    VouchingNotAllowed,
)
from audio_library.recording.measured import Measured
from audio_library.recording.take import Take, TakeState
from audio_library.render import Rendered
from audio_library.rendition import phrase_sha256, spoken_sha256
from audio_library.store.filesystem import FilesystemStore
from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import PLAN, RENDER, rendition_key
from controller.operations.bring_recording import Asked, bring_recording, shown_name, words_to_read
from controller.operations.enrol_reader import Consent, enrol_reader, withdraw_reader
from controller.operations.phrase_audio import PHRASE, phrase_key
from controller.operations.phrase_bank import set_phrase
from controller.operations.release_take import (
    hear_take,
    refuse_take,
    release_take,
    take_back_take,
    vouch_for_take,
)
from controller.operations.render_bulletin import render_bulletin
from controller.operations.review_bulletin import approve_bulletin, edit_bulletin
from controller.operations.show_bulletin import show_readiness
from controller.operations.show_takes import show_takes
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.operations.unit_speech import set_unit_speech
from controller.storage import tables, takes, work_items
from controller.storage.instants import to_ms
from controller.storage.takes import ReleasedTakes
from tests.controller.office import NOW, Office

BAHNAR = "Tơdrong roi: drŏ nơ̆r pơm tơmam lơ̆m plei, ĭnh pơma ăn bŏk kră"
LATER = "Tơdrong roi: drŏ nơ̆r pơm tơmam lơ̆m plei, ĭnh pơma ăn bŏk kră, kơsơ̆"
DAY = NOW.date()
MEASURED = Measured(
    kind="m4a aac",
    sample_rate=44_100,
    channels=1,
    brought_ms=6_000,
    duration_ms=5_500,
    lufs=-24.0,
    peak_dbfs=-3.0,
    noise_dbfs=-61.0,
    voice_dbfs=-20.0,
    clipped=0.0,
    dc_offset=0.0,
    longest_gap_ms=700,
    cut_off=False,
)


def fit(path: Path, into: Path) -> Measured:
    """A checker that likes everything."""
    into.write_bytes(b"fLaC" + path.read_bytes())
    return MEASURED


@dataclass
class Studio:
    """The commune's corner for recordings."""

    office: Office
    sounds: FilesystemStore
    bulletin: str
    reader: str

    def bring(
        self,
        sound: bytes = b"take one",
        *,
        reader: str | None = None,
        by: str = "An",
        later: timedelta = timedelta(0),
        phrase: str | None = None,
        checker: Callable[[Path, Path], Measured] = fit,
    ) -> Take:
        asked = Asked(
            "bdq",
            reader or self.reader,
            None if phrase else self.bulletin,
            phrase,
            name="C:\\ghi âm\\REC\u202e001.m4a",
        )
        words = words_to_read(self.office.database, asked, DAY)
        brought = self.office.folder / "scratch" / "upload"
        brought.parent.mkdir(exist_ok=True)
        brought.write_bytes(sound)
        return bring_recording(
            self.office.database, self.sounds, checker, asked, words, brought, by, NOW + later
        )

    def released(self, sound: bytes = b"take one", **how: object) -> Take:
        take = self.bring(sound, **how)  # type: ignore[arg-type]
        later = how.get("later", timedelta(0))
        assert isinstance(later, timedelta)
        hear_take(self.office.database, take.id, "Bình", NOW + later, understands=True)
        return release_take(self.office.database, take.id, "Bình", NOW + later, DAY)

    def aired(self) -> str:
        """A village hears the bulletin in a programme; gives its zone."""
        boxes = self.office.boxes(1)
        self.office.scheduled(self.bulletin, boxes, NOW + timedelta(hours=1))
        return boxes[0].village.cluster_id.replace("cum-", "vung-")

    def rendered(self, voice: str, words: str = BAHNAR, digest: str = "") -> None:
        """Rows as the workshop leaves them."""
        sha256 = hashlib.sha256(voice.encode()).hexdigest()
        with self.office.database.write() as session:
            session.merge(
                tables.Asset(
                    sha256=sha256,
                    bytes=1,
                    duration_ms=1,
                    media_type="audio/ogg",
                    lufs=-16,
                    true_peak_dbtp=-2,
                    created_ms=to_ms(NOW),
                )
            )
            session.flush()
            session.merge(
                tables.Rendition(
                    language="bdq",
                    spoken_sha256=digest or spoken_sha256("bdq", words),
                    asset_sha256=sha256,
                    voice=voice,
                    engine=voice.split(":")[0],
                    created_ms=to_ms(NOW),
                )
            )
            for item in session.exec(select(tables.WorkItem)):
                work_items.finish(session, item.id or 0, to_ms(NOW))

    def voice(self, digest: str = "") -> str | None:
        """Who reads the bulletin on the air now."""
        with self.office.database.read() as session:
            key = ("bdq", digest or spoken_sha256("bdq", BAHNAR))
            rendition = session.get(tables.Rendition, key)
            return rendition.voice if rendition else None

    def waiting(self, kind: str = RENDER) -> list[str]:
        with self.office.database.read() as session:
            query = select(tables.WorkItem.key).where(
                col(tables.WorkItem.kind) == kind, col(tables.WorkItem.state) == "waiting"
            )
            return list(session.exec(query))

    def fail_render(self, code: str = "no_voice_for_language") -> None:
        with self.office.database.write() as session:
            item = work_items.find(session, RENDER, rendition_key("bdq", BAHNAR))
            assert item is not None
            assert item.id is not None
            work_items.fail(session, item.id, (code, "vi", "en"), to_ms(NOW), final=True)

    def lack(self) -> tuple[Lack | None, str]:
        with self.office.database.read() as session:
            answers = show_readiness(session, self.bulletin, NOW)
        answer = next(a for a in answers if a.language == "bdq")
        return answer.lack, answer.vi

    def sound_of(self, reader: str | None = None) -> Path | None:
        """What the engine of recorded voices is given."""
        released = ReleasedTakes(self.office.database, self.sounds)
        return released.sound("bdq", spoken_sha256("bdq", BAHNAR), reader or self.reader)


@pytest.fixture
def studio(office: Office) -> Studio:
    draft = submit_bulletin(office.database, Written({"bdq": BAHNAR}, "Họp"), "An", NOW)
    approve_bulletin(
        office.database, draft.id, "Cô Lan", NOW, four_eyes=False, language_confirmed={"bdq"}
    )
    reader = enrolled(office, "Y Blin")
    return Studio(office, FilesystemStore(office.folder / "rec", suffix=".flac"), draft.id, reader)


def enrolled(office: Office, name: str) -> str:
    consent = Consent(name, ("bdq",), "Cho phát trên loa của xã.")
    return enrol_reader(office.database, consent, "An", NOW).id


def test_a_recording_waits_until_it_is_heard_and_released_and_then_is_mastered(
    studio: Studio,
) -> None:
    studio.fail_render()
    assert studio.lack() == (
        Lack.WAITS_FOR_RECORDING,
        "Chờ thu giọng người đọc tiếng Ba Na: Y Blin.",
    )

    take = studio.bring()
    assert take.state is TakeState.BROUGHT
    assert take.original_name == "REC001.m4a"
    assert studio.lack()[0] is Lack.TAKE_UNHEARD
    assert studio.sound_of() is None

    hear_take(studio.office.database, take.id, "Bình", NOW, understands=True)
    assert studio.lack()[0] is Lack.TAKE_UNRELEASED
    assert studio.sound_of() is None

    release_take(studio.office.database, take.id, "Bình", NOW, DAY)
    assert studio.waiting() == [rendition_key("bdq", BAHNAR)]
    assert studio.lack()[0] is Lack.BEING_MADE
    sound = studio.sound_of()
    assert sound is not None
    assert sound.read_bytes() == b"fLaCtake one"

    studio.rendered(f"recorded:{studio.reader}")
    assert studio.lack() == (None, "Sẵn sàng.")


def test_a_sound_that_is_no_longer_what_was_heard_is_not_given(studio: Studio) -> None:
    studio.released()
    sound = studio.sound_of()
    assert sound is not None
    kept = sound.read_bytes()
    sound.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert studio.sound_of() is None
    sound.unlink()
    assert studio.sound_of() is None


def test_the_reader_and_who_brought_it_cannot_hear_it(studio: Studio) -> None:
    take = studio.bring(by="An")
    for person in ("An", "Y Blin"):
        with pytest.raises(SecondListener):
            hear_take(studio.office.database, take.id, person, NOW, understands=True)


def test_a_readers_name_holds_nothing_that_nobody_sees(studio: Studio) -> None:
    hidden = Consent(" Bình\u202e ", ("bdq",), "Cho phát.", account="b\u200binh ")
    reader = enrol_reader(studio.office.database, hidden, "An", NOW)
    assert (reader.name, reader.account) == ("Bình", "binh")
    with pytest.raises(ControlCharacters):
        enrol_reader(studio.office.database, replace(hidden, name="Bình\0"), "An", NOW)


def test_a_tiny_office_may_let_the_reader_vouch_and_it_is_on_record(studio: Studio) -> None:
    database = studio.office.database
    studio.office.boxes(1)
    take = studio.bring()
    with pytest.raises(VouchingNotAllowed):
        vouch_for_take(database, take.id, "An", NOW)

    with database.read() as session:
        tops = session.exec(select(tables.Unit.id).where(col(tables.Unit.parent_id).is_(None)))
        top = list(tops)
    for unit in top:
        set_unit_speech(database, unit, "Cô Lan", NOW, dialect=None, reader_vouches=True)
    vouched = vouch_for_take(database, take.id, "An", NOW)

    assert vouched.state is TakeState.HEARD
    with database.read() as session:
        told = session.exec(select(tables.Event).where(tables.Event.kind == "recording")).all()
        assert takes.load_take(session, take.id).vouched
    assert told[-1].body["vouched"] is True


def test_a_recording_replaces_a_machines_voice_which_airs_until_then(studio: Studio) -> None:
    studio.rendered("mms/bdq")

    studio.released()

    assert studio.voice() == "mms/bdq"
    assert studio.waiting() == [rendition_key("bdq", BAHNAR)]


def test_the_newest_release_wins_and_taking_it_back_gives_the_older_one(studio: Studio) -> None:
    other = enrolled(studio.office, "A Thut")
    zone = studio.aired()
    first = studio.released(b"one")
    second = studio.released(b"two", reader=other, later=timedelta(minutes=5))
    assert studio.sound_of() is None
    assert studio.sound_of(other) == studio.sounds.path(second.sound_sha256)
    studio.rendered(f"recorded:{other}")

    with pytest.raises(RefusalReasonMissing):
        take_back_take(studio.office.database, second.id, "Bình", "", NOW)
    take_back_take(studio.office.database, second.id, "Bình", "sai tên thôn", NOW)

    assert studio.voice() is None, "what was wrong is off the air at once"
    assert studio.waiting() == [rendition_key("bdq", BAHNAR)]
    assert studio.waiting(PLAN) == [zone]
    assert studio.sound_of() == studio.sounds.path(first.sound_sha256)


def test_refusing_an_older_take_leaves_the_newer_on_the_air(studio: Studio) -> None:
    first = studio.released(b"one")
    studio.released(b"two", later=timedelta(minutes=5))
    studio.rendered(f"recorded:{studio.reader}")

    refuse_take(studio.office.database, first.id, "Bình", "cũ", NOW)

    assert studio.voice() == f"recorded:{studio.reader}"
    assert studio.waiting() == []


def test_other_words_ask_for_another_recording_and_show_what_changed(studio: Studio) -> None:
    database = studio.office.database
    take = studio.released()
    studio.rendered(f"recorded:{studio.reader}")
    heard = studio.bring(b"another")
    hear_take(database, heard.id, "Bình", NOW, understands=True)

    edit_bulletin(database, studio.bulletin, {"bdq": LATER}, "An", NOW)
    approve_bulletin(
        database, studio.bulletin, "Cô Lan", NOW, four_eyes=False, language_confirmed={"bdq"}
    )
    with database.write() as session:
        item = work_items.find(session, RENDER, rendition_key("bdq", LATER))
        assert item is not None
        work_items.fail(session, item.id or 0, ("not_recorded", "", ""), to_ms(NOW), final=True)

    lack, says = studio.lack()
    assert lack is Lack.OLDER_WORDS
    assert "ngày 10/08/2026" in says
    assert "kơsơ̆" in says
    with database.read() as session:
        shown = show_takes(session, [takes.load_take(session, take.id)], DAY)[0]
    assert not shown.fits
    assert shown.changed[0].after.endswith("kơsơ̆")
    with pytest.raises(TakeOutdated, match="kơsơ̆"):
        release_take(database, heard.id, "Bình", NOW, DAY)


def test_words_of_a_draft_may_be_recorded_before_they_are_approved(office: Office) -> None:
    draft = submit_bulletin(office.database, Written({"bdq": BAHNAR}, "Họp"), "An", NOW)
    store = FilesystemStore(office.folder / "rec", suffix=".flac")
    studio = Studio(office, store, draft.id, enrolled(office, "Y Blin"))
    studio.released()
    studio.rendered(f"recorded:{studio.reader}")
    assert studio.lack()[0] is Lack.NOT_APPROVED

    approve_bulletin(
        office.database, draft.id, "Cô Lan", NOW, four_eyes=False, language_confirmed={"bdq"}
    )

    assert studio.lack()[0] is None


def test_a_withdrawn_consent_takes_the_voice_off_the_air_and_says_what_is_lost(
    studio: Studio,
) -> None:
    database = studio.office.database
    zone = studio.aired()
    take = studio.released()
    studio.rendered(f"recorded:{studio.reader}")

    lost = withdraw_reader(database, studio.reader, "An", "chuyển đi nơi khác", NOW)

    assert (lost.takes, [b.title for b in lost.bulletins]) == (1, ["Họp"])
    assert studio.voice() is None
    assert studio.sound_of() is None
    assert ReleasedTakes(database, studio.sounds).readers() == ()
    assert studio.waiting(PLAN) == [zone]
    with pytest.raises(ConsentWithdrawn):
        studio.bring(b"again")
    with database.read() as session:
        assert takes.load_take(session, take.id).state is TakeState.RELEASED, "it is on record"
    studio.fail_render()
    assert studio.lack()[0] is Lack.WAITS_FOR_RECORDING


def test_the_same_file_brought_again_is_the_take_that_is_there(studio: Studio) -> None:
    first, again = studio.bring(), studio.bring()
    assert first.id == again.id
    refuse_take(studio.office.database, first.id, "Bình", "ồn", NOW)
    assert studio.bring().id != first.id, "a refusal by mistake can be mended"


def test_an_unfit_or_unstorable_recording_leaves_nothing(studio: Studio) -> None:
    def too_quiet(path: Path, into: Path) -> Measured:
        raise TakeTooQuiet(-50, -42)

    studio.sounds = FilesystemStore(studio.sounds.folder, suffix=".flac", max_bytes=3)
    refusals: list[tuple[type[AudioLibraryError], Callable[[Path, Path], Measured]]] = [
        (TakeTooQuiet, too_quiet),
        (StoreFull, fit),
    ]
    for refusal, checker in refusals:
        with pytest.raises(refusal):
            studio.bring(checker=checker)

    with studio.office.database.read() as session:
        assert takes.find_takes(session) == []
    assert list(studio.sounds.folder.rglob("*.flac")) == []
    assert [p.name for p in (studio.office.folder / "scratch").iterdir()] == ["upload"]


def test_what_cannot_be_read_is_refused_before_the_file_is_taken_in(studio: Studio) -> None:
    database, reader = studio.office.database, studio.reader

    def asking(**asked: str | None) -> Asked:
        return Asked(**{"language": "bdq", "reader_id": reader, **asked})  # type: ignore[arg-type]

    with pytest.raises(NotFound):
        words_to_read(database, asking(reader_id="nobody", bulletin_id=studio.bulletin), DAY)
    with pytest.raises(NotFound):
        words_to_read(database, asking(bulletin_id="none"), DAY)
    with pytest.raises(NotTheirLanguage):
        words_to_read(database, asking(language="sed", bulletin_id=studio.bulletin), DAY)
    for wrong in (asking(), asking(bulletin_id=studio.bulletin, phrase="level.1")):
        with pytest.raises(ControllerError) as refused:
            words_to_read(database, wrong, DAY)
        assert refused.value.code == "one_text"
    with pytest.raises(ControllerError) as refused:
        words_to_read(database, asking(bulletin_id=studio.bulletin, version="0" * 16), DAY)
    assert refused.value.code == "changed_meanwhile"


def test_a_phrase_of_the_bank_is_recorded_like_a_bulletin(studio: Studio) -> None:
    with pytest.raises(ControllerError) as refused:
        studio.bring(phrase="level.1")
    assert refused.value.code == "no_words_to_read"
    set_phrase(studio.office.database, "bdq", "level.1", "minh", "An", NOW)

    take = studio.released(phrase="level.1")

    assert (take.words, take.bulletin_id) == ("minh", None)
    with studio.office.database.read() as session:
        assert [t.id for t in takes.find_takes(session, phrase="level.1", language="bdq")] == [
            take.id
        ]
        assert takes.find_takes(session, phrase="level.2") == []
    assert studio.waiting(PHRASE) == [phrase_key("bdq", "minh")]
    digest = phrase_sha256("bdq", "minh")
    studio.rendered(f"recorded:{studio.reader}", digest=digest)
    take_back_take(studio.office.database, take.id, "Bình", "ngọng", NOW)
    assert studio.voice(digest) is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\bản ghi.wav", "bản ghi.wav"),
        ("a\x00b\n.mp3", "ab.mp3"),
        ("", "—"),
        ("/", "—"),
    ],
)
def test_a_clients_file_name_is_only_ever_shown(given: str, shown: str) -> None:
    assert shown_name(given) == shown
    assert len(shown_name("x" * 999)) <= 120


def test_what_is_taken_back_while_it_is_mastered_never_airs(studio: Studio) -> None:
    take = studio.released()
    scratch, store = studio.office.folder / "scratch", FilesystemStore(studio.office.folder / "air")
    with studio.office.database.write() as session:
        claimed = work_items.claim(session, RENDER, to_ms(NOW))
    assert claimed is not None

    def mastering(spoken: str, language: str, *, out_dir: Path, **_: object) -> Rendered:
        take_back_take(studio.office.database, take.id, "Bình", "sai giờ", NOW)
        made = out_dir / "made.opus"
        made.write_bytes(b"OggS")
        voice = f"recorded:{studio.reader}"
        return Rendered(Mastered(made, "0" * 64, 4, 10, -16, -2), language, voice, "recorded")

    render_bulletin(studio.office.database, store, mastering, claimed, scratch, NOW)

    assert studio.voice() is None
    assert studio.waiting() == [rendition_key("bdq", BAHNAR)], "whoever else reads it is asked"
