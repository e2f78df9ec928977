"""Documents made from the code say what the code says now."""

import json
from pathlib import Path

import pytest

from docs.generate import written

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(written()))
def test_a_generated_document_is_what_the_code_would_write_now(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == written()[name], "run: python docs/generate.py"


def test_every_address_of_the_api_explains_itself() -> None:
    api = json.loads(written()["openapi.json"])
    operations = [op for path in api["paths"].values() for op in path.values()]
    assert len(operations) > 15
    assert [op["operationId"] for op in operations if not op.get("description")] == []
