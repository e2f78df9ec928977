import pytest
from sqlmodel import select

from audio_library.bulletin import State
from audio_library.errors import NotThisLanguage
from controller.errors import ControllerError
from controller.operations.review_bulletin import approve_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import bulletins, tables
from tests.controller.office import NOW, TEXT, Office

BAHNAR = "Ƀing ta tơkŭm lơ\u0306m ƀon, hơtŏk đơ\u0306ng pơđĭ."
VIETNAMESE = "Bà con đến trạm y tế xã để tiêm vắc xin cho trẻ, không mất tiền."


def draft(office: Office, **scripts: str) -> str:
    return submit_bulletin(office.database, Written(scripts), "Y Hạnh", NOW).id


def test_bahnar_marked_as_vietnamese_is_kept_and_never_approved(office: Office) -> None:
    kept = draft(office, vi=BAHNAR)

    with pytest.raises(NotThisLanguage) as refusal:
        approve_bulletin(
            office.database, kept, "Cô Lan", NOW, four_eyes=False, language_confirmed=["vi"]
        )

    assert "Ba Na" in refusal.value.vi
    with office.database.read() as session:
        assert bulletins.load(session, kept).state is State.DRAFT
        assert not session.exec(
            select(tables.WorkItem).where(tables.WorkItem.kind == "render")
        ).all()


def test_the_same_words_marked_as_bahnar_are_approved(office: Office) -> None:
    kept = draft(office, vi=TEXT, bdq=BAHNAR)
    made = approve_bulletin(office.database, kept, "Cô Lan", NOW, four_eyes=False)
    assert made.state is State.APPROVED


def test_a_doubtful_language_must_be_confirmed_by_name_and_that_is_told(office: Office) -> None:
    kept = draft(office, vi=TEXT, bdq=VIETNAMESE)

    for confirmed in ((), ("vi",)):
        with pytest.raises(ControllerError) as refusal:
            approve_bulletin(
                office.database, kept, "Cô Lan", NOW, four_eyes=False, language_confirmed=confirmed
            )
        assert refusal.value.code == "language_doubtful"
        assert "Ba Na" in refusal.value.vi

    made = approve_bulletin(
        office.database, kept, "Cô Lan", NOW, four_eyes=False, language_confirmed=["bdq"]
    )
    assert made.state is State.APPROVED
    with office.database.read() as session:
        (told,) = session.exec(
            select(tables.Event).where(tables.Event.kind == "language_confirmed")
        ).all()
    assert told.body == {"id": kept, "languages": ["bdq"], "by": "Cô Lan"}


def test_confirming_what_nobody_doubts_is_not_told(office: Office) -> None:
    kept = draft(office, vi=TEXT)
    approve_bulletin(
        office.database, kept, "Cô Lan", NOW, four_eyes=False, language_confirmed=["vi"]
    )
    with office.database.read() as session:
        told = session.exec(
            select(tables.Event).where(tables.Event.kind == "language_confirmed")
        ).all()
    assert told == []
