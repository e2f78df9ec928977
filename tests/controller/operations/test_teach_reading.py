from datetime import timedelta

import pytest
from sqlmodel import select

from audio_library.bulletin import Bulletin
from audio_library.errors import BadLexiconEntry
from audio_library.wording.dialect import Dialect
from audio_library.wording.spoken_form import wording_version
from controller.errors import ControllerError, NotFound
from controller.operations.review_bulletin import approve_bulletin, edit_bulletin, read_aloud
from controller.operations.show_bulletin import preview_bulletin, show_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.operations.teach_reading import (
    MAX_ENTRIES,
    LexiconKind,
    add_reading,
    effective_readings,
    remove_reading,
    show_readings,
)
from controller.operations.unit_speech import set_unit_speech, unit_speech
from controller.storage import bulletins, tables
from controller.storage.instants import to_ms
from controller.storage.library_tables import LexiconEntry
from tests.controller.office import NOW, Office

PROVINCE, COMMUNE, VILLAGE, OTHER_COMMUNE = "dv-00051", "dv-23500", "thon-23500-1", "dv-23455"
TEXT = "Họp tại TTVH Đăk Hà lúc 7h30 ngày 15/8."
READING = LexiconKind.READING


def taught(
    office: Office,
    unit: str,
    written: str,
    spoken: str,
    kind: LexiconKind = READING,
) -> int:
    entry = add_reading(office.database, unit, kind, written, spoken, "Cô Lan", NOW)
    assert entry.id is not None
    return entry.id


def heard(office: Office, unit: str | None, text: str = TEXT) -> str:
    draft = submit_bulletin(office.database, Written({"vi": text}, unit=unit), "Y Hạnh", NOW)
    with office.database.read() as session:
        return read_aloud(session, draft)["vi"]


def approved(office: Office, unit: str | None = None) -> Bulletin:
    draft = submit_bulletin(office.database, Written({"vi": TEXT}, unit=unit), "Y Hạnh", NOW)
    made = approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=False)
    office.voiced(made.id)
    return made


def renders(office: Office) -> list[tables.WorkItem]:
    with office.database.read() as session:
        query = select(tables.WorkItem).where(tables.WorkItem.kind == "render")
        return list(session.exec(query).all())


def test_a_name_is_read_as_its_commune_reads_it_and_nowhere_else(office: Office) -> None:
    office.boxes(3)
    taught(office, COMMUNE, "TTVH", "Trung tâm Văn hoá")

    assert "Họp tại Trung tâm Văn hoá Đăk Hà" in heard(office, COMMUNE)
    assert "Trung tâm Văn hoá" in heard(office, VILLAGE), "a village is read as its commune"
    assert "Trung tâm Văn hoá" not in heard(office, OTHER_COMMUNE)
    assert "Trung tâm Văn hoá" not in heard(office, None)


def test_the_nearer_unit_has_its_way(office: Office) -> None:
    office.boxes(3)
    taught(office, COMMUNE, "TTVH", "của xã")
    taught(office, PROVINCE, "TTVH", "của tỉnh")
    taught(office, PROVINCE, "Đăk Hà", "Đắc Hà")

    assert "tại của xã Đắc Hà" in heard(office, VILLAGE)
    assert "tại của tỉnh Đắc Hà" in heard(office, OTHER_COMMUNE)
    assert "tại của tỉnh Đắc Hà" in heard(office, None), "nobody's own: as the province reads it"
    with office.database.read() as session:
        entries = effective_readings(session, VILLAGE, READING)
    assert [(e.written, e.spoken) for e in entries] == [("Đăk Hà", "Đắc Hà"), ("TTVH", "của xã")]


def test_who_taught_a_reading_and_who_took_it_back_is_kept(office: Office) -> None:
    office.boxes(1)
    first = taught(office, COMMUNE, "TTVH", "tê tê vê hát")
    second = taught(office, COMMUNE, "TTVH", "Trung tâm Văn hoá")

    with office.database.read() as session:
        (standing,) = show_readings(session, COMMUNE, READING)
        assert standing.id == second
    remove_reading(office.database, second, "Y Hạnh", NOW + timedelta(hours=1))

    with office.database.read() as session:
        assert show_readings(session, COMMUNE, READING) == []
        every = show_readings(session, COMMUNE, READING, removed=True)
        told = session.exec(select(tables.Event.body).where(tables.Event.kind == "lexicon")).all()
    by_id = {e.id: e for e in every}
    assert (by_id[first].removed_by, by_id[first].removed_ms) == ("Cô Lan", to_ms(NOW))
    assert by_id[second].added_by == "Cô Lan"
    assert by_id[second].removed_by == "Y Hạnh"
    assert [body["state"] for body in told] == ["added", "added", "removed"]


