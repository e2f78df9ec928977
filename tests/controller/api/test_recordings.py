"""A phone's recording through the API, and what a careless or hostile client meets."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from audio_library.recording.check import MAX_RECORDING_BYTES
from controller.access.passwords import hash_password
from controller.api.guard import MAX_BODY_BYTES
from controller.api.upload import uploaded
from controller.app import create_app
from controller.doors import COOKIE
from controller.operations.services import Services
from controller.storage import library_tables
from controller.storage.tables import Account
from tests.audio_library.recording.sounds import made, no_room_beyond, spoken

BAHNAR = "Tơdrong roi: drŏ nơ̆r pơm tơmam lơ̆m plei, ĭnh pơma ăn bŏk kră, kơsơ̆ băt tơdrong"
API = "/api/v1"


@pytest.fixture
def bulletin(officer: TestClient) -> str:
    answer = officer.post(f"{API}/bulletins", json={"scripts": {"bdq": BAHNAR}, "title": "Họp"})
    assert answer.status_code == 201
    found: str = answer.json()["id"]
    return found


@pytest.fixture
def reader(officer: TestClient) -> str:
    form = {"name": "Y Blin", "languages": ["bdq"], "consent": "Cho phát trên loa của xã."}
    answer = officer.post(f"{API}/readers", json=form)
    assert answer.status_code == 201
    found: str = answer.json()["id"]
    return found


@pytest.fixture
def second(services: Services, officer: TestClient) -> TestClient:
    """Somebody else of the office, signed in with their own account."""
    with services.database.write() as session:
        session.add(
            Account(id="second", name="Bình", password_hash=hash_password("x"), created_ms=0)
        )
    browser = TestClient(create_app(services, "test"))
    assert (
        browser.post(f"{API}/sessions", json={"name": "Bình", "password": "x"}).status_code == 201
    )
    return browser


Bring = Callable[..., Response]


@pytest.fixture
def bring(officer: TestClient, bulletin: str, reader: str) -> Bring:
    def post(body: bytes, **query: str) -> Response:
        asked = {"language": "bdq", "bulletin": bulletin, "reader": reader, **query}
        return officer.post(f"{API}/recordings", params=asked, content=body)

    return post


@pytest.fixture(scope="session")
def phone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a phone brings; only for tests that need espeak-ng and ffmpeg."""
    folder = tmp_path_factory.mktemp("phone")
    voice = spoken(folder / "voice.wav")
    return made(folder / "phone.m4a", "-i", voice, "-c:a", "aac", "-b:a", "64k").read_bytes()


def left_behind(services: Services) -> list[Path]:
    room = services.recordings
    return [p for folder in (room.scratch, room.sounds.folder) for p in folder.rglob("*")]


@pytest.mark.needs("espeak-ng", "ffmpeg")
def test_a_recording_goes_its_whole_way(
    officer: TestClient, second: TestClient, bring: Bring, bulletin: str, phone: bytes
) -> None:
    brought = bring(phone, name="/storage/ghi am/REC001.m4a")

    assert brought.status_code == 201, brought.text
    take = brought.json()
    assert (take["state"], take["fits"], take["name"]) == ("brought", True, "REC001.m4a")
    assert take["measured"]["kind"] == "m4a aac"
    assert take["measured"]["over_noise_db"] > 40
    assert take["reader_name"] == "Y Blin"
    assert bring(phone).json()["id"] == take["id"]

    sound = officer.get(take["url"], headers={"range": "bytes=0-3"})
    assert (sound.status_code, sound.content) == (206, b"fLaC")
    assert sound.headers["content-type"] == "audio/flac"
    assert sound.headers["cache-control"].startswith("private")

    mine = officer.post(f"{API}/recordings/{take['id']}/heard", json={"understands": True})
    assert (mine.status_code, mine.json()["code"]) == (403, "second_listener")
    early = second.post(f"{API}/recordings/{take['id']}/release")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_take_transition")
    unsure = second.post(f"{API}/recordings/{take['id']}/heard", json={})
    assert unsure.json()["code"] == "must_understand"
    vouched = second.post(f"{API}/recordings/{take['id']}/heard", json={"vouch": True})
    assert vouched.status_code == 403
    heard = second.post(f"{API}/recordings/{take['id']}/heard", json={"understands": True}).json()
    assert (heard["state"], heard["heard_by"]) == ("heard", "Bình")
    released = second.post(f"{API}/recordings/{take['id']}/release").json()
    assert released["state"] == "released"
    listed = officer.get(f"{API}/recordings", params={"bulletin": bulletin}).json()
    assert [t["id"] for t in listed] == [take["id"]]

    back = second.post(f"{API}/recordings/{take['id']}/take-back", json={"why": "sai tên"}).json()
    assert (back["state"], back["taken_back_why"]) == ("heard", "sai tên")
    refused = second.post(f"{API}/recordings/{take['id']}/refuse", json={"why": "thu lại"}).json()
    assert (refused["state"], refused["refused_why"]) == ("refused", "thu lại")


