"""Who tries to sign in: counted, and never more at once than the machine bears."""

from contextlib import ExitStack

import pytest

from controller.doors import AT_ONCE, TRIES_OF_AN_ADDRESS, Doorkeeper
from controller.errors import SignInRefused

WRONG = SignInRefused("sign_in_refused", "sai", "wrong")


def test_no_crowd_of_strangers_makes_the_office_hash_more_passwords_than_it_can() -> None:
    doorkeeper = Doorkeeper()
    with ExitStack() as inside:
        for n in range(AT_ONCE):
            inside.enter_context(doorkeeper.watching("quantri", f"192.0.2.{n}"))
        with pytest.raises(SignInRefused) as refused, doorkeeper.watching("ai", "192.0.2.9"):
            pytest.fail("it was let in")
    assert refused.value.code == "too_many_tries"
    with doorkeeper.watching("ai", "192.0.2.9"):
        pass


def test_only_a_refused_try_is_counted_and_each_once() -> None:
    doorkeeper = Doorkeeper()
    codes = []
    for _ in range(TRIES_OF_AN_ADDRESS.amount + 2):
        with doorkeeper.watching("quantri", "192.0.2.1"):
            pass
    for _ in range(TRIES_OF_AN_ADDRESS.amount + 2):
        try:
            with doorkeeper.watching("quantri", "192.0.2.2"):
                raise WRONG
        except SignInRefused as e:
            codes.append(e.code)
    assert codes == ["sign_in_refused"] * TRIES_OF_AN_ADDRESS.amount + ["too_many_tries"] * 2
