"""Refusals are made for people: in their language, with the right status, never a bare 500."""

import re
import sqlite3
from typing import Any

import pytest
from fastapi.testclient import TestClient

from controller.operations.services import Services
from controller.storage.database import Database
from tests.controller.office import TEXT

BULLETINS = "/api/v1/bulletins"
AS_JSON = {"content-type": "application/json"}
ENGLISH = re.compile(r"\b(Input|should|Field|String|must|error|valid|least|most)\b")


@pytest.fixture
def browser(officer: TestClient) -> TestClient:
    """Signed in; sees a defect of the server as a 500."""
    officer._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    return officer


def test_bytes_that_are_not_utf_8_are_called_so(browser: TestClient) -> None:
    answer = browser.post(BULLETINS, content=b'{"scripts":{"vi":"\xff\xfe"}}', headers=AS_JSON)

    assert (answer.status_code, answer.json()["code"]) == (422, "not_utf8")
    assert "UTF-8" in answer.json()["vi"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "nội dung"),
        (b"[]", "nội dung"),
        (b"{}", "scripts"),
        (b'{"scripts":{}}', "scripts"),
        (b'{"scripts":[]}', "scripts"),
        (b'{"scripts":{"vi":5}}', "scripts.vi"),
        (b'{"scripts":{"vi":"\\ud800"}}', "scripts.vi"),
        (b'{"scripts":{"\\ud800":"x"}}', "scripts"),
        (b'{"scripts":{"vi":"x"},"titel":"x"}', "titel"),
        (b'{"scripts":{"vi":"x"},"title":"%s"}' % (b"x" * 301), "title"),
        (b'{"scripts":{"vi":"x"},"kind":"gap"}', "kind"),
        (b'{"scripts":{"vi":"x"},"topic":"A B"}', "topic"),
        (b'{"scripts":{"vi":"x"},"valid_until":"mai"}', "valid_until"),
        (b'{"scripts":{"vi":"x"},"valid_until":"2026-08-15T17:00:00"}', "valid_until"),
        (b'{"scripts":{"vi":"x"},"valid_until":"9999-12-31T23:59:59-14:00"}', "valid_until"),
        (b'{"scripts":{"vi":"x"},"valid_until":"0001-01-01T00:00:00+14:00"}', "valid_until"),
    ],
)
def test_a_wrong_field_is_named_and_explained_in_vietnamese(
    browser: TestClient, body: bytes, field: str
) -> None:
    answer = browser.post(BULLETINS, content=body, headers=AS_JSON)

    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "bad_request")
    assert f"“{field}" in said["vi"]
    assert not ENGLISH.search(said["vi"]), said["vi"]
    assert "giá trị không hợp lệ" not in said["vi"], "the reason has words of its own"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("DELETE", f"work-items/{10**30}", {}),
        ("DELETE", "work-items/-1", {}),
        ("GET", f"as-run?limit={10**30}", {}),
        ("GET", "events", {"last-event-id": "9" * 20}),
    ],
)
def test_a_number_beyond_every_database_is_refused(
    browser: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = browser.request(method, f"/api/v1/{path}", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert not ENGLISH.search(answer.json()["vi"])


def test_a_name_without_end_is_not_repeated(browser: TestClient) -> None:
    answer = browser.post(BULLETINS, json={"scripts": {"vi": "x"}, "y" * 100_000: 1})

    assert answer.status_code == 422
    assert len(answer.content) < 1_000


def written_to_full(database: Database) -> None:
    """From now on the database may not grow by a page: the disk is full, as SQLite sees it."""
    with database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        (pages,) = raw.execute("pragma page_count").fetchone()
        raw.execute(f"pragma max_page_count={pages}").close()


def test_a_full_disk_is_called_so_and_what_was_kept_stays(
    browser: TestClient, services: Services
) -> None:
    kept = browser.post(BULLETINS, json={"scripts": {"vi": TEXT}}).json()["id"]
    written_to_full(services.database)

    answers = [
        browser.post(BULLETINS, json={"scripts": {"vi": f"{TEXT} " * 200}}) for _ in range(3)
    ]

    said = answers[-1].json()
    assert (answers[-1].status_code, said["code"]) == (507, "disk_full")
    assert "đầy" in said["vi"]
    assert browser.get(f"{BULLETINS}/{kept}").status_code == 200


def test_a_busy_database_asks_to_come_again(browser: TestClient, services: Services) -> None:
    with services.database.engine.connect() as connection:
        connection.exec_driver_sql("pragma busy_timeout=20")
    other = sqlite3.connect(str(services.database.engine.url.database), isolation_level=None)
    other.execute("begin immediate")

    answer = browser.post(BULLETINS, json={"scripts": {"vi": TEXT}})
    other.close()

    assert (answer.status_code, answer.json()["code"]) == (503, "database_busy")
    assert browser.post(BULLETINS, json={"scripts": {"vi": TEXT}}).status_code == 201
