"""The week of a village, the reasons, and programmes as plain forms: every act without script."""

import re
from datetime import datetime

import pytest
from fastapi.testclient import TestClient

from controller.operations.change_occurrence import cancel_occurrence, move_occurrence
from controller.operations.programme_draft import Draft
from controller.operations.save_programme import save_programme
from controller.storage import programmes
from controller.storage.programmes import Planned
from schedules.template import Item, PlayByRule, PlayChosen, Template
from schedules.timing import Timing
from schedules.types import BulletinId
from tests.controller.console.desk import Desk
from tests.controller.office import NOW, RULES, Box

VILLAGE = "thon-23500-1"
DAILY = Timing(datetime(2026, 8, 1, 17, 0), "Asia/Ho_Chi_Minh", rules=("FREQ=DAILY",))
FORM = {
    "title": "Tin chiều",
    "village": [VILLAGE],
    "start_date": "2026-08-11",
    "wall_time": "18:00",
    "repeat": "weekly",
    "weekday": ["TU", "TH"],
}


@pytest.fixture
def boxes(desk: Desk) -> list[Box]:
    return desk.office.boxes(2)


@pytest.fixture
def bulletin(desk: Desk, boxes: list[Box]) -> str:
    return desk.office.approved()


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def kept(desk: Desk, *items: Item) -> Planned:
    """Tin chiều, every day at 17:00 in two villages."""
    draft = Draft(("vung-23500-1", "vung-23455-1"), DAILY, Template(items), "Tin chiều")
    saved = save_programme(desk.office.database, draft, "Cô Lan", NOW, RULES)
    return saved.planned


def only(desk: Desk) -> Planned:
    with desk.office.database.read() as session:
        (planned,) = programmes.standing(session).values()
        return planned


def form_of(page: str) -> dict[str, object]:
    """What a browser would send of the big form, were nothing touched."""
    form = page.split('id="programme"')[1].split("</form>")[0]
    sent: dict[str, object] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or (
            ('type="checkbox"' in tag or 'type="radio"' in tag) and (" checked" not in tag)
        ):
            continue
        sent.setdefault(name[1], [])
        sent[name[1]].append(value[1] if value else "on")  # type: ignore[attr-defined]
    for select in re.findall(r"<select [^>]*>.*?</select>", form, re.DOTALL):
        name = re.search(r'name="([^"]*)"', select)
        chosen = re.search(r'value="([^"]*)" selected', select)
        assert name is not None
        sent[name[1]] = [chosen[1]] if chosen else [""]
    return sent


def test_strangers_are_led_to_the_door(stranger: TestClient) -> None:
    for address in ("/lich", "/lich/vi-sao", "/lich/chuong-trinh", "/lich/chuong-trinh/moi"):
        assert stranger.get(address).headers["location"] == "/dang-nhap"
    assert stranger.post("/lich/chuong-trinh/moi", data={}).status_code == 303
    assert stranger.post("/lich/chuong-trinh/xem", data={}).status_code == 401


def test_another_site_changes_nothing(desk: Desk, officer: TestClient, bulletin: str) -> None:
    planned = kept(desk, PlayChosen((BulletinId(bulletin),)))
    foreign = {"origin": "https://evil.example"}
    one = f"/lich/chuong-trinh/{planned.programme.id}"
    addresses = ("/lich/chuong-trinh/moi", one, f"{one}/huy", f"{one}/lay-lai", f"{one}/buoi")
    for address in addresses:
        assert officer.post(address, data={}, headers=foreign).status_code == 403
    assert only(desk).sequence == planned.sequence


def test_pages_hold_no_inline_code(desk: Desk, officer: TestClient, bulletin: str) -> None:
    one = kept(desk, PlayChosen((BulletinId(bulletin),))).programme.id
    for address in (
        "",
        "/vi-sao?ngay=2026-08-11&gio=17:00",
        "/chuong-trinh",
        f"/chuong-trinh/{one}",
    ):
        page = officer.get(f"/lich{address}")
        assert page.status_code == 200
        assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=)", page.text)


def test_an_empty_office_has_a_calendar(officer: TestClient) -> None:
    assert "Chưa có làng nào." in officer.get("/lich").text
    assert "Chưa có chương trình nào còn phát." in officer.get("/lich/chuong-trinh").text
    assert officer.get("/lich/vi-sao").status_code == 200


