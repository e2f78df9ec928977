"""The phrase bank over the API: lists, words, orders, sentences, and the index."""

import gzip
import hashlib

import pytest
from fastapi.testclient import TestClient

from audio_library.rendition import phrase_sha256
from controller.operations.load_sample import load_sample
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract.phrase_index import PhraseIndex, PhrasePage, to_sha256
from edge_agent.contract.types import decode
from tests.controller.office import NOW, Office

BANK = "/api/v1/phrases"


def test_a_bank_tells_what_it_says_and_what_it_lacks(officer: TestClient, office: Office) -> None:
    load_sample(office.database, 1, law=None)
    vi = officer.get(BANK, params={"language": "vi", "unit": "dv-23500"}).json()
    said = {phrase["id"]: phrase for phrase in vi["phrases"]}
    assert said["place.thon-23500-1"]["words"] == "thôn một"
    assert said["hazard.flash_flood"]["category"] == "hazard"
    assert said["number.17"]["needed"] is False
    assert vi["readiness"]["counts"]["not_made"] == vi["readiness"]["needed"]

    bdq = officer.get(BANK, params={"language": "bdq"}).json()
    assert {phrase["words"] for phrase in bdq["phrases"]} == {None}
    assert bdq["phrases"][0]["vi"]
    assert "Ba Na" in bdq["readiness"]["vi"]
    assert not any(order["confirmed"] for order in bdq["orders"])


def test_words_are_set_by_a_person_and_taken_back(officer: TestClient) -> None:
    kept = officer.put(f"{BANK}/bdq/hazard.storm", json={"words": "lời  thử"})
    assert kept.status_code == 200
    assert kept.json()["words"] == "lời thử"
    assert kept.json()["set_by"]
    assert officer.delete(f"{BANK}/bdq/hazard.storm").status_code == 204
    assert officer.delete(f"{BANK}/bdq/hazard.storm").status_code == 404


@pytest.mark.parametrize(
    ("address", "body", "code"),
    [
        ("bdq/hazard.storm", {"words": "cấp 3"}, "bad_phrase_words"),
        ("bdq/hazard.storm", {"words": ""}, "bad_phrase_words"),
        ("bdq/hazard.storm", {"words": "x" * 3_000}, "bad_request"),
        ("bdq/hazard.dragon", {"words": "x"}, "unknown_phrase"),
        ("xx/hazard.storm", {"words": "x"}, "unknown_language"),
        ("bdq/sentences/alert", {"parts": "{hazards!}"}, "bad_pattern"),
        ("bdq/sentences/song", {"parts": "{hazards!}"}, "unknown_sentence"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(
    officer: TestClient, address: str, body: dict[str, str], code: str
) -> None:
    refused = officer.put(f"{BANK}/{address}", json=body)
    assert refused.status_code == 422
    assert refused.json()["code"] == code


def test_the_order_of_a_sentence_is_confirmed_by_who_speaks_it(officer: TestClient) -> None:
    parts = "{hazards!} link.warning | {issued!}"
    orders = officer.put(f"{BANK}/bdq/sentences/alert", json={"parts": parts}).json()
    assert {o["sentence"]: o["confirmed"] for o in orders}["alert"]


def test_a_sentence_is_said_from_phrases(officer: TestClient) -> None:
    asked = {
        "language": "vi",
        "hazards": ["hazard.storm"],
        "wind": 11,
        "issued": {"hour": 5, "minute": 30},
    }
    said = officer.post(f"{BANK}/compose", json=asked).json()
    assert said["text"] == (
        "Thông báo khẩn cấp. Cảnh báo bão. Gió mạnh cấp mười một. "
        "Thông báo này phát đi lúc năm giờ ba mươi phút."
    )
    assert {missing["why"] for missing in said["missing"]} == {"no_sound"}
    assert said["audio"] is None

    refused = officer.post(f"{BANK}/compose", json={**asked, "audio": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "phrases_missing")
    refused = officer.post(f"{BANK}/compose", json={"language": "vi", "hazards": ["level.1"]})
    assert refused.json()["code"] == "slot_misfilled"


def test_asking_for_audio_tells_how_far_it_has_come(officer: TestClient) -> None:
    asked = officer.post(f"{BANK}/vi/render")
    assert asked.status_code == 202
    assert asked.json()["asked"] == asked.json()["waiting"] > 300
    storm = next(p for p in officer.get(BANK).json()["phrases"] if p["id"] == "hazard.storm")
    assert storm["making"] == "waiting"
    assert officer.post(f"{BANK}/sed/render").json()["asked"] == 0


def test_the_index_of_an_empty_bank_is_an_index(officer: TestClient) -> None:
    index = officer.get(f"{BANK}/index").json()
    assert index["b"] == {}
    assert index["v"] > 0


def test_a_box_finds_a_phrase_by_the_index_alone(
    officer: TestClient, stranger: TestClient, office: Office
) -> None:
    asset = tables.Asset(
        sha256="a" * 64,
        bytes=2_000,
        duration_ms=400,
        media_type="audio/ogg",
        lufs=-16.0,
        true_peak_dbtp=-3.0,
        created_ms=to_ms(NOW),
    )
    with office.database.write() as session:
        session.add(asset)
        session.flush()
        session.add(
            tables.Rendition(
                language="vi",
                spoken_sha256=phrase_sha256("vi", "bão"),
                asset_sha256="a" * 64,
                voice="espeak:vi",
                engine="eSpeak NG",
                created_ms=to_ms(NOW),
            )
        )
    index = decode(officer.get(f"{BANK}/index").content, PhraseIndex)
    sha256 = to_sha256(index.pages["vi"])
    answer = stranger.get(f"/pages/{sha256}.json.gz")
    assert hashlib.sha256(answer.content).hexdigest() == sha256
    page = decode(gzip.decompress(answer.content), PhrasePage)
    assert page.phrases["hazard.storm"].sha256 == "a" * 64


def test_strangers_see_no_phrases(stranger: TestClient) -> None:
    assert stranger.get(BANK).status_code == 401
    assert stranger.post(f"{BANK}/vi/render").status_code == 401
