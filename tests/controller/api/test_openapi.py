"""The description of the API is true: how it refuses, who may come in, what every field means."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from docs.generate import openapi
from tests.controller.office import TEXT

API = openapi()
SCHEMAS: dict[str, Any] = API["components"]["schemas"]
Operation = dict[str, Any]


def operations() -> Iterator[tuple[str, str, Operation]]:
    """Every (method, path, description)."""
    for path, methods in API["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def schemas_of(answer: dict[str, Any]) -> set[str]:
    """Names of the shapes that an answer may have."""
    schema = answer["content"]["application/json"]["schema"]
    return {s["$ref"].rsplit("/", 1)[-1] for s in schema.get("anyOf", [schema])}


def test_who_may_come_in_is_declared_for_all_but_the_door_and_the_pulse() -> None:
    assert {s["type"] for s in API["components"]["securitySchemes"].values()} == {"http", "apiKey"}
    open_to_all = {p for _, p, o in operations() if not o.get("security")}

    assert open_to_all == {"/api/v1/sessions", "/api/v1/sessions/current", "/healthz"}
    for _, path, operation in operations():
        if operation.get("security"):
            assert operation["security"] == [{"token": []}, {"cookie": []}], path
            assert "401" in operation["responses"], path


def test_every_refusal_has_the_one_shape_that_refusals_have() -> None:
    for method, path, operation in operations():
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert "Refused" in schemas_of(answer), (method, path, status)
                assert answer["description"] != "Validation Error"
    assert "HTTPValidationError" not in SCHEMAS


def test_whatever_takes_input_says_that_it_may_refuse_it() -> None:
    for method, path, operation in operations():
        if operation.get("parameters") or operation.get("requestBody"):
            assert "422" in operation["responses"], (method, path)
        if operation.get("requestBody"):
            assert {"403", "411", "413", "503", "507"} <= set(operation["responses"]), path


def test_every_field_says_what_it_means() -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, about in schema.get("properties", {}).items()
        if not about.get("description")
    ]

    assert silent == []
    assert len(SCHEMAS) > 20


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("post", "/api/v1/bulletins", {"scripts": {"vi": TEXT}, "titel": "x"}, 422),
        ("post", "/api/v1/bulletins", {"scripts": {"vi": ""}}, 422),
        ("get", "/api/v1/bulletins/{bulletin_id}", None, 404),
        ("post", "/api/v1/sessions", {"name": "x", "password": "y"}, 401),
        ("delete", "/api/v1/programmes/{programme_id}", None, 404),
    ],
)
def test_what_is_answered_is_what_is_described(
    officer: TestClient, method: str, path: str, sent: object, status: int
) -> None:
    answer = officer.request(method, path, json=sent)

    assert answer.status_code == status
    shape = SCHEMAS["Refused"]
    assert set(answer.json()) == set(shape["properties"]) == set(shape["required"])
    assert str(status) in API["paths"][path][method]["responses"]


def test_the_door_describes_what_it_answers_to_guessers(stranger: TestClient) -> None:
    described = set(API["paths"]["/api/v1/sessions"]["post"]["responses"])
    answers = [
        stranger.post("/api/v1/sessions", json={"name": "x", "password": "y"}) for _ in range(11)
    ]

    assert {str(a.status_code) for a in answers} == {"401", "429"}
    assert {"401", "429"} <= described
