"""Bundles over the API: a ZIP out, a ZIP in, for those who are signed in."""

import io
import zipfile
from datetime import timedelta

from fastapi.testclient import TestClient

from controller.operations.services import Services
from tests.controller.office import NOW, Office
from tests.controller.operations.test_bundle import SPOOL, sealed
from tests.controller.operations.test_record_playback import full_play


def test_a_stick_is_packed_and_its_records_are_taken(
    office: Office, services: Services, officer: TestClient
) -> None:
    (box,) = office.boxes(1)
    office.scheduled(office.approved(), [box], NOW + timedelta(hours=1))
    office.publish()

    out = officer.get("/api/v1/boxes/bundle.zip", params={"box": [box.did]})
    assert (out.status_code, out.headers["x-loalang-boxes"]) == (200, "1")
    with zipfile.ZipFile(io.BytesIO(out.content)) as packed:
        assert f"loalang/boxes/{box.did}/desired.jws" in packed.namelist()
    assert list(services.recordings.scratch.iterdir()) == []

    back = io.BytesIO()
    with zipfile.ZipFile(back, "w") as packed:
        packed.writestr(f"back/{box.did}/{SPOOL}-1-2.jws", sealed(box, *full_play(1, "p1")))
    headers = {"content-type": "application/zip"}
    taken = officer.post("/api/v1/bundles", content=back.getvalue(), headers=headers)
    assert taken.status_code == 200
    (told,) = taken.json()
    assert (told["device"], told["new"], told["doubled"], told["refused"]) == (box.did, 2, 0, 0)
    assert len(told["receipts"]) == 1


def test_nothing_is_given_to_strangers(stranger: TestClient) -> None:
    assert stranger.get("/api/v1/boxes/bundle.zip").status_code == 401
    assert stranger.post("/api/v1/bundles", content=b"x").status_code == 401


def test_what_cannot_be_done_is_said_in_words(office: Office, officer: TestClient) -> None:
    empty = officer.get("/api/v1/boxes/bundle.zip")
    assert (empty.status_code, empty.json()["code"]) == (422, "nothing_to_carry")
    unknown = officer.get("/api/v1/boxes/bundle.zip", params={"village": "không có"})
    assert unknown.status_code == 404
    odd = officer.post("/api/v1/bundles", content=b"no zip")
    assert (odd.status_code, odd.json()["code"]) == (422, "not_a_bundle")
