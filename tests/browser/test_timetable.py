"""Planning a week in a real browser: conflicts while the form is filled in, questions, files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from audio_library.bulletin import Kind
from controller.operations.alarms import Trouble, settle
from controller.operations.change_occurrence import move_occurrence
from controller.storage import programmes
from controller.storage.instants import to_ms
from tests.browser.office_page import OfficePage
from tests.controller.console.desk import Desk
from tests.controller.office import RULES

pytestmark = pytest.mark.needs("chromium")

HOME = ZoneInfo("Asia/Ho_Chi_Minh")


def tomorrow(desk: Desk, hour: int) -> datetime:
    day = desk.clock().astimezone(HOME) + timedelta(days=1)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0).astimezone(UTC)


def test_a_programme_is_made_with_its_conflicts_in_sight(desk: Desk, page: OfficePage) -> None:
    boxes = desk.office.boxes(2)
    bulletin = desk.office.approved(now=desk.clock())
    desk.office.scheduled(bulletin, boxes, tomorrow(desk, 17), now=desk.clock())
    desk.settled()
    tab = page.tab

    tab.goto(f"{page.address}/lich")
    page.wait_for("Thông báo tiêm chủng")
    tab.locator("details summary").first.click()
    page.wait_for("17:00:00")
    assert page.faults() == []
    tab.get_by_role("link", name="Vì sao: Thông báo tiêm chủng lúc 17:00:00").first.click()
    page.wait_for("Sẽ phát")
    assert page.faults() == []

    tab.goto(f"{page.address}/lich/chuong-trinh/moi?tin={bulletin}")
    assert page.faults() == []
    tab.get_by_label("Tên chương trình").fill("Chương trình chiều")
    tab.get_by_label("Giờ phát").fill("17:00")
    tab.get_by_label("Hằng ngày").check()
    page.press("Chọn tất cả")
    page.wait_for("cùng phát ở", within="#outlook")
    assert page.faults() == []
    tab.locator("#outlook").get_by_role("button").first.click()
    tab.locator("#outlook").get_by_text("cùng phát ở").first.wait_for(state="detached")
    assert tab.get_by_label("Giờ phát").input_value() != "17:00"

    tab.context.clear_cookies()
    page.press("Lưu chương trình")
    tab.get_by_role("dialog").get_by_label("Mật khẩu").fill(desk.password)
    page.press("Đăng nhập", within="#sign-in")
    page.wait_for("Đã lưu.")
    page.wait_for("hằng ngày")
    page.complaints.clear()  # the browser notes the 401 that the page has mended
    assert page.faults() == []


@pytest.mark.parametrize("width", [390])
def test_the_quick_form_says_what_it_runs_into(desk: Desk, page: OfficePage) -> None:
    boxes = desk.office.boxes(2)
    bulletin = desk.office.approved(now=desk.clock())
    desk.office.scheduled(bulletin, boxes, tomorrow(desk, 17), now=desk.clock())
    page.tab.goto(f"{page.address}/?tin={bulletin}")
    page.works()
    page.tab.get_by_label("Mai", exact=True).press(" ")
    page.tab.get_by_label("Giờ phát").fill("17:00")
    page.press("Chọn tất cả")
    page.wait_for("cùng phát ở", within="#plan-outlook")
    assert page.faults() == []
    page.tab.locator("#plan-outlook").get_by_role("button").first.click()
    page.tab.locator("#plan-outlook").get_by_text("cùng phát ở").wait_for(state="detached")
    outlook = page.tab.locator("#plan-outlook")
    outlook.get_by_text("Sẽ phát:").wait_for()
    assert "cùng phát ở" not in outlook.inner_text()
    page.press("Xếp lịch phát")
    page.wait_for("Đã xếp", within="#plan")


def test_a_question_and_an_alarm_come_to_the_desk_by_themselves(
    desk: Desk, page: OfficePage
) -> None:
    boxes = desk.office.boxes(1)
    page.tab.reload()
    page.works()
    now = desk.clock()
    for text in ("Thuỷ điện xả lũ từ 13 giờ.", "Bão số 3 mạnh cấp 11."):
        urgent = desk.office.approved(text, now=now, kind=Kind.PRIORITY)
        desk.office.scheduled(urgent, boxes, tomorrow(desk, 17), now=now)
    with desk.office.database.write() as session:
        alarm = Trouble("Thôn 1: buổi 17:00 thiếu 2 tệp tiếng. Lúc ấy loa sẽ im.", "silent")
        settle(session, "not_ready", {"thon-1": alarm}, to_ms(now))
    page.wait_for("2 tin ưu tiên cùng lúc 17:00 mai")
    page.wait_for("Lúc ấy loa sẽ im.")
    assert page.faults() == []
    page.tab.get_by_role("button", name="Phát trước: Thuỷ điện xả lũ từ 13 giờ").click()
    page.wait_for(f"{desk.name} chốt lúc", within="[data-part=questions]")
    first = page.tab.locator(".rivals li a").first
    assert first.inner_text() == "Thuỷ điện xả lũ từ 13 giờ"
    assert page.faults() == []


@pytest.mark.parametrize("width", [390])
def test_the_second_officer_is_told_and_loses_nothing(desk: Desk, page: OfficePage) -> None:
    boxes = desk.office.boxes(1)
    bulletin = desk.office.approved(now=desk.clock())
    start = tomorrow(desk, 17)
    saved = desk.office.scheduled(bulletin, boxes, start, now=desk.clock())
    programme_id = saved.planned.programme.id
    page.tab.goto(f"{page.address}/lich/chuong-trinh/{programme_id}")
    page.tab.get_by_label("Tên chương trình").fill("Tên tôi đặt")
    of = start.astimezone(HOME).replace(tzinfo=None)
    page.tab.get_by_label("Giờ phát").fill("17:30")
    later = of + timedelta(minutes=40)
    move_occurrence(desk.office.database, programme_id, of, later, "A Kiêm", desk.clock(), RULES)
    page.press("Lưu thay đổi")
    page.wait_for("A Kiêm đã đổi chương trình")
    assert page.tab.get_by_label("Tên chương trình").input_value() == "Tên tôi đặt"
    assert page.faults() == []
    page.press("Lưu bản của tôi thay bản ấy")
    page.wait_for("Đã lưu.")
    page.press("Hoàn lại như trước")
    page.wait_for("Đã lấy lại bản ấy.")


@pytest.mark.parametrize("width", [390])
def test_a_calendar_file_is_looked_at_before_it_is_kept(
    desk: Desk, page: OfficePage, tmp_path: Path
) -> None:
    desk.office.boxes(3)
    file = tmp_path / "lịch xã.ics"
    file.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//xa//vi\r\n"
        "BEGIN:VEVENT\r\nUID:sang@xa\r\nDTSTART:20260801T053000\r\nDURATION:PT20M\r\n"
        "RRULE:FREQ=DAILY\r\nSUMMARY:Chương trình sáng\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:hong@xa\r\nSUMMARY:Không có giờ\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n"
    )
    page.tab.goto(f"{page.address}/lich/tep")
    page.press("Xem trước")
    page.wait_for("Chọn một tệp .ics trước.")
    page.tab.get_by_label("Tệp .ics").set_input_files(file)
    page.press("Xem trước")
    page.wait_for("Xem trước, chưa lưu gì. 1 mới")
    page.wait_for("1 không đọc được")
    assert page.faults() == []
    page.press("Giữ 1 chương trình")
    page.wait_for("Đã giữ.")
    with desk.office.database.read() as session:
        (planned,) = programmes.standing(session).values()
    assert planned.programme.title == "Chương trình sáng"
    page.press("Lập địa chỉ")
    page.wait_for("chỉ hiện một lần này")
    assert page.faults() == []


@pytest.mark.parametrize("width", [390])
def test_a_programme_is_made_without_any_script(
    desk: Desk, page: OfficePage, chromium: Browser, width: int
) -> None:
    desk.office.boxes(1)
    desk.office.approved(now=desk.clock())
    plain = chromium.new_context(
        viewport={"width": width, "height": 844},
        java_script_enabled=False,
        storage_state=page.tab.context.storage_state(),
    )
    tab = plain.new_page()
    tab.goto(f"{page.address}/lich/chuong-trinh/moi")
    tab.get_by_label("Tên chương trình").fill("Tin chiều")
    tab.get_by_label("Giờ phát").fill("17:00")
    tab.get_by_label("Theo thứ", exact=True).check()
    tab.get_by_label("Thứ Ba", exact=True).check()
    tab.get_by_label("Thôn 1").check()
    tab.get_by_role("button", name="Xem trước").click()
    tab.get_by_text("Sẽ phát:").wait_for()
    tab.get_by_role("button", name="Lưu chương trình").click()
    tab.get_by_text("Đã lưu.").wait_for()
    tab.get_by_text("17:00, thứ Ba").first.wait_for()
    plain.close()
