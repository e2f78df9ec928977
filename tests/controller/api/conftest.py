import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from audio_library.store.filesystem import FilesystemStore
from controller.app import create_app
from controller.operations.bring_recording import RecordingRoom
from controller.operations.services import BoxAddresses, Services
from controller.operations.sign_in import enrol_first_account
from controller.operations.waveforms import Waveforms
from controller.storage.bell import BellTower
from tests.controller.office import NOW, RULES, Office


@dataclass
class Door:
    """A broker that counts how often it was told of new boxes."""

    broker_url: str = "mqtt://127.0.0.1:1883"
    told: list[str] = field(default_factory=list)

    def addresses(self) -> BoxAddresses:
        return BoxAddresses(
            ("mqtts://office.test:8883",),
            ("https://office.test:8443",),
            ("https://office.test:8444",),
        )

    def let_boxes_in(self) -> None:
        self.told.append("reload")


@pytest.fixture
def services(office: Office, tmp_path: Path) -> Services:
    store = FilesystemStore(tmp_path / "audio")
    return Services(
        database=office.database,
        store=store,
        authority=office.authority,
        rules=RULES,
        bells=BellTower(),
        door=Door(),
        clock=lambda: NOW,
        closing=asyncio.Event(),
        four_eyes=False,
        secure_cookies=False,
        recordings=RecordingRoom(
            FilesystemStore(tmp_path / "recordings", suffix=".flac"), tmp_path / "scratch"
        ),
        waveforms=Waveforms(store, tmp_path / "waveforms"),
        agents=tmp_path / "agents",
    )


@pytest.fixture
def stranger(services: Services) -> Iterator[TestClient]:
    """A browser that is not signed in."""
    with TestClient(create_app(services, "test")) as client:
        yield client


@pytest.fixture
def officer(services: Services, stranger: TestClient) -> TestClient:
    """The same browser, signed in by cookie."""
    made = enrol_first_account(services.database, NOW)
    assert made is not None
    answer = stranger.post("/api/v1/sessions", json={"name": made[0], "password": made[1]})
    assert answer.status_code == 201
    return stranger
