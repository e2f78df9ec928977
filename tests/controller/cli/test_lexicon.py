from typing import Any

import pytest
from fastapi.testclient import TestClient

from controller.cli.lexicon_entries import add_entry, list_entries, remove_entry
from controller.errors import ControllerError, NotFound
from tests.controller.api.conftest import officer, services, stranger
from tests.controller.office import Office

__all__ = ["officer", "services", "stranger"]


class Line:
    """The command's way to the API, over the test's application instead of a socket."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, path: str) -> Any:
        return self._read("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._read("POST", path, body)

    def delete(self, path: str) -> None:
        self._read("DELETE", path)

    def _read(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._client.request(method, f"/api/v1{path}", json=body)
        if answer.is_error:
            said = answer.json()
            raise ControllerError(said["code"], said["vi"], said["en"])
        return answer.json() if answer.content else None


@pytest.fixture
def line(officer: TestClient, office: Office) -> Line:
    office.boxes(3)
    return Line(officer)


def printed(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    rows = capsys.readouterr().out.splitlines()
    return [row.split("\t")[:3] for row in rows if "\t" in row]


def test_a_technician_teaches_lists_and_removes(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    add_entry(line, "dak ha", "TTVH", "Trung tâm Văn hoá", respelling=False)
    add_entry(line, "23500", "Đăk Hà", "Đắc Hà", respelling=True)
    assert printed(capsys) == [
        ["TTVH", "Trung tâm Văn hoá", "dv-23500"],
        ["Đăk Hà", "Đắc Hà", "dv-23500"],
    ]

    list_entries(line, "thon-23500-1", respelling=False, effective=False)
    assert printed(capsys) == []
    list_entries(line, "thon-23500-1", respelling=False, effective=True)
    assert printed(capsys) == [["TTVH", "Trung tâm Văn hoá", "dv-23500"]]

    remove_entry(line, "dv-23500", "TTVH", respelling=False)
    remove_entry(line, "dv-23500", "Ða\u0306k Hà", respelling=True)
    list_entries(line, "dv-23500", respelling=True, effective=False)
    assert len(printed(capsys)) == 2
    with pytest.raises(NotFound):
        remove_entry(line, "dv-23500", "TTVH", respelling=False)


def test_the_controllers_refusal_is_said_in_its_words(line: Line) -> None:
    with pytest.raises(ControllerError) as refusal:
        add_entry(line, "dv-23500", "TTVH", "số 5", respelling=False)
    assert refusal.value.code == "bad_lexicon_entry"
