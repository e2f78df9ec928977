"""Correcting how a text is read, and what is asked of a text that was pasted."""

import pytest

from tests.browser.office_page import OfficePage
from tests.controller.console.desk import Desk

pytestmark = pytest.mark.needs("chromium")

COMMUNE = "Xã Đăk Hà"
OLD_JARAI = "B[uh mơnuih ]ar gah t^ng plơi ]uh, kah hrơi anun dong"


def test_a_reading_is_corrected_for_the_commune_and_taken_back(
    desk: Desk, page: OfficePage
) -> None:
    desk.office.boxes(3)
    page.tab.reload()
    page.works()
    page.tab.get_by_label("Tin của").select_option(COMMUNE)
    page.write("Gọi 02603.866.127 trước 16h.")
    page.press("Lưu nháp")
    page.wait_for("trên máy chủ", within="#saved")
    reading = page.tab.locator("#reading-vi .rd")
    reading.filter(has_text="tám sáu sáu").click()
    assert page.tab.get_by_role("group", name="Sửa cách đọc “02603.866.127”").is_visible()
    field = page.tab.get_by_label("Loa đọc là")
    assert field.evaluate("field => field === document.activeElement")
    assert page.faults() == []

    field.fill("số 114")
    page.tab.get_by_label(f"{COMMUNE} từ nay").press(" ")
    page.press("Lưu cách đọc")
    page.wait_for("cách đọc còn ký hiệu hoặc chữ số", within="#fix")
    field.fill("điện thoại của trạm y tế")
    page.press("Lưu cách đọc")
    page.wait_for(f"Từ nay {COMMUNE} đọc “02603.866.127”", within="#fixed")
    reading.filter(has_text="điện thoại của trạm y tế").wait_for()
    assert page.faults() == []

    page.press("Hoàn tác", within="#fixed")
    reading.filter(has_text="tám sáu sáu").wait_for()
    page.press("Duyệt")
    page.wait_for("duyệt lúc", within="#part-bulletin")
    # Only the reading was another for a while: nobody has edited the words.
    assert page.tab.locator("#kept").is_hidden()


@pytest.mark.parametrize("width", [390])
def test_a_reading_is_corrected_for_this_bulletin_only(desk: Desk, page: OfficePage) -> None:
    page.write("Họp lúc 7h30 tại thôn 3, rồi họp lúc 7h30 tại thôn 4.")
    page.tab.locator("#reading-vi .rd").filter(has_text="bảy giờ ba mươi").nth(1).click()
    page.tab.get_by_label("Loa đọc là").fill("bảy rưỡi")
    page.tab.get_by_label("Loa đọc là").press("Enter")
    page.wait_for("Tin này viết “bảy rưỡi”", within="#fixed")
    text = page.tab.get_by_label("Chữ viết")
    assert text.input_value() == "Họp lúc 7h30 tại thôn 3, rồi họp lúc bảy rưỡi tại thôn 4."
    page.press("Hoàn tác", within="#fixed")
    page.tab.wait_for_function(
        "area => area.value.includes('7h30 tại thôn 4')", arg=text.element_handle()
    )


def test_old_letters_are_changed_only_when_somebody_says_so(desk: Desk, page: OfficePage) -> None:
    page.tab.get_by_label("Thêm tiếng khác").select_option("jra")
    text = page.tab.get_by_label("Lời tiếng Gia Rai")
    text.fill(OLD_JARAI)
    page.wait_for("Chữ này giống phông cũ.", within="#p-jra")
    assert page.tab.locator("#p-jra .oldnew b").first.inner_text() == "Bƀuh"
    assert text.input_value() == OLD_JARAI
    assert page.faults() == []

    page.press("Giữ nguyên", within="#p-jra")
    assert page.tab.get_by_text("Chữ này giống phông cũ.").is_hidden()
    page.tab.evaluate(
        "document.getElementById('text-jra').dispatchEvent(new Event('paste', {bubbles: true}))"
    )
    text.fill(f"{OLD_JARAI}.")
    page.press("Dùng bản đã đổi", within="#p-jra")
    page.tab.wait_for_function("area => area.value.includes('čar')", arg=text.element_handle())
    page.tab.get_by_text("Chữ này giống phông cũ.").wait_for(state="detached")


@pytest.mark.parametrize("width", [1280])
def test_a_text_in_another_language_is_asked_about_and_moved(desk: Desk, page: OfficePage) -> None:
    bahnar = "Ƀok kơ dră pơlei ƀôt kon hơnăm, pơm kiơ đei kơ ƀôk xơnăm."
    page.write(bahnar)
    page.wait_for("Đoạn này giống tiếng Ba Na.", within="#p-vi")
    page.press("Đổi sang tiếng Ba Na", within="#p-vi")
    assert page.tab.get_by_label("Lời tiếng Ba Na").input_value() == bahnar
    assert page.tab.locator("#text-vi").input_value() == ""
    assert page.tab.get_by_role("tab", name="Ba Na").get_attribute("aria-selected") == "true"


@pytest.mark.parametrize("width", [1280])
def test_a_doubtful_language_is_confirmed_by_who_approves(desk: Desk, page: OfficePage) -> None:
    text = "Mời bà con đến nhà rông và plĕi Đăk Wơk họp lúc bảy giờ sáng mai để bàn việc."
    page.write(text)
    page.wait_for("từ không thể là tiếng Việt", within="#p-vi")
    page.press("Đúng là tiếng Việt", within="#p-vi")
    page.press("Duyệt")
    page.wait_for("hãy xác nhận tiếng", within="#doubtful")
    assert page.faults() == []
    page.press("Đúng tiếng, cứ duyệt")
    page.wait_for("duyệt lúc", within="#part-bulletin")
