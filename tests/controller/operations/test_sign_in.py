from datetime import timedelta

import pytest
from sqlmodel import select

from controller.access import passwords
from controller.errors import SignInRefused
from controller.operations.sign_in import enrol_first_account, sign_in, sign_out, signed_in
from controller.storage import tables
from tests.controller.office import NOW, Office


def test_the_first_account_is_made_once_with_a_password_of_its_own(office: Office) -> None:
    made = enrol_first_account(office.database, NOW)

    assert made is not None
    assert enrol_first_account(office.database, NOW) is None
    with office.database.read() as session:
        (account,) = session.exec(select(tables.Account)).all()
    assert made[1] not in account.password_hash


def test_a_token_lets_in_until_it_ends_or_is_given_back(office: Office) -> None:
    made = enrol_first_account(office.database, NOW)
    assert made is not None
    token = sign_in(office.database, *made, NOW)
    who = signed_in(office.database, token, NOW)
    assert who is not None
    assert who.name == made[0]

    assert signed_in(office.database, token, NOW + timedelta(hours=13)) is None
    sign_out(office.database, token)
    assert signed_in(office.database, token, NOW) is None


def test_the_database_holds_no_token_that_could_be_used(office: Office) -> None:
    made = enrol_first_account(office.database, NOW)
    assert made is not None
    token = sign_in(office.database, *made, NOW)

    with office.database.read() as session:
        (kept,) = session.exec(select(tables.SignedIn)).all()
    assert token != kept.token_sha256


@pytest.mark.parametrize(("name", "password"), [("quantri", "wrong"), ("nobody", "wrong")])
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(
    office: Office, name: str, password: str
) -> None:
    enrol_first_account(office.database, NOW)

    with pytest.raises(SignInRefused) as refusal:
        sign_in(office.database, name, password, NOW)

    assert refusal.value.vi == "Tên hoặc mật khẩu không đúng."


def test_box_passwords_are_hashed_as_mosquitto_reads_them() -> None:
    password = passwords.new_box_password()
    hashed = passwords.hash_box_password(password)

    assert hashed.startswith("$7$101$")
    assert passwords.box_password_holds(password, hashed)
    assert not passwords.box_password_holds(password + "x", hashed)
    assert not passwords.box_password_holds(password, "nonsense")
