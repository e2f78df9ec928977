"""What a screen gets beside the sound."""

from pathlib import Path

from fastapi.testclient import TestClient

from audio_library.mastering.opus import packets_of, write_ogg
from controller.operations.asked_work import RENDER
from controller.operations.services import Services
from controller.storage import tables, work_items
from controller.storage.instants import to_ms
from tests.controller.office import NOW


def test_the_shape_of_a_sound_is_told_by_its_hash(
    services: Services, stranger: TestClient, tmp_path: Path
) -> None:
    write_ogg(packets_of([bytes(96_000)]), 48_000, tmp_path / "a.opus")
    sha256 = services.store.put(tmp_path / "a.opus")

    answer = stranger.get(f"/audio/{sha256}.peaks.json")

    assert answer.status_code == 200
    assert answer.json()["duration_ms"] == 1_000
    assert set(map(tuple, answer.json()["points"])) == {(0, 0)}
    assert "immutable" in answer.headers["cache-control"]
    for unknown in ("0" * 64, "..%2fkeys", "x"):
        assert stranger.get(f"/audio/{unknown}.peaks.json").status_code == 404


def test_a_rendition_that_is_being_made_can_be_stopped(
    services: Services, officer: TestClient
) -> None:
    with services.database.write() as session:
        work_items.ask(session, RENDER, "vi:x", {"language": "vi", "spoken": "x"}, to_ms(NOW))
    with services.database.write() as session:
        claimed = work_items.claim(session, RENDER, to_ms(NOW))
        assert claimed is not None
        assert work_items.progress(session, claimed, 0.25, to_ms(NOW))
    (item,) = (i for i in officer.get("/api/v1/work-items").json() if i["kind"] == RENDER)
    assert (item["state"], item["progress"]) == ("working", 0.25)

    assert officer.delete(f"/api/v1/work-items/{item['id']}").status_code == 204

    with services.database.read() as session:
        assert session.get_one(tables.WorkItem, item["id"]).state == "stopped"
    assert officer.delete(f"/api/v1/work-items/{item['id']}").status_code == 404
