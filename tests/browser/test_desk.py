"""An officer's day in a real browser: nothing here is simulated but the boxes."""

import re
from datetime import timedelta

import pytest

from edge_agent.contract.report import EventKind
from edge_agent.contract.state import OnAir
from tests.browser.office_page import OfficePage
from tests.controller.console.desk import Desk

pytestmark = pytest.mark.needs("chromium")

TEXT = "Cấm đốt nương rẫy ngày 16/3. Khi thấy cháy gọi 114."


def test_from_a_text_to_the_record_of_its_airing(desk: Desk, page: OfficePage) -> None:
    box, other = desk.office.boxes(2)
    page.tab.reload()
    page.works()
    desk.settled().up(box)
    page.wait_for("1 sẵn sàng", within="#loa")

    page.write(TEXT)
    page.wait_for("mười sáu tháng ba", within="#soan")
    assert page.faults() == []

    page.press("Nghe thử")
    page.wait_for("Máy đọc xong", within="#part-bulletin")
    sound = page.tab.locator("#part-bulletin audio")
    page.tab.wait_for_function("sound => sound.currentTime > 0.2", arg=sound.element_handle())
    page.press("Duyệt")
    page.wait_for("duyệt lúc", within="#part-bulletin")

    page.press("Chọn tất cả")
    page.tab.get_by_label("Mai", exact=True).press(" ")
    page.tab.get_by_label("Giờ phát").fill("17:10")
    page.wait_for("Sẽ phát lúc 17:10 mai, ở 2 làng.", within="#plan")
    page.press("Xếp lịch phát")
    page.wait_for("Đã xếp 17:10", within="#plan")
    page.wait_for("Cấm đốt nương rẫy", within="#lich")
    desk.settled().up(box, lacking=1, held=30_000)
    page.wait_for("30 kB / 120 kB", within="#loa")
    desk.up(box)
    page.wait_for("17:10:00 mai", within="#each")
    play = desk.planned(box)
    assert play is not None
    desk.report(box, EventKind.STARTED, 1, late_ms=4)
    desk.up(box, on_air=OnAir("p1", play.cue_id, 2_000, play.duration_ms))
    page.wait_for("1 đang phát", within="#loa")
    position = page.tab.locator("#each [data-since]")
    first = position.inner_text()
    page.tab.wait_for_function(
        "([e, old]) => e.textContent !== old", arg=[position.element_handle(), first]
    )
    assert page.faults() == []

    desk.report(box, EventKind.ENDED, 2, late_ms=4)
    desk.up(box)
    page.wait_for("Đã phát trọn", within="#nhat-ky")
    row = page.tab.get_by_role("row").filter(has_text="Đã phát trọn").inner_text()
    assert "trễ 4 ms" in row
    assert desk.name in row
    assert page.faults() == []
    assert other.did != box.did


@pytest.mark.parametrize("width", [390])
def test_nothing_typed_is_lost(desk: Desk, page: OfficePage) -> None:
    page.write(TEXT)
    page.wait_for("Giữ trên máy này")
    page.tab.reload(wait_until="commit")
    page.wait_for("mười sáu tháng ba", within="#soan")
    assert page.tab.get_by_label("Chữ viết").input_value() == TEXT

    page.tab.context.clear_cookies()
    page.press("Lưu nháp")
    again = page.tab.get_by_role("dialog", name="Đăng nhập lại")
    again.get_by_label("Mật khẩu").fill("sai")
    page.press("Đăng nhập", within="#sign-in")
    page.wait_for("Tên hoặc mật khẩu không đúng.", within="#sign-in")
    again.get_by_label("Mật khẩu").fill(desk.password)
    page.press("Đăng nhập", within="#sign-in")
    page.wait_for("trên máy chủ", within="#saved")
    assert page.tab.get_by_label("Chữ viết").input_value() == TEXT

    page.tab.context.set_offline(True)
    page.wait_for("Mất mạng từ")
    page.write(f"{TEXT} Bà con chú ý.")
    page.press("Lưu nháp")
    page.wait_for("Mọi thứ trên màn hình vẫn còn")
    page.tab.context.set_offline(False)
    page.tab.get_by_text("Mất mạng từ").wait_for(state="hidden")
    page.press("Lưu nháp")
    page.wait_for("trên máy chủ", within="#saved")
    page.tab.reload()
    assert page.tab.get_by_label("Chữ viết").input_value() == f"{TEXT} Bà con chú ý."
    assert page.tab.locator("#kept").is_hidden()


@pytest.mark.parametrize("width", [390])
def test_a_refusal_stands_at_its_field_and_a_plan_can_be_taken_back(
    desk: Desk, page: OfficePage
) -> None:
    desk.office.boxes(2)
    bulletin = desk.office.approved(now=desk.clock())
    page.press("Lưu nháp")
    text = page.tab.get_by_label("Chữ viết")
    page.wait_for("Bản tin chưa có chữ nào.")
    assert text.evaluate("field => field === document.activeElement")
    assert text.get_attribute("aria-invalid") == "true"

    page.tab.goto(f"{page.address}/?tin={bulletin}")
    page.works()
    page.tab.get_by_label("Tìm làng").fill("mang but")
    page.press("Chọn tất cả")
    page.wait_for("Đã chọn 1 / 2 làng")
    page.tab.get_by_label("Mai", exact=True).press(" ")
    page.tab.get_by_label("Giờ phát").fill("23:30")
    page.press("Xếp lịch phát")
    page.wait_for("giờ yên tĩnh", within="#breach")
    page.press("Vẫn phát")
    page.wait_for("Ghi lý do", within="#breach")
    page.tab.get_by_label("Vì sao vẫn phát?").fill("Bão khẩn trong đêm")
    page.press("Vẫn phát")
    page.wait_for("Phát ngoài giờ vì: Bão khẩn trong đêm", within="#lich")

    page.tab.get_by_role("button", name=re.compile("^Bỏ lịch 23:30")).click()
    page.wait_for("Đã bỏ lịch 23:30 mai", within="#lich")
    page.wait_for("Chưa có tin nào được xếp giờ.", within="#lich")
    page.press("Xếp lại", within="#lich")
    page.wait_for("Phát ngoài giờ vì: Bão khẩn trong đêm", within="#lich")


@pytest.mark.parametrize("width", [1280])
def test_withdrawing_says_what_it_affects_and_who_lags(desk: Desk, page: OfficePage) -> None:
    boxes = desk.office.boxes(2)
    now = desk.clock()
    bulletin = desk.office.approved(now=now)
    desk.office.scheduled(
        bulletin, boxes, now + timedelta(minutes=5), now=now, quiet_ok="thử trong giờ yên tĩnh"
    )
    for box in boxes:
        desk.settled().up(box)
    page.tab.goto(f"{page.address}/?tin={bulletin}")
    page.works()
    page.press("Rút tin…")
    page.wait_for("2 cụm loa đang giữ tin này sẽ xoá", within="#withdraw")
    assert page.faults() == []
    page.tab.get_by_label("Vì sao rút?").fill("Đổi ngày")
    page.press("Rút tin", within="#withdraw")
    page.wait_for("2 cụm loa chưa báo đã bỏ tin này", within="#part-bulletin")
    page.wait_for("Không phát vì tin đã rút", within="#lich")
    assert page.tab.get_by_label("Chữ viết").get_attribute("readonly") is not None
    for box in boxes:
        desk.settled().up(box)
    page.wait_for("Mọi cụm loa từng nhận tin này đã báo bỏ.", within="#part-bulletin")
    assert page.faults() == []
