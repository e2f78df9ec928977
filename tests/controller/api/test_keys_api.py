"""The ring of keys over the API and at a terminal; nothing secret leaves by the web."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from controller.cli.key_desk import change, show
from controller.errors import ControllerError
from tests.controller.office import Office

PUBLIC = "uhW1bAYrEH8FjIbtyELW0F4BOyzuhDyKHb3LkMlL9Mw"


class Line:
    """A signed-in user on the same application."""

    def __init__(self, officer: TestClient) -> None:
        self._officer = officer

    def get(self, path: str) -> Any:
        return self._officer.get("/api/v1" + path).json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._officer.post("/api/v1" + path, json=body)
        said = answer.json()
        if answer.status_code >= 400:
            raise ControllerError(said["code"], said["vi"], said["en"])
        return said


def test_the_ring_is_shown_without_anything_secret(
    officer: TestClient, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = officer.get("/api/v1/keys")
    shown = answer.json()
    assert [(k["purpose"], k["state"]) for k in shown["keys"]] == [
        ("office", "signs"),
        ("emergency", "signs"),
    ]
    assert not shown["locked"]
    assert (office.authority.keys.passphrase() or "?") not in answer.text
    show(Line(officer))
    printed = capsys.readouterr().out
    assert office.authority.kid in printed
    assert "alert" in printed


def test_a_stranger_sees_and_changes_nothing(stranger: TestClient) -> None:
    assert stranger.get("/api/v1/keys").status_code == 401
    assert stranger.post("/api/v1/keys/rotate", json={"now": True}).status_code == 401


def test_rotate_grant_and_revoke_with_the_name_of_who_did_it(
    officer: TestClient, office: Office
) -> None:
    (box,) = office.boxes(1)
    line = Line(officer)
    change(line, "/keys/rotate", {"purpose": "office", "now": False})
    units = [box.village.village_id]
    form = {"public": PUBLIC, "name": "UBND xã", "kinds": ["alert"], "units": units, "days": 30}
    granted = line.post("/keys/grants", form)["keys"][-1]
    assert (granted["state"], granted["made_by"], granted["units"]) == ("granted", "quantri", units)

    kid = granted["kid"]
    revoked = line.post(f"/keys/{kid}/revoke", {"why": "hết việc"})["keys"][-1]

    assert (revoked["state"], revoked["revoked_by"]) == ("revoked", "quantri")
    assert revoked["why"] == "hết việc"
    states = [k["state"] for k in line.get("/keys")["keys"]]
    assert states == ["signs", "signs", "next", "revoked"]
    with pytest.raises(ControllerError) as again:
        line.post(f"/keys/{kid}/revoke", {"why": "nữa"})
    assert again.value.code == "already_revoked"


def test_a_locked_root_asks_for_the_code(officer: TestClient, office: Office) -> None:
    office.boxes(1)
    code = office.authority.keys.passphrase() or ""
    office.authority.keys.lock(code)
    assert officer.get("/api/v1/keys").json()["locked"]
    for form, status, why in (
        ({"now": True}, 409, "root_locked"),
        ({"now": True, "passphrase": "AAAA-BBBB"}, 403, "wrong_recovery_code"),
        ({"now": True, "passphrase": code}, 200, None),
    ):
        answer = officer.post("/api/v1/keys/rotate", json=form)
        assert (answer.status_code, answer.json().get("code")) == (status, why)
    assert office.authority.root is None
