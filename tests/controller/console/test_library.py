"""The library as plain forms: every act without any script."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from controller.operations.enrol_reader import Consent, enrol_reader
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.storage.library_tables import (
    KeepingRule,
    LexiconEntry,
    Phrase,
    SpeechCustom,
    VoicePreference,
)
from tests.controller.console.desk import Desk
from tests.controller.office import NOW, Box

COMMUNE = "dv-23500"


@pytest.fixture
def boxes(desk: Desk) -> list[Box]:
    return desk.office.boxes(3)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_stranger_is_led_to_the_door(stranger: TestClient) -> None:
    for answer in (stranger.get("/thu-vien"), stranger.post("/thu-vien/giong", data={})):
        assert (answer.status_code, answer.headers["location"]) == (303, "/dang-nhap")
    assert stranger.get("/thu-vien/thu/phan?tieng=bdq&cau=hazard.flood").status_code == 401
    assert stranger.get("/parts/peaks/abc").status_code == 401


@pytest.mark.parametrize(
    "form", ["giong", "nguoi-doc", "tu-dien", "tu-dien/bo", "cach-noi", "cum-tu", "giu", "xoa"]
)
def test_another_site_changes_nothing(officer: TestClient, form: str) -> None:
    foreign = {"origin": "https://evil.example"}
    assert officer.post(f"/thu-vien/{form}", data={}, headers=foreign).status_code == 403


def test_an_empty_office_has_a_library(officer: TestClient) -> None:
    page = officer.get("/thu-vien")
    assert page.status_code == 200
    assert "Chưa có người đọc nào." in page.text
    assert "Chưa xoá gì." in page.text


def test_pages_hold_no_inline_code(officer: TestClient, boxes: list[Box]) -> None:
    for address in ("/thu-vien?tieng=bdq", "/thu-vien/thu?tieng=bdq&cau=hazard.flood"):
        page = officer.get(address)
        assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=)", page.text)


def test_a_reading_is_taught_refused_in_words_and_removed(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    refused = officer.post(
        "/thu-vien/tu-dien", data={"xa": COMMUNE, "written": "Đăk Hà", "spoken": "Đắk 4"}
    )
    assert refused.status_code == 422
    assert "cách đọc còn ký hiệu hoặc chữ số" in refused.text
    assert 'value="Đắk 4"' in refused.text

    given = {"xa": COMMUNE, "written": "Đăk Hà", "spoken": "Đắk Hà"}
    taught = text_of(officer.post("/thu-vien/tu-dien", data=given).text)
    assert "Từ nay đọc “Đăk Hà” là “Đắk Hà”." in taught
    assert "quantri · 08:00 hôm nay" in taught
    read = {"text": "Mời về Đăk Hà.", "unit": COMMUNE}
    assert "Đắk Hà" in text_of(officer.post("/parts/reading", json=read).text)
    with desk.office.database.read() as session:
        entry = session.exec(select(LexiconEntry)).one()
    officer.post("/thu-vien/tu-dien/bo", data={"xa": COMMUNE, "muc": entry.id})
    assert "Đắk" not in text_of(officer.post("/parts/reading", json=read).text)


def test_a_commune_chooses_how_it_is_spoken_to(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    chosen = officer.post(
        "/thu-vien/cach-noi", data={"xa": COMMUNE, "vung": "south", "bao_dam": "co"}
    )
    assert "Nay đọc theo cách nói miền Nam" in text_of(chosen.text)
    with desk.office.database.read() as session:
        custom = session.get_one(SpeechCustom, COMMUNE)
    assert (custom.dialect, custom.reader_vouches) == ("south", True)


def test_a_voice_is_tried_sooner(desk: Desk, officer: TestClient) -> None:
    page = officer.get("/thu-vien").text
    voices = re.findall(r'name="giong" value="([^"]+)"', page)
    asked = {"tieng": "vi", "giong": voices[1], "huong": "len"}
    assert officer.post("/thu-vien/giong", data=asked).status_code == 200
    with desk.office.database.read() as session:
        order = session.get_one(VoicePreference, "vi").voices
    assert order[:2] == [voices[1], voices[0]]


def test_phrases_are_filled_in_and_forgotten(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    page = officer.get("/thu-vien?tieng=bdq&loai=hazard").text
    fields = re.findall(r'name="w\.([^"]+)"', page)
    given = {"tieng": "bdq", "loai": "hazard"} | {f"w.{f}": "" for f in fields}
    saved = officer.post("/thu-vien/cum-tu", data=given | {f"w.{fields[0]}": "Đak lĭp"})
    assert "Đã lưu 1 cụm từ." in saved.text
    assert "Thu tiếng" in saved.text
    with desk.office.database.read() as session:
        assert session.get_one(Phrase, ("bdq", fields[0])).words == "Đak lĭp"
    assert "Đã lưu 1 cụm từ." in officer.post("/thu-vien/cum-tu", data=given).text
    with desk.office.database.read() as session:
        assert session.get(Phrase, ("bdq", fields[0])) is None


def test_the_recording_of_a_phrase_shows_its_words(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    officer.post("/thu-vien/cum-tu", data={"tieng": "bdq", "w.hazard.flood": "Đak lĭp"})
    consent = Consent("A Kiêm", ("bdq",), "Cho phát trên loa xã.")
    enrol_reader(desk.office.database, consent, "Cô Lan", NOW)
    page = text_of(officer.get("/thu-vien/thu?tieng=bdq&cau=hazard.flood").text)
    assert "Đak lĭp" in page
    assert "A Kiêm" in page
    assert "Chờ thu tiếng" in page


def test_a_reader_takes_the_consent_back_only_with_a_reason(
    desk: Desk, officer: TestClient
) -> None:
    consent = Consent("A Kiêm", ("bdq",), "Cho phát trên loa xã.")
    reader = enrol_reader(desk.office.database, consent, "Cô Lan", NOW)
    assert officer.post("/thu-vien/nguoi-doc", data={"nguoi": reader.id}).status_code == 422
    done = officer.post("/thu-vien/nguoi-doc", data={"nguoi": reader.id, "why": "Chuyển đi"})
    assert "Giọng của A Kiêm không còn được phát" in done.text
    assert "Đã rút đồng ý" in done.text


def test_keeping_is_chosen_and_a_purge_is_looked_at_first(desk: Desk, officer: TestClient) -> None:
    refused = officer.post("/thu-vien/giu", data={"loai": "drafts", "ngay": "ba"})
    assert "Ghi số ngày bằng chữ số" in refused.text
    officer.post("/thu-vien/giu", data={"loai": "drafts", "ngay": "7"})
    with desk.office.database.read() as session:
        assert session.get_one(KeepingRule, "drafts").days == 7
    until = NOW - timedelta(days=30)
    old = Written({"vi": "Tin cũ."}, valid_until=until)
    submit_bulletin(desk.office.database, old, "Y Hạnh", until - timedelta(days=1))

    looked = text_of(officer.post("/thu-vien/xoa").text)
    assert "Nếu xoá bây giờ thì mất: 1 bản nháp" in looked
    assert "Chưa xoá gì." in looked
    assert "Đã xoá: 1 bản nháp" in text_of(officer.post("/thu-vien/xoa", data={"that": "co"}).text)
    for form in ("xoa", "tu-dien/bo"):
        assert officer.get(f"/thu-vien/{form}").headers["location"] == "/thu-vien"
