"""Sessions by HTTPS: the cookie never travels without it."""

from fastapi.testclient import TestClient

from controller.app import create_app
from controller.operations.services import Services
from controller.operations.sign_in import enrol_first_account
from tests.controller.office import NOW, Office


def test_a_session_that_begins_by_https_stays_with_it(services: Services, office: Office) -> None:
    made = enrol_first_account(office.database, NOW)
    assert made is not None
    form = {"name": made[0], "password": made[1]}
    for scheme, secure in (("http", False), ("https", True)):
        client = TestClient(create_app(services, "test"), base_url=f"{scheme}://office.test")
        answer = client.post("/api/v1/sessions", json=form)
        assert answer.status_code == 201
        assert ("secure" in answer.headers["set-cookie"].lower()) == secure
