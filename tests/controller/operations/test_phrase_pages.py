"""Boxes are told by themselves what their languages can say, once the bank rests."""

from datetime import timedelta

import pytest
from sqlmodel import select

from audio_library.store.filesystem import FilesystemStore
from controller.operations.phrase_audio import PHRASE
from controller.operations.phrase_bank import set_phrase
from controller.operations.renew_phrases import SETTLED_AFTER, PhrasePages
from controller.storage import tables, work_items
from controller.storage.instants import to_ms
from edge_agent.contract.desired import PhraseRef
from tests.controller.office import NOW, RULES, Office
from tests.controller.operations.test_phrases import SOME, made

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(office: Office) -> FilesystemStore:
    return FilesystemStore(office.folder / "audio")


@pytest.fixture
def pages(office: Office) -> PhrasePages:
    return PhrasePages(office.database, RULES)


def told(office: Office, did: str) -> tuple[PhraseRef, ...]:
    return office.desired(did).phrases


def test_a_box_is_told_the_pages_of_the_languages_of_its_zones(
    office: Office, store: FilesystemStore, pages: PhrasePages
) -> None:
    box = office.boxes(1)[0]
    office.publish()
    assert told(office, box.did) == ()
    made(office, store, *SOME)

    assert pages.look(NOW)
    assert office.publish() == (box.did,)
    (ref,) = told(office, box.did)
    with office.database.read() as session:
        page = session.get_one(tables.Page, ref.sha256)
    assert (ref.language, ref.bytes) == ("vi", len(page.body))


def test_a_language_that_no_zone_of_the_box_speaks_is_not_told(
    office: Office, store: FilesystemStore, pages: PhrasePages
) -> None:
    box = office.boxes(1)[0]
    made(office, store, *SOME)
    with office.database.write() as session:
        for zone in session.exec(select(tables.Zone)):
            zone.languages = ["sed"]
    pages.look(NOW)
    office.publish()
    assert told(office, box.did) == ()


def test_nothing_is_laid_out_anew_while_nothing_changes(
    office: Office, store: FilesystemStore, pages: PhrasePages
) -> None:
    made(office, store, *SOME)
    assert pages.look(NOW)
    assert not pages.look(NOW + MINUTE)
    set_phrase(office.database, "vi", "hour.05", "năm giờ sáng", "Y Hạnh", NOW)
    assert pages.look(NOW + 2 * MINUTE)
    assert pages.look(NOW + timedelta(days=1)), "units of another day"


def test_words_of_another_sound_make_boxes_be_told_anew(
    office: Office, store: FilesystemStore, pages: PhrasePages
) -> None:
    box = office.boxes(1)[0]
    made(office, store, *SOME)
    pages.look(NOW)
    office.publish()
    before = told(office, box.did)
    set_phrase(office.database, "vi", "hour.05", "năm giờ sáng", "Y Hạnh", NOW)
    pages.look(NOW + MINUTE)
    office.publish(NOW + MINUTE)
    assert told(office, box.did) != before


def test_boxes_wait_until_the_bank_rests_but_not_for_ever(
    office: Office, store: FilesystemStore, pages: PhrasePages
) -> None:
    made(office, store, *SOME)
    assert pages.look(NOW)
    with office.database.write() as session:
        work_items.ask(session, PHRASE, "vi:later", {"language": "vi"}, to_ms(NOW))
    set_phrase(office.database, "vi", "hour.05", "năm giờ sáng", "Y Hạnh", NOW)
    assert not pages.look(NOW + MINUTE)
    assert pages.look(NOW + SETTLED_AFTER)
