"""Programmes over the API: whole, looked at, changed, undone; single airings; .ics; feeds."""

import pytest
from fastapi.testclient import TestClient
from icalendar import Calendar

from tests.controller.office import Office

PROGRAMMES = "/api/v1/programmes"
WHOLE = {
    "title": "Buổi chiều",
    "timing": {"start": "2026-08-10T17:00:00", "rules": ["freq=daily"]},
    "items": [
        {"kind": "cart", "cart": "greeting"},
        {"kind": "by_rule", "topics": ["y_te"], "max_items": 3},
        {"kind": "filler", "collection": "nhac"},
    ],
    "duration_ms": 900_000,
    "units": ["23500"],
}
OF = "2026-08-12T17:00:00"


@pytest.fixture
def made(officer: TestClient, office: Office) -> str:
    """A programme every evening in one village of the commune 23500; gives its id."""
    office.boxes(1)
    answer = officer.post(f"{PROGRAMMES}/whole", json=WHOLE)
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["programme"]["id"])


def test_a_whole_programme_comes_back_as_it_was_given(officer: TestClient, made: str) -> None:
    shown = officer.get(f"{PROGRAMMES}/{made}").json()

    assert shown["timing"]["rules"] == ["FREQ=DAILY"]
    assert shown["timing"]["time_zone"] == "Asia/Ho_Chi_Minh"
    assert [item["kind"] for item in shown["items"]] == ["cart", "by_rule", "filler"]
    assert shown["items"][1]["topics"] == ["y_te"]
    assert (shown["sequence"], shown["kind"], shown["rank"]) == (0, "daily", "programme")
    assert [p["id"] for p in officer.get(PROGRAMMES, params={"unit": "23500"}).json()] == [made]
    assert officer.get(PROGRAMMES, params={"unit": "23455"}).json() == []


def test_what_is_shown_can_be_sent_back_and_is_no_change(officer: TestClient, made: str) -> None:
    shown = officer.get(f"{PROGRAMMES}/{made}").json()
    same = {key: shown[key] for key in ("title", "timing", "items", "zones", "duration_ms", "rank")}

    answer = officer.put(f"{PROGRAMMES}/{made}", json=same | {"sequence": 0}).json()

    assert answer["kept"] is False
    assert answer["programme"]["sequence"] == 0


def test_the_second_of_two_editors_is_told_who_was_first(officer: TestClient, made: str) -> None:
    first = officer.put(f"{PROGRAMMES}/{made}", json=WHOLE | {"title": "Một", "sequence": 0})
    second = officer.put(f"{PROGRAMMES}/{made}", json=WHOLE | {"title": "Hai", "sequence": 0})

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "changed_meanwhile"
    assert "quantri" in second.json()["vi"]


def test_checking_keeps_nothing(officer: TestClient, made: str) -> None:
    again = officer.post(f"{PROGRAMMES}/check", json=WHOLE)
    edit = officer.post(
        f"{PROGRAMMES}/check", json=WHOLE | {"title": "Khác", "programme": made}
    ).json()

    assert again.status_code == 200
    assert again.json()["kept"] is False
    assert again.json()["looked_at"] == 1
    assert edit["programme"]["id"] == made
    assert len(officer.get(PROGRAMMES).json()) == 1


def test_a_cancelled_programme_is_undone(officer: TestClient, made: str) -> None:
    stale = officer.delete(f"{PROGRAMMES}/{made}", params={"sequence": 5})
    gone = officer.delete(f"{PROGRAMMES}/{made}", params={"sequence": 0})
    edit = officer.put(f"{PROGRAMMES}/{made}", json=WHOLE | {"sequence": 1})
    back = officer.post(f"{PROGRAMMES}/{made}/restore", json={"sequence": 0})

    assert [a.status_code for a in (stale, gone, edit, back)] == [409, 204, 409, 200]
    assert edit.json()["code"] == "cancelled"
    versions = officer.get(f"{PROGRAMMES}/{made}/versions").json()
    assert [v["what"] for v in versions] == ["restored 0", "cancelled", "created"]
    assert officer.get(f"{PROGRAMMES}/{made}").json()["cancelled_at"] is None


def test_single_airings_are_moved_cancelled_and_brought_back(
    officer: TestClient, made: str
) -> None:
    one = f"{PROGRAMMES}/{made}/occurrences/{OF}"

    moved = officer.put(one, json={"start": "2026-08-12T19:00:00", "sequence": 0})
    assert moved.status_code == 200, moved.json()
    seen = officer.get(f"{PROGRAMMES}/{made}/occurrences").json()
    assert [(s["of"], s["start"]) for s in seen if s["what"] == "moved"] == [
        (OF, "2026-08-12T12:00:00Z")
    ]
    assert officer.delete(one).status_code == 200
    assert officer.post(f"{one}/restore").status_code == 200
    assert {s["what"] for s in officer.get(f"{PROGRAMMES}/{made}/occurrences").json()} == {
        "planned"
    }
    wrong = officer.delete(f"{PROGRAMMES}/{made}/occurrences/2026-08-12T17:01:00")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")
    unread = officer.delete(f"{PROGRAMMES}/{made}/occurrences/mai")
    assert unread.status_code == 422


