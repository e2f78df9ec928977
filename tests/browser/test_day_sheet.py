"""The printed day sheet: an ordinary day is one page of A4, in letters that are read on paper."""

import re
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from controller.operations.day_sheet import day_sheet
from controller.operations.find_village import find_village
from controller.operations.load_sample import AT_ANY_HOUR
from controller.operations.schedule_programme import Slot, schedule_programme
from tests.controller.console.desk import Desk
from tests.controller.office import RULES, Office

pytestmark = pytest.mark.needs("chromium")
SESSIONS = (5, 11, 17)


def test_an_ordinary_day_is_one_page_of_a4(chromium: Browser, tmp_path: Path) -> None:
    office = Office(tmp_path, law=AT_ANY_HOUR)
    desk = Desk(office)
    [box] = office.boxes(1)
    now = datetime.now(ZoneInfo(RULES.time_zone))
    tomorrow = now.date() + timedelta(days=1)
    zone = box.village.cluster_id.replace("cum-", "vung-")
    for hour in SESSIONS:
        titles = ("Tiêm chủng mở rộng", "Lịch cắt điện tuần này", "Họp thôn tại nhà rông")
        bulletins = [
            office.approved(f"{title}, buổi {hour} giờ.", title=title, now=now) for title in titles
        ]
        slot = Slot(
            tuple(bulletins), (zone,), tomorrow, time(hour, 30), title=f"Bản tin {hour} giờ 30"
        )
        schedule_programme(office.database, slot, "Cô Lan", now, RULES)
    with desk.open() as address:
        context = chromium.new_context(locale="vi-VN")
        page = context.new_page()
        page.goto(f"{address}/dang-nhap")
        page.fill("[name=name]", desk.name)
        page.fill("[name=password]", desk.password)
        page.click("button")
        page.goto(f"{address}/lang/{box.village.village_id}/ngay/{tomorrow}")
        pdf = page.pdf(prefer_css_page_size=True)
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)")
        rows = page.locator("tbody tr").count()
        context.close()
    with office.database.read() as session:
        sheet = day_sheet(session, find_village(session, box.village.path), tomorrow, RULES, now)
    office.database.close()
    assert rows == sum(len(sitting.sounds) for sitting in sheet.sittings) == 9
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1
    assert size >= 18  # 13.5 pt
