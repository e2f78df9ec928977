import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from controller.app import create_app
from controller.operations.services import Services
from controller.operations.sign_in import enrol_first_account
from controller.storage import tables
from tests.controller.office import NOW, TEXT, Office

OPEN_TO_ALL = {"/api/v1/sessions", "/dang-nhap"}


def changing(client: TestClient) -> Iterator[tuple[str, str]]:
    """Every (method, path) of the application that may change something."""

    paths = client.app.openapi()["paths"]  # type: ignore[attr-defined]
    for path, methods in paths.items():
        for method in methods:
            if method in ("post", "put", "patch", "delete") and path not in OPEN_TO_ALL:
                yield method, re.sub(r"\{\w+\}", "1", path)


def test_nothing_that_changes_anything_answers_without_a_login(stranger: TestClient) -> None:
    asked = list(changing(stranger))
    assert len(asked) >= 10

    for method, path in asked:
        answer = stranger.request(method, path, json={})
        if path.endswith("/sessions/current"):
            assert answer.status_code == 204, "signing out twice is no error"
            continue
        assert answer.status_code == 401, (method, path)
        assert answer.json()["code"] == "sign_in_needed"


@pytest.mark.parametrize("path", ["bulletins", "clusters", "as-run", "events", "programmes"])
def test_what_people_do_is_not_shown_to_strangers(stranger: TestClient, path: str) -> None:
    assert stranger.get(f"/api/v1/{path}").status_code == 401


def test_another_site_cannot_act_with_the_officers_cookie(officer: TestClient) -> None:
    answer = officer.post(
        "/api/v1/bulletins", json={"scripts": {"vi": TEXT}}, headers={"origin": "http://evil"}
    )

    assert answer.status_code == 403
    assert officer.get("/api/v1/bulletins").json() == []


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    stranger: TestClient, officer: TestClient
) -> None:
    refused = stranger.post("/api/v1/sessions", json={"name": "x", "password": "y"})
    assert "set-cookie" not in refused.headers
    assert officer.cookies.get("loalang_session")


def test_an_office_signs_in_as_often_as_it_works(services: Services, stranger: TestClient) -> None:
    made = enrol_first_account(services.database, NOW)
    assert made is not None
    form = {"name": made[0], "password": made[1]}

    codes = {stranger.post("/api/v1/sessions", json=form).status_code for _ in range(12)}

    assert codes == {201}


def test_guessing_is_stopped_after_ten_tries_in_a_minute(stranger: TestClient) -> None:
    codes = [
        stranger.post("/api/v1/sessions", json={"name": "quantri", "password": "x"}).status_code
        for _ in range(12)
    ]

    assert codes == [401] * 10 + [429] * 2


def test_guessing_from_elsewhere_does_not_lock_the_officer_out(services: Services) -> None:
    made = enrol_first_account(services.database, NOW)
    assert made is not None
    app = create_app(services, "test")
    enemy = TestClient(app, client=("192.0.2.66", 50_000))
    for _ in range(12):
        enemy.post("/api/v1/sessions", json={"name": made[0], "password": "x"})

    officer = TestClient(app, client=("192.0.2.1", 50_000))
    answer = officer.post("/api/v1/sessions", json={"name": made[0], "password": made[1]})

    assert answer.status_code == 201


def test_a_bulletin_from_text_to_plan(officer: TestClient, office: Office) -> None:
    office.boxes(1)
    draft = officer.post("/api/v1/bulletins", json={"scripts": {"vi": TEXT}}).json()
    assert draft["scripts"][0]["spoken"].startswith("Thông báo tiêm chủng: bảy giờ ba mươi phút")

    seen = {"version": draft["version"]}
    approved = officer.post(f"/api/v1/bulletins/{draft['id']}/approve", json=seen).json()
    assert approved["state"] == "approved"
    assert approved["scripts"][0]["pinned"]
    office.voiced(draft["id"])

    planned = officer.post(
        "/api/v1/programmes",
        json={
            "bulletins": [draft["id"]],
            "villages": ["Đăk Hà/Thôn 1"],
            "start_date": "2026-08-10",
            "wall_time": "17:00:00",
        },
    )
    assert planned.status_code == 201
    assert {m["language"] for m in planned.json()["missing"]} == {"sed", "ren"}
    assert officer.get("/api/v1/programmes").json()[0]["id"] == planned.json()["id"]

    assert officer.delete(f"/api/v1/programmes/{planned.json()['id']}").status_code == 204
    assert officer.get("/api/v1/programmes").json() == []


