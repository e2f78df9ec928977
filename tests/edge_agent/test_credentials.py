"""The certificate of a box: when another is asked for, of whom, and what is taken for one."""

import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.fleet.certificates import open_ca
from edge_agent import tls
from edge_agent.clock import Reading
from edge_agent.contract.envelope import open_sealed
from edge_agent.contract.renewal import PATH, Renewal
from edge_agent.contract.state import ClockSource
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode
from edge_agent.credentials import CONTENT_MS, HASTE_MS, MOST_RETRY_MS, SPREAD_MS, Credentials
from edge_agent.link import Failure, LinkChanged, LinkState
from tests.edge_agent.office import DID
from tests.edge_agent.papers import ENDED, TODAY, Papers

T = TypeVar("T")
NOW_MS = int(TODAY.timestamp() * 1000)
DAY_MS = 86_400_000


class RenewalDesk:
    """An office by HTTPS that gives every wish the same answer."""

    def __init__(self, papers: Papers) -> None:
        self.answer = (201, b"")
        self.wishes: list[Renewal] = []
        self.papers = papers
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sealed = self.rfile.read(int(self.headers["Content-Length"]))
                public = papers.key.public_key()
                opened = open_sealed(sealed, kind=Kind.RENEWAL, key_for=lambda _kid: public)
                assert self.path == PATH
                outer.wishes.append(decode(opened.payload, Renewal))
                self.send_response(outer.answer[0])
                self.send_header("Content-Length", str(len(outer.answer[1])))
                self.end_headers()
                self.wfile.write(outer.answer[1])

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*papers.ca.server_files(("127.0.0.1",), TODAY))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def gives(self, did: str = DID, key: Ed25519PrivateKey | None = None) -> None:
        public = (key or self.papers.key).public_key()
        self.answer = (201, self.papers.ca.box_certificate(did, public, TODAY).pem.encode())

    def refuses(self, code: str) -> None:
        self.answer = (403, json.dumps({"code": code, "vi": "…", "en": "no"}).encode())

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Keeper:
    """The credentials of one box, whose errands are run at once."""

    def __init__(self, papers: Papers, *offices: str) -> None:
        self.tls = tls.Tls(papers.state)
        self.renewals = 0
        self.credentials = Credentials(
            DID,
            papers.key,
            papers.state,
            self.tls,
            offices=offices,
            send=self._send,
            renewed=self._count,
        )

    def _send(self, work: Callable[[], T], then: Callable[[T | OSError], None]) -> None:
        try:
            found: T | OSError = work()
        except OSError as e:
            found = e
        then(found)

    def _count(self) -> None:
        self.renewals += 1

    def look(self, at_ms: int, mono_ms: int, *, trusted: bool = True) -> str:
        """One look at `at_ms`; gives the trouble that is told."""
        source = ClockSource.NTP if trusted else ClockSource.UNTRUSTED
        now = Reading(at_ms, at_ms, 0, mono_ms, source, 0 if trusted else None)
        floor = self.tls.moment.least_ms
        self.tls.moment = tls.Moment.of(now, max(floor, min(at_ms, NOW_MS + 60 * DAY_MS)))
        self.credentials.look((), now)
        return self.credentials.trouble(now)

    def turned_away(self, failure: Failure = Failure.LOST) -> None:
        self.credentials.link_changed(LinkChanged(LinkState.BACKOFF, 0, failure))

    def let_in(self) -> None:
        self.credentials.link_changed(LinkChanged(LinkState.ONLINE, 1))


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


@pytest.fixture
def desk(papers: Papers) -> Iterator[RenewalDesk]:
    desk = RenewalDesk(papers)
    desk.gives()
    yield desk
    desk.close()


def test_at_two_thirds_of_its_life_another_is_asked_for_within_an_hour(
    papers: Papers, desk: RenewalDesk
) -> None:
    papers.issue(timedelta(days=30))
    keeper = Keeper(papers, desk.address)
    keeper.let_in()
    keeper.look(NOW_MS + 29 * DAY_MS, 0)
    keeper.look(NOW_MS + 29 * DAY_MS, SPREAD_MS)
    assert not desk.wishes
    due = NOW_MS + 31 * DAY_MS
    keeper.look(due, 2 * SPREAD_MS)
    assert keeper.look(due, 3 * SPREAD_MS) == ""
    assert [wish.did for wish in desk.wishes] == [DID]
    assert keeper.credentials.until_ms == pytest.approx(NOW_MS + 90 * DAY_MS, abs=DAY_MS)
    assert tls.certificate_until(papers.state) == keeper.credentials.until_ms
    assert keeper.renewals == 0, "a connection that stands stays"


