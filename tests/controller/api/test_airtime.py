from typing import Any

import pytest
from fastapi.testclient import TestClient

from controller.api.airtime_shapes import AirtimeLawBody
from schedules.airtime import DEFAULT_AIRTIME_LAW
from tests.controller.office import NOW, Office

UNIT = "/api/v1/units/dv-23500"


def law(**changes: Any) -> dict[str, Any]:
    return AirtimeLawBody.of(DEFAULT_AIRTIME_LAW).model_dump(mode="json") | changes


@pytest.fixture
def commune(office: Office, officer: TestClient) -> TestClient:
    office.boxes(4)
    return officer


def test_a_law_comes_back_as_it_was_set(commune: TestClient) -> None:
    given = law(
        windows=[{"opens": "05:30", "closes": "06:30", "weekdays": [1, 2, 3, 4, 5]}],
        clauses=[{"code": "outside_windows", "paragraph": "Điều 4", "action": "flag"}],
        by_weekday=[{"weekdays": [7], "max_sessions": 1, "max_session_ms": 600_000}],
        places=[
            {
                "kind": "school",
                "hush": [{"opens": "07:00", "closes": "11:00", "weekdays": [1]}],
                "gain_db": -20.0,
            }
        ],
        max_sessions_per_day=3,
        max_session_ms=1_200_000,
    )

    answer = commune.put(f"{UNIT}/airtime", json=given)

    assert answer.status_code == 200
    found = commune.get(f"{UNIT}/airtime").json()
    assert found["law"] == given
    assert found["source"]["whose"] == "own"
    assert found["source"]["set_by"] == "quantri"
    assert found["forecast"] == {"broken": [], "zones": 2, "governed": 2}


def test_a_unit_is_named_as_a_person_names_it(commune: TestClient) -> None:
    found = commune.get("/api/v1/units/đăk hà/airtime").json()
    assert (found["unit"], found["source"]["whose"]) == ("dv-23500", "inherited")


def test_a_check_keeps_nothing(commune: TestClient, office: Office) -> None:
    boxes = office.boxes(4)
    office.scheduled(office.approved(), boxes[:1], NOW.replace(hour=9), title="Bản tin chiều")

    found = commune.post(f"{UNIT}/airtime/check", json=law()).json()

    assert [(b["title"], b["code"], b["action"]) for b in found["broken"]] == [
        ("Bản tin chiều", "outside_windows", "refuse")
    ]
    assert commune.get(f"{UNIT}/airtime").json()["source"]["whose"] == "inherited"


def test_a_law_can_be_dropped_once(commune: TestClient) -> None:
    commune.put(f"{UNIT}/airtime", json=law())
    assert commune.delete(f"{UNIT}/airtime").json()["source"]["whose"] == "inherited"
    again = commune.delete(f"{UNIT}/airtime")
    assert (again.status_code, again.json()["code"]) == (409, "no_own_rule")


WINDOW = {"opens": "05:30", "closes": "06:30", "weekdays": [1]}


WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"windows": [WINDOW | {"opens": "25:00"}]}, "windows.0.opens"),
    ({"windows": [WINDOW | {"closes": "6h30"}]}, "windows.0.closes"),
    ({"windows": [WINDOW | {"weekdays": []}]}, "windows.0.weekdays"),
    ({"windows": [WINDOW | {"weekdays": [8]}]}, "windows.0.weekdays.0"),
    ({"quiet": 5}, "quiet"),
    ({"max_sessions_per_day": -1}, "max_sessions_per_day"),
    ({"max_session_ms": 0}, "max_session_ms"),
    ({"volume": []}, "volume"),
    ({"clauses": [{"code": "too_loud"}]}, "clauses.0.code"),
    ({"clauses": [{"code": "quiet_hours", "action": "shout"}]}, "clauses.0.action"),
    ({"places": [{"kind": "market"}]}, "places.0.kind"),
    ({"places": [{"kind": "school", "gain_db": 3}]}, "places.0.gain_db"),
    ({"source_vi": ""}, "source_vi"),
    ({"curfew": True}, "curfew"),
]