def test_what_nobody_taught_cannot_be_removed(office: Office) -> None:
    office.boxes(1)
    entry = taught(office, COMMUNE, "TTVH", "Trung tâm Văn hoá")
    remove_reading(office.database, entry, "Cô Lan", NOW)

    for missing in (entry, 999):
        with pytest.raises(NotFound):
            remove_reading(office.database, missing, "Cô Lan", NOW)


@pytest.mark.parametrize("spoken", ["", "số 5", "a/b", "x" * 300, "hai\nba"])
def test_a_reading_that_itself_needs_reading_is_refused(office: Office, spoken: str) -> None:
    office.boxes(1)
    with pytest.raises(BadLexiconEntry):
        taught(office, COMMUNE, "TTVH", spoken)
    with office.database.read() as session:
        assert show_readings(session, COMMUNE, READING, removed=True) == []


def test_a_unit_that_nobody_knows_has_no_lexicon(office: Office) -> None:
    office.boxes(1)
    with pytest.raises(NotFound):
        taught(office, "dv-99999", "TTVH", "Trung tâm Văn hoá")
    with office.database.read() as session, pytest.raises(NotFound):
        show_readings(session, "dv-99999", READING)
    with pytest.raises(NotFound):
        submit_bulletin(office.database, Written({"vi": TEXT}, unit="dv-99999"), "Y Hạnh", NOW)


def test_a_lexicon_does_not_grow_without_end(office: Office) -> None:
    office.boxes(1)
    with office.database.write() as session:
        session.add_all(
            LexiconEntry(
                unit_id=COMMUNE,
                kind="reading",
                written=f"A{n}",
                spoken="a",
                added_by="Cô Lan",
                added_ms=0,
            )
            for n in range(MAX_ENTRIES)
        )
    with pytest.raises(ControllerError) as refusal:
        taught(office, COMMUNE, "TTVH", "Trung tâm Văn hoá")
    assert refusal.value.code == "lexicon_full"
    taught(office, COMMUNE, "A7", "đọc khác đi")


def test_approval_pins_the_reading_and_names_lexicon_and_dialect(office: Office) -> None:
    office.boxes(1)
    taught(office, COMMUNE, "TTVH", "Trung tâm Văn hoá")
    set_unit_speech(
        office.database, PROVINCE, "Cô Lan", NOW, dialect=Dialect.SOUTH, reader_vouches=None
    )

    (pin,) = approved(office, COMMUNE).pins

    with office.database.read() as session:
        speech = unit_speech(session, COMMUNE)
    assert pin.wording_version == wording_version(speech.lexicon, Dialect.SOUTH)
    assert pin.wording_version != wording_version()
    assert "Trung tâm Văn hoá" in pin.spoken


def test_a_later_change_of_the_lexicon_is_flagged_and_alters_nothing_on_air(
    office: Office,
) -> None:
    boxes = office.boxes(1)
    bulletin = approved(office, COMMUNE)
    office.scheduled(bulletin.id, boxes, NOW + timedelta(hours=2))
    office.publish()
    before = [cue.asset for page in office.pages(boxes[0].did) for cue in page.cues]
    assert before

    taught(office, COMMUNE, "TTVH", "Trung tâm Văn hoá")
    office.publish(NOW + timedelta(minutes=1))

    with office.database.read() as session:
        shown = show_bulletin(session, bulletin.id)
        assert bulletins.load(session, bulletin.id).pins == bulletin.pins
        assert read_aloud(session, bulletin)["vi"] != bulletin.pins[0].spoken
    assert shown.changed == ("vi",)
    assert shown.spoken["vi"] == bulletin.pins[0].spoken
    assert shown.audio["vi"].state == "ready"
    after = [cue.asset for page in office.pages(boxes[0].did) for cue in page.cues]
    assert after == before


def test_a_bulletin_can_be_given_to_a_unit_and_is_then_a_draft_again(office: Office) -> None:
    office.boxes(1)
    taught(office, COMMUNE, "TTVH", "Trung tâm Văn hoá")
    bulletin = approved(office)

    edited = edit_bulletin(office.database, bulletin.id, {"vi": TEXT}, "Y Hạnh", NOW, unit=COMMUNE)
    again = edit_bulletin(office.database, bulletin.id, {"vi": TEXT}, "Y Hạnh", NOW)

    assert edited.pins == ()
    assert again.unit == COMMUNE, "left out: as it was"
    with office.database.read() as session:
        assert "Trung tâm Văn hoá" in show_bulletin(session, bulletin.id).spoken["vi"]


