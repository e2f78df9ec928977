"""What is lacking, over the API and on the command line."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import Result
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from controller.__main__ import app
from controller.app import create_app
from controller.operations.services import Services
from controller.operations.sign_in import enrol_first_account
from controller.server import listen, serving
from controller.storage import tables
from tests.controller.office import NOW, Office


@pytest.fixture
def wanting(office: Office) -> str:
    """A planned bulletin that one village's language has no script of; gives the village's id."""
    (box,) = office.boxes(1)
    with office.database.write() as session:
        zone = session.get_one(tables.Zone, box.village.cluster_id.replace("cum-", "vung-"))
        zone.languages = ["vi", "bdq"]
    office.scheduled(office.approved(title="Tiêm chủng"), [box], NOW + timedelta(hours=1))
    office.publish()
    return box.village.village_id


def test_the_list_says_what_for_whom_and_whose_turn_it_is(
    officer: TestClient, wanting: str
) -> None:
    answer = officer.get("/api/v1/lacks", params={"unit": wanting}).json()

    line = answer["lines"][0]
    assert (line["about"], line["code"], line["language"]) == ("bulletin", "no_script", "bdq")
    assert (line["who"], line["who_vi"], len(line["villages"])) == ("writer", "người soạn", 1)
    assert line["airs_at"] == "2026-08-10T02:00:00Z"
    assert line["vi"].endswith("rồi nhập bản chữ.")
    assert {found["about"] for found in answer["lines"]} >= {"bulletin", "phrases"}


def test_a_place_that_is_none_is_not_found(officer: TestClient) -> None:
    answer = officer.get("/api/v1/lacks", params={"unit": "nowhere"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


Loalang = Callable[..., Result]


@pytest.fixture
def loalang(services: Services) -> Loalang:
    """The command in a terminal beside the running controller."""
    made = enrol_first_account(services.database, NOW)
    assert made is not None

    async def beside(words: tuple[str, ...]) -> Result:
        sock = listen("127.0.0.1", 0)
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        runner = CliRunner(env={"LOALANG_PASSWORD": made[1]})
        async with serving(create_app(services, "test"), sock):
            return await asyncio.to_thread(runner.invoke, app, [*words, "--url", url])

    return lambda *words: asyncio.run(beside(words))


def test_a_person_reads_the_list_in_a_terminal(loalang: Loalang, wanting: str) -> None:
    vi = loalang("lacks", "--unit", wanting)
    en = loalang("lacks", "--unit", wanting, "--english")

    assert vi.output.splitlines()[0].startswith("“Tiêm chủng”: Chưa có bản tiếng Ba Na; 1 làng")
    assert en.output.splitlines()[0].startswith("“Tiêm chủng”: There is no script in Bahnar")


def test_a_person_sets_periods_and_looks_before_deleting(loalang: Loalang) -> None:
    shown = loalang("keeping", "show")
    changed = loalang("keeping", "set", "drafts", "never")
    looked = loalang("keeping", "purge", "--dry-run")
    wrong = loalang("keeping", "set", "drafts", "soon")

    assert any(line.split()[:2] == ["playback_log", "730"] for line in shown.output.splitlines())
    assert changed.output.split()[:2] == ["drafts", "—"]
    assert "[quantri]" in changed.output
    assert looked.output.endswith("Không có gì hết thời hạn / nothing has had its time.\n")
    assert wrong.exit_code == 2
