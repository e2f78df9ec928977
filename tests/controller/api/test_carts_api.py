"""Carts, relays and the order of ưu tiên bulletins through the API and the command line."""

from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from controller.api.guard import MAX_BODY_BYTES
from controller.operations.make_cart import CART
from controller.operations.priority_order import note_questions
from controller.operations.services import Services
from controller.storage import work_items
from tests.audio_library.recording.sounds import made
from tests.controller.office import NOW, Office
from tests.controller.operations.test_priority_order import question

API = "/api/v1"
COMMUNE = "dv-23500"
SONG = {
    "name": "cong_chieng",
    "unit": COMMUNE,
    "source": "Đội cồng chiêng thôn 1, già làng A Kâm đồng ý",
    "file": "Mừng lúa mới.mp3",
}


@pytest.fixture
def villages(office: Office) -> Office:
    office.boxes(4)
    return office


# --- carts ---------------------------------------------------------------------------------------


@pytest.mark.needs("ffmpeg")
def test_a_song_is_brought_listed_heard_and_removed(
    villages: Office, officer: TestClient, tmp_path: Path
) -> None:
    song = made(tmp_path / "song.mp3", "-f", "lavfi", "-i", "sine=330:d=3", "-b:a", "64k")

    answer = officer.post(f"{API}/carts?{urlencode(SONG)}", content=song.read_bytes())

    assert answer.status_code == 201, answer.text
    cart = answer.json()
    assert (cart["title"], cart["source"]) == (SONG["file"], SONG["source"])
    assert (cart["language"], cart["unit"], cart["added_by"]) == ("zxx", COMMUNE, "quantri")
    assert 2_800 < cart["duration_ms"] < 3_400
    assert officer.get(cart["url"]).content[:4] == b"OggS"
    assert officer.get(f"{API}/carts").json() == {"carts": [cart], "making": []}
    assert officer.get(f"{API}/carts?unit=thon-23500-1").json()["carts"] == [cart]
    assert officer.get(f"{API}/carts?unit=dv-23455").json()["carts"] == []
    again = officer.post(f"{API}/carts?{urlencode(SONG)}", content=song.read_bytes())
    assert again.json() == cart

    assert officer.delete(f"{API}/carts/{cart['id']}").status_code == 204
    assert officer.get(f"{API}/carts").json()["carts"] == []


def test_a_sound_of_nobody_is_refused_before_it_is_read(
    villages: Office, officer: TestClient
) -> None:
    nobody = SONG | {"source": ""}
    answer = officer.post(f"{API}/carts?{urlencode(nobody)}", content=b"x")
    assert (answer.status_code, answer.json()["code"]) == (422, "source_missing")


@pytest.mark.needs("ffmpeg")
def test_a_clip_may_be_long_and_what_is_none_is_refused_with_the_reason(
    villages: Office, officer: TestClient, services: Services
) -> None:
    long = b"%PDF-1.4" + bytes(MAX_BODY_BYTES)
    answer = officer.post(f"{API}/carts?{urlencode(SONG)}", content=long)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_recording")
    assert list(services.recordings.scratch.iterdir()) == []


def test_a_commune_asks_for_its_greeting_and_sees_it_being_made(
    villages: Office, officer: TestClient, services: Services
) -> None:
    answer = officer.post(f"{API}/carts/greetings", json={"unit": COMMUNE})

    assert answer.status_code == 202
    assert [words["name"] for words in answer.json()] == ["greeting", "closing"]
    making = officer.get(f"{API}/carts?unit={COMMUNE}").json()["making"]
    assert [(m["name"], m["state"]) for m in making] == [
        ("greeting", "waiting"),
        ("closing", "waiting"),
    ]
    with services.database.write() as session:
        assert work_items.claim(session, CART, 2**42) is not None
    refused = officer.post(f"{API}/carts/greetings", json={"unit": COMMUNE, "language": "sed"})
    assert refused.json()["code"] == "no_words_for_cart"


def test_strangers_learn_and_change_nothing(stranger: TestClient) -> None:
    for method, path in (
        ("GET", "/carts"),
        ("POST", f"/carts?{urlencode(SONG)}"),
        ("DELETE", "/carts/x"),
        ("GET", "/relays"),
        ("PUT", "/relays/vov1"),
        ("POST", "/relays/vov1/try"),
        ("GET", "/priority-questions"),
        ("POST", "/priority-questions/x/decision"),
    ):
        assert stranger.request(method, API + path).status_code == 401


# --- relays --------------------------------------------------------------------------------------


def test_a_relay_is_kept_without_showing_its_key_and_removed(officer: TestClient) -> None:
    form = {"name": "Đài Tiếng nói Việt Nam", "url": "https://phat.example/vov1?key=secret"}

    kept = officer.put(f"{API}/relays/vov1", json=form)

    assert kept.status_code == 200
    assert kept.json()["url"] == "https://phat.example/vov1?…"
    assert officer.get(f"{API}/relays").json() == [kept.json()]
    assert officer.delete(f"{API}/relays/vov1").status_code == 204
    assert officer.delete(f"{API}/relays/vov1").status_code == 404
    assert officer.post(f"{API}/relays/vov1/try").status_code == 404


def test_a_relay_that_does_not_prove_itself_is_tried_only_with_the_reason_for_it(
    officer: TestClient,
) -> None:
    form = {"name": "Đài xã bên", "url": "http://127.0.0.1:9/dai"}
    assert officer.put(f"{API}/relays/ben", json=form).json()["code"] == "relay_unproved"

    kept = officer.put(f"{API}/relays/ben", json=form | {"why_unproved": "máy trong uỷ ban"})
    assert kept.json()["why_unproved"] == "máy trong uỷ ban"
    tried = officer.post(f"{API}/relays/ben/try")
    assert (tried.status_code, tried.json()["code"]) == (422, "stream_dead")


# --- ưu tiên -------------------------------------------------------------------------------------


def test_an_officer_orders_two_priority_bulletins(villages: Office, officer: TestClient) -> None:
    a, b = villages.approved("Tiêm chủng sáng mai."), villages.approved("Họp thôn tối nay.")
    with villages.database.write() as session:
        note_questions(session, "vung-23500-1", [question(a, b)], NOW)

    (asked,) = officer.get(f"{API}/priority-questions").json()
    assert [each["id"] for each in asked["order"]] == [a, b]
    assert (asked["decided_by"], asked["moot"]) == (None, False)

    path = f"{API}/priority-questions/{asked['id']}/decision"
    assert officer.post(path, json={"order": [a, "none"]}).json()["code"] == "order_incomplete"
    decided = officer.post(path, json={"order": [b, a]}).json()

    assert decided["decided_by"] == "quantri"
    assert [each["title"] for each in decided["order"]] == [
        "Họp thôn tối nay",
        "Tiêm chủng sáng mai",
    ]
    assert officer.post(path, json={"order": [a, b]}).status_code == 409
    assert officer.post(path, json={"order": [a, b], "again": True}).status_code == 200
    assert len(officer.get(f"{API}/priority-questions?unit={COMMUNE}").json()) == 1
    assert officer.get(f"{API}/priority-questions?unit=dv-23455").json() == []