def test_a_week_shows_sessions_changes_and_what_is_not_heard(
    desk: Desk, officer: TestClient, bulletin: str
) -> None:
    planned = kept(desk, PlayChosen((BulletinId(bulletin),)))
    changed = (desk.office.database, planned.programme.id)
    wednesday, thursday = datetime(2026, 8, 12, 17), datetime(2026, 8, 13, 17)
    move_occurrence(*changed, wednesday, datetime(2026, 8, 12, 18), "Cô Lan", NOW, RULES)
    cancel_occurrence(*changed, thursday, "Cô Lan", NOW, RULES)

    page = officer.get(f"/lich?lang={VILLAGE}").text
    read = text_of(page)
    assert "Thứ Hai 10/08 hôm nay âm lịch 28/6" in read
    assert "17:00 đến 17:00 Tin chiều" in read
    assert "17:00:00" in read
    assert "Dời từ 17:00 12/08" in read
    assert "Đã bỏ buổi này" in read
    assert "Chưa có tiếng Xơ Đăng, Rơ Ngao: “Thông báo tiêm chủng”" in read
    assert f"/lang/{VILLAGE}/ngay/2026-08-12" in page
    days = re.findall(r'<h2 id="n1-([^"]+)"', page)
    assert days == [f"2026-08-{day}" for day in range(10, 17)]


def test_a_village_or_date_that_is_not_there_is_said(officer: TestClient, boxes: list[Box]) -> None:
    assert "Không rõ làng “đâu đó”" in officer.get("/lich?lang=đâu đó").text
    assert "cách hôm nay không quá" in officer.get("/lich?tu=1999-01-01").text
    assert "Thứ Hai" in officer.get("/lich?tu=hôm nào").text


def test_why_gives_the_chain_of_reasons(desk: Desk, officer: TestClient, bulletin: str) -> None:
    kept(desk, PlayChosen((BulletinId(bulletin),)))
    asked = {"lang": VILLAGE, "ngay": "2026-08-11", "gio": "17:00:00", "ve": bulletin}
    read = text_of(officer.get("/lich/vi-sao", params=asked).text)
    assert "Sẽ phát" in read
    assert "Cô Lan duyệt" in read
    nothing = officer.get("/lich/vi-sao", params=asked | {"gio": "03:00", "ve": ""})
    assert "Không phát" in text_of(nothing.text)
    unknown = officer.get("/lich/vi-sao", params=asked | {"ve": "không có"})
    assert "Không tìm thấy" in unknown.text


def test_a_programme_is_made_without_script(desk: Desk, officer: TestClient, bulletin: str) -> None:
    page = officer.get(f"/lich/chuong-trinh/moi?tin={bulletin}&lang={VILLAGE}")
    assert f'value="{bulletin}" checked' in page.text
    saved = officer.post("/lich/chuong-trinh/moi", data=FORM | {"bulletin": bulletin})
    assert saved.status_code == 303
    planned = only(desk)
    assert planned.programme.timing.rules == ("FREQ=WEEKLY;BYDAY=TU,TH",)
    assert planned.created_by == desk.name
    shown = text_of(officer.get(saved.headers["location"]).text)
    assert "18:00, thứ Ba và thứ Năm" in shown
    assert "Đã lưu." in shown
    assert shown.count("Đổi buổi này") == 5
    assert "Tin chiều" in officer.get("/lich/chuong-trinh").text
    assert "Tin chiều" in officer.get("/").text


@pytest.mark.parametrize(
    ("wrong", "said", "field"),
    [
        ({"title": "", "by_rule": "on", "bulletin": []}, "Chương trình chưa có tên", "title"),
        ({"village": []}, "Chưa chọn nơi phát", "village"),
        ({"weekday": []}, "Chưa chọn thứ nào", "repeat"),
        ({"wall_time": ""}, "Ghi giờ phát", "wall_time"),
        ({"repeat": "once", "start_date": "2026-08-01"}, "đã qua", "wall_time"),
        ({"bulletin": []}, "chưa có mục nào để phát", "bulletin"),
    ],
)
def test_a_refusal_stands_at_its_field_and_nothing_typed_is_lost(
    officer: TestClient, bulletin: str, wrong: dict[str, object], said: str, field: str
) -> None:
    sent = FORM | {"bulletin": bulletin, "minutes": "12:30"} | wrong
    page = officer.post("/lich/chuong-trinh/moi", data=sent)
    assert page.status_code == 422
    error = re.search(rf'id="no-{field}">.*?</p>', page.text, re.DOTALL)
    assert error is not None
    assert said in error[0]
    assert 'value="12:30"' in page.text


