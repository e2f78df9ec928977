"""A file that is gone from the store comes back, the same bytes, without a hole in any plan."""

from datetime import timedelta

import pytest
from sqlmodel import select

from audio_library.render import render_speech
from audio_library.store.filesystem import FilesystemStore
from controller.operations.asked_work import RENDER
from controller.operations.render_bulletin import render_bulletin
from controller.operations.restore_audio import restore_audio
from controller.operations.review_bulletin import approve_bulletin, withdraw_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import tables, work_items
from controller.storage.instants import to_ms
from tests.controller.office import NOW, Office


@pytest.fixture
def store(office: Office) -> FilesystemStore:
    return FilesystemStore(office.folder / "audio")


def approved(office: Office) -> str:
    draft = submit_bulletin(office.database, Written({"vi": "Họp thôn."}), "Y Hạnh", NOW)
    return approve_bulletin(office.database, draft.id, "quantri", NOW, four_eyes=False).id


def make_what_is_asked_for(office: Office, store: FilesystemStore) -> int:
    made = 0
    while True:
        with office.database.write() as session:
            claimed = work_items.claim(session, RENDER, to_ms(NOW))
        if claimed is None:
            return made
        scratch = office.folder / "scratch"
        render_bulletin(office.database, store, render_speech, claimed, scratch, NOW)
        made += 1


def asset(office: Office) -> str:
    with office.database.read() as session:
        return session.exec(select(tables.Asset)).one().sha256


def test_lost_audio_is_made_again_and_the_plan_never_lacks_it(
    office: Office, store: FilesystemStore
) -> None:
    (box,) = office.boxes(1)
    bulletin = approved(office)
    make_what_is_asked_for(office, store)
    sha256 = asset(office)
    office.scheduled(bulletin, [box], NOW + timedelta(hours=1))
    office.publish()
    before = office.desired(box.did)
    store.path(sha256).unlink()

    assert restore_audio(office.database, store, NOW) == 1
    assert office.publish() == (), "the box plays on what it holds"
    assert office.desired(box.did) == before

    assert make_what_is_asked_for(office, store) == 1
    assert asset(office) == sha256
    assert store.path(sha256).is_file()
    assert restore_audio(office.database, store, NOW) == 0


@pytest.mark.parametrize("gone", ["withdrawn", "expired"])
def test_what_airs_no_more_is_not_made_again(
    office: Office, store: FilesystemStore, gone: str
) -> None:
    bulletin = approved(office)
    make_what_is_asked_for(office, store)
    store.path(asset(office)).unlink()
    now = NOW + timedelta(days=8) if gone == "expired" else NOW
    if gone == "withdrawn":
        withdraw_bulletin(office.database, bulletin, "quantri", "sai", NOW)

    assert restore_audio(office.database, store, now) == 0
