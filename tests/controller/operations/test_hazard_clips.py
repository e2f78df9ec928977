"""Hazard clips: what boxes hold for when nobody can order words."""

import gzip
import hashlib
from datetime import timedelta

import pytest
from sqlmodel import select

from audio_library.phrases.catalogue import catalogue
from controller.errors import NotFound
from controller.fleet.bundle_contents import assets_of
from controller.operations.hazard_clips import clear_clip, clip_words, renew_clip_pages, set_clip
from controller.operations.phrase_bank import set_order
from controller.operations.publish_plans import KEEP_PAGES_MS, forget_old_pages
from controller.operations.still_wanted import still_wanted
from controller.storage import tables
from controller.storage.alert_tables import ClipPage as PageRow
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Cart
from edge_agent.contract.alert import Clip, ClipPage
from edge_agent.contract.types import decode
from tests.controller.office import NOW, Box, Office

SOUND = hashlib.sha256(b"a person reads").hexdigest()


def page(office: Office, box: Box) -> bytes:
    ref = office.desired(box.did).clips
    assert ref is not None
    with office.database.read() as session:
        body = session.get_one(tables.Page, ref.sha256).body
    assert (hashlib.sha256(body).hexdigest(), len(body)) == (ref.sha256, ref.bytes)
    return body


def clips(office: Office, box: Box) -> dict[str, Clip]:
    found = decode(gzip.decompress(page(office, box)), ClipPage).clips
    return {clip.hazard: clip for clip in found}


@pytest.fixture
def cart(office: Office) -> str:
    with office.database.write() as session:
        session.add(
            tables.Asset(
                sha256=SOUND,
                bytes=9_000,
                duration_ms=12_000,
                media_type="audio/ogg",
                lufs=-16.0,
                true_peak_dbtp=-2.5,
                created_ms=to_ms(NOW),
            )
        )
        session.flush()
        session.add(
            Cart(
                id="cart-1",
                name="canh_bao",
                language="sed",
                title="Lũ quét",
                asset_sha256=SOUND,
                source="Y Hạnh",
                added_by="Y Hạnh",
                added_ms=to_ms(NOW),
            )
        )
    return "cart-1"


def test_a_box_is_told_a_clip_of_every_hazard_in_the_languages_of_its_zones(
    office: Office,
) -> None:
    box = office.boxes(1)[0]
    office.publish()
    found = clips(office, box)
    assert tuple(found) == clip_words()
    flood = found["flash_flood"]
    assert [said.language for said in flood.spoken] == ["vi", "sed", "ren"]
    assert flood.spoken[0].say == (
        "opening.urgent | place.here | link.warning hazard.flash_flood | "
        "instruction.move_to_high_ground | instruction.leave_stream | instruction.help_weak"
    )
    assert [said.say for said in flood.spoken[1:]] == ["", ""], "they say what the first says"
    assert (flood.vi, flood.en) == ("Lũ quét", "Flash flood")
    assert "end.all_clear" in found["all_clear"].spoken[0].say
    assert found["test"].spoken[0].say.startswith("test.begins |")
    assert len(page(office, box)) < 4_000


def test_no_clip_says_a_time_for_nobody_knows_when_it_will_be_heard(office: Office) -> None:
    box = office.boxes(1)[0]
    office.publish()
    said = [word for clip in clips(office, box).values() for word in clip.spoken[0].say.split()]
    assert not [word for word in said if word.startswith(("time.", "hour.", "minute."))]
    assert {word for word in said if word not in (",", "|")} <= set(catalogue())


def test_a_recording_is_heard_in_place_of_phrases_and_boxes_are_told(
    office: Office, cart: str
) -> None:
    box = office.boxes(1)[0]
    office.publish()
    before = office.desired(box.did).serial
    set_clip(office.database, "flash_flood", "sed", cart, "Y Hạnh", NOW)
    assert office.planned(NOW) == (box.did,)
    assert office.desired(box.did).serial > before
    vi, sed, _ = clips(office, box)["flash_flood"].spoken
    assert [asset.sha256 for asset in sed.assets] == [SOUND]
    assert vi.assets == ()
    assert [asset.sha256 for asset in assets_of(page(office, box))] == [SOUND], "for a stick"
    clear_clip(office.database, "flash_flood", "sed", "Y Hạnh", NOW)
    office.planned(NOW)
    assert not clips(office, box)["flash_flood"].spoken[1].assets
    with pytest.raises(NotFound):
        clear_clip(office.database, "flash_flood", "sed", "Y Hạnh", NOW)


def test_the_sound_of_a_clip_and_its_page_are_never_cleared_away(office: Office, cart: str) -> None:
    office.boxes(1)
    office.publish()
    set_clip(office.database, "landslide", "vi", cart, "Y Hạnh", NOW)
    office.planned(NOW)
    late = NOW + timedelta(milliseconds=KEEP_PAGES_MS * 3)
    with office.database.write() as session:
        session.get_one(Cart, cart).removed_ms = to_ms(NOW)
        forget_old_pages(session, late)
    with office.database.read() as session:
        assert SOUND in still_wanted(session, late)
        (row,) = session.exec(select(PageRow)).all()
        assert session.get(tables.Page, row.page_sha256) is not None


def test_another_order_of_words_changes_the_clips_of_that_language_alone(office: Office) -> None:
    box = office.boxes(1)[0]
    office.publish()
    parts = "opening.urgent | link.warning {hazards!} | {places} | {instructions}"
    set_order(office.database, "sed", "clip", parts, "Y Hạnh", NOW)
    assert office.planned(NOW) == (box.did,)
    vi, sed, ren = clips(office, box)["storm"].spoken
    assert sed.say.startswith("opening.urgent | link.warning hazard.storm | place.here")
    assert vi.say.startswith("opening.urgent | place.here")
    assert ren.say == ""


def test_boxes_are_told_once_and_not_again_while_nothing_changes(office: Office) -> None:
    office.boxes(2)
    assert office.publish()
    with office.database.write() as session:
        renew_clip_pages(session, NOW)
    assert office.planned(NOW) == ()


def test_a_clip_of_no_hazard_is_refused(office: Office, cart: str) -> None:
    with pytest.raises(NotFound):
        set_clip(office.database, "dragons", "vi", cart, "Y", NOW)
    with pytest.raises(NotFound):
        set_clip(office.database, "fog", "vi", cart, "Y", NOW)
