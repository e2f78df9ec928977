"""What is deleted when its time has come, what never is, and what is written down of it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, func, select

from audio_library.bulletin import Kind as BulletinKind
from audio_library.rendition import phrase_sha256
from audio_library.store.asset_store import Held
from audio_library.store.filesystem import FilesystemStore
from controller.operations.keeping import set_keeping
from controller.operations.purge import Purged, Shelves, ask_for_purge, do_purge, purge
from controller.operations.record_playback import Received, record_playback
from controller.operations.review_bulletin import withdraw_bulletin
from controller.operations.schedule_programme import Repeat
from controller.operations.show_bulletin import show_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import events, tables, work_items
from controller.storage.instants import to_ms
from controller.storage.library_tables import Phrase, Reader, Take
from edge_agent.contract.manifest import Rank
from edge_agent.contract.report import EventKind
from tests.controller.office import NOW, Office
from tests.controller.operations.archive import Archive, MemoryShelf, PowerCut, planned_play
from tests.controller.operations.test_record_playback import event, full_play

DAY = timedelta(days=1)
OLD = NOW - 400 * DAY


@pytest.fixture
def archive(office: Office) -> Archive:
    return Archive(office)


def counts(purged: Purged, *, news: bool = False) -> dict[str, tuple[int, int]]:
    """What went, by kind; every operation tells screens something, which rarely matters here."""
    gone = {g.kind.value: (g.count, g.bytes) for g in purged.gone if g.count}
    return {kind: both for kind, both in gone.items() if news or kind != "news"}


def number_of(office: Office, table: type[SQLModel]) -> int:
    with office.database.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


# --- audio ---------------------------------------------------------------------------------------


def test_audio_that_nobody_wants_goes_after_a_year_and_its_going_is_written_down(
    archive: Archive,
) -> None:
    old, young = archive.asset("old", OLD, words="cũ"), archive.asset("young", NOW - DAY)

    purged = archive.purge(NOW)

    assert counts(purged) == {"audio": (1, 1000)}
    assert archive.assets() == set(archive.audio.files) == {young}
    (row,) = archive.record()
    assert (row.kind, row.subject, row.bytes, row.by) == ("audio", old, 1000, "loalang")
    assert (row.why, row.at_ms) == ("audio: 365 days, default", to_ms(NOW))


def test_a_dry_run_says_what_would_go_and_deletes_nothing(archive: Archive) -> None:
    old = archive.asset("old", OLD)
    archive.audio.put("ef" * 32, OLD, size=7)

    looked = archive.purge(NOW, dry_run=True)

    assert looked.dry_run
    assert set(archive.audio.files) == {old, "ef" * 32}
    assert (archive.assets(), archive.record()) == ({old}, [])
    assert (
        counts(looked) == counts(archive.purge(NOW)) == {"audio": (1, 1000), "stray_files": (1, 7)}
    )


def test_audio_aired_within_the_year_stays(archive: Archive, office: Office) -> None:
    kept = archive.asset("old", OLD)
    with office.database.write() as session:
        session.add(planned_play(kept, NOW - 300 * DAY))

    assert counts(archive.purge(NOW)) == {}
    assert counts(archive.purge(NOW + 100 * DAY)) == {"audio": (1, 1000)}


def test_words_that_are_approved_and_valid_keep_their_audio_however_old(
    archive: Archive, office: Office
) -> None:
    bulletin = office.approved(now=OLD, valid_until=NOW + DAY)
    with office.database.read() as session:
        (sha256,) = session.exec(select(tables.Asset.sha256))
        made = session.exec(
            select(tables.WorkItem.id).where(tables.WorkItem.kind == "render")
        ).one()
    archive.grow_old(sha256, OLD)
    with office.database.write() as session:
        work_items.finish(session, made or 0, to_ms(NOW))

    assert counts(archive.purge(NOW)) == {}

    purged = archive.purge(NOW + 2 * DAY)
    assert counts(purged) == {"audio": (1, 70_000)}
    with office.database.read() as session:
        shown = show_bulletin(session, bulletin)
    assert (shown.bulletin.approved_by, shown.audio["vi"].state) == ("Cô Lan", "missing")


def test_a_phrase_of_the_bank_is_never_too_old(archive: Archive, office: Office) -> None:
    said = archive.asset("phrase", OLD)
    with office.database.write() as session:
        session.add(
            Phrase(language="bdq", phrase="hazard.flood", words="đak lĭp", set_by="An", set_ms=1)
        )
        session.add(
            tables.Rendition(
                language="bdq",
                spoken_sha256=phrase_sha256("bdq", "đak lĭp"),
                asset_sha256=said,
                voice="recorded:r1",
                engine="recorded",
                created_ms=to_ms(OLD),
            )
        )

    assert counts(archive.purge(NOW + 4000 * DAY)) == {}


@pytest.mark.parametrize("rank", ["emergency_recorded", "emergency_live"])
def test_the_sound_of_an_emergency_stays_for_ever(
    archive: Archive, office: Office, rank: str
) -> None:
    said = archive.asset("alert", OLD)
    with office.database.write() as session:
        session.add(planned_play(said, OLD, rank=rank))

    assert counts(archive.purge(NOW + 4000 * DAY)) == {}


def test_never_means_never(archive: Archive, office: Office) -> None:
    archive.asset("old", OLD)
    set_keeping(office.database, "audio", None, "Cô Lan", NOW)

    assert counts(archive.purge(NOW + 4000 * DAY)) == {}


def test_history_outlives_the_audio(archive: Archive, office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], NOW + timedelta(hours=1))
    office.publish()
    cue = office.pages(box.did)[0].cues[0]
    sha256 = cue.asset.sha256
    played = event(
        1, EventKind.ENDED, "p1", cue.id, planned=cue.start, asset_sha256=sha256, played_ms=20_000
    )
    record_playback(office.database, [Received(box.did, "s1", (played,))], NOW)
    archive.grow_old(cue.asset.sha256, NOW)
    office.publish(NOW + 399 * DAY)

    assert "audio" in counts(archive.purge(NOW + 400 * DAY))

    with office.database.read() as session:
        row = session.exec(select(tables.AsRun)).one()
    assert (row.asset_sha256, row.voice) == (cue.asset.sha256, "espeak-ng/vi")
    assert (row.approved_by, row.language) == ("Cô Lan", "vi")
    assert len(row.spoken_sha256) == 64


# --- files ---------------------------------------------------------------------------------------


def test_a_power_cut_between_the_record_and_the_file_is_healed_at_the_next_run(
    archive: Archive,
) -> None:
    old = archive.asset("old", OLD)
    archive.audio.fails = True
    with pytest.raises(PowerCut):
        archive.purge(NOW)
    assert (archive.assets(), set(archive.audio.files)) == (set(), {old})

    archive.audio.fails = False
    again = archive.purge(NOW + DAY)

    assert archive.audio.files == {}
    assert counts(again) == {}
    assert [row.subject for row in archive.record()] == [old], "written down once"


def test_a_stray_file_goes_after_a_day_and_is_written_down(archive: Archive) -> None:
    archive.audio.put("ab" * 32, NOW - timedelta(hours=23))
    archive.audio.put("cd" * 32, NOW - timedelta(hours=25), size=9)

    purged = archive.purge(NOW)

    assert counts(purged) == {"stray_files": (1, 9)}
    assert set(archive.audio.files) == {"ab" * 32}
    assert [(row.kind, row.subject) for row in archive.record()] == [("stray_files", "cd" * 32)]


def test_the_wrong_database_empties_no_store(archive: Archive) -> None:
    for n in range(60):
        archive.audio.put(hashlib.sha256(str(n).encode()).hexdigest(), OLD)

    purged = archive.purge(NOW)

    assert (counts(purged), purged.doubtful) == ({}, 60)
    assert len(archive.audio.files) == 60


def test_a_file_stored_again_after_its_purge_is_a_new_one(archive: Archive) -> None:
    old = archive.asset("old", OLD)
    archive.purge(NOW)
    assert archive.asset("old", NOW + DAY) == old

    assert counts(archive.purge(NOW + 3 * DAY)) == {}
    assert set(archive.audio.files) == {old}


def test_a_file_made_anew_in_the_middle_of_a_purge_stays(archive: Archive) -> None:
    old = archive.asset("old", OLD)

    class Made(MemoryShelf):
        def held(self) -> Iterator[Held]:
            yield from list(self.files.values())
            assert archive.assets() == set(), "its row is gone already"
            archive.asset("old", NOW)

    archive.audio = Made(dict(archive.audio.files))
    archive.purge(NOW)

    assert archive.assets() == set(archive.audio.files) == {old}


def test_a_real_folder_is_cleared(office: Office, tmp_path: Path) -> None:
    audio = FilesystemStore(tmp_path / "audio")
    recordings = FilesystemStore(tmp_path / "recordings", ".flac")
    (tmp_path / "stray").write_bytes(b"sound")
    stray = audio.put(tmp_path / "stray")
    os.utime(audio.path(stray), (OLD.timestamp(), OLD.timestamp()))

    cut_short = tmp_path / "audio" / ".put-k2j"
    cut_short.touch()
    os.utime(cut_short, (OLD.timestamp(), OLD.timestamp()))
    being_written = tmp_path / "audio" / ".put-x3q"
    being_written.touch()

    purge(office.database, Shelves(audio, recordings), NOW)

    assert not audio.exists(stray)
    assert not cut_short.exists()
    assert being_written.exists()


# --- recordings ----------------------------------------------------------------------------------


def take(name: str, words: str, state: str, *, phrase: str | None = None) -> Take:
    return Take(
        id=name,
        language="vi",
        spoken_sha256=words,
        words="lời",
        phrase=phrase,
        reader_id="r1",
        state=state,
        original_name="a.wav",
        sound_sha256=hashlib.sha256(name.encode()).hexdigest(),
        duration_ms=1000,
        measured={},
        brought_by="An",
        brought_ms=to_ms(OLD),
    )


def test_a_voice_is_kept_unless_the_office_chooses_otherwise_and_while_it_is_wanted(
    archive: Archive, office: Office
) -> None:
    office.approved(now=OLD, valid_until=NOW + 9 * DAY)
    with office.database.read() as session:
        words = session.exec(select(tables.Rendition.spoken_sha256)).one()
    with office.database.write() as session:
        session.add(
            Reader(
                id="r1",
                name="Y Blir",
                languages=["vi"],
                consent="Có",
                consent_by="An",
                consent_ms=1,
            )
        )
        session.flush()
        session.add(take("wanted", words, "released"))
        session.add(take("phrase", "b" * 64, "released", phrase="hazard.flood"))
        session.add(take("refused", words, "refused"))
        session.add(take("outlived", "c" * 64, "released"))
    for name in ("wanted", "phrase", "refused", "outlived"):
        archive.recordings.put(hashlib.sha256(name.encode()).hexdigest(), OLD)

    assert counts(archive.purge(NOW)) == {}
    set_keeping(office.database, "recordings", 365, "Cô Lan", NOW)
    purged = archive.purge(NOW)

    assert counts(purged)["recordings"] == (2, 2000)
    kept = {hashlib.sha256(name.encode()).hexdigest() for name in ("wanted", "phrase")}
    assert set(archive.recordings.files) == kept
    assert number_of(office, Take) == 4, "who read and who listened stays on record"
    assert counts(archive.purge(NOW + DAY)) == {}
    again = hashlib.sha256(b"outlived").hexdigest()
    archive.recordings.put(again, NOW + DAY)
    archive.purge(NOW + 9 * DAY)
    assert again in archive.recordings.files, "brought again, it is that take's once more"


# --- logs ----------------------------------------------------------------------------------------


def test_the_playback_log_goes_after_two_years_day_by_day_and_emergencies_stay(
    archive: Archive, office: Office
) -> None:
    record_playback(office.database, [Received("d1", "s1", full_play(1, "p1"))], NOW)
    alarm = event(3, EventKind.STARTED, "p2", "cue-2", rank=Rank.EMERGENCY_RECORDED)
    record_playback(office.database, [Received("d1", "s1", (alarm,))], NOW)
    with office.database.write() as session:
        session.add(planned_play("a" * 64, NOW, cue="cue-1"))
        session.add(planned_play("a" * 64, NOW, cue="cue-2", rank="emergency_recorded"))
        for cue in ("cue-1", "cue-2"):
            session.add(
                tables.UnplannedPlay(device_id="d1", cue_id=cue, serial=1, at_ms=to_ms(NOW - DAY))
            )

    assert "playback_log" not in counts(archive.purge(NOW + 729 * DAY))
    purged = archive.purge(NOW + 731 * DAY)

    assert counts(purged)["playback_log"] == (4, 0)
    written = [row.subject for row in archive.record() if row.kind == "playback_log"]
    assert written == ["2026-08-10: 4 rows"]
    for table in (tables.AsRun, tables.PlaybackEvent, tables.PlannedPlay, tables.UnplannedPlay):
        assert number_of(office, table) == 1, table.__tablename__
    with office.database.read() as session:
        assert session.exec(select(tables.AsRun.rank)).one() == "emergency_recorded"


def test_news_finished_work_and_unreadable_reports_go_in_their_time(
    archive: Archive, office: Office
) -> None:
    with office.database.write() as session:
        events.tell(session, "plan", {}, to_ms(NOW - 3 * DAY))
        events.tell(session, "plan", {}, to_ms(NOW - DAY))
        for key, state in (("a", "done"), ("b", "waiting")):
            work_items.ask(session, "render", key, {}, to_ms(NOW - 40 * DAY))
            item = work_items.find(session, "render", key)
            assert item is not None
            item.state = state
        session.add(
            tables.QuarantinedEvent(
                device_id="d1",
                spool="s",
                seq=1,
                body=b"?",
                reason="",
                received_ms=to_ms(NOW - 366 * DAY),
            )
        )

    gone = counts(archive.purge(NOW), news=True)

    assert gone == {"news": (1, 0), "work_items": (1, 0), "quarantined_events": (1, 0)}
    assert (number_of(office, tables.Event), number_of(office, tables.WorkItem)) == (1, 1)


# --- bulletins -----------------------------------------------------------------------------------


def written(office: Office, **more: object) -> str:
    form = Written({"vi": "Họp thôn."}, **more)  # type: ignore[arg-type]
    return submit_bulletin(office.database, form, "Y Hạnh", OLD).id


def test_only_drafts_that_were_never_approved_go(archive: Archive, office: Office) -> None:
    draft = written(office)
    emergency = written(office, kind=BulletinKind.EMERGENCY)
    approved = office.approved(now=OLD)
    scheduled_once = written(office)
    with office.database.write() as session:
        session.add(planned_play("a" * 64, OLD, bulletin_id=scheduled_once))

    purged = archive.purge(NOW)

    assert counts(purged)["drafts"][0] == 1
    (row,) = [row for row in archive.record() if row.kind == "drafts"]
    assert row.subject.startswith(draft)
    with office.database.read() as session:
        left = set(session.exec(select(tables.Bulletin.id)))
        scripts = set(session.exec(select(tables.Script.bulletin_id)))
    assert left == scripts == {emergency, approved, scheduled_once}


def test_approvals_and_emergencies_outlive_every_rule(archive: Archive, office: Office) -> None:
    approved, emergency = office.approved(now=OLD), written(office, kind=BulletinKind.EMERGENCY)
    for kind, least in (("audio", 30), ("playback_log", 30), ("drafts", 7), ("recordings", 30)):
        set_keeping(office.database, kind, least, "Cô Lan", NOW)

    archive.purge(NOW + 4000 * DAY)

    with office.database.read() as session:
        assert set(session.exec(select(tables.Bulletin.id))) == {approved, emergency}
        pinned = session.exec(
            select(tables.Script.pinned_spoken).where(tables.Script.bulletin_id == approved)
        )
        assert pinned.one()


# --- as a piece of work --------------------------------------------------------------------------


def test_asked_for_every_night_it_is_done_once(archive: Archive, office: Office) -> None:
    archive.asset("old", OLD)
    with office.database.write() as session:
        ask_for_purge(session, NOW)
        ask_for_purge(session, NOW)
        work = work_items.claim(session, "purge", to_ms(NOW))
    assert work is not None

    do_purge(office.database, Shelves(archive.audio, archive.recordings), work, NOW)

    assert archive.assets() == set()
    with office.database.write() as session:
        assert work_items.claim(session, "purge", to_ms(NOW)) is None


# --- the law -------------------------------------------------------------------------------------


@contextmanager
def small_office() -> Iterator[Office]:
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        try:
            yield office
        finally:
            office.database.close()


@settings(max_examples=15)
@given(
    schedule=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(1, 10 * 24),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    audio_age=st.integers(0, 900),
    period=st.integers(30, 400),
    later=st.integers(0, 12 * 24),
)
def test_no_sound_on_any_boxs_horizon_is_ever_deleted(
    schedule: list[tuple[int, int, bool, bool, bool]], audio_age: int, period: int, later: int
) -> None:
    """Random bulletins for random boxes, some withdrawn again, boxes offline or not, any rule."""
    with small_office() as office:
        archive = Archive(office)
        boxes = office.boxes(3)
        set_keeping(office.database, "audio", period, "Cô Lan", NOW)
        held: dict[str, list[tuple[str, int]]] = {box.did: [] for box in boxes}
        for number, (place, hours, daily, replan, withdrawn) in enumerate(schedule):
            text = f"Thông báo số {number}."
            bulletin = office.approved(text, valid_until=NOW + timedelta(days=9))
            slot: dict[str, object] = {}
            if daily:
                at = NOW + timedelta(hours=hours)
                slot = {"kind": Repeat.DAILY, "until": (at + timedelta(days=5)).date()}
            office.scheduled(bulletin, [boxes[place]], NOW + timedelta(hours=hours), **slot)
            if replan:
                office.publish()
                # Whatever a box took once it may hold still: it may be offline ever since.
                for box in boxes:
                    held[box.did] += _on_horizon(office, box.did)
            if withdrawn:
                withdraw_bulletin(office.database, bulletin, "Cô Lan", "Hoãn.", NOW)
                office.publish()
        with office.database.read() as session:
            every = list(session.exec(select(tables.Asset.sha256)))
        for sha256 in every:
            archive.grow_old(sha256, NOW - timedelta(days=audio_age))
        at = NOW + timedelta(hours=later)

        archive.purge(at)

        for cues in held.values():
            for sha256, over in cues:
                if over > to_ms(at):
                    assert sha256 in archive.audio.files
                    assert sha256 in archive.assets()
        assert archive.assets() == set(archive.audio.files)
        subjects = {row.subject for row in archive.record()}
        assert subjects >= set(every) - archive.assets()


def _on_horizon(office: Office, did: str) -> list[tuple[str, int]]:
    """Each sound that the box may hold a plan for, and until when it may sound."""
    with office.database.read() as session:
        if session.get(tables.DesiredState, did) is None:
            return []
    return [(cue.asset.sha256, cue.latest_end) for page in office.pages(did) for cue in page.cues]
