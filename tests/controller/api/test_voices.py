from fastapi.testclient import TestClient

from audio_library.speech.listening import sentences

SOUTH = "espeak:vi-vn-x-south"


def test_voices_say_what_they_are_and_what_they_lack(officer: TestClient) -> None:
    voices = {v["id"]: v for v in officer.get("/api/v1/voices").json()}
    assert voices[SOUTH]["ready"]
    assert not voices[SOUTH]["tally"]["judged"]
    google = voices["gtts:vi"]
    assert (google["online"], google["unofficial"], google["ready"]) == (True, True, False)
    assert "LOALANG_ONLINE_VOICES" in google["vi"]
    assert "LOALANG_ONLINE_VOICES" in google["en"]


def test_the_order_of_voices_is_set_and_shown(officer: TestClient) -> None:
    path = "/api/v1/voices/preference"
    put = officer.put(path, json={"language": "vi", "voices": [SOUTH]})
    assert put.status_code == 200
    assert put.json()["tried"][:2] == [SOUTH, "espeak:vi"]
    (shown,) = officer.get(path).json()
    assert shown == put.json()
    assert shown["set_by"]
    assert shown["set_at"].startswith("2026-08-10T01:00:00")
    refused = officer.put(path, json={"language": "bdq", "voices": [SOUTH]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_voice")


def test_listeners_judge_a_voice(officer: TestClient) -> None:
    sheet = officer.get("/api/v1/voices/sheet").json()
    assert [line["text"] for line in sheet] == [s.text for s in sentences()]
    heard = {str(line["number"]): line["text"] for line in sheet}
    for n in range(1, 6):
        body = {"voice": SOUTH, "listener": f"người {n}", "native": True, "heard": heard}
        answer = officer.post("/api/v1/voices/answers", json=body)
        assert answer.status_code == 200
        assert (answer.json()["natives"], answer.json()["judged"]) == (n, n == 5)
    (line,) = officer.get("/api/v1/voices/tally").json()
    assert (line["voice"], line["share"]) == (SOUTH, 1.0)
    bad = officer.post("/api/v1/voices/answers", json={**body, "heard": {"99": "a"}})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_answers")
