import pytest

from controller.errors import UnknownVillage
from controller.operations.find_village import bare, find_village, villages
from tests.controller.office import Office


@pytest.mark.parametrize(
    "asked",
    [
        "thon-23455-1",
        "Xã Măng Bút/Thôn 1",
        "Măng Bút/Thôn 1",
        "mang but / thon 1",
        "MANG  BUT/1",
    ],
)
def test_a_village_is_found_by_id_or_by_commune_and_name(office: Office, asked: str) -> None:
    office.boxes(3)

    with office.database.read() as session:
        assert find_village(session, asked).id == "thon-23455-1"


def test_an_unclear_name_lists_the_candidates(office: Office) -> None:
    office.boxes(3)

    with office.database.read() as session, pytest.raises(UnknownVillage) as refusal:
        find_village(session, "thôn 1")

    assert set(refusal.value.candidates) == {
        "Xã Đăk Hà/Thôn 1",
        "Xã Măng Bút/Thôn 1",
        "Xã Sa Bình/Thôn 1",
    }
    assert "Xã Sa Bình/Thôn 1" in refusal.value.vi


def test_a_name_that_nobody_has_says_so(office: Office) -> None:
    office.boxes(1)

    with office.database.read() as session, pytest.raises(UnknownVillage) as refusal:
        find_village(session, "Atlantis")

    assert refusal.value.candidates == ()


@pytest.mark.parametrize("typed", ["ia hdrai", "Ia H’Drai", "xã ia h'drai", "IA  H‘DRAI"])
def test_a_name_is_the_same_with_any_apostrophe_or_none(typed: str) -> None:
    assert bare(typed) == bare("Xã Ia H'Drai")


def test_villages_stand_as_in_a_vietnamese_word_list(office: Office) -> None:
    office.boxes(30)
    with office.database.read() as session:
        names = [v.path for v in villages(session)]
    assert names[:3] == ["Xã Đăk Hà/Thôn 1", "Xã Đăk Hà/Thôn 2", "Xã Đăk Hà/Thôn 3"]
    assert names[8:11] == ["Xã Đăk Hà/Thôn 9", "Xã Đăk Hà/Thôn 10", "Xã Măng Bút/Thôn 1"]


def test_the_commune_may_be_named_by_its_official_code(office: Office) -> None:
    office.boxes(3)
    with office.database.read() as session:
        assert find_village(session, "23500/Thôn 1").path == "Xã Đăk Hà/Thôn 1"


def test_by_its_id_a_village_is_found_as_among_all(office: Office) -> None:
    office.boxes(4)
    with office.database.read() as session:
        assert [find_village(session, v.id) for v in villages(session)] == villages(session)
