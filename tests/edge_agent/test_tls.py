"""Whom a box believes: its office's authority alone, with a clock or without one."""

import socket
import ssl
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.fleet.certificates import open_ca
from edge_agent import tls
from edge_agent.clock import Reading
from edge_agent.contract.state import ClockSource
from edge_agent.link import Birth, Failure, Inbound, Link, LinkChanged, LinkState
from edge_agent.settings import BrokerAddress
from tests.edge_agent.office import DID
from tests.edge_agent.papers import ENDED, TODAY, Papers, https_server

NOW_MS = int(TODAY.timestamp() * 1000)
DAY_MS = 86_400_000


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


def greet(port: int, context: ssl.SSLContext, name: str = "127.0.0.1") -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), 5)
    return context.wrap_socket(plain, server_hostname=name)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_server_in_time_is_believed_with_and_without_a_clock(
    papers: Papers, trusted: bool
) -> None:
    ca_file = str(tls.ca_path(papers.state))
    with https_server(papers.ca) as port:
        greet(port, tls.context(ca_file, trusted=trusted)).close()


def test_only_the_dates_are_left_aside_without_a_clock(papers: Papers, tmp_path: Path) -> None:
    ca_file = str(tls.ca_path(papers.state))
    with https_server(papers.ca, age=timedelta(days=500)) as port:
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            greet(port, tls.context(ca_file, trusted=True))
        greet(port, tls.context(ca_file, trusted=False)).close()
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            greet(port, tls.context(ca_file, trusted=False), "192.0.2.1")
    with https_server(open_ca(tmp_path / "strange", TODAY)) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(port, tls.context(ca_file, trusted=False))
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(port, tls.context(trusted=False))


def test_a_server_that_ended_before_the_time_floor_is_refused_whatever_the_clock(
    papers: Papers,
) -> None:
    context = tls.context(str(tls.ca_path(papers.state)), trusted=False)
    with https_server(papers.ca, age=timedelta(days=500)) as port, greet(port, context) as met:
        tls.refuse_outlived(met, NOW_MS - 104 * DAY_MS)
        with pytest.raises(tls.Outlived):
            tls.refuse_outlived(met, NOW_MS - 102 * DAY_MS)


def test_a_box_is_no_server_and_cannot_stand_for_its_office(papers: Papers) -> None:
    """A stolen card holds a certificate of the same authority."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tls.certificate_path(papers.state), tls.key_path(papers.state))
    client = tls.context(str(tls.ca_path(papers.state)), trusted=False)
    client.check_hostname = False
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        here.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        there.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        here.do_handshake()


@pytest.mark.parametrize("age", [timedelta(0), ENDED, timedelta(days=500)])
def test_a_box_reads_its_own_certificate_whatever_the_time_is(
    papers: Papers, age: timedelta
) -> None:
    papers.issue(age)
    found = tls.read_papers(papers.state)
    assert found.did == DID
    begun_ms = NOW_MS - round(age / timedelta(milliseconds=1))
    assert found.not_after_ms == pytest.approx(begun_ms + 90 * DAY_MS, abs=1_000)
    assert found.renew_from_ms == pytest.approx(begun_ms + 60 * DAY_MS, abs=DAY_MS // 12)


@pytest.mark.parametrize("wrong", ["other key", "other authority", "a server's", "cut", "none"])
def test_what_is_not_its_own_is_no_certificate(papers: Papers, tmp_path: Path, wrong: str) -> None:
    path = tls.certificate_path(papers.state)
    match wrong:
        case "other key":
            other = Ed25519PrivateKey.generate().public_key()
            path.write_text(papers.ca.box_certificate(DID, other, TODAY).pem)
        case "other authority":
            strange = open_ca(tmp_path / "strange", TODAY)
            path.write_text(strange.box_certificate(DID, papers.key.public_key(), TODAY).pem)
        case "a server's":
            path.write_bytes(papers.ca.server_files(("127.0.0.1",), TODAY)[0].read_bytes())
        case "cut":
            path.write_text(path.read_text()[:200])
        case "none":
            path.unlink()
    assert tls.certificate_until(papers.state) is None


def reading(source: ClockSource, *, offset_ms: int = 0, error_ms: int | None = 0) -> Reading:
    system = NOW_MS - offset_ms
    return Reading(NOW_MS, system, offset_ms, 0, source, error_ms)


def test_openssl_is_asked_for_dates_only_where_the_systems_own_clock_is_right() -> None:
    floor = NOW_MS - 10 * DAY_MS
    by_answers = reading(ClockSource.CONTROLLER, offset_ms=20_000 * DAY_MS)
    assert tls.Moment.of(reading(ClockSource.NTP), floor) == tls.Moment(True, floor)
    assert tls.Moment.of(by_answers, floor) == tls.Moment(False, floor)
    nobody = reading(ClockSource.UNTRUSTED, error_ms=None)
    assert tls.Moment.of(nobody, floor) == tls.Moment(False, floor)


def test_a_clock_that_says_three_times_that_all_is_out_of_time_is_asked_no_more(
    papers: Papers,
) -> None:
    """An RTC that was set ten years ahead must not lock a box out of the office that mends it."""
    box = tls.Tls(papers.state)
    box.moment = tls.Moment(True, NOW_MS)
    refused = 0
    with https_server(papers.ca, age=timedelta(days=500)) as port:
        while refused < 10:
            try:
                greet(port, box.for_office()).close()
                break
            except ssl.SSLCertVerificationError:
                refused += 1
                box.distrusted()
    assert refused == tls.MOST_DISTRUST
    box.believed()
    assert not box.for_office().verify_flags & tls.NO_CHECK_TIME


def test_a_paired_box_believes_for_its_office_the_pinned_authority_alone(papers: Papers) -> None:
    box = tls.Tls(papers.state)
    box.office_hosts = frozenset({"127.0.0.1"})
    pinned = tls.context(str(tls.ca_path(papers.state)), trusted=False).get_ca_certs()
    for context in (
        box.for_office(),
        box.for_source("127.0.0.1"),
        box.for_broker(str(tls.ca_path(papers.state))),
    ):
        assert context.get_ca_certs() == pinned
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    assert box.for_source("cdn.test").get_ca_certs() != pinned


@pytest.mark.parametrize(("days_ago", "failure"), [(102, Failure.UNTRUSTED), (104, Failure.LOST)])
def test_the_link_says_nothing_to_a_broker_that_ended_before_the_time_floor(
    papers: Papers, days_ago: int, failure: Failure
) -> None:
    heard: SimpleQueue[Inbound | LinkChanged] = SimpleQueue()
    box = tls.Tls(papers.state, NOW_MS - days_ago * DAY_MS)
    with https_server(papers.ca, age=timedelta(days=500)) as port:
        broker = BrokerAddress(f"mqtts://127.0.0.1:{port}", ca_file="papers")
        birth = Birth(1, "birth", b"", b"", ())
        link = Link(DID, (broker,), birth=lambda: birth, emit=heard.put, tls=box)
        link.start()
        changes = [heard.get(timeout=10) for _ in range(2)]
        link.close()
    assert [(c.state, c.failure) for c in changes if isinstance(c, LinkChanged)] == [
        (LinkState.CONNECTING, None),
        (LinkState.BACKOFF, failure),
    ]
