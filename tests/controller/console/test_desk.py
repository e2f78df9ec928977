"""The page as the server renders it: it can be read without any script."""

import gzip
import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from controller.operations.review_bulletin import (
    edit_bulletin,
    return_bulletin,
    send_for_approval,
    withdraw_bulletin,
)
from controller.operations.submit_bulletin import Written, submit_bulletin
from edge_agent.contract.report import EventKind, Heard
from edge_agent.contract.state import OnAir
from tests.controller.console.desk import Desk
from tests.controller.office import NOW, Box

SOON = NOW + timedelta(minutes=10)


@pytest.fixture
def boxes(desk: Desk) -> list[Box]:
    return desk.office.boxes(3)


def text_of(html: str) -> str:
    """What a person reads: no tags, single blanks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_an_empty_office_says_what_to_do(officer: TestClient) -> None:
    page = text_of(officer.get("/").text)
    assert "Chưa có cụm loa nào." in page
    assert "Chưa có bản tin nào." in page
    assert "Chưa có tin nào được xếp giờ." in page
    assert "Chưa có tin nào được phát." in page


def test_pages_hold_no_inline_code_and_are_never_kept(desk: Desk, officer: TestClient) -> None:
    bulletin = desk.office.approved()
    door = officer.post("/dang-xuat") and officer.get("/dang-nhap")
    officer.post("/dang-nhap", data={"name": desk.name, "password": desk.password})
    for page in (door, officer.get("/"), officer.get(f"/?tin={bulletin}")):
        assert page.status_code == 200
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        # Browsers send our own forms from the origin “null” under a stricter policy.
        assert page.headers["referrer-policy"] == "same-origin"
        assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=)", page.text)
        assert "http://" not in page.text.replace("http://www.w3.org", "")


def test_the_whole_first_page_is_small(officer: TestClient) -> None:
    page = officer.get("/")
    files = set(re.findall(r'(/static/[^"#]+)', page.text))
    sizes = [len(gzip.compress(officer.get(file).content)) for file in files]
    assert sum(sizes) + len(gzip.compress(page.content)) < 50_000


def test_files_are_kept_for_ever_under_the_hash_of_their_content(officer: TestClient) -> None:
    address = re.search(r'(/static/[^"]+/desk\.js)', officer.get("/").text)
    assert address is not None
    file = officer.get(address[1])
    assert "immutable" in file.headers["cache-control"]
    assert file.headers["content-encoding"] == "gzip"
    assert file.headers["content-type"].startswith("text/javascript")
    assert officer.get("/static/0123456789abcdef/desk.js").status_code == 404
    assert officer.get(address[1].replace("desk.js", "..%2Fpages.py")).status_code == 404


def test_clusters_are_told_by_icon_and_word(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    bulletin = desk.office.approved()
    desk.office.scheduled(bulletin, boxes, SOON)
    desk.office.publish()
    plays = [desk.planned(box) for box in boxes]
    assert plays[0] is not None
    desk.up(boxes[0], on_air=OnAir("p1", plays[0].cue_id, 4_000, 20_000))
    desk.up(boxes[1], lacking=2, held=60_000)

    part = officer.get("/parts/clusters").text
    page = text_of(part)
    assert "1 đang phát" in page
    assert "1 đang tải" in page
    assert "1 chưa biết" in page
    assert "60 kB / 120 kB" in page
    assert "0:04 / 0:20" in page
    assert page.index("Thông báo tiêm chủng") < page.index("1 đang phát")
    assert re.search(r'data-st="phat"><svg aria-hidden="true"><use href="[^"]+#i-phat"', part)


def test_what_waits_for_somebody_is_listed_until_it_is_done(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    database = desk.office.database
    draft = submit_bulletin(database, Written({"vi": "Họp thôn tối nay."}), "Y Hạnh", NOW)
    assert "Không có việc chờ." in text_of(officer.get("/parts/waiting").text)

    send_for_approval(database, draft.id, NOW)
    assert "Chờ duyệt Họp thôn tối nay" in text_of(officer.get("/parts/waiting").text)

    return_bulletin(database, draft.id, "Cô Lan", "Ghi rõ giờ họp", NOW)
    waiting = text_of(officer.get("/parts/waiting").text)
    assert "Bị trả lại" in waiting
    assert "Cô Lan: “Ghi rõ giờ họp”" in waiting

    approved = desk.office.approved()
    assert "Đã duyệt, chưa xếp giờ" in text_of(officer.get("/parts/waiting").text)
    desk.office.scheduled(approved, boxes, SOON)
    assert "chưa xếp giờ" not in text_of(officer.get("/parts/waiting").text)


def test_an_approved_bulletin_shows_its_pinned_words_and_who_approved(
    desk: Desk, officer: TestClient
) -> None:
    bulletin = desk.office.approved()
    page = text_of(officer.get(f"/?tin={bulletin}").text)
    assert "Cô Lan duyệt lúc 08:00 hôm nay." in page
    assert "bảy giờ ba mươi" in page
    assert "đúng từng chữ" in page


def test_a_language_without_voice_is_listed_and_not_read(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    written = Written({"vi": "Họp thôn.", "sed": "Lời thử."})
    draft = submit_bulletin(desk.office.database, written, "Y Hạnh", NOW)
    page = text_of(officer.get(f"/?tin={draft.id}&tieng=sed").text)
    assert "Xơ Đăng Chờ thu tiếng" in page
    assert "không đọc thay bằng giọng của tiếng khác" in page
    assert "Chưa có lời: Rơ Ngao (1 làng), Hrê (1 làng), Ba Na (1 làng), Gia Rai (1 làng)" in page


def test_a_plan_that_will_not_air_says_why(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    bulletin = desk.office.approved()
    desk.office.scheduled(bulletin, boxes, SOON)
    assert "Không phát vì" not in text_of(officer.get("/parts/programmes").text)
    edit_bulletin(desk.office.database, bulletin, {"vi": "Lời mới."}, "Y Hạnh", NOW)
    plans = text_of(officer.get("/parts/programmes").text)
    assert "08:10 hôm nay" in plans
    assert "Không phát vì tin chưa được duyệt lại" in plans


def test_a_withdrawal_names_the_boxes_that_have_not_confirmed_it(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    bulletin = desk.office.approved()
    desk.office.scheduled(bulletin, boxes, SOON)
    desk.office.publish()
    desk.up(boxes[1])
    withdraw_bulletin(desk.office.database, bulletin, "Cô Lan", "Đổi ngày", NOW)
    desk.office.publish(NOW + timedelta(seconds=1))
    desk.up(boxes[0])

    part = text_of(officer.get(f"/parts/bulletin?tin={bulletin}").text)
    assert "Cô Lan rút lúc 08:00 hôm nay: Đổi ngày" in part
    assert "2 cụm loa chưa báo đã bỏ tin này:" in part
    assert "máy báo lần cuối 08:00 hôm nay" in part
    assert "máy chưa báo lần nào" in part


def test_what_was_aired_is_listed_newest_first_with_its_error(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    bulletin = desk.office.approved()
    desk.office.scheduled(bulletin, boxes, SOON)
    desk.office.publish()
    desk.report(boxes[0], EventKind.STARTED, 1, late_ms=4)
    desk.report(boxes[0], EventKind.ENDED, 2, late_ms=4)
    desk.report(boxes[1], EventKind.STARTED, 1, late_ms=1_450)
    desk.report(boxes[2], EventKind.SKIPPED, 1, reason="audio_missing")

    assert text_of(officer.get("/parts/as_run").text).count("Đang phát") == 1
    desk.now = SOON + timedelta(minutes=1)
    rows = [text_of(r) for r in officer.get("/parts/as_run").text.split("<tr role")[2:]]
    assert len(rows) == 3
    by_outcome = {
        word: row for row in rows for word in ("Đã phát trọn", "Chưa biết", "Bỏ qua") if word in row
    }
    assert "08:10:00 hôm nay 08:10:00 trễ 4 ms" in by_outcome["Đã phát trọn"]
    assert "Cô Lan" in by_outcome["Đã phát trọn"]
    assert "08:10:01 trễ 1,4 s" in by_outcome["Chưa biết"]
    assert "vì máy chưa có tệp tiếng" in by_outcome["Bỏ qua"]
    assert "chưa phát" in by_outcome["Bỏ qua"]


def test_what_no_ear_noticed_is_not_shown_as_played(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    desk.office.scheduled(desk.office.approved(), boxes, SOON)
    desk.office.publish()
    for box, heard in zip(boxes, (Heard.NO, Heard.YES, Heard.UNKNOWN), strict=True):
        desk.report(box, EventKind.ENDED, 1, heard=heard)
    shown = text_of(officer.get("/parts/as_run").text)
    assert shown.count("Phát nhưng không nghe thấy ở loa") == 1
    assert shown.count("Đã phát trọn") == 2
    assert shown.count("nghe được ở loa") == 1
    told = officer.get("/api/v1/as-run").json()
    assert sorted(row["heard"] for row in told) == ["no", "unknown", "yes"]


def test_a_reading_shows_what_is_read_for_what_is_written(officer: TestClient) -> None:
    read = officer.post("/parts/reading", json={"text": "Họp lúc 7h30 <b>tại</b> xã."}).text
    assert re.search(r'class="rd"[^>]*>bảy giờ ba mươi[^<]*<span class="vh"> \(chữ viết 7h30', read)
    assert "<b>" not in read


def test_text_that_cannot_be_read_is_refused_in_words(officer: TestClient) -> None:
    refused = officer.post("/parts/reading", json={"text": "a\x00b"})
    assert refused.status_code == 422
    assert refused.json()["code"] == "control_characters"
    assert "U+0000" in refused.json()["vi"]


def test_an_unknown_bulletin_is_said_on_the_page(officer: TestClient) -> None:
    page = officer.get("/?tin=nothere")
    assert page.status_code == 404
    assert "Không có bản tin này." in text_of(page.text)


def test_bulletins_are_found_by_any_word_with_or_without_accents(
    desk: Desk, officer: TestClient
) -> None:
    for text in ("Họp thôn tối nay ở Đăk Hà.", "Cấm đốt nương rẫy."):
        submit_bulletin(desk.office.database, Written({"vi": text}), "Y Hạnh", NOW)
    found = text_of(officer.get("/parts/bulletins?tim=dak ha").text)
    assert "Họp thôn" in found
    assert "Cấm đốt" not in found
    page = officer.get("/?tim=sốt rét").text
    assert "Không có bản tin nào có “sốt rét”." in page
    assert 'value="sốt rét"' in page


def test_what_is_lacking_is_one_list_with_the_next_step(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    bulletin = desk.office.approved()
    part = officer.get("/parts/lacks").text
    lacks = text_of(part)
    assert "“Thông báo tiêm chủng”: Chưa có bản tiếng" in lacks
    assert "cũng thiếu." in lacks
    assert f'href="/?tin={bulletin}&amp;tieng=' in part
    assert "Điền cụm từ" in lacks
    assert 'href="/thu-vien?tieng=' in part


def test_a_pasted_text_is_questioned_and_never_changed(officer: TestClient) -> None:
    read = {"text": "B[uh mơnuih ]ar gah t^ng plơi.", "language": "jra"}
    asked = officer.post("/parts/reading", json=read).text
    assert "Chữ này giống phông cũ." in text_of(asked)
    assert "B[uh → đổi thành Bƀuh" in text_of(asked)
    assert 'data-text="Bƀuh mơnuih čar' in asked
    strange = {"text": "Pơm kiơ đei kơ ƀôk xơnăm hơnăm kon pơlei, tơm ƀơngai."}
    assert "Đổi sang tiếng Ba Na" in text_of(officer.post("/parts/reading", json=strange).text)


def test_a_reading_that_changed_since_approval_is_flagged(
    desk: Desk, officer: TestClient, boxes: list[Box]
) -> None:
    bulletin = desk.office.approved(unit="dv-23500")
    flag = "Cách đọc đã đổi từ khi duyệt."
    assert flag not in officer.get(f"/?tin={bulletin}").text
    taught = {"unit": "dv-23500", "written": "Trạm Y tế", "spoken": "trạm xá"}
    assert officer.post("/api/v1/lexicon", json=taught).status_code == 201
    page = officer.get(f"/?tin={bulletin}").text
    assert flag in page
    assert "Trạm Y tế xã" in text_of(page.split('id="reading-vi"')[1])[:300]


def test_the_only_commune_needs_no_choice(desk: Desk, officer: TestClient) -> None:
    assert "Tin của" not in text_of(officer.get("/").text)
    desk.office.boxes(1)
    page = officer.get("/").text
    assert "Xã Đăk Hà" in page
    assert re.search(r'<option value="dv-00051" selected>', page)