@pytest.mark.parametrize("age", [ENDED, timedelta(days=500)])
def test_an_ended_one_is_renewed_at_once_by_a_box_without_a_clock(
    papers: Papers, desk: RenewalDesk, age: timedelta
) -> None:
    papers.issue(age)
    keeper = Keeper(papers, desk.address)
    # Its time floor is of the day when it last saw its office.
    keeper.tls.moment = tls.Moment(False, NOW_MS - round(age / timedelta(milliseconds=1)))
    keeper.look(0, 0, trusted=False)
    for _ in range(2):
        keeper.turned_away()
    assert keeper.look(0, 1, trusted=False) == "turned_away"
    keeper.look(0, 1 + HASTE_MS, trusted=False)
    assert desk.wishes == [Renewal(DID, 0)]
    assert keeper.renewals == 1
    assert tls.certificate_until(papers.state) == pytest.approx(NOW_MS + 90 * DAY_MS, abs=DAY_MS)


def test_a_network_that_is_not_there_is_no_reason_to_ask(papers: Papers, desk: RenewalDesk) -> None:
    keeper = Keeper(papers, desk.address)
    for mono in range(10):
        keeper.turned_away(Failure.UNREACHABLE)
        keeper.look(NOW_MS, mono * HASTE_MS)
    assert not desk.wishes


@pytest.mark.parametrize("code", ["certificate_revoked", "box_quarantined", "box_retired"])
def test_a_box_that_is_refused_by_name_says_so_and_asks_only_now_and_then(
    papers: Papers, desk: RenewalDesk, code: str
) -> None:
    desk.refuses(code)
    keeper = Keeper(papers, desk.address)
    for _ in range(2):
        keeper.turned_away()
    keeper.look(NOW_MS, 0)
    for minute in range(180):
        said = keeper.look(NOW_MS, HASTE_MS + minute * 60_000)
    assert said == code
    assert len(desk.wishes) == 1
    keeper.look(NOW_MS, HASTE_MS + MOST_RETRY_MS + 60_000)
    assert len(desk.wishes) == 2
    assert tls.read_papers(papers.state).did == DID


@pytest.mark.parametrize("what", ["other box", "other key", "other office", "html", "long", "busy"])
def test_what_is_no_certificate_for_this_box_changes_nothing(
    papers: Papers, desk: RenewalDesk, tmp_path: Path, what: str
) -> None:
    match what:
        case "other box":
            desk.gives(did="zzzzzz654321")
        case "other key":
            desk.gives(key=Ed25519PrivateKey.generate())
        case "other office":
            strange = open_ca(tmp_path / "strange", TODAY)
            desk.answer = (201, strange.box_certificate(DID, papers.key.public_key(), TODAY).pem.encode())  # fmt: skip # noqa: E501
        case "html":
            desk.answer = (201, b"<html>sign in to this hotel</html>")
        case "long":
            desk.answer = (201, b"x" * 100_000)
        case "busy":
            desk.answer = (503, b"")
    papers.issue(ENDED)
    before = tls.certificate_path(papers.state).read_bytes()
    keeper = Keeper(papers, desk.address)
    keeper.look(NOW_MS, 0)
    assert keeper.look(NOW_MS, HASTE_MS) == "ended"
    assert len(desk.wishes) == 1
    keeper.look(NOW_MS, HASTE_MS + 20_000)
    assert len(desk.wishes) == 1, "the next try waits"
    keeper.look(NOW_MS, HASTE_MS + 70_000)
    assert len(desk.wishes) == 2
    assert tls.certificate_path(papers.state).read_bytes() == before
    assert sorted(path.name for path in papers.state.iterdir()) == [
        "ca.pem", "certificate.pem", "device_key.pem"]  # fmt: skip


def test_an_office_that_cannot_prove_itself_is_told_nothing(papers: Papers, tmp_path: Path) -> None:
    strange = RenewalDesk(Papers(tmp_path / "other"))
    try:
        keeper = Keeper(papers, strange.address)
        papers.issue(ENDED)
        keeper.look(NOW_MS, 0)
        keeper.look(NOW_MS, HASTE_MS)
        assert not strange.wishes
    finally:
        strange.close()


def test_the_next_office_is_asked_when_the_first_is_away(papers: Papers, desk: RenewalDesk) -> None:
    papers.issue(ENDED)
    keeper = Keeper(papers, "https://127.0.0.1:9", "ftp://nonsense", desk.address)
    keeper.look(NOW_MS, 0)
    assert keeper.look(NOW_MS, HASTE_MS) == ""
    assert len(desk.wishes) == 1


def test_a_clock_that_is_years_ahead_does_not_make_it_ask_for_ever(
    papers: Papers, desk: RenewalDesk
) -> None:
    keeper = Keeper(papers, desk.address)
    ahead = NOW_MS + 4_000 * DAY_MS
    for _ in range(tls.MOST_DISTRUST):
        keeper.tls.distrusted()
    for minute in range(150):
        keeper.look(ahead, minute * 60_000)
    assert 1 <= len(desk.wishes) <= 1 + 150 * 60_000 // CONTENT_MS


def test_a_certificate_that_rots_on_the_card_is_asked_for_anew(
    papers: Papers, desk: RenewalDesk
) -> None:
    tls.certificate_path(papers.state).write_bytes(b"\0" * 500)
    keeper = Keeper(papers, desk.address)
    assert keeper.look(0, 0, trusted=False) == "unreadable"
    assert keeper.look(0, HASTE_MS, trusted=False) == ""
    assert tls.read_papers(papers.state).did == DID