def test_a_wrong_field_is_named(commune: TestClient) -> None:
    for changes, field in WRONG_FIELDS:
        answer = commune.put(f"{UNIT}/airtime", json=law(**changes))
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
        assert f"“{field}”" in answer.json()["vi"]
        assert "giá trị không hợp lệ" not in answer.json()["vi"]


def test_what_does_not_fit_together_is_refused_in_words(commune: TestClient) -> None:
    late = {"from_hour": 6, "gain_db": 0, "sensitive_gain_db": 0}
    for changes, code in (
        ({"volume": [late]}, "bad_volume_profile"),
        ({"clauses": [{"code": "quiet_hours"}] * 2}, "repeated_clause"),
        ({"places": [{"kind": "school"}] * 2}, "repeated_place_rule"),
    ):
        answer = commune.put(f"{UNIT}/airtime", json=law(**changes))
        assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_calendar_comes_back_as_it_was_set(commune: TestClient) -> None:
    given = {
        "seasons": [{"name": "fire", "first": "12-01", "last": "02-29"}],
        "swaps": [{"day": "2026-08-31", "working": True, "note": "làm bù"}],
        "extra_holidays": ["2026-08-20"],
    }
    answer = commune.put(f"{UNIT}/calendar", json=given)
    assert answer.status_code == 200
    found = commune.get(f"{UNIT}/calendar?year=2026").json()
    assert found["calendar"] == given
    assert (found["source"]["whose"], found["year"]) == ("own", 2026)
    days = {day["day"]: day for day in found["days"]}
    assert days["2026-02-17"]["lunar"] == "1/1"
    assert days["2026-08-20"]["vi"] == "Ngày nghỉ của địa phương"
    assert "2026-08-31" not in days


def test_days_are_swapped_and_swapped_back(commune: TestClient) -> None:
    swap = {"day": "2027-08-31", "working": False, "note": "Lễ hội"}
    done = commune.post(f"{UNIT}/calendar/swaps", json=swap).json()
    assert (done["year"], done["source"]["whose"]) == (2027, "own")
    assert {"day": "2027-08-31", "vi": "Lễ hội"}.items() <= next(
        day for day in done["days"] if day["day"] == "2027-08-31"
    ).items()
    back = commune.delete(f"{UNIT}/calendar/swaps/2027-08-31").json()
    assert back["calendar"]["swaps"] == []
    assert commune.delete(f"{UNIT}/calendar/swaps/2027-08-31").status_code == 404


def test_a_wrong_calendar_is_refused(commune: TestClient) -> None:
    twice = [{"day": "2026-02-03", "working": w} for w in (True, False)]
    for body, code in (
        ({"seasons": [{"name": "a", "first": "02-30", "last": "03-01"}]}, "bad_season"),
        ({"seasons": [{"name": "a", "first": "2-1", "last": "03-01"}]}, "bad_request"),
        ({"swaps": [{"day": "2026-02-30", "working": True}]}, "bad_request"),
        ({"swaps": twice}, "repeated_swap"),
        ({"extra_holidays": ["2199-01-01"]}, "bad_request"),
    ):
        answer = commune.put(f"{UNIT}/calendar", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


CLUSTER = "/api/v1/clusters/cum-23500-1/surroundings"


def test_what_stands_around_a_cluster_is_kept(commune: TestClient) -> None:
    given = {
        "places": ["church", "school"],
        "latitude": 14.5,
        "longitude": 107.9,
        "radius_m": 400,
    }
    assert commune.put(CLUSTER, json=given).json() == given
    assert commune.get(CLUSTER).json() == given


def test_surroundings_that_cannot_be(commune: TestClient) -> None:
    before = commune.get(CLUSTER).json()
    for body, code in (
        ({"latitude": 14.5}, "half_a_point"),
        ({"latitude": 91, "longitude": 0}, "bad_request"),
        ({"radius_m": 0}, "bad_request"),
        ({"places": ["market"]}, "bad_request"),
    ):
        answer = commune.put(CLUSTER, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert commune.get(CLUSTER).json() == before


def test_nobody_sets_a_law_without_signing_in(stranger: TestClient, office: Office) -> None:
    office.boxes(1)
    assert stranger.put(f"{UNIT}/airtime", json=law()).status_code == 401
    assert stranger.get(f"{UNIT}/calendar").status_code == 401
    assert stranger.get(CLUSTER).status_code == 401