def test_this_and_all_following(officer: TestClient, made: str) -> None:
    one = f"{PROGRAMMES}/{made}/occurrences"

    moved = officer.post(
        f"{one}/{OF}/move-following", json={"start": "2026-08-12T19:00:00", "sequence": 0}
    ).json()
    other = moved["programme"]["id"]
    assert other != made
    changed = officer.put(
        f"{PROGRAMMES}/{other}/occurrences/2026-08-13T19:00:00/following",
        json=WHOLE
        | {"timing": {"start": "2026-08-13T06:00:00", "rules": ["FREQ=DAILY"]}, "sequence": 0},
    )
    assert changed.status_code == 200, changed.json()
    ended = officer.delete(f"{one}/2026-08-11T17:00:00/following").json()
    assert ended["timing"]["valid_until"] == "2026-08-11"
    assert len(officer.get(PROGRAMMES).json()) == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [{"kind": "tat"}]}, "items.0"),
        ({"timing": {"start": "2026-08-10T17:00:00+07:00"}}, "timing.start"),
        ({"timing": {"start": "2026-08-10T17:00:00", "rules": "FREQ=DAILY"}}, "timing.rules"),
        ({"rank": "emergency_live"}, "rank"),
        ({"duration_ms": 0}, "duration_ms"),
        ({"sequense": 1}, "sequense"),
    ],
)
def test_a_wrong_field_is_named(
    officer: TestClient, office: Office, change: dict[str, object], field: str
) -> None:
    answer = officer.post(f"{PROGRAMMES}/whole", json=WHOLE | change)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert f"“{field}”" in answer.json()["vi"]


@pytest.mark.parametrize(
    ("timing", "code"),
    [
        ({"start": "2026-08-10T17:00:00", "rules": ["FREQ=SECONDLY"]}, "rule_too_dense"),
        ({"start": "2026-08-10T17:00:00", "rules": ["FREQ=KHONG"]}, "bad_rule"),
        ({"start": "2026-08-09T17:00:00"}, "start_in_past"),
        ({"start": "2026-08-10T17:00:00", "time_zone": "Mars/Olympus"}, "unknown_time_zone"),
        ({"start": "2026-08-10T17:00:00", "lunar": [{"day": 31}]}, "bad_lunar_rule"),
        ({"start": "9999-12-31T23:00:00"}, "date_out_of_range"),
    ],
)
def test_an_absurd_timing_is_refused_in_words(
    officer: TestClient, office: Office, timing: dict[str, object], code: str
) -> None:
    office.boxes(1)

    answer = officer.post(f"{PROGRAMMES}/whole", json=WHOLE | {"timing": timing})

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_calendar_goes_out_and_comes_in(officer: TestClient, made: str) -> None:
    file = officer.get(f"{PROGRAMMES}/calendar", params={"unit": "23500"})
    assert file.headers["content-type"].startswith("text/calendar")
    new = file.content.replace(b"UID:", b"UID:khac-")

    seen = officer.post(f"{PROGRAMMES}/calendar", content=new).json()
    kept = officer.post(f"{PROGRAMMES}/calendar", content=new, params={"keep": True}).json()
    same = officer.post(f"{PROGRAMMES}/calendar", content=new, params={"keep": True}).json()

    assert (seen["kept"], seen["new"], seen["events"][0]["programme"]) == (False, 1, None)
    assert (kept["kept"], kept["new"], kept["unread"]) == (True, 1, [])
    assert (same["unchanged"], same["new"]) == (1, 0)
    assert len(officer.get(PROGRAMMES).json()) == 2


def test_a_file_that_is_too_long_is_not_read(officer: TestClient) -> None:
    answer = officer.post(f"{PROGRAMMES}/calendar", content=b"x" * 10_000_001)
    nothing = officer.post(f"{PROGRAMMES}/calendar", content=b"")

    assert (answer.status_code, answer.json()["code"]) == (413, "calendar_too_large")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "no_calendar_file")


def test_a_phone_reads_a_feed_without_signing_in(officer: TestClient, made: str) -> None:
    feed = officer.post("/api/v1/feeds", json={"unit": "23500"}).json()
    path = feed["url"].removeprefix("http://127.0.0.1:8077")
    officer.cookies.clear()

    answer = officer.get(path)
    again = officer.get(path, headers={"if-none-match": answer.headers["etag"]})
    head = officer.head(path)

    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert len(Calendar.from_ical(answer.content).walk("VEVENT")) == 180
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.headers["etag"]) == (200, answer.headers["etag"])


def test_a_closed_or_guessed_feed_is_nothing_and_nobody_asks_for_ever(
    officer: TestClient, made: str
) -> None:
    feed = officer.post("/api/v1/feeds", json={"unit": "23500"}).json()
    path = feed["url"].removeprefix("http://127.0.0.1:8077")
    assert officer.delete(f"/api/v1/feeds/{feed['id']}").status_code == 204
    (listed,) = officer.get("/api/v1/feeds").json()
    assert listed["revoked_at"] is not None
    assert "url" not in listed

    assert officer.get(path).status_code == 404
    statuses = [officer.get(f"/lich/{n}.ics").status_code for n in range(25)]

    assert set(statuses[:5]) == {404}
    assert statuses[-1] == 429


def test_what_a_programme_runs_into_is_said_with_a_mend(
    officer: TestClient, office: Office, made: str
) -> None:
    bulletin = office.approved()
    mine = WHOLE | {"title": "Trùng", "items": [{"kind": "chosen", "bulletins": [bulletin]}]}
    whole = WHOLE | {"items": [{"kind": "chosen", "bulletins": [bulletin]}], "sequence": 0}
    assert officer.put(f"{PROGRAMMES}/{made}", json=whole).status_code == 200

    (met, *_) = officer.post(f"{PROGRAMMES}/check", json=mine).json()["conflicts"]

    assert met["kind"] == "overlap"
    assert "«Trùng» và «Buổi chiều»" in met["vi"] or "«Buổi chiều» và «Trùng»" in met["vi"]
    assert met["mend"]["vi"]
