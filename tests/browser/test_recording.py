"""A person's voice from the file to the air, and a machine's that is stopped."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Browser

from audio_library.errors import Stopped
from audio_library.render import Rendered
from tests.browser.office_page import OfficePage
from tests.controller.console.desk import Desk
from tests.controller.office import Office

pytestmark = pytest.mark.needs("chromium")

BAHNAR = "Pơm kiơ đei kơ ƀôk xơnăm, tơm ƀơngai hơnăm kon pơlei."
NEVER = Event()


def test_a_recording_goes_from_the_reader_to_the_air(
    desk: Desk, page: OfficePage, chromium: Browser, voice: Path, tmp_path: Path, width: int
) -> None:
    page.write("Mai họp thôn.")
    page.tab.get_by_label("Thêm tiếng khác").select_option("bdq")
    page.tab.get_by_label("Lời tiếng Ba Na").fill(BAHNAR)
    page.press("Lưu nháp")
    page.wait_for("Thu tiếng Ba Na", within="#p-bdq")
    page.tab.locator("#p-bdq").get_by_label("Tên người đọc").fill("A Kiêm")
    page.press("Ghi người đọc tiếng Ba Na", within="#p-bdq")
    page.wait_for("lời đồng ý của người đọc", within="#p-bdq")
    page.tab.locator("#p-bdq").get_by_label("Người ấy đồng ý điều gì?").fill(
        "Cho phát trên loa xã."
    )
    page.press("Ghi người đọc tiếng Ba Na", within="#p-bdq")
    page.tab.locator("#p-bdq").get_by_label("Ai đọc?").wait_for()
    assert page.faults() == []

    bad = tmp_path / "ghi âm.mp3"
    bad.write_bytes(b"PK\x03\x04" + bytes(2_000))
    file = page.tab.locator("#p-bdq").get_by_label("Tệp ghi âm")
    file.set_input_files(bad)
    page.press("Tải bản thu lên", within="#p-bdq")
    page.wait_for("không phải bản ghi âm dùng được", within="#p-bdq")
    file.set_input_files(voice)
    page.press("Tải bản thu lên", within="#p-bdq")
    page.wait_for("Chờ người thứ hai nghe", within="#p-bdq")
    page.wait_for("không tự nghe duyệt được", within="#p-bdq")
    page.tab.locator("#p-bdq svg[data-drawn]").wait_for()
    assert page.faults() == []
    address = page.tab.url

    second = chromium.new_context(viewport={"width": width, "height": 844}, locale="vi-VN")
    other = OfficePage(second.new_page(), page.address)
    other.sign_in("colan", desk.colleague("colan"))
    other.tab.goto(address.replace("#", "&tieng=bdq#"))
    other.works()
    other.press("Tôi hiểu tiếng này và đã nghe hết", within="#p-bdq")
    other.press("Cho phát", within="#p-bdq")
    other.wait_for("Giọng người, đã sẵn sàng", within="#part-bulletin")
    other.wait_for("A Kiêm (người đọc)", within="#part-bulletin")
    assert other.faults() == []

    other.tab.locator("#p-bdq summary", has_text="Ngừng phát").click()
    other.press("Ngừng phát", within="#p-bdq")
    other.wait_for("Hãy ghi lý do", within="#p-bdq")
    other.tab.locator("#p-bdq").get_by_label("Vì sao?").fill("Đọc nhầm giờ")
    other.press("Ngừng phát", within="#p-bdq")
    other.wait_for("ngừng phát", within="#p-bdq")
    second.close()

    page.tab.get_by_label("Lời tiếng Ba Na").fill(f"{BAHNAR} Hơnăm.")
    page.press("Lưu nháp")
    page.wait_for("Cần thu lại vì lời đã đổi", within="#p-bdq")


@pytest.mark.parametrize("width", [390])
def test_a_rendition_shows_how_far_it_is_and_can_be_stopped(
    tmp_path: Path, chromium: Browser, width: int
) -> None:
    def slow(spoken: str, language: str, *, told: Any, **_: object) -> Rendered:
        try:
            while not NEVER.wait(0.1):
                told(0.4)
        except Stopped:
            stopped.set()
            raise
        raise AssertionError

    stopped = Event()
    office = Office(tmp_path, law=None)
    desk = Desk(office, renderer=slow)
    with desk.open() as address:
        context = chromium.new_context(viewport={"width": width, "height": 844}, locale="vi-VN")
        page = OfficePage(context.new_page(), address)
        page.sign_in(desk.name, desk.password)
        page.write("Mai họp thôn.")
        page.press("Nghe thử")
        page.wait_for("40 %", within="#part-bulletin")
        assert page.faults() == []
        page.press("Dừng", within="#part-bulletin")
        page.wait_for("Đã dừng đọc thử", within="#part-bulletin")
        assert stopped.wait(10)
        assert page.tab.get_by_role("button", name="Đọc thử").is_visible()
        context.close()
    office.database.close()
