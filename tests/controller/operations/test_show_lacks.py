"""One list of what is lacking: exact reasons, whom they leave without, whose turn it is."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from audio_library.bulletin import Kind
from audio_library.next_step import Who
from audio_library.speech.engine import Engine
from audio_library.speech.espeak import Espeak
from controller.errors import NotFound
from controller.operations.lack_line import LackLine
from controller.operations.review_bulletin import (
    approve_bulletin,
    edit_bulletin,
    send_for_approval,
)
from controller.operations.show_lacks import show_lacks
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage import tables
from controller.storage.instants import to_ms
from tests.controller.office import NOW, TEXT, Box, Office

HOUR = timedelta(hours=1)


def lacks(
    office: Office, unit: str | None = None, *, at: timedelta = timedelta()
) -> list[LackLine]:
    engines: Sequence[Engine] = (Espeak(),)
    with office.database.read() as session:
        found = show_lacks(session, unit, NOW + at, engines=engines, time_zone="Asia/Ho_Chi_Minh")
    return [line for line in found if line.about.value != "phrases"]


def of_bulletins(lines: list[LackLine]) -> list[tuple[str, str | None]]:
    return [(line.code, line.language) for line in lines if line.about.value == "bulletin"]


def listening_to(office: Office, box: Box, *languages: str) -> None:
    """Let the box's village listen to these languages in this order."""
    zone = box.village.cluster_id.replace("cum-", "vung-")
    with office.database.write() as session:
        session.get_one(tables.Zone, zone).languages = list(languages)


def test_where_nothing_is_decided_nothing_is_lacking(office: Office) -> None:
    office.boxes(2)
    office.publish()

    assert of_bulletins(lacks(office)) == []


def test_a_language_without_a_script_is_a_line_with_its_villages_and_its_hour(
    office: Office,
) -> None:
    boxes = office.boxes(2)
    listening_to(office, boxes[0], "vi", "bdq")
    listening_to(office, boxes[1], "vi")
    bulletin = office.approved(title="Tiêm chủng")
    office.scheduled(bulletin, boxes, NOW + 3 * HOUR)

    (line,) = [found for found in lacks(office) if found.about.value == "bulletin"]

    assert (line.code, line.language, line.subject) == ("no_script", "bdq", bulletin)
    assert (len(line.villages), line.airs_at) == (1, NOW + 3 * HOUR)
    assert line.step.who is Who.WRITER
    assert line.vi == (
        "“Tiêm chủng”: Chưa có bản tiếng Ba Na; 1 làng không nghe được; phát lúc 11:00 10/08/2026; "
        "người soạn nhờ người biết tiếng dịch rồi nhập bản chữ."
    )
    assert line.en.startswith("“Tiêm chủng”: There is no script in Bahnar; 1 village will not")
    assert line.vi.count(".") == 1


def test_once_it_has_aired_everywhere_nobody_asks_for_it_any_more(office: Office) -> None:
    boxes = office.boxes(1)
    listening_to(office, boxes[0], "vi", "bdq")
    office.scheduled(office.approved(), boxes, NOW + HOUR)
    office.publish()

    assert of_bulletins(lacks(office)) == [("no_script", "bdq")]
    assert of_bulletins(lacks(office, at=2 * HOUR)) == []


def test_what_waits_for_approval_is_one_line_however_many_languages(office: Office) -> None:
    boxes = office.boxes(1)
    listening_to(office, boxes[0], "vi", "bdq")
    texts = {"vi": TEXT, "bdq": "Tơmam tơ-iung."}
    written = Written(texts, title="Tiêm chủng")
    draft = submit_bulletin(office.database, written, "Y Hạnh", NOW)
    assert of_bulletins(lacks(office)) == [], "nobody waits for a draft"
    send_for_approval(office.database, draft.id, NOW)

    (line,) = [found for found in lacks(office) if found.about.value == "bulletin"]

    assert (line.code, line.language, line.step.who) == ("not_approved", None, Who.APPROVER)
    assert (len(line.villages), line.airs_at) == (1, None)


def test_drafts_that_nobody_planned_are_not_even_read(office: Office) -> None:
    office.boxes(1)
    draft = submit_bulletin(office.database, Written({"vi": TEXT}), "Y Hạnh", NOW)
    with office.database.write() as session:
        session.get_one(tables.Script, (draft.id, "vi")).text = ""

    assert of_bulletins(lacks(office)) == []


