import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from controller.cli import rules_of_units as rules
from controller.errors import ControllerError
from tests.controller.api.conftest import officer, services, stranger
from tests.controller.cli.test_lexicon import Line as Shorter
from tests.controller.office import Office

__all__ = ["officer", "services", "stranger"]


class Line(Shorter):
    """The same, with the one more way that these commands use."""

    def put(self, path: str, body: dict[str, object]) -> object:
        return self._read("PUT", path, body)


@pytest.fixture
def line(officer: TestClient, office: Office) -> Line:
    office.boxes(4)
    return Line(officer)


def test_a_law_is_shown_edited_and_set(
    line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.show_airtime(line, "đăk hà", as_json=True)
    law = json.loads(capsys.readouterr().out)
    law["windows"] = [{"opens": "05:30", "closes": "06:30", "weekdays": [1, 2]}]
    law["source_vi"] = "Quy chế xã Đăk Hà"
    file = tmp_path / "law.json"
    file.write_text(json.dumps(law))

    rules.set_airtime(line, "23500", file, check=True)
    assert "không vi phạm gì / nothing breaks it" in capsys.readouterr().out
    rules.set_airtime(line, "23500", file, check=False)
    said = capsys.readouterr().out
    assert "Quy chế xã Đăk Hà" in said
    assert "của riêng / its own, Xã Đăk Hà (quantri, " in said
    assert "Khung giờ / windows: 05:30–06:30 (T2, T3)" in said

    rules.drop_airtime(line, "23500")
    assert "theo cấp trên / from above" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff"])
def test_a_file_that_is_no_json_is_said_so(line: Line, tmp_path: Path, text: str) -> None:
    file = tmp_path / "law.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(ControllerError, match=r"law\.json") as refusal:
        rules.set_airtime(line, "23500", file, check=False)
    assert refusal.value.code == "not_json"


def test_days_are_swapped_shown_and_swapped_back(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.swap_day(line, "23500", "2026-08-20", "Lễ hội cồng chiêng", working=False)
    said = capsys.readouterr().out
    assert "2026-08-20  (8/7 âm lịch)  Lễ hội cồng chiêng" in said
    assert "Mùa / season fire: 01/11–30/04" in said
    assert "2026-08-22  (10/7 âm lịch)  làm bù / working day" in said

    rules.swap_day(line, "51", "2026-08-20", "", working=False)
    assert "Không áp dụng cho nơi có lịch riêng" in capsys.readouterr().out

    rules.take_back_swap(line, "23500", "2026-08-20")
    assert "2026-08-20" not in capsys.readouterr().out


def test_a_calendar_is_set_from_what_was_shown(
    line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.show_calendar(line, "23500", None, as_json=True)
    file = tmp_path / "calendar.json"
    file.write_text(capsys.readouterr().out.replace("storm", "bão"))
    rules.set_calendar(line, "23500", file)
    assert "Mùa / season bão: 01/09–30/11" in capsys.readouterr().out
    rules.drop_calendar(line, "23500")
    assert "Mùa / season storm" in capsys.readouterr().out


def test_what_is_not_given_of_a_cluster_stays(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.set_surroundings(line, "cum-23500-1", {"places": ["school"]})
    rules.set_surroundings(line, "cum-23500-1", {"radius_m": 400})
    rules.show_surroundings(line, "cum-23500-1")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "cum-23500-1\t—\t400 m\tgần / near: school"
