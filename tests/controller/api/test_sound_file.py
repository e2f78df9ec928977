"""Audio over HTTP, the same from a folder of this machine and from a bucket elsewhere."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from audio_library.store.asset_store import Store
from audio_library.store.filesystem import FilesystemStore
from controller.app import create_app
from controller.operations.services import Services
from tests.audio_library.store.s3_server import KEYS, S3Server, s3_server

SOUND = bytes(range(256)) * 3000


@pytest.fixture(scope="module")
def running_s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(params=["filesystem", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "filesystem":
        return FilesystemStore(tmp_path / "audio")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    server: S3Server = request.getfixturevalue("running_s3")
    server.empty()
    return server.store()


@pytest.fixture
def client(services: Services, store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(replace(services, store=store), "test")) as made:
        yield made


@pytest.fixture
def address(store: Store, tmp_path: Path) -> str:
    (tmp_path / "made.opus").write_bytes(SOUND)
    return f"/audio/{store.put(tmp_path / 'made.opus')}.opus"


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 0),
        ("bytes=100-199", 206, 100, 199),
        ("bytes=300000-", 206, 300_000, len(SOUND) - 1),
        ("bytes=-10", 206, len(SOUND) - 10, len(SOUND) - 1),
        ("bytes=767990-9999999", 206, 767_990, len(SOUND) - 1),
        ("bytes=5-2", 200, 0, len(SOUND) - 1),
        ("bytes=0-1,5-6", 200, 0, len(SOUND) - 1),
        ("bytes=-", 200, 0, len(SOUND) - 1),
        ("chapters=1-2", 200, 0, len(SOUND) - 1),
    ],
)
def test_a_part_is_sent_when_one_is_asked_for(
    client: TestClient, address: str, asked: str, status: int, first: int, last: int
) -> None:
    answer = client.get(address, headers={"range": asked})

    assert (answer.status_code, answer.content) == (status, SOUND[first : last + 1])
    said = f"bytes {first}-{last}/{len(SOUND)}" if status == 206 else None
    assert answer.headers.get("content-range") == said
    assert answer.headers["content-length"] == str(last + 1 - first)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "audio/ogg"


@pytest.mark.parametrize("asked", [f"bytes={len(SOUND)}-", f"bytes={len(SOUND) + 5}-99999999"])
def test_what_lies_behind_the_end_cannot_be_sent(
    client: TestClient, address: str, asked: str
) -> None:
    answer = client.get(address, headers={"range": asked})

    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


def test_asking_only_for_the_head_gives_the_length_and_no_sound(
    client: TestClient, address: str
) -> None:
    answer = client.head(address)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(SOUND))


def test_who_holds_it_already_is_sent_nothing(client: TestClient, address: str) -> None:
    tag = client.get(address).headers["etag"]

    assert client.get(address, headers={"if-none-match": tag}).status_code == 304
    resumed = {"range": "bytes=5-", "if-range": tag}
    assert client.get(address, headers=resumed).content == SOUND[5:]
    other = {"range": "bytes=5-", "if-range": '"another"'}
    assert client.get(address, headers=other).content == SOUND


def test_what_is_not_kept_is_not_found(client: TestClient) -> None:
    answer = client.get(f"/audio/{'0' * 64}.opus", headers={"if-none-match": f'"{"0" * 64}"'})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_store_out_of_reach_is_said_and_not_taken_for_a_missing_file(
    services: Services, running_s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    running_s3.empty()
    astray = running_s3.store(bucket="nobody-made-this")
    with TestClient(create_app(replace(services, store=astray), "test")) as client:
        answer = client.get(f"/audio/{'0' * 64}.opus")

    assert (answer.status_code, answer.json()["code"]) == (503, "bucket_missing")
