import pytest
from sqlmodel import select

from audio_library.errors import AudioLibraryError
from controller.operations.review_bulletin import (
    approve_bulletin,
    return_bulletin,
    send_for_approval,
)
from controller.operations.show_bulletin import preview_bulletin, show_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin, title_of
from controller.storage import bulletins, tables
from tests.controller.office import NOW, TEXT, Office


def test_a_bulletin_survives_the_way_through_the_database_unchanged(office: Office) -> None:
    written = Written({"vi": TEXT, "bdq": "Ƀok kơdră 'nâi lơ̆m ƀuôn"}, topic="y_te")

    kept = submit_bulletin(office.database, written, "Y Hạnh", NOW)

    with office.database.read() as session:
        assert bulletins.load(session, kept.id) == kept


def test_approval_pins_the_very_words_that_will_be_heard(office: Office) -> None:
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)
    with office.database.read() as session:
        seen = show_bulletin(session, draft.id).spoken["vi"]

    approved = approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=False)

    assert [p.spoken for p in approved.pins] == [seen]
    with office.database.read() as session:
        (work,) = session.exec(
            select(tables.WorkItem).where(tables.WorkItem.kind == "render")
        ).all()
    assert work.body["spoken"] == seen


def test_the_preview_is_voiced_from_the_same_words_and_approval_makes_it_no_second_time(
    office: Office,
) -> None:
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)
    shown = preview_bulletin(office.database, draft.id, NOW)
    assert shown.audio["vi"].state == "waiting"

    approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=False)

    with office.database.read() as session:
        renders = session.exec(
            select(tables.WorkItem).where(tables.WorkItem.kind == "render")
        ).all()
    assert len(renders) == 1


def test_where_four_eyes_are_asked_for_the_writer_may_not_approve(office: Office) -> None:
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)
    send_for_approval(office.database, draft.id, NOW)

    with pytest.raises(AudioLibraryError) as refusal:
        approve_bulletin(office.database, draft.id, "Y Hạnh", NOW, four_eyes=True)
    assert refusal.value.code == "four_eyes"

    approve_bulletin(office.database, draft.id, "Cô Lan", NOW, four_eyes=True)


def test_a_returned_bulletin_keeps_the_reason_and_the_words(office: Office) -> None:
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)
    send_for_approval(office.database, draft.id, NOW)

    returned = return_bulletin(office.database, draft.id, "Cô Lan", "thiếu địa điểm", NOW)

    assert returned.sent_back is not None
    assert returned.sent_back.why == "thiếu địa điểm"
    assert returned.scripts == draft.scripts


@pytest.mark.parametrize("text", ["", "   \n", "x" * 100_000, "chuông\x07", "!!! ???"])
def test_text_that_cannot_be_aired_is_refused_in_both_languages(office: Office, text: str) -> None:
    with pytest.raises(AudioLibraryError) as refusal:
        submit_bulletin(office.database, Written({"vi": text}), "Y Hạnh", NOW)

    assert refusal.value.vi
    assert refusal.value.en
    with office.database.read() as session:
        assert bulletins.newest(session) == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Thông báo tiêm chủng: 7h30 ngày 15/8.", "Thông báo tiêm chủng"),
        ("Mất điện từ 8h. Bà con chú ý.", "Mất điện từ 8h"),
        ("Giá cà phê hôm nay", "Giá cà phê hôm nay"),
    ],
)
def test_a_title_is_taken_from_the_first_words(text: str, title: str) -> None:
    assert title_of(text) == title
