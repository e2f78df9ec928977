"""The library in a real browser, with and without script."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.office_page import OfficePage
from tests.controller.console.desk import Desk

pytestmark = pytest.mark.needs("chromium")


def test_the_library_is_for_everybody(desk: Desk, page: OfficePage, voice: Path) -> None:
    desk.office.boxes(3)
    page.tab.goto(f"{page.address}/thu-vien?tieng=bdq")
    assert page.faults() == []
    page.tab.get_by_label("lũ quét").fill("Đak lĭp")
    page.press("Lưu các cụm từ này")
    page.wait_for("Đã lưu 1 cụm từ.")
    page.press("Xem trước: nay sẽ xoá gì?")
    page.wait_for("Nay không có gì phải xoá.")
    assert page.faults() == []
    page.tab.goto(f"{page.address}/thu-vien?tieng=bdq")
    page.tab.get_by_role("link", name="Thu tiếng cho lũ quét").click()
    page.wait_for("Chờ thu tiếng")
    page.tab.get_by_label("Tên người đọc").fill("A Kiêm")
    page.tab.get_by_label("Người ấy đồng ý điều gì?").fill("Cho phát trên loa xã.")
    page.press("Ghi người đọc tiếng Ba Na")
    page.tab.get_by_label("Ai đọc?").wait_for()
    page.tab.get_by_label("Tệp ghi âm").set_input_files(voice)
    page.press("Tải bản thu lên")
    page.wait_for("Chờ người thứ hai nghe")
    page.tab.locator("svg[data-drawn]").wait_for()
    assert page.faults() == []


@pytest.mark.parametrize("width", [390])
def test_the_library_works_without_any_script(
    desk: Desk, page: OfficePage, chromium: Browser, width: int
) -> None:
    desk.office.boxes(3)
    plain = chromium.new_context(
        viewport={"width": width, "height": 844},
        java_script_enabled=False,
        storage_state=page.tab.context.storage_state(),
    )
    tab = plain.new_page()
    tab.goto(f"{page.address}/thu-vien")
    tab.get_by_label("Của nơi nào?").select_option("Xã Đăk Hà")
    tab.get_by_role("button", name="Xem", exact=True).first.click()
    tab.get_by_label("Chữ viết").fill("Đăk Hà")
    tab.get_by_label("Loa đọc là").fill("Đắk Hà")
    tab.get_by_role("button", name="Lưu cách đọc").click()
    tab.get_by_text("Từ nay đọc “Đăk Hà” là “Đắk Hà”.").wait_for()
    tab.get_by_role("button", name="Bỏ cách đọc Đăk Hà").click()
    tab.get_by_text("Đã bỏ mục này.").wait_for()
    plain.close()
