"""Versions for boxes over the API: brought, spread, fetched by hash."""

from pathlib import Path

from fastapi.testclient import TestClient

from tests.controller.office import Office
from tests.controller.operations.test_update_boxes import packed


def test_a_bundle_is_brought_and_sent(office: Office, officer: TestClient, tmp_path: Path) -> None:
    (box,) = office.boxes(1)
    content = packed(tmp_path / "b.tar.gz").read_bytes()
    brought = officer.post("/api/v1/agent-bundles", content=content)
    assert brought.status_code == 201
    sha256 = brought.json()["sha256"]
    assert officer.get(f"/bundles/{sha256}").content == content
    form = {"bundle": sha256, "to": box.did, "share_percent": 100}
    begun = officer.post("/api/v1/roll-outs", json=form)
    assert begun.status_code == 201
    assert begun.json()["boxes"] == [
        {"device": box.did, "first": True, "state": "waiting", "reason": ""}
    ]
    (listed,) = officer.get("/api/v1/roll-outs").json()
    assert listed == begun.json()
    stopped = officer.post(f"/api/v1/roll-outs/{listed['id']}", json={"state": "stopped"})
    assert stopped.json()["state"] == "stopped"


def test_strangers_bring_nothing_and_see_nothing(stranger: TestClient) -> None:
    assert stranger.post("/api/v1/agent-bundles", content=b"x").status_code == 401
    assert stranger.post("/api/v1/roll-outs", json={}).status_code == 401
    assert stranger.get("/api/v1/roll-outs").status_code == 401


def test_no_file_but_a_bundle_is_served(office: Office, officer: TestClient) -> None:
    for name in ("0" * 64, "..%2f..%2floalang.sqlite3", "x"):
        assert officer.get(f"/bundles/{name}").status_code == 404