@pytest.mark.needs("espeak-ng", "ffmpeg")
def test_a_withdrawn_consent_says_what_it_costs(
    officer: TestClient, bring: Bring, reader: str, phone: bytes
) -> None:
    take = bring(phone).json()

    answer = officer.post(f"{API}/readers/{reader}/withdraw", json={"why": "chuyển đi"})

    assert answer.status_code == 200
    assert "Y Blin không còn được phát" in answer.json()["vi"]
    assert officer.get(f"{API}/readers").json()[0]["withdrawn_why"] == "chuyển đi"
    assert officer.get(f"{API}/recordings/{take['id']}").json()["consent"] is False
    assert bring(phone).json()["code"] == "consent_withdrawn"


def test_what_is_no_recording_is_refused_in_words_and_leaves_nothing(
    bring: Bring, services: Services
) -> None:
    for body, word in ((b"PK\x03\x04" + bytes(99), "zip"), (b"", "rỗng"), (b"\x89PNG\r\n", "ảnh")):
        answer = bring(body, name="bản tin.mp3")
        assert (answer.status_code, answer.json()["code"]) == (422, "not_a_recording")
        assert word in answer.json()["vi"]
    assert left_behind(services) == []


def test_a_strangers_file_is_not_even_read(services: Services) -> None:
    said: list[Message] = []

    async def unread() -> Message:
        raise AssertionError("a stranger's body was asked for")

    async def send(message: Message) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{API}/recordings",
        "query_string": b"language=bdq&bulletin=x&reader=y",
        "headers": [(b"host", b"x"), (b"content-length", b"100000000")],
    }
    asyncio.run(create_app(services, "test")(scope, unread, send))

    assert said[0]["status"] == 401
    assert left_behind(services) == []


def test_a_recording_may_be_long_but_not_endless_and_nothing_else_may(
    officer: TestClient, bring: Bring
) -> None:
    long = {"content-length": str(MAX_BODY_BYTES + 1)}
    too_long = {"content-length": str(MAX_RECORDING_BYTES + 1)}

    assert bring(bytes(MAX_BODY_BYTES + 10)).json()["code"] == "not_a_recording"
    endless = officer.post(f"{API}/recordings", headers=too_long, content=b"x")
    assert (endless.status_code, endless.json()["code"]) == (413, "recording_too_large")
    assert "200 MB" in endless.json()["vi"]
    elsewhere = officer.post(f"{API}/readers", headers=long, content=b"x")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (413, "body_too_long")
    assert officer.post(f"{API}/recordings/1/heard", headers=long, content=b"").status_code == 413


def test_a_hang_up_is_no_defect_of_ours(
    services: Services, officer: TestClient, bulletin: str, reader: str
) -> None:
    said: list[Message] = []
    left: list[Message] = [
        {"type": "http.request", "body": b"RIFF", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return left.pop(0)

    async def send(message: Message) -> None:
        said.append(message)

    asked = f"language=bdq&bulletin={bulletin}&reader={reader}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{API}/recordings",
        "query_string": asked.encode(),
        "headers": [(b"authorization", f"Bearer {officer.cookies[COOKIE]}".encode())],
    }
    asyncio.run(create_app(services, "test")(scope, receive, send))
    assert said[0]["status"] == 400
    assert left == []
    assert list(services.recordings.scratch.iterdir()) == []


def test_a_hang_up_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    said = iter(
        [
            {"type": "http.request", "body": b"RIFF" + bytes(3_000_000), "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Message:
        return next(said)

    async def bring() -> None:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        async with uploaded(request, tmp_path / "scratch"):
            raise AssertionError("nobody gets half a file")

    with pytest.raises(ClientDisconnect):
        asyncio.run(bring())
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_full_disk_is_said_and_the_same_file_may_be_sent_again(
    bring: Bring, services: Services
) -> None:
    body = b"PK\x03\x04" + bytes(3_000_000)
    with no_room_beyond(2_000_000):
        full = bring(body)

    assert (full.status_code, full.json()["code"]) == (507, "store_full")
    assert left_behind(services) == []
    assert bring(body).json()["code"] == "not_a_recording"


def test_what_comes_in_is_private(tmp_path: Path) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"voice", "more_body": False}

    async def bring() -> tuple[int, bytes]:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        async with uploaded(request, tmp_path / "scratch") as path:
            return path.stat().st_mode & 0o777, path.read_bytes()

    assert asyncio.run(bring()) == (0o600, b"voice")


def test_asking_for_other_words_than_are_wanted_is_told_before_the_file_is_read(
    bring: Bring, services: Services
) -> None:
    assert bring(b"x", version="0" * 16).json()["code"] == "changed_meanwhile"
    assert bring(b"x", language="sed").json()["code"] == "not_their_language"
    assert bring(b"x", reader="nobody").status_code == 404
    assert bring(b"x", phrase="level.1").json()["code"] == "one_text"
    assert left_behind(services) == []


def test_a_reader_without_consent_is_no_reader(officer: TestClient, services: Services) -> None:
    form = {"name": "Y Blin", "languages": ["bdq"], "consent": "  "}

    answer = officer.post(f"{API}/readers", json=form)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_reader")
    with services.database.read() as session:
        assert session.exec(select(library_tables.Reader)).all() == []
