"""Audio made for real where it matters, and what is kept when it cannot be made."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from audio_library.errors import AudioLibraryError, EngineOffline, MasteringFailed, StoreFull
from audio_library.render import Rendered, render_speech
from audio_library.rendition import spoken_sha256
from audio_library.store.filesystem import FilesystemStore
from controller.operations.asked_work import RENDER
from controller.operations.render_bulletin import render_bulletin
from controller.operations.show_bulletin import preview_bulletin, show_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import events, tables, work_items
from controller.storage.instants import to_ms
from tests.controller.office import NOW, Office

MINUTE_MS = 60_000


def work_once(office: Office, store: FilesystemStore, renderer: object, later_ms: int = 0) -> bool:
    """Do one waiting rendition, as the workshop does; False when none waits."""
    with office.database.write() as session:
        claimed = work_items.claim(session, RENDER, to_ms(NOW) + later_ms)
    if claimed is None:
        return False
    scratch = office.folder / "scratch"
    render_bulletin(office.database, store, renderer, claimed, scratch, NOW)  # type: ignore[arg-type]
    return True


def preview(office: Office, **scripts: str) -> str:
    draft = submit_bulletin(office.database, Written(scripts), "Y Hạnh", NOW)
    preview_bulletin(office.database, draft.id, NOW)
    return draft.id


def audio(office: Office, bulletin: str, language: str) -> tuple[str, str | None]:
    with office.database.read() as session:
        found = show_bulletin(session, bulletin).audio[language]
    return found.state, found.vi


def test_a_preview_is_real_sound_kept_by_its_hash(office: Office) -> None:
    store = FilesystemStore(office.folder / "audio")
    bulletin = preview(office, vi="Họp thôn lúc 7h.")

    assert work_once(office, store, render_speech)

    assert audio(office, bulletin, "vi") == ("ready", None)
    with office.database.read() as session:
        asset = session.exec(select(tables.Asset)).one()
    assert store.path(asset.sha256).stat().st_size == asset.bytes
    assert asset.lufs == pytest.approx(-16.0, abs=0.5)
    assert list((office.folder / "scratch").iterdir()) == []


def test_a_language_without_a_voice_is_said_and_not_read_by_another(office: Office) -> None:
    store = FilesystemStore(office.folder / "audio")
    bulletin = preview(office, sed="Rơteăng pơhla")

    work_once(office, store, render_speech)

    state, why = audio(office, bulletin, "sed")
    assert state == "to_record"
    assert why is not None
    assert "Xơ Đăng" in why
    assert not work_once(office, store, render_speech, MINUTE_MS), "trying again cannot help"
    with office.database.read() as session:
        assert session.exec(select(tables.Asset)).all() == []


def test_a_full_store_is_said_and_tried_again_when_there_is_room(office: Office) -> None:
    small = FilesystemStore(office.folder / "audio", max_bytes=100)
    bulletin = preview(office, vi="Họp thôn lúc 7h.")

    work_once(office, small, render_speech)

    with office.database.read() as session:
        item = session.exec(select(tables.WorkItem).where(tables.WorkItem.kind == RENDER)).one()
    assert item.error_code == "store_full"
    assert item.state == "waiting"
    assert list((office.folder / "audio").rglob("*.opus")) == []

    roomy = FilesystemStore(office.folder / "audio")
    assert work_once(office, roomy, render_speech, MINUTE_MS)
    assert audio(office, bulletin, "vi")[0] == "ready"


@pytest.mark.parametrize(
    "error", [lambda: EngineOffline("gtts", "no network"), lambda: StoreFull(10, 0)]
)
def test_an_outage_of_an_hour_is_outlasted_and_said_meanwhile(
    office: Office, error: Callable[[], AudioLibraryError]
) -> None:
    def unreachable(spoken: str, language: str, **asked: object) -> Rendered:
        raise error()

    store = FilesystemStore(office.folder / "audio")
    bulletin = preview(office, vi="Họp thôn lúc 7h.")

    assert work_once(office, store, unreachable)
    assert not work_once(office, store, unreachable), "not in a hot loop"
    for minute in range(1, 60):
        assert work_once(office, store, unreachable, minute * MINUTE_MS)
        assert audio(office, bulletin, "vi") == ("waiting", error().vi)

    assert work_once(office, store, render_speech, 61 * MINUTE_MS)
    assert audio(office, bulletin, "vi") == ("ready", None)


def test_what_cannot_be_mended_by_waiting_fails_at_once(office: Office) -> None:
    def broken(spoken: str, language: str, **asked: object) -> Rendered:
        raise MasteringFailed("-20 LUFS")

    store = FilesystemStore(office.folder / "audio")
    bulletin = preview(office, vi="Họp thôn lúc 7h.")

    assert work_once(office, store, broken)
    assert not work_once(office, store, broken, 60 * MINUTE_MS)
    assert audio(office, bulletin, "vi")[0] == "failed"


def test_who_waits_hears_how_far_it_is(office: Office) -> None:
    store = FilesystemStore(office.folder / "audio")
    preview(office, vi="Họp thôn lúc 7h.")

    work_once(office, store, render_speech)

    with office.database.read() as session:
        told = [event.body for event in events.after(session, 0) if event.kind == "rendition"]
    *shares, end = told
    assert shares[0] == {"key": end["key"], "state": "working", "progress": 0.0}
    assert end["state"] == "done"


def test_what_is_being_made_can_be_stopped_and_leaves_nothing(office: Office) -> None:
    def stopped_by_a_person(spoken: str, language: str, **asked: object) -> Rendered:
        with office.database.write() as session:
            assert work_items.stop(session, 1, to_ms(NOW))
        return render_speech(spoken, language, **asked)  # type: ignore[arg-type]

    store = FilesystemStore(office.folder / "audio")
    preview(office, vi="Họp thôn lúc 7h.")

    work_once(office, store, stopped_by_a_person)

    with office.database.read() as session:
        item = session.get_one(tables.WorkItem, 1)
        last = events.after(session, 0)[-1]
        assert session.exec(select(tables.Asset)).all() == []
    assert item.state == "stopped"
    assert last.body == {"key": item.key, "state": "stopped"}
    assert list((office.folder / "scratch").iterdir()) == []


def test_a_respelling_is_for_the_ear_and_not_for_the_record(office: Office) -> None:
    store = FilesystemStore(office.folder / "audio")
    preview(office, vi="Họp thôn lúc 7h.")
    heard: list[object] = []

    def listening(spoken: str, language: str, **asked: object) -> Rendered:
        heard.append(asked["respellings"])
        return render_speech(spoken, language, **asked)  # type: ignore[arg-type]

    with office.database.write() as session:
        item = session.get_one(tables.WorkItem, 1)
        item.body = {**item.body, "respellings": {"thôn": "làng"}}
        session.add(item)
    work_once(office, store, listening)

    assert heard == [{"thôn": "làng"}]
    with office.database.read() as session:
        words = str(session.get_one(tables.WorkItem, 1).body["spoken"])
        rendition = session.exec(select(tables.Rendition)).one()
    assert rendition.spoken_sha256 == spoken_sha256("vi", words)
