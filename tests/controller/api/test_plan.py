"""Plans over the API and as people read them in a terminal."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from controller.cli import plan_text
from controller.operations.schedule_programme import Repeat
from tests.controller.office import NOW, Box, Office

AT = NOW + timedelta(hours=2)
PLAN = "/api/v1/plan"


@pytest.fixture
def box(office: Office) -> Box:
    return office.boxes(2)[0]


@pytest.fixture
def bulletin(office: Office, box: Box) -> str:
    made = office.approved(valid_until=NOW + timedelta(days=30), title="Tiêm chủng <mở rộng>")
    office.scheduled(made, [box], AT, kind=Repeat.DAILY, title="Bản tin sáng")
    return made


def test_a_village_is_shown_as_a_calendar(officer: TestClient, box: Box, bulletin: str) -> None:
    answer = officer.get(f"{PLAN}/calendar", params={"village": box.village.path, "days": 2})
    assert answer.status_code == 200
    text = plan_text.calendar(answer.json(), "vi")
    assert "Thứ Hai, 10/08/2026 (âm lịch 28/6)" in text
    assert "10:00:00–10:00:20  Bản tin sáng\n" in text
    assert "10:00:00    0:20  vi   Tiêm chủng <mở rộng>" in text
    assert "chưa có tiếng Xơ Đăng" in text
    assert "has no audio yet in" in plan_text.calendar(answer.json(), "en")


def test_why_is_answered_with_a_verdict_and_a_chain(
    officer: TestClient, box: Box, bulletin: str
) -> None:
    asked = {"village": box.village.path, "at": "2026-08-10T10:00:00+07:00", "subject": bulletin}
    said = officer.get(f"{PLAN}/explain", params=asked).json()
    assert said["verdict"] == "will_play"
    text = plan_text.explanation(said, "vi")
    assert text.splitlines()[0].endswith("Tiêm chủng <mở rộng>: SẼ PHÁT")
    assert "10:00:00" in text.splitlines()[-1]
    imagined = asked | {"alert_at": "2026-08-10T10:00:05+07:00", "alert_minutes": "1"}
    again = officer.get(f"{PLAN}/explain", params=imagined).json()
    assert [r["code"] for r in again["chain"]][-2:] == ["decided_cut", "decided_play"]


def test_a_week_is_replayed_with_what_goes_wrong(
    officer: TestClient, box: Box, bulletin: str
) -> None:
    form = {
        "unit": "dv-00051",
        "since": "2026-08-10",
        "power_cuts": [
            {"since": "2026-08-11T09:00:00+07:00", "until": "2026-08-11T11:00:00+07:00"}
        ],
    }
    said = officer.post(f"{PLAN}/replay", json=form).json()
    assert said["totals"] == {"played": 6, "skipped": 1}
    text = plan_text.replayed(said, "vi", silent_only=True)
    assert text.endswith("  mất điện: 1")
    assert "Tổng cộng: phát trọn 6, không phát 1" in text


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"since": "2026-08-10"}, "village_or_unit"),
        ({"since": "2020-08-10", "unit": "dv-00051"}, "days_out_of_reach"),
        ({"since": "2026-08-10", "village": "không có"}, "unknown_village"),
        (
            {
                "since": "2026-08-10",
                "unit": "dv-00051",
                "outages": [{"since": "2026-08-11T09:00:00Z", "until": "2026-08-11T09:00:00Z"}],
            },
            "empty_stretch",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_words(
    officer: TestClient, box: Box, form: dict[str, object], code: str
) -> None:
    answer = officer.post(f"{PLAN}/replay", json=form)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code


def test_the_day_sheet_as_text(officer: TestClient, box: Box, bulletin: str) -> None:
    asked = {"village": box.village.path, "day": "2026-08-10"}
    text = plan_text.day_sheet(officer.get(f"{PLAN}/daysheet", params=asked).json())
    assert "PHIẾU PHÁT THANH" in text
    assert "Bản tin sáng: Cô Lan" in text
    assert "ký nhận" in text


def test_the_printed_day_sheet_is_for_people_who_signed_in(
    stranger: TestClient, box: Box, bulletin: str
) -> None:
    answer = stranger.get(f"/lang/{box.village.village_id}/ngay/2026-08-10", follow_redirects=False)
    assert answer.status_code == 303


def test_the_printed_day_sheet_names_all_and_stands_alone_as_a_file(
    officer: TestClient, box: Box, bulletin: str
) -> None:
    address = f"/lang/{box.village.village_id}/ngay/2026-08-10"
    page = officer.get(address).text
    assert "Tiêm chủng &lt;mở rộng&gt;" in page
    assert "âm lịch 28/6" in page
    assert "<style>" not in page
    alone = officer.get(address, params={"tep": "1"}).text
    assert "@page" in alone
    assert "/static/" not in alone
    assert officer.get(f"/lang/{box.village.village_id}/ngay/hom-nay").status_code == 422