def test_a_planned_bulletin_that_was_edited_and_not_approved_again_is_a_line(
    office: Office,
) -> None:
    boxes = office.boxes(1)
    listening_to(office, boxes[0], "vi")
    bulletin = office.approved()
    office.scheduled(bulletin, boxes, NOW + HOUR)
    edit_bulletin(office.database, bulletin, {"vi": "Lời mới."}, "Y Hạnh", NOW)

    (line,) = [found for found in lacks(office) if found.about.value == "bulletin"]

    assert (line.code, line.step.who, line.airs_at) == ("not_approved", Who.APPROVER, NOW + HOUR)


def test_an_approved_and_voiced_bulletin_without_a_time_is_not_forgotten(office: Office) -> None:
    boxes = office.boxes(1)
    listening_to(office, boxes[0], "vi")
    bulletin = office.approved()

    assert of_bulletins(lacks(office)) == [("not_scheduled", None)]
    office.scheduled(bulletin, boxes, NOW + HOUR)
    assert of_bulletins(lacks(office)) == []


def test_the_most_urgent_comes_first(office: Office) -> None:
    boxes = office.boxes(1)
    listening_to(office, boxes[0], "vi", "bdq")
    late = office.approved("Họp thôn.", title="Muộn")
    soon = office.approved("Đi khám.", title="Sớm")
    office.scheduled(late, boxes, NOW + 9 * HOUR)
    office.scheduled(soon, boxes, NOW + 2 * HOUR)
    flood = Written({"vi": "Lũ về."}, title="Lũ", kind=Kind.EMERGENCY)
    alarm = submit_bulletin(office.database, flood, "Y Hạnh", NOW)
    approve_bulletin(office.database, alarm.id, "Cô Lan", NOW, four_eyes=False)

    lines = [found for found in lacks(office) if found.about.value == "bulletin"]

    emergencies = [line.emergency for line in lines]
    assert emergencies == sorted(emergencies, reverse=True)
    assert lines[0].subject == alarm.id
    assert [line.subject for line in lines if not line.emergency] == [soon, late]


def test_only_what_concerns_a_unit_is_listed_for_it(office: Office) -> None:
    boxes = office.boxes(2)
    for box in boxes:
        listening_to(office, box, "vi", "bdq")
    office.scheduled(office.approved(), [boxes[0]], NOW + HOUR)

    assert of_bulletins(lacks(office, boxes[0].village.village_id)) == [("no_script", "bdq")]
    assert of_bulletins(lacks(office, boxes[1].village.village_id)) == []
    with pytest.raises(NotFound):
        lacks(office, "99999")


def test_a_cluster_without_a_box_and_a_box_without_its_plan_or_audio(office: Office) -> None:
    boxes = office.boxes(3)
    office.scheduled(office.approved(), boxes, NOW + HOUR)
    office.publish()
    with office.database.write() as session:
        session.get_one(tables.Device, boxes[0].did).retired_ms = to_ms(NOW)
        for box, lacking in ((boxes[1], 0), (boxes[2], 2)):
            word = session.get_one(tables.DesiredState, box.did)
            session.merge(
                tables.ReportedState(
                    device_id=box.did,
                    online=True,
                    seen_ms=to_ms(NOW),
                    desired=word.serial if lacking else word.serial - 1,
                    lacking=lacking,
                )
            )

    lines = [found for found in lacks(office, at=HOUR / 2) if found.about.value == "box"]

    codes = {line.subject: line.code for line in lines}
    assert codes == {
        boxes[0].village.cluster_id: "no_box",
        boxes[1].village.cluster_id: "plan_not_held",
        boxes[2].village.cluster_id: "audio_not_held",
    }
    assert {line.step.who for line in lines} == {Who.TECHNICIAN}
    assert {line.airs_at for line in lines if line.code != "no_box"} == {NOW + HOUR}


def test_a_language_that_cannot_say_all_of_an_emergency_is_a_line(office: Office) -> None:
    boxes = office.boxes(1)
    listening_to(office, boxes[0], "vi", "bdq")
    with office.database.read() as session:
        found = show_lacks(session, None, NOW, engines=(Espeak(),), time_zone="Asia/Ho_Chi_Minh")

    lines = {f.language: f for f in found if f.about.value == "phrases"}
    assert "Ba Na" in lines["bdq"].vi
    assert len(lines["bdq"].villages) == 1
    assert lines["bdq"].step.who is Who.WRITER
    assert "viết lời" in lines["bdq"].vi
    # A machine reads Vietnamese, and its words came with the project: nobody has to record it.
    assert "làm âm thanh" in lines["vi"].vi
