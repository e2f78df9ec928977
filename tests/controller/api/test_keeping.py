"""Keeping and purging as the settings page uses them."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from audio_library.store.filesystem import FilesystemStore
from controller.operations.services import Services
from tests.controller.office import NOW


@pytest.fixture
def strays(services: Services, tmp_path: Path) -> list[str]:
    """Three files in the store that no row names, two days old."""
    assert isinstance(services.store, FilesystemStore)
    made = []
    for n in range(3):
        (tmp_path / "made").write_bytes(b"x" * (n + 1))
        made.append(services.store.put(tmp_path / "made"))
        then = (NOW - timedelta(days=2)).timestamp()
        os.utime(services.store.path(made[-1]), (then, then))
    return made


def test_the_page_shows_every_period_and_what_has_none(officer: TestClient) -> None:
    kept = {k["kind"]: k for k in officer.get("/api/v1/keeping").json()}

    assert (kept["playback_log"]["days"], kept["playback_log"]["least_days"]) == (730, 30)
    assert (kept["approvals"]["days"], kept["approvals"]["least_days"]) == (None, None)
    assert kept["audio"]["vi"].startswith("tệp âm thanh")


def test_a_period_is_changed_and_signed(officer: TestClient) -> None:
    changed = officer.put("/api/v1/keeping/audio", json={"days": 500})

    assert changed.status_code == 200
    assert (changed.json()["days"], changed.json()["set_by"]) == (500, "quantri")
    kept = {k["kind"]: k for k in officer.get("/api/v1/keeping").json()}
    assert (kept["audio"]["days"], kept["audio"]["default_days"]) == (500, 365)


@pytest.mark.parametrize(
    ("kind", "form", "code"),
    [
        ("approvals", {"days": 1}, "kept_for_ever"),
        ("emergencies", {"days": None}, "kept_for_ever"),
        ("audio", {"days": 1}, "period_out_of_bounds"),
        ("audio", {"days": "500"}, "bad_request"),
        ("audio", {}, "bad_request"),
        ("people", {"days": 500}, "not_found"),
    ],
)
def test_a_period_that_cannot_be_is_refused(
    officer: TestClient, kind: str, form: dict[str, object], code: str
) -> None:
    assert officer.put(f"/api/v1/keeping/{kind}", json=form).json()["code"] == code


def test_one_looks_first_then_deletes_then_reads_what_went(
    officer: TestClient, services: Services, strays: list[str]
) -> None:
    looked = officer.post("/api/v1/keeping/purge", json={}).json()
    assert looked["dry_run"]
    assert [(g["kind"], g["count"], g["bytes"]) for g in looked["gone"]] == [("stray_files", 3, 6)]
    assert all(services.store.exists(sha256) for sha256 in strays)

    done = officer.post("/api/v1/keeping/purge", json={"dry_run": False}).json()
    assert done["gone"] == looked["gone"]
    assert not any(services.store.exists(sha256) for sha256 in strays)

    first = officer.get("/api/v1/purges", params={"limit": 2}).json()
    rest = officer.get("/api/v1/purges", params={"before": first["next_before"]}).json()
    rows = first["purges"] + rest["purges"]
    assert (len(first["purges"]), rest["next_before"]) == (2, None)
    assert {row["subject"] for row in rows} == set(strays)
    assert {(row["by"], row["why"]) for row in rows} == {
        ("quantri", "stray_files: 1 days, default")
    }


def test_a_stranger_learns_and_changes_nothing(stranger: TestClient) -> None:
    for answer in (
        stranger.get("/api/v1/keeping"),
        stranger.get("/api/v1/purges"),
        stranger.put("/api/v1/keeping/audio", json={"days": 500}),
        stranger.post("/api/v1/keeping/purge", json={"dry_run": False}),
    ):
        assert answer.status_code == 401
