import pytest

from controller.operations.find_bulletins import find_bulletins
from controller.operations.review_bulletin import edit_bulletin
from controller.operations.submit_bulletin import Written, submit_bulletin
from tests.controller.office import NOW, Office


@pytest.fixture
def titles(office: Office) -> list[str]:
    for text in (
        "Tiêm chủng sởi tại Đăk Hà",
        "Nghỉ học ở Ia H’Drai",
        "Mất điện: xã Sơn Thuỷ hoà mạng lại lúc 7h, giảm 50% tiền",
    ):
        submit_bulletin(office.database, Written({"vi": text}), "Y Hạnh", NOW)
    return []


@pytest.mark.usefixtures("titles")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tiem chung", ["Tiêm chủng sởi tại Đăk Hà"]),
        ("ĐẮK HÀ tiêm", ["Tiêm chủng sởi tại Đăk Hà"]),
        ("hdrai", ["Nghỉ học ở Ia H’Drai"]),
        ("h'drai", ["Nghỉ học ở Ia H’Drai"]),
        ("Sơn Thủy hòa", ["Mất điện"]),
        ("son thuy tiem", []),
        ("50%", ["Mất điện"]),
        ("_", None),
        ("", None),
    ],
)
def test_bulletins_are_found_however_words_are_typed(
    office: Office, query: str, found: list[str] | None
) -> None:
    with office.database.read() as session:
        answered = [b.title for b in find_bulletins(session, query)]
    assert len(answered) == 3 if found is None else answered == found


def test_a_bulletin_is_found_by_its_newest_words_only(office: Office) -> None:
    draft = submit_bulletin(office.database, Written({"vi": "Mất điện"}), "Y Hạnh", NOW)
    edit_bulletin(office.database, draft.id, {"vi": "Có nước"}, "Y Hạnh", NOW, title="Nước sạch")
    with office.database.read() as session:
        assert find_bulletins(session, "dien") == []
        assert [b.id for b in find_bulletins(session, "nuoc sach")] == [draft.id]
