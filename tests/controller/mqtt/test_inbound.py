"""Messages that are not what they claim: dropped, counted, logged; the next one is heard."""

import asyncio
import json
from collections.abc import Awaitable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from structlog.testing import capture_logs

from controller.mqtt.inbound import Inbound
from controller.operations.alert_steps import SealedStep
from controller.operations.observations import Observations
from controller.operations.observe_devices import Observation
from controller.operations.read_reports import DROPPED, SealedReport, read_reports
from controller.operations.record_playback import Received
from edge_agent.contract import envelope, topics
from edge_agent.contract.report import Report
from edge_agent.contract.state import State
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.controller.operations.test_record_playback import full_play

DID = "abcdefgh2345"
OTHER = "zzzzzzzz2345"
KEYS = {DID: Ed25519PrivateKey.generate(), OTHER: Ed25519PrivateKey.generate()}


class Enrolled:
    def public_key(self, device_id: str) -> Ed25519PublicKey | None:
        key = KEYS.get(device_id)
        return key.public_key() if key else None


class Heard:
    """An inbound side whose queues can be looked into."""

    def __init__(self) -> None:
        self.reports: list[Received] = []
        self.observations = Observations()
        self.times: list[tuple[str, str]] = []
        self.alert_steps: asyncio.Queue[SealedStep] = asyncio.Queue()
        self._sealed: asyncio.Queue[SealedReport] = asyncio.Queue()
        self._inbound = Inbound(
            Enrolled(), self._sealed, self.observations, self.alert_steps, self._time
        )

    def _time(self, device: str, nonce: str) -> None:
        self.times.append((device, nonce))

    def hear(self, topic: str, payload: bytes) -> list[str]:
        """Receive and read one message; gives the reasons with which anything was dropped."""

        async def run(receive: Awaitable[None]) -> None:
            await receive

        with capture_logs() as logs:
            asyncio.run(run(self._inbound.receive(topic, payload)))
            while not self._sealed.empty():
                self.reports += read_reports([self._sealed.get_nowait()])
        return [entry["reason"] for entry in logs if entry["event"] == "message_dropped"]


def report(did: str = DID, *, signer: str | None = None, events: bytes | None = None) -> bytes:
    body = encode(Report("s1", tuple(msgspec.Raw(encode(e)) for e in full_play(1, "p1"))))
    key = KEYS[signer or did]
    return envelope.seal(events or body, kind=Kind.REPORT, kid=signer or did, key=key)


def test_a_true_report_is_handed_on_whole() -> None:
    heard = Heard()

    assert heard.hear(topics.up(DID, "report"), report()) == []

    (received,) = heard.reports
    assert (received.device_id, received.spool, len(received.events)) == (DID, "s1", 2)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("loa/v1/d/ABC/up/report", report(), "unknown topic"),
        ("loa/v1/x", b"{}", "unknown topic"),
        (topics.up(DID, "report"), b'{"spool":"s1","events":[]}', "untrusted"),
        (topics.up(DID, "report"), report(signer=OTHER), "untrusted"),
        (topics.up(OTHER, "report"), report(DID), "untrusted"),
        (topics.up(DID, "report"), report()[:-4] + b"AAAA", "untrusted"),
        (topics.up("nobody234567", "report"), report(), "untrusted"),
        (topics.up(DID, "report"), report(events=b"\xff\xfe"), "unreadable"),
        (topics.up(DID, "report"), report(events=b"[" * 100_000), "unreadable"),
        (topics.up(DID, "hello"), b"not json", "unreadable"),
        (topics.up(DID, "hello"), b"{}", "unreadable"),
        (topics.up(DID, "state"), b'{"boot":-1,"conn":1,"online":true}', "unreadable"),
        (topics.up(DID, "tele"), b"x" * 300_000, "too large"),
    ],
)
def test_what_is_not_true_is_dropped_counted_and_logged(
    topic: str, payload: bytes, reason: str
) -> None:
    heard = Heard()
    before = DROPPED.labels(reason)._value.get()

    assert heard.hear(topic, payload) == [reason]

    assert DROPPED.labels(reason)._value.get() == before + 1
    assert heard.reports == []
    assert not len(heard.observations)


def test_one_bad_event_is_set_aside_with_its_number() -> None:
    good = [json.loads(encode(e)) for e in full_play(1, "p1")]
    body = {"spool": "s1", "events": [good[0], {"seq": 2, "kind": "danced"}, {"no": "number"}]}
    heard = Heard()

    heard.hear(topics.up(DID, "report"), report(events=json.dumps(body).encode()))

    (received,) = heard.reports
    assert [e.seq for e in received.events] == [1]
    assert [b.seq for b in received.bad] == [2]


def test_a_cleared_retained_state_is_not_an_error() -> None:
    assert Heard().hear(topics.up(DID, "state"), b"") == []


def test_birth_is_observed_and_time_is_answered() -> None:
    heard = Heard()

    heard.hear(topics.up(DID, "state"), encode(State(1, 1, True)))
    heard.hear(topics.up(DID, "time"), b'{"nonce":"n1"}')

    assert heard.observations.take_now() == [Observation(DID, State(1, 1, True))]
    assert heard.times == [(DID, "n1")]


def test_a_report_without_room_is_dropped_for_its_box_to_say_again_and_holds_up_nothing() -> None:
    observations, reports = Observations(), asyncio.Queue[SealedReport](1)
    inbound = Inbound(Enrolled(), reports, observations, asyncio.Queue(), lambda box, nonce: None)

    async def run() -> None:
        for topic, payload in (
            (topics.up(DID, "report"), b"first"),
            (topics.up(DID, "report"), b"second"),
            (topics.up(DID, "state"), encode(State(1, 1, True))),
        ):
            await asyncio.wait_for(inbound.receive(topic, payload), 1)

    with capture_logs() as logs:
        asyncio.run(run())

    assert reports.get_nowait().payload == b"first"
    assert [entry["reason"] for entry in logs] == ["busy"]
    assert len(observations) == 1
