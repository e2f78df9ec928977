import pytest
from sqlmodel import select

from audio_library.errors import AudioLibraryError
from controller.errors import ControllerError
from controller.operations.add_account import add_account
from controller.operations.sign_in import enrol_first_account, sign_in, signed_in
from controller.storage import tables
from tests.controller.office import NOW, Office


def test_a_second_person_signs_in_under_a_name_of_their_own(office: Office) -> None:
    enrol_first_account(office.database, NOW)

    name, password = add_account(office.database, "  Y  Bia ", "quantri", NOW)

    who = signed_in(office.database, sign_in(office.database, name, password, NOW), NOW)
    assert who is not None
    assert who.name == "Y Bia"
    with office.database.read() as session:
        hashes = [account.password_hash for account in session.exec(select(tables.Account))]
    assert not any(password in hashed for hashed in hashes)


def test_one_person_cannot_become_two(office: Office) -> None:
    enrol_first_account(office.database, NOW)
    add_account(office.database, "Y Bia", "quantri", NOW)

    with pytest.raises(ControllerError) as refusal:
        add_account(office.database, "Y Bia hai", "Y Bia", NOW)

    assert refusal.value.code == "not_administrator"


@pytest.mark.parametrize(
    ("name", "code"),
    [("QUANTRI", "name_taken"), ("a" * 61, "name_too_long"), (" ", "empty_text")],
)
def test_a_name_that_cannot_be_used_is_refused_and_nothing_kept(
    office: Office, name: str, code: str
) -> None:
    enrol_first_account(office.database, NOW)

    with pytest.raises((ControllerError, AudioLibraryError)) as refusal:
        add_account(office.database, name, "quantri", NOW)

    assert refusal.value.code == code
    with office.database.read() as session:
        assert len(session.exec(select(tables.Account)).all()) == 1
