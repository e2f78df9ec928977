import pytest

from controller.errors import UnknownVillage
from controller.operations.find_village import find_village
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
