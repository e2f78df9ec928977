"""The way that the faults harm does what it is told: whole, cut, parted, half a message."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.edge_agent.real_parts import wait_for
from tests.faults.proxy import Proxy


class Echo:
    """A server that gives back what it gets; `gone` says that its caller is."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.got = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self._listening, self._listening.accept()[0] as caller:
            try:
                while data := caller.recv(4_096):
                    self.got += data
                    caller.sendall(data)
            except OSError:
                pass
            self.gone.set()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with closing(Proxy(echo.port)) as made:
        yield made


def called(proxy: Proxy) -> socket.socket:
    caller = socket.create_connection(("127.0.0.1", proxy.port), 5)
    caller.settimeout(5)
    caller.sendall(b"one")
    assert caller.recv(10) == b"one"
    return caller


def is_broken(caller: socket.socket) -> bool:
    try:
        return caller.recv(10) == b""
    except ConnectionError:
        return True


def test_who_hangs_up_is_missed(echo: Echo, proxy: Proxy) -> None:
    called(proxy).close()
    assert echo.gone.wait(5)


def test_a_cut_is_felt_at_both_ends_and_by_who_calls_again(echo: Echo, proxy: Proxy) -> None:
    with called(proxy) as caller:
        proxy.cut()
        assert is_broken(caller)
    assert echo.gone.wait(5)
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as again:
        assert is_broken(again)


def test_a_server_does_not_hear_that_its_caller_was_parted(echo: Echo, proxy: Proxy) -> None:
    with called(proxy) as caller:
        proxy.part()
        assert is_broken(caller)
        assert not echo.gone.wait(0.2)
        proxy.cut()
        assert echo.gone.wait(5)


def test_half_a_message_arrives_and_the_rest_when_the_way_is_mended(
    echo: Echo, proxy: Proxy
) -> None:
    with called(proxy) as caller:
        proxy.stall_after(2)
        caller.sendall(b"half")
        assert proxy.reached.wait(5)
        wait_for(lambda: echo.got == b"oneha", "half of it")
        proxy.mend()
        wait_for(lambda: echo.got == b"onehalf", "the rest")
