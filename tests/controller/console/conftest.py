from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.controller.console.desk import Desk
from tests.controller.office import NOW, Office


@pytest.fixture
def desk(office: Office) -> Desk:
    """The office with its page, at 08:00 in Viet Nam."""
    return Desk(office, now=NOW)


@pytest.fixture
def stranger(desk: Desk) -> Iterator[TestClient]:
    """A browser in which nobody is signed in; it does not follow redirects."""
    with TestClient(desk.app, base_url="http://office", follow_redirects=False) as browser:
        yield browser


@pytest.fixture
def officer(desk: Desk, stranger: TestClient) -> TestClient:
    """A browser in which the officer is signed in."""
    given = {"name": desk.name, "password": desk.password}
    assert stranger.post("/dang-nhap", data=given).status_code == 303
    return stranger