def test_a_respelling_is_for_the_voice_and_not_for_the_eye(office: Office) -> None:
    office.boxes(1)
    taught(office, COMMUNE, "Đăk Hà", "Đắc Hà", LexiconKind.RESPELLING)
    taught(office, COMMUNE, "Pờ Ê", "Pờ Ê ê", LexiconKind.RESPELLING)
    written = Written({"vi": TEXT, "bdq": "Ƀok kơdră lơ\u0306m Đăk Hà"}, unit=COMMUNE)
    draft = submit_bulletin(office.database, written, "Y Hạnh", NOW)

    shown = preview_bulletin(office.database, draft.id, NOW)

    assert "Đăk Hà" in shown.spoken["vi"]
    bodies = {item.body["language"]: item.body for item in renders(office)}
    assert bodies["vi"]["respellings"] == {"Đăk Hà": "Đắc Hà"}, "only what these words need"
    assert "respellings" not in bodies["bdq"]


def test_a_way_of_speaking_holds_for_all_below_that_have_none(office: Office) -> None:
    office.boxes(3)
    set_unit_speech(
        office.database, PROVINCE, "Cô Lan", NOW, dialect=Dialect.CENTRAL, reader_vouches=False
    )
    set_unit_speech(office.database, COMMUNE, "Cô Lan", NOW, dialect=None, reader_vouches=True)

    with office.database.read() as session:
        village, other = unit_speech(session, VILLAGE), unit_speech(session, OTHER_COMMUNE)
    assert (village.dialect, village.reader_vouches) == (Dialect.CENTRAL, True)
    assert (other.dialect, other.reader_vouches) == (Dialect.CENTRAL, False)
    with pytest.raises(NotFound):
        set_unit_speech(
            office.database, "dv-99999", "Cô Lan", NOW, dialect=None, reader_vouches=None
        )


def test_without_any_word_the_north_is_spoken_and_nobody_vouches(office: Office) -> None:
    office.boxes(1)
    with office.database.read() as session:
        speech = unit_speech(session, VILLAGE)
    assert (speech.dialect, speech.reader_vouches) == (Dialect.NORTH, False)
    assert speech.wording == wording_version()


def test_after_a_respelling_a_draft_is_voiced_anew_and_an_approved_bulletin_is_not(
    office: Office,
) -> None:
    office.boxes(1)
    bulletin = approved(office, COMMUNE)
    with pytest.raises(ControllerError) as refusal:
        preview_bulletin(office.database, bulletin.id, NOW, anew=True)
    assert refusal.value.code == "wrong_transition"

    edit_bulletin(office.database, bulletin.id, {"vi": TEXT}, "Y Hạnh", NOW)
    taught(office, COMMUNE, "Đăk Hà", "Đắc Hà", LexiconKind.RESPELLING)
    with office.database.write() as session:
        for done in session.exec(select(tables.WorkItem).where(tables.WorkItem.kind == "render")):
            session.delete(done)
    assert renders(office) == []
    preview_bulletin(office.database, bulletin.id, NOW)
    assert renders(office) == [], "it is voiced already"
    preview_bulletin(office.database, bulletin.id, NOW, anew=True)
    (work,) = renders(office)
    assert work.body["respellings"] == {"Đăk Hà": "Đắc Hà"}


def test_another_draft_of_the_same_words_cannot_change_what_airs(office: Office) -> None:
    office.boxes(1)
    on_air = approved(office, COMMUNE)
    taught(office, COMMUNE, "Đăk Hà", "Đắc Hà", LexiconKind.RESPELLING)
    written = Written({"vi": TEXT}, unit=COMMUNE)
    copy = submit_bulletin(office.database, written, "Y Hạnh", NOW)

    with pytest.raises(ControllerError) as refusal:
        preview_bulletin(office.database, copy.id, NOW, anew=True)
    assert refusal.value.code == "wrong_transition"
    assert [work.body.get("respellings") for work in renders(office)] == [None]

    assert preview_bulletin(office.database, copy.id, NOW).audio["vi"].state == "ready"
    over = on_air.valid_until
    preview_bulletin(office.database, copy.id, over, anew=True)
