import unicodedata

import pytest
from fastapi.testclient import TestClient

from tests.controller.office import Office

BAHNAR = "Ƀing ta tơkŭm lơ\u0306m ƀon, hơtŏk đơ\u0306ng pơđĭ."
OLD_FONT = "[ing ta tơku\\m lơ\\m [o#"
TEXT = "Họp tại TTVH Đăk Hà lúc 7h30 ngày 15/8."


@pytest.fixture
def desk(officer: TestClient, office: Office) -> TestClient:
    office.boxes(3)
    return officer


def taught(desk: TestClient, unit: str, written: str, spoken: str, kind: str = "reading") -> int:
    body = {"unit": unit, "kind": kind, "written": written, "spoken": spoken}
    answer = desk.post("/api/v1/lexicon", json=body)
    assert answer.status_code == 201, answer.text
    entry: int = answer.json()["id"]
    return entry


@pytest.mark.parametrize(
    "path",
    ["languages", "zones", "units", "lexicon?unit=x", "lexicon/effective", "units/x/speech"],
)
def test_nothing_of_it_is_shown_to_strangers(stranger: TestClient, path: str) -> None:
    assert stranger.get(f"/api/v1/{path}").status_code == 401


def test_one_call_tells_an_editor_all_that_there_is_to_see(desk: TestClient) -> None:
    taught(desk, "dv-23500", "TTVH", "Trung tâm Văn hoá")
    asked = {"text": f"  {unicodedata.normalize('NFD', TEXT)}\n", "unit": "thon-23500-1"}

    seen = desk.post("/api/v1/wording", json=asked).json()

    assert seen["written"] == TEXT
    assert seen["text"].startswith("Họp tại Trung tâm Văn hoá Đăk Hà lúc bảy giờ ba mươi phút")
    first = seen["spans"][0]
    assert seen["written"][first["start"] : first["end"]] == first["written"] == "TTVH"
    assert first["rule"] == "lexicon"
    assert {span["rule"] for span in seen["spans"]} != {"lexicon"}
    assert "lexicon." in seen["wording_version"]
    assert seen["guard"] == {
        "verdict": "fits",
        "looks_like": [],
        "evidence": [],
        "vi": "",
        "en": "",
    }
    assert seen["proposal"] is None


def test_without_a_unit_the_provinces_reading_holds(desk: TestClient) -> None:
    taught(desk, "dv-23500", "TTVH", "của xã")
    assert "của xã" not in desk.post("/api/v1/wording", json={"text": TEXT}).json()["text"]
    taught(desk, "dv-00051", "TTVH", "của tỉnh")
    assert "của tỉnh" in desk.post("/api/v1/wording", json={"text": TEXT}).json()["text"]


def test_a_text_in_another_language_or_font_is_told_while_it_is_typed(desk: TestClient) -> None:
    guard = desk.post("/api/v1/wording", json={"text": BAHNAR}).json()["guard"]
    assert guard["verdict"] == "other"
    assert guard["looks_like"][0] == "bdq"

    body = {"text": OLD_FONT, "language": "jra"}
    seen = desk.post("/api/v1/wording", json=body).json()
    assert seen["text"] == OLD_FONT, "a proposal changes nothing by itself"
    proposal = seen["proposal"]
    assert proposal["text"] == "ƀing ta tơkŭm lơ\u0306m ƀô\u0306"
    assert [c["sure"] for c in proposal["changes"]] == [True, True, True, True, False]
    assert desk.post("/api/v1/writing/proposal", json=body).json() == {"proposal": proposal}
    plain = {"text": "Bà con chú ý", "language": "bdq"}
    assert desk.post("/api/v1/writing/proposal", json=plain).json() == {"proposal": None}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": "chuông\x07"}, "control_characters"),
        ({"text": "a" * 20_001}, "text_too_long"),
        ({"text": TEXT, "language": "xx"}, "unknown_language"),
        ({"text": TEXT, "unit": "dv-99999"}, "not_found"),
        ({"text": TEXT, "unit": "u" * 200}, "bad_request"),
        ({}, "bad_request"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    desk: TestClient, body: dict[str, str], code: str
) -> None:
    answer = desk.post("/api/v1/wording", json=body)
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] == code