def test_words_that_the_approver_has_not_seen_are_not_approved(officer: TestClient) -> None:
    draft = officer.post("/api/v1/bulletins", json={"scripts": {"vi": TEXT}}).json()
    address = f"/api/v1/bulletins/{draft['id']}"
    officer.put(address, json={"scripts": {"vi": "Lời khác hẳn."}})

    answer = officer.post(f"{address}/approve", json={"version": draft["version"]})

    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert officer.get(address).json()["state"] == "draft"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scripts": {"vi": ""}}, "empty_text"),
        ({"scripts": {"vi": "x" * 100_000}}, "text_too_long"),
        ({"scripts": {"vi": "a\x00b"}}, "control_characters"),
        ({"scripts": {"vi": "!?…"}}, "nothing_to_read"),
        ({"scripts": {"xx": "chào"}}, "unknown_language"),
        ({"scripts": {}}, "bad_request"),
        ({"scripts": {"vi": TEXT}, "titel": "slip"}, "bad_request"),
        ({"scripts": {"vi": TEXT}, "supersedes": "nosuch"}, "not_found"),
    ],
)
def test_bad_input_is_refused_in_two_languages_and_nothing_is_kept(
    officer: TestClient, body: dict[str, object], code: str
) -> None:
    answer = officer.post("/api/v1/bulletins", json=body)

    said = answer.json()
    assert said["code"] == code
    assert said["vi"]
    assert said["en"]
    assert 400 <= answer.status_code < 500
    assert officer.get("/api/v1/bulletins").json() == []


@pytest.mark.parametrize("body", [b'{"scripts":{"vi":"\xff\xfe"}}', b"[" * 10_000, b"{"])
def test_bytes_that_are_no_request_are_refused_in_two_languages(
    officer: TestClient, body: bytes
) -> None:
    answer = officer.post(
        "/api/v1/bulletins", content=body, headers={"content-type": "application/json"}
    )

    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == {"code", "vi", "en"}


def test_a_body_without_end_is_not_read(officer: TestClient) -> None:
    endless = (b"x" * 1000 for _ in range(10))

    assert officer.post("/api/v1/bulletins", content=endless).status_code == 411
    assert officer.post("/api/v1/bulletins", content=b"x" * 5_000_000).status_code == 413


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"villages": ["Atlantis"]}, "unknown_village"),
        ({"villages": ["thôn 1"]}, "unknown_village"),
        ({"start_date": "2020-01-01"}, "start_in_past"),
        ({"bulletins": ["nosuch"]}, "not_found"),
        ({"wall_time": "25:00"}, "bad_request"),
    ],
)
def test_a_time_or_place_that_cannot_be_is_refused(
    officer: TestClient, office: Office, change: dict[str, object], code: str
) -> None:
    office.boxes(3)
    form: dict[str, object] = {
        "bulletins": [office.approved()],
        "villages": ["thon-23500-1"],
        "start_date": "2026-08-11",
        "wall_time": "17:00",
        **change,
    }

    answer = officer.post("/api/v1/programmes", json=form)

    assert answer.json()["code"] == code
    assert officer.get("/api/v1/programmes").json() == []


def test_an_unclear_village_is_answered_with_candidates(
    officer: TestClient, office: Office
) -> None:
    office.boxes(3)
    form = {
        "bulletins": [office.approved()],
        "villages": ["thôn 1"],
        "start_date": "2026-08-11",
        "wall_time": "17:00",
    }

    said = officer.post("/api/v1/programmes", json=form).json()

    assert "Xã Măng Bút/Thôn 1" in said["candidates"]


