"""Documents made from the code say what the code says now."""

import json
import re
from pathlib import Path

import pytest

from docs.generate import written
from tests.attacks.__main__ import ATTACKS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))


@pytest.mark.parametrize("name", sorted(written()))
def test_a_generated_document_is_what_the_code_would_write_now(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == written()[name], "run: python docs/generate.py"


def test_every_address_of_the_api_explains_itself() -> None:
    api = json.loads(written()["openapi.json"])
    operations = [op for path in api["paths"].values() for op in path.values()]
    assert len(operations) > 15
    assert [op["operationId"] for op in operations if not op.get("description")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_modules_and_pages_that_there_are(page: Path) -> None:
    text = page.read_text("utf-8")
    modules = re.findall(r"`([a-z_]+(?:/[a-z0-9_]+)*\.py)`", text)
    links = re.findall(r"\]\(([a-z0-9_./-]+)\)", text)
    named = ("", "controller", "controller/operations", "audio_library", "edge_agent")
    homes = [ROOT / name for name in named]
    assert [m for m in modules if not any((home / m).is_file() for home in homes)] == []
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_the_threat_model_names_tests_that_there_are_and_every_attack() -> None:
    text = (DOCS / "threat-model.md").read_text("utf-8")
    named = re.findall(r"`([a-z_/]+\.py)::(\w+)`", text)
    assert len(named) > 80
    missing = [
        f"{file}::{name}"
        for file, name in named
        if f"def {name}(" not in (ROOT / "tests" / file).read_text("utf-8")
    ]
    assert missing == []
    rows = re.findall(r"attacks?: ((?:`[a-z-]+`(?:, )?)+)", text)
    assert set(re.findall(r"`([a-z-]+)`", " ".join(rows))) == set(ATTACKS)


@pytest.mark.parametrize("record", sorted((DOCS / "decisions").iterdir()), ids=lambda r: r.name[:4])
def test_a_decision_is_read_in_a_minute(record: Path) -> None:
    assert len(record.read_text("utf-8").splitlines()) <= 25
