"""Alarms over the API and on the command line."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from controller.cli.alarms import list_alarms
from controller.operations.alarms import Trouble, settle
from controller.storage.instants import to_ms
from tests.controller.office import NOW, Office

TROUBLE = Trouble("Thôn 1: máy chưa có tiếng.", "Thôn 1: the box lacks the audio.", "hop", "cum")


class Line:
    """A signed-in user on the same application."""

    def __init__(self, officer: TestClient) -> None:
        self._officer = officer

    def get(self, path: str) -> Any:
        return self._officer.get("/api/v1" + path).json()


def test_an_alarm_is_listed_until_it_is_over_and_a_day_longer_on_request(
    officer: TestClient, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    now_ms = to_ms(NOW)
    with office.database.write() as session:
        settle(session, "not_ready", {"hop": TROUBLE}, now_ms - 60_000)
    (alarm,) = officer.get("/api/v1/alarms").json()
    assert (alarm["kind"], alarm["device"], alarm["vi"]) == ("not_ready", "hop", TROUBLE.vi)
    assert alarm["cleared_at"] is None
    list_alarms(Line(officer), recent=False)
    assert TROUBLE.vi in capsys.readouterr().out

    with office.database.write() as session:
        settle(session, "not_ready", {}, now_ms)
    assert officer.get("/api/v1/alarms").json() == []
    list_alarms(Line(officer), recent=False)
    assert "no alarms" in capsys.readouterr().out
    list_alarms(Line(officer), recent=True)
    assert "hết / over" in capsys.readouterr().out


def test_alarms_are_for_those_who_are_signed_in(officer: TestClient) -> None:
    officer.cookies.clear()
    officer.headers.pop("authorization", None)
    assert officer.get("/api/v1/alarms").status_code == 401