def test_a_withdrawal_says_how_many_boxes_have_not_confirmed_it(
    officer: TestClient, office: Office
) -> None:
    boxes = office.boxes(2)
    bulletin = office.approved()
    office.scheduled(bulletin, boxes, NOW + timedelta(hours=1))
    office.publish()

    answer = officer.post(f"/api/v1/bulletins/{bulletin}/withdraw", json={"why": "sai giờ"})

    assert answer.json()["state"] == "withdrawn"
    assert answer.json()["unconfirmed_boxes"] == 2


def test_each_language_of_the_villages_is_ready_or_says_why_not(
    officer: TestClient, office: Office
) -> None:
    office.boxes(1)
    bulletin = office.approved()

    said = {r["language"]: r for r in officer.get(f"/api/v1/bulletins/{bulletin}/readiness").json()}

    assert said["vi"]["ready"]
    assert (said["sed"]["ready"], said["sed"]["reason"]) == (False, "no_script")
    assert "Xơ Đăng" in said["sed"]["vi"]


def test_a_commune_is_not_asked_for_a_language_that_only_another_listens_to(
    officer: TestClient, office: Office
) -> None:
    boxes = office.boxes(3)
    with office.database.write() as session:
        for box, other in zip(boxes, ("sed", "hre", "bdq"), strict=True):
            zone = box.village.cluster_id.replace("cum-", "vung-")
            session.get_one(tables.Zone, zone).languages = ["vi", other]
        village = session.get_one(tables.Cluster, boxes[0].village.cluster_id).unit_id
    bulletin = office.approved(unit=village)

    def asked_for() -> list[str]:
        said = officer.get(f"/api/v1/bulletins/{bulletin}/readiness").json()
        return [answer["language"] for answer in said]

    assert asked_for() == ["vi", "sed"]
    office.scheduled(bulletin, [boxes[1]], NOW + timedelta(hours=1))
    assert asked_for() == ["vi", "sed", "hre"], "it airs there too"


def test_a_withdrawal_without_a_reason_is_refused(officer: TestClient, office: Office) -> None:
    bulletin = office.approved()

    answer = officer.post(f"/api/v1/bulletins/{bulletin}/withdraw", json={"why": " "})

    assert answer.json()["code"] == "reason_missing"
    assert officer.get(f"/api/v1/bulletins/{bulletin}").json()["state"] == "approved"


def test_a_box_is_enrolled_and_let_in_at_once(
    officer: TestClient, office: Office, services: Services
) -> None:
    office.boxes(1)
    with office.database.read() as session:
        key = session.exec(select(tables.Device)).one().public_key

    answer = officer.post("/api/v1/boxes", json={"cluster": "cum-23500-1", "public_key": key})

    assert answer.status_code == 201
    assert re.fullmatch(r"[a-z0-9]{12}", answer.json()["device"])
    assert services.door.told == ["reload"]  # type: ignore[attr-defined]
    with office.database.read() as session:
        stored = session.get_one(tables.Device, answer.json()["device"])
    assert answer.json()["password"] not in stored.password_hash


def test_audio_is_served_by_hash_with_ranges_and_never_outside_the_store(
    officer: TestClient, services: Services, tmp_path: Path
) -> None:
    sound = tmp_path / "x.opus"
    sound.write_bytes(bytes(range(256)) * 10)
    name = services.store.put(sound)

    whole = officer.get(f"/audio/{name}.opus")
    part = officer.get(f"/audio/{name}.opus", headers={"range": "bytes=100-199"})
    known = officer.get(f"/audio/{name}.opus", headers={"if-none-match": whole.headers["etag"]})

    assert whole.content == sound.read_bytes()
    assert (part.status_code, part.content) == (206, sound.read_bytes()[100:200])
    assert known.status_code == 304
    for bad in ("0" * 64, "..%2f..%2fkeys%2froot.pem", "x"):
        assert officer.get(f"/audio/{bad}.opus").status_code == 404


def test_pages_carry_the_headers_that_keep_foreign_code_out(officer: TestClient) -> None:
    headers = officer.get("/api/v1/bulletins").headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