def test_conflicts_are_said_with_a_time_that_helps(
    desk: Desk, officer: TestClient, bulletin: str
) -> None:
    kept(desk, PlayChosen((BulletinId(bulletin),)))
    sent = FORM | {"bulletin": bulletin, "wall_time": "17:00", "title": "Họp thôn"}
    part = officer.post("/lich/chuong-trinh/xem", data=sent).text
    assert "cùng phát ở" in part
    proposed = re.search(r'name="move_to" value="(\d\d:\d\d)"', part)
    assert proposed is not None
    assert len(re.findall("<time>", part)) == 5
    better = officer.post("/lich/chuong-trinh/moi", data=sent | {"move_to": proposed[1]})
    assert f'name="wall_time" type="time" value="{proposed[1]}"' in better.text
    assert "cùng phát ở" not in better.text
    assert only(desk).programme.title == "Tin chiều"


def test_saving_an_untouched_form_changes_nothing(
    desk: Desk, officer: TestClient, bulletin: str
) -> None:
    planned = kept(desk, PlayChosen((BulletinId(bulletin),)), PlayByRule(max_age_days=9))
    address = f"/lich/chuong-trinh/{planned.programme.id}"
    sent = form_of(officer.get(address).text)
    assert officer.post(address, data=sent).status_code == 303
    assert only(desk) == planned


def test_two_officers_at_one_programme(desk: Desk, officer: TestClient, bulletin: str) -> None:
    planned = kept(desk, PlayChosen((BulletinId(bulletin),)))
    address = f"/lich/chuong-trinh/{planned.programme.id}"
    sent = form_of(officer.get(address).text) | {"title": "Tin của tôi"}
    cancel_occurrence(
        desk.office.database, planned.programme.id, datetime(2026, 8, 13, 17), "A Kiêm", NOW, RULES
    )
    told = officer.post(address, data=sent)
    assert told.status_code == 422
    assert "A Kiêm đã đổi chương trình" in told.text
    assert 'value="Tin của tôi"' in told.text
    newest = re.search(r'name="over" value="(\d+)"', told.text)
    assert newest is not None
    assert officer.post(address, data=sent | {"over": newest[1]}).status_code == 303
    assert only(desk).programme.title == "Tin của tôi"
    assert only(desk).programme.timing.changes != ()


def test_one_airing_is_moved_dropped_and_brought_back(
    desk: Desk, officer: TestClient, bulletin: str
) -> None:
    address = f"/lich/chuong-trinh/{kept(desk, PlayChosen((BulletinId(bulletin),))).programme.id}"

    def change(of: str, **sent: str) -> str:
        form = {"of": of, "sequence": str(only(desk).sequence)} | sent
        answer = officer.post(f"{address}/buoi", data=form)
        where = answer.headers.get("location")
        return text_of(officer.get(where).text if where else answer.text)

    page = change("2026-08-12T17:00:00", viec="doi", ngay="2026-08-12", gio="18:30")
    assert "Dời từ 17:00 12/08" in page
    assert "Đã dời buổi này." in page
    assert "Đã bỏ buổi này." in change("2026-08-13T17:00:00", viec="bo")
    assert "Dời từ" not in change("2026-08-12T17:00:00", viec="phat")
    assert "Ghi ngày và giờ" in change("2026-08-12T17:00:00", viec="doi", ngay="", gio="")
    stale = officer.post(f"{address}/buoi", data={"of": "2026-08-12T17:00:00", "viec": "bo"})
    assert "đã đổi chương trình" in stale.text


def test_what_is_cancelled_comes_back_as_it_was(
    desk: Desk, officer: TestClient, bulletin: str
) -> None:
    planned = kept(desk, PlayChosen((BulletinId(bulletin),)))
    address = f"/lich/chuong-trinh/{planned.programme.id}"
    gone = officer.post(f"{address}/huy", data={"sequence": planned.sequence})
    page = officer.get(gone.headers["location"]).text
    assert "đã huỷ chương trình này" in page
    before = re.search(r'name="sequence" value="(\d+)"', page)
    assert before is not None
    officer.post(f"{address}/lay-lai", data={"sequence": before[1]})
    assert only(desk).programme == planned.programme


def test_an_address_for_phones_is_shown_once_and_can_be_closed(
    officer: TestClient, boxes: list[Box]
) -> None:
    made = officer.post("/lich/tep/dia-chi", data={"unit": "dv-23500"}).text
    address = re.search(r'value="http://[^/]+(/lich/[^"]+\.ics)"', made)
    assert address is not None
    assert officer.get(address[1]).status_code == 200
    again = officer.get("/lich/tep").text
    assert address[1] not in again
    feed = re.search(r'name="feed" value="([^"]+)"', again)
    assert feed is not None
    assert officer.post("/lich/tep/dong", data={"feed": feed[1]}).status_code == 303
    assert officer.get(address[1]).status_code == 404
    assert "đã đóng" in officer.get("/lich/tep").text
    assert "Không tìm thấy" in officer.post("/lich/tep/dia-chi", data={"unit": "xa-la"}).text
