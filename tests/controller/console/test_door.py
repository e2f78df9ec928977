"""Signing in by a plain form, and nothing that changes anything without it."""

import pytest
from fastapi.testclient import TestClient

from controller.doors import COOKIE, SAFE
from tests.controller.console.desk import Desk

FOR_SIGNING_IN = {"/api/v1/sessions", "/api/v1/sessions/current"}


def test_a_stranger_is_led_to_the_door_and_back_to_the_bulletin(
    desk: Desk, stranger: TestClient
) -> None:
    led = stranger.get("/?tin=abc23")
    assert (led.status_code, led.headers["location"]) == (303, "/dang-nhap?tin=abc23")
    assert 'value="abc23"' in stranger.get(led.headers["location"]).text

    given = {"name": desk.name, "password": desk.password, "tin": "abc23"}
    back = stranger.post("/dang-nhap", data=given)
    assert (back.status_code, back.headers["location"]) == (303, "/?tin=abc23")


@pytest.mark.parametrize("tin", ["//evil.example", "a&tin=b", "../x", "a" * 41])
def test_only_an_id_is_carried_through_the_door(desk: Desk, stranger: TestClient, tin: str) -> None:
    given = {"name": desk.name, "password": desk.password, "tin": tin}
    assert stranger.post("/dang-nhap", data=given).headers["location"] == "/"


def test_a_wrong_password_is_told_at_its_field_and_the_name_stays(stranger: TestClient) -> None:
    shown = stranger.post("/dang-nhap", data={"name": 'Y "Hạnh"', "password": "sai"})
    assert shown.status_code == 401
    assert "Tên hoặc mật khẩu không đúng." in shown.text
    assert 'value="Y &#34;Hạnh&#34;"' in shown.text
    assert 'aria-invalid="true" aria-describedby="refusal"' in shown.text
    assert COOKIE not in stranger.cookies


def test_after_ten_tries_the_door_asks_to_wait(stranger: TestClient) -> None:
    answers = [
        stranger.post("/dang-nhap", data={"name": f"ai{i}", "password": "sai"}) for i in range(11)
    ]
    assert "Hãy đợi một phút" not in answers[9].text
    assert "Hãy đợi một phút" in answers[10].text


def test_the_cookie_is_for_this_site_only_and_ends_with_the_session(
    desk: Desk, stranger: TestClient
) -> None:
    given = {"name": desk.name, "password": desk.password}
    cookie = stranger.post("/dang-nhap", data=given).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/").status_code == 200
    assert stranger.get("/dang-nhap").headers["location"] == "/"

    token = stranger.cookies[COOKIE]
    assert stranger.post("/dang-xuat").headers["location"] == "/dang-nhap"
    stranger.cookies.set(COOKIE, token)
    assert stranger.get("/").status_code == 303


def test_another_site_cannot_sign_anybody_in_or_out(desk: Desk, officer: TestClient) -> None:
    foreign = {"origin": "https://evil.example"}
    given = {"name": desk.name, "password": desk.password}
    assert officer.post("/dang-nhap", data=given, headers=foreign).status_code == 401
    assert officer.post("/dang-xuat", headers=foreign).status_code == 403
    assert officer.get("/").status_code == 200


def test_nothing_that_changes_anything_answers_a_stranger(desk: Desk, stranger: TestClient) -> None:
    changes = [("post", "/parts/reading")] + [
        (method, path)
        for path, methods in desk.app.openapi()["paths"].items()
        if path not in FOR_SIGNING_IN
        for method in methods
        if method.upper() not in SAFE
    ]
    assert len(changes) > 10
    for method, path in changes:
        answer = stranger.request(method, path.replace("{", "").replace("}", ""), json={})
        assert answer.status_code == 401, (method, path)
        assert answer.json()["code"] == "sign_in_needed"


@pytest.mark.parametrize("part", ["clusters", "bulletins", "as_run"])
def test_no_part_of_the_desk_is_shown_to_a_stranger(stranger: TestClient, part: str) -> None:
    assert stranger.get(f"/parts/{part}").status_code == 401
