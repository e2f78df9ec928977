"""What waits for a decision on the desk, and which boxes are not ready."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from audio_library.bulletin import Kind
from controller.operations.alarms import Trouble, settle
from controller.operations.priority_order import lapse_questions
from controller.storage.instants import to_ms
from tests.controller.console.desk import Desk
from tests.controller.office import NOW

SESSION = NOW + timedelta(hours=9)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def two(desk: Desk) -> tuple[str, str]:
    """Two ưu tiên bulletins that want to open one session of one commune."""
    office = desk.office
    boxes = office.boxes(1)
    flood = office.approved("Thuỷ điện xả lũ từ 13 giờ.", kind=Kind.PRIORITY)
    storm = office.approved("Bão số 3 mạnh cấp 11.", kind=Kind.PRIORITY)
    for bulletin in (flood, storm):
        office.scheduled(bulletin, boxes, SESSION)
    office.publish()
    return flood, storm


def test_a_question_says_who_until_when_and_who_decided(
    desk: Desk, officer: TestClient, two: tuple[str, str]
) -> None:
    part = officer.get("/parts/questions").text
    read = text_of(part)
    assert "2 tin ưu tiên cùng lúc 17:00 hôm nay" in read
    assert read.count("Y Hạnh gửi 08:00 hôm nay") == 2
    assert "Nếu đến 10:00 hôm nay chưa ai chọn, loa phát theo thứ tự trên." in read
    question, order = re.findall(r'data-question="(.+?)" data-order="(.+?)"', part)[1]
    assert set(order.split()) == set(two)

    decision = f"/api/v1/priority-questions/{question}/decision"
    assert officer.post(decision, json={"order": order.split()}).status_code == 200
    decided = officer.get("/parts/questions").text
    assert f"{desk.name} chốt lúc 08:00 hôm nay." in text_of(decided)
    assert re.findall(r"/\?tin=(\w+)", decided) == order.split()
    assert "Đổi: phát trước" in decided


def test_a_question_that_nobody_answered_says_so(
    desk: Desk, officer: TestClient, two: tuple[str, str]
) -> None:
    desk.now = NOW + timedelta(hours=3)
    lapse_questions(desk.office.database, desk.now)
    assert "mà chưa ai chọn: loa phát theo thứ tự trên" in officer.get("/parts/questions").text
    desk.now = SESSION + timedelta(minutes=1)
    assert officer.get("/parts/questions").text.strip() == ""


def test_boxes_that_are_not_ready_stand_on_the_desk(desk: Desk, officer: TestClient) -> None:
    assert officer.get("/parts/alarms").text.strip() == ""
    troubles = {
        str(n): Trouble(f"Thôn {n}: buổi 17:00 thiếu 2 tệp tiếng. Lúc ấy loa sẽ im.", "silent")
        for n in range(7)
    }
    with desk.office.database.write() as session:
        settle(session, "not_ready", troubles, to_ms(NOW))
    page = text_of(officer.get("/").text)
    assert "Cụm loa báo động 7" in page
    assert "Thôn 3: buổi 17:00 thiếu 2 tệp tiếng. Lúc ấy loa sẽ im. Từ 08:00 hôm nay." in page
    assert "Xem 2 báo động nữa" in page
