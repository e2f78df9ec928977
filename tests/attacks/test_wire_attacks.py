"""Who may not speak is heard by nobody: small counts of what `make attacks` does by number."""

from pathlib import Path

import pytest

from tests.attacks import wire_attacks


@pytest.mark.needs("mosquitto")
def test_a_flood_of_forged_messages_sounds_nothing_and_holds_up_nothing(tmp_path: Path) -> None:
    attempt = wire_attacks.forged_messages(tmp_path, messages=1_600, seed=3)
    assert attempt.repelled, attempt


@pytest.mark.needs("mosquitto")
def test_another_communes_key_orders_nothing_here(tmp_path: Path) -> None:
    attempt = wire_attacks.other_commune(tmp_path)
    assert attempt.repelled, attempt


@pytest.mark.needs("mosquitto", "faketime")
def test_what_was_said_once_is_not_obeyed_again(tmp_path: Path) -> None:
    attempt = wire_attacks.replay(tmp_path, seed=3)
    assert attempt.repelled, attempt


@pytest.mark.needs("mosquitto")
def test_two_controllers_of_one_key_are_obeyed_once_each(tmp_path: Path) -> None:
    attempt = wire_attacks.two_controllers(tmp_path, commands=160, cuts=1, seed=11)
    assert attempt.repelled, attempt


@pytest.mark.needs("mosquitto")
@pytest.mark.timeout(120)
def test_a_server_that_was_replaced_puts_nothing_on_air(tmp_path: Path) -> None:
    attempt = wire_attacks.replaced_server(tmp_path)
    assert attempt.repelled, attempt