def test_a_lexicon_is_taught_shown_and_taken_back(desk: TestClient) -> None:
    entry = taught(desk, "Xã Đăk Hà", "TTVH", "Trung tâm Văn hoá")
    taught(desk, "23500", "Đăk Hà", "Đắc Hà", "respelling")

    (shown,) = desk.get("/api/v1/lexicon?unit=dv-23500").json()
    assert (shown["written"], shown["spoken"], shown["added_by"]) == (
        "TTVH",
        "Trung tâm Văn hoá",
        "quantri",
    )
    (ear,) = desk.get("/api/v1/lexicon?unit=dv-23500&kind=respelling").json()
    assert ear["spoken"] == "Đắc Hà"
    (below,) = desk.get("/api/v1/lexicon/effective?unit=thon-23500-1").json()
    assert below["unit"] == "dv-23500"
    assert desk.get("/api/v1/lexicon/effective").json() == []

    assert desk.delete(f"/api/v1/lexicon/{entry}").status_code == 204
    assert desk.delete(f"/api/v1/lexicon/{entry}").status_code == 404
    assert desk.get("/api/v1/lexicon?unit=dv-23500").json() == []
    (past,) = desk.get("/api/v1/lexicon?unit=dv-23500&removed=true").json()
    assert past["removed_by"] == "quantri"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        (
            "POST",
            "lexicon",
            {"unit": "dv-23500", "written": "A", "spoken": "5"},
            422,
            "bad_lexicon_entry",
        ),
        ("POST", "lexicon", {"unit": "dv-1", "written": "A", "spoken": "a"}, 404, "not_found"),
        ("POST", "lexicon", {"unit": "Thôn 1", "written": "A", "spoken": "a"}, 422, "unclear_unit"),
        (
            "POST",
            "lexicon",
            {"unit": "dv-23500", "kind": "x", "written": "A", "spoken": "a"},
            422,
            "bad_request",
        ),
        (
            "POST",
            "lexicon",
            {"unit": "dv-23500", "written": "A" * 400, "spoken": "a"},
            422,
            "bad_request",
        ),
        ("DELETE", "lexicon/99999999999999999999", None, 422, "bad_request"),
        ("DELETE", "lexicon/7", None, 404, "not_found"),
        ("GET", "lexicon", None, 422, "bad_request"),
        ("PUT", "units/dv-1/speech", {}, 404, "not_found"),
        ("PUT", "units/dv-23500/speech", {"dialect": "west"}, 422, "bad_request"),
        ("PUT", "zones/vung-1/languages", {"languages": ["vi"]}, 404, "not_found"),
        (
            "PUT",
            "zones/vung-23500-1/languages",
            {"languages": ["vi", "vi"]},
            422,
            "bad_language_list",
        ),
        (
            "PUT",
            "zones/vung-23500-1/languages",
            {"languages": ["vi", "xx"]},
            422,
            "unknown_language",
        ),
        ("PUT", "zones/vung-23500-1/languages", {"languages": []}, 422, "bad_request"),
        ("GET", f"bulletins?q={'a' * 400}", None, 422, "bad_request"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(
    desk: TestClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = desk.request(method, f"/api/v1/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["vi"]


def test_a_unit_chooses_its_dialect_and_those_below_follow(desk: TestClient) -> None:
    before = desk.get("/api/v1/units/thon-23500-1/speech").json()
    assert (before["dialect"], before["reader_vouches"], before["set_by"]) == ("north", False, None)

    own = {"dialect": "south", "reader_vouches": True}
    assert desk.put("/api/v1/units/dv-23500/speech", json=own).json()["own"] == own

    after = desk.get("/api/v1/units/thon-23500-1/speech").json()
    assert (after["dialect"], after["reader_vouches"]) == ("south", True)
    assert after["own"] == {"dialect": None, "reader_vouches": None}


def test_units_are_found_without_accents_and_listed_as_in_a_word_list(desk: TestClient) -> None:
    assert [u["id"] for u in desk.get("/api/v1/units?q=dak ha").json()] == ["dv-23500"]
    assert [u["id"] for u in desk.get("/api/v1/units?q=23500").json()] == ["dv-23500"]
    names = [u["name"] for u in desk.get("/api/v1/units").json()]
    assert names == [
        "Quảng Ngãi",
        "Thôn 1",
        "Thôn 1",
        "Thôn 1",
        "Xã Đăk Hà",
        "Xã Măng Bút",
        "Xã Sa Bình",
    ]


def test_languages_are_named_as_far_as_we_know(desk: TestClient) -> None:
    by_tag = {entry["tag"]: entry for entry in desk.get("/api/v1/languages").json()}
    assert by_tag["sed"]["name_self"] == "Rơteăng"
    assert by_tag["jra"]["name_self"] is None
    assert by_tag["sed"]["branches"] == ["tdr", "moo", "kxy", "hal"]
    assert by_tag["moo"]["parent"] == "sed"


def test_a_place_is_given_its_own_order_of_languages(desk: TestClient) -> None:
    order = {"languages": ["sed", "vi"]}
    assert desk.put("/api/v1/zones/vung-23500-1/languages", json=order).status_code == 204
    zones = {zone["id"]: zone["languages"] for zone in desk.get("/api/v1/zones").json()}
    assert zones["vung-23500-1"] == ["sed", "vi"]
    assert zones["vung-23455-1"] == ["vi", "sed", "hre"]


def test_bulletins_are_found_by_words_without_accents(desk: TestClient) -> None:
    desk.post("/api/v1/bulletins", json={"scripts": {"vi": TEXT}, "unit": "dv-23500"})
    desk.post("/api/v1/bulletins", json={"scripts": {"vi": "Nghỉ học ở Ia H’Drai"}})

    found = desk.get("/api/v1/bulletins", params={"q": "hop dak ha"}).json()
    assert len(found) == 1
    assert desk.get(f"/api/v1/bulletins/{found[0]['id']}").json()["unit"] == "dv-23500"
    assert len(desk.get("/api/v1/bulletins", params={"q": "hdrai"}).json()) == 1
    assert len(desk.get("/api/v1/bulletins").json()) == 2


def test_a_doubtful_language_is_seen_before_and_confirmed_at_approval(desk: TestClient) -> None:
    vietnamese = "Bà con đến trạm y tế xã để tiêm vắc xin cho trẻ, không mất tiền."
    draft = desk.post("/api/v1/bulletins", json={"scripts": {"bdq": vietnamese}}).json()
    (script,) = draft["scripts"]
    assert script["guard"]["verdict"] == "doubtful"
    assert script["guard"]["looks_like"] == ["vi"]
    address, seen = f"/api/v1/bulletins/{draft['id']}/approve", {"version": draft["version"]}

    refused = desk.post(address, json=seen)
    assert (refused.status_code, refused.json()["code"]) == (409, "language_doubtful")

    approved = desk.post(address, json={**seen, "language_confirmed": ["bdq"]})
    assert approved.json()["state"] == "approved"
    assert approved.json()["scripts"][0]["wording_version"]


def test_another_language_under_the_name_of_vietnamese_is_not_approved(desk: TestClient) -> None:
    draft = desk.post("/api/v1/bulletins", json={"scripts": {"vi": BAHNAR}}).json()
    answer = desk.post(
        f"/api/v1/bulletins/{draft['id']}/approve",
        json={"version": draft["version"], "language_confirmed": ["vi"]},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "not_this_language")
    assert "Ba Na" in answer.json()["vi"]


def test_a_taught_respelling_can_be_heard_before_approval(desk: TestClient) -> None:
    draft = desk.post("/api/v1/bulletins", json={"scripts": {"vi": TEXT}}).json()
    address = f"/api/v1/bulletins/{draft['id']}/preview"
    assert desk.post(address, params={"anew": True}).status_code == 202
    desk.post(f"/api/v1/bulletins/{draft['id']}/approve", json={"version": draft["version"]})
    assert desk.post(address, params={"anew": True}).status_code == 409
