"""What a person at the command line reads when no controller answers."""

import socket

import pytest

from controller.cli.api_client import Api
from controller.errors import ControllerError


@pytest.fixture
def nobody() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def test_a_controller_that_does_not_run_is_named_with_what_to_do(nobody: str) -> None:
    with pytest.raises(ControllerError) as refused:
        Api(nobody).sign_in("quantri", "x")

    assert refused.value.code == "no_controller"
    assert nobody in refused.value.vi
    assert "loalang serve" in refused.value.vi
    assert "urlopen" not in refused.value.en


@pytest.mark.parametrize("address", ["127.0.0.1:8077", "loa lang", "http://[::1"])
def test_an_address_that_is_none_is_refused_in_words(address: str) -> None:
    with pytest.raises(ControllerError) as refused:
        Api(address).get("/lacks")

    assert refused.value.code == "no_controller"
