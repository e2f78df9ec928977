"""Alerts through the API: preview, raise, watch, end, review; nobody but who is signed in."""

import pytest
from fastapi.testclient import TestClient

from controller.operations.raise_alert import Raised
from edge_agent.contract.alert import AlertStatus
from tests.controller.office import Office
from tests.controller.operations.alarm_bell import answer, can_say, step, told

API = "/api/v1"


def asked(village: str, **more: object) -> dict[str, object]:
    return {
        "scopes": [village],
        "hazard": "flash_flood",
        "languages": ["vi", "sed"],
        "authorised_by": "Chủ tịch xã",
        "reason": "mưa lớn",
        **more,
    }


def test_preview_raise_board_end_review(office: Office, officer: TestClient) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    form = asked(box.village.village_id, level=["3"], until={"hour": 17, "minute": 30})
    preview = officer.post(f"{API}/alerts/preview", json=form).json()
    assert told(office) == {}
    vi, sed = preview["words"]
    assert vi["text"].startswith("Thông báo khẩn cấp. Thôn một. Cảnh báo lũ quét.")
    assert (sed["chosen"], sed["speaks"], sed["text"]) == (True, "nothing", None)
    assert preview["boxes"][0]["village"] == "Thôn 1, Xã Đăk Hà"
    assert preview["offline"] == 1

    made = officer.post(f"{API}/alerts", json=form)
    assert made.status_code == 201
    alert = made.json()["id"]
    answer(office, (box, step(Raised(alert, made.json()["version"], 1), AlertStatus.PLAYING)))
    board = officer.get(f"{API}/alerts/{alert}/board").json()
    assert board["counts"]["playing"] == 1
    assert board["boxes"][0]["after_ms"] == {"playing": 0}

    update = {"level": ["4"], "reason": "nặng hơn"}
    shown = officer.post(f"{API}/alerts/{alert}/preview", json=update).json()
    assert "cập nhật" in shown["words"][0]["text"]
    again = officer.post(f"{API}/alerts/{alert}/update", json=update).json()
    assert again["version"] > made.json()["version"]

    ended = officer.post(f"{API}/alerts/{alert}/end", json={"reason": "nước rút"}).json()
    assert ended["alert"]["state"] == "ended"
    assert [v["reason"] for v in ended["versions"]] == ["mưa lớn", "nặng hơn"]
    assert ended["versions"][0]["texts"]["vi"] == vi["text"]
    twice = officer.post(f"{API}/alerts/{alert}/end", json={"reason": "nước rút"})
    assert (twice.status_code, twice.json()["code"]) == (409, "alert_over")
    review = officer.post(f"{API}/alerts/{alert}/review", json={"text": "đúng"}).json()
    assert review["alert"]["review"] == "đúng"
    listed = officer.get(f"{API}/alerts").json()
    assert [(a["id"], a["vi"], a["en"]) for a in listed] == [(alert, "Lũ quét", "Flash flood")]
    assert officer.get(f"{API}/alerts?standing=true").json() == []


def test_a_test_is_raised_by_the_same_door(office: Office, officer: TestClient) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    form = {"scopes": [box.village.village_id], "test": True}
    assert officer.post(f"{API}/alerts", json=form).status_code == 201
    (alert,) = told(office)[box.village.village_id].alerts
    assert (alert.test, alert.siren_s) == (True, 0)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"hazard": "dragons"}, 404, "not_found"),
        ({"scopes": ["không đâu"]}, 404, "not_found"),
        ({"languages": ["xx"]}, 422, "unknown_language"),
        ({"languages": ["sed"]}, 422, "alert_wordless"),
        ({"authorised_by": ""}, 422, "alert_unauthorised"),
        ({"level": ["99"]}, 422, "unknown_phrase"),
        ({"minutes": 0}, 422, "bad_request"),
        ({"minutes": 100_000}, 422, "bad_request"),
        ({"siren_seconds": 31}, 422, "bad_request"),
        ({"supersedes": ["nothing"]}, 404, "not_found"),
        ({"test": True, "hazard": "", "minutes": 31}, 422, "alert_minutes"),
        ({"severity": "terrible"}, 422, "bad_request"),
        ({"until": {"hour": 3, "month": 4}}, 422, "slot_misfilled"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    office: Office, officer: TestClient, change: dict[str, object], status: int, code: str
) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    answered = officer.post(f"{API}/alerts", json=asked(box.village.village_id, **change))
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    assert told(office) == {}


def test_strangers_raise_end_and_see_nothing(office: Office, stranger: TestClient) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    form = asked(box.village.village_id)
    for path, body in (
        ("/alerts", form),
        ("/alerts/preview", form),
        ("/alerts/x/end", {"reason": "x"}),
        ("/alerts/x/update", {"reason": "x"}),
        ("/alerts/x/review", {"text": "x"}),
    ):
        assert stranger.post(f"{API}{path}", json=body).status_code == 401
    for path in ("/alerts", "/alerts/x/board", "/alerts/clips", "/hazards"):
        assert stranger.get(f"{API}{path}").status_code == 401
    assert told(office) == {}


def test_hazards_and_clips_are_shown(office: Office, officer: TestClient) -> None:
    office.boxes(1)
    found = officer.get(f"{API}/hazards").json()
    assert found[0]["hazard"] == "flash_flood"
    clips = officer.get(f"{API}/alerts/clips?language=vi&language=sed").json()
    assert {clip["language"] for clip in clips} == {"vi", "sed"}
    missing = officer.put(f"{API}/alerts/clips/storm/sed", json={"cart": "none"})
    assert missing.status_code == 404


def test_as_run_is_asked_of_one_alert(office: Office, officer: TestClient) -> None:
    assert officer.get(f"{API}/as-run?alert=none").json() == []
