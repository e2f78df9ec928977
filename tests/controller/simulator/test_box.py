"""One simulated box in conversation with a controller's keys: what it obeys, and what it says."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Raw

from controller.fleet.authority import Authority
from controller.simulator.box import PROVE_MS, RESEND_MS, Box, Outgoing
from controller.simulator.counts import Counts
from controller.simulator.pairing import pair
from edge_agent.contract import envelope, topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.commands import Command, CommandAck, Play, Stop
from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import Asset, Enter, Leave, Manifest, Rank
from edge_agent.contract.report import PlaybackEvent, Report
from edge_agent.contract.state import Hello, Proof, State
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode, encode

NOW = 1_790_000_000_000
DID = "abcdefghjkmn"
UNITS = ("thon-1", "dv-51")
SOUND_MS = 3_000
PLAY = Play(
    asset=Asset("a" * 64, 9_000, SOUND_MS),
    rank=Rank.PROGRAMME,
    enter=Enter.CUT,
    leave=Leave.DROP,
    gain_db=0.0,
    max_play_ms=SOUND_MS,
    title="Tiêm chủng",
    language="vi",
)


class Village:
    """A box, the authority over it, and what it has said so far."""

    def __init__(self) -> None:
        self.authority = Authority(Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate())
        self.key = Ed25519PrivateKey.generate()
        placement = self.authority.place(DID, UNITS, 1).decode()
        self.counts = Counts()
        pairing = pair(self.key, "hush", self.authority.root_public, placement)
        self.box = Box(pairing, self.counts, boot=1)
        self.said: list[Outgoing] = self.box.connected(NOW)
        self.hear(topics.CONTROLLER_KEYS, self.authority.key_set(NOW, NOW, ("dv-51",)))

    def hear(self, topic: str, payload: bytes, at_ms: int = NOW) -> None:
        self.said += self.box.receive(topic, payload, at_ms)

    def order(
        self,
        body: Play | Stop = PLAY,
        *,
        name: str = "c1",
        issued: int = NOW,
        life_ms: int = 60_000,
    ) -> bytes:
        kind = "play" if isinstance(body, Play) else "stop"
        command = Command(name, kind, "dv-51", issued, issued + life_ms, Raw(encode(body)))
        return self.authority.sign(command, Kind.COMMAND)

    def wait_until(self, at_ms: int) -> None:
        while (due := self.box.due_ms) <= at_ms:
            self.said += self.box.tick(due)

    def steps(self) -> list[str]:
        payloads = [o.payload for o in self.said if o.topic == topics.up(DID, "ack")]
        return [decode(payload, CommandAck).status.value for payload in payloads]

    def events(self) -> list[PlaybackEvent]:
        """All events in the reports, verified with the box's key."""
        found = []
        for out in self.said:
            if out.topic == topics.up(DID, "report"):
                opened = envelope.open_sealed(
                    out.payload, kind=Kind.REPORT, key_for=lambda _: self.key.public_key()
                )
                report = decode(opened.payload, Report)
                found += [decode(bytes(raw), PlaybackEvent) for raw in report.events]
        return found

    def acknowledge(self, upto: int, spool: str | None = None) -> None:
        receipt = ReportAck(spool or self.box.spool.id, upto)
        self.hear(topics.down(DID, "ack"), self.authority.sign(receipt, Kind.ACK))


@pytest.fixture
def village() -> Village:
    return Village()


def test_a_box_says_birth_and_hello_when_it_connects(village: Village) -> None:
    birth, hello = village.said[0], village.said[1]

    assert (birth.topic, birth.retain) == (topics.up(DID, "state"), True)
    assert decode(birth.payload, State) == State(1, 1, True)
    assert decode(hello.payload, Hello).spool.id == village.box.spool.id
    assert decode(village.box.will.payload, State) == State(1, 2, False)


def test_an_order_is_played_to_its_end_and_reported(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + SOUND_MS)

    assert village.steps() == ["received", "accepted", "started", "done"]
    assert [(e.seq, e.kind.value, e.played_ms) for e in village.events()] == [
        (1, "started", 0),
        (2, "ended", SOUND_MS),
    ]


def test_a_stop_cuts_what_sounds_and_says_how_much_was_heard(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    stop = village.order(Stop(), name="c2", issued=NOW + 1_000)
    village.hear(topics.group_command("dv-51"), stop, NOW + 1_000)
    village.wait_until(NOW + 10_000)

    assert [(e.kind.value, e.played_ms) for e in village.events()] == [
        ("started", 0),
        ("cut", 1000),
    ]
    assert not village.box.on_air


def test_of_two_orders_the_second_waits_its_turn(village: Village) -> None:
    for name in ("c1", "c2"):
        village.hear(topics.group_command("dv-51"), village.order(name=name))
    village.wait_until(NOW + 3 * SOUND_MS)

    assert [(e.kind.value, e.cue) for e in village.events()] == [
        ("started", "c1"),
        ("ended", "c1"),
        ("started", "c2"),
        ("ended", "c2"),
    ]


def test_the_same_order_twice_is_played_once_and_answered_again(village: Village) -> None:
    order = village.order()
    village.hear(topics.group_command("dv-51"), order)
    village.hear(topics.group_command("dv-51"), order)

    assert len(village.events()) == 1
    assert village.steps() == ["received", "accepted", "started", "started"]
    assert village.counts.dropped == {"replayed_id": 1}


def test_an_order_to_its_unit_may_be_resent_to_the_box_alone(village: Village) -> None:
    village.hear(topics.down(DID, "cmd"), village.order())

    assert [e.kind.value for e in village.events()] == ["started"]


def test_what_is_forged_late_or_not_for_this_box_is_not_obeyed(village: Village) -> None:
    stranger = Authority(village.authority.root, Ed25519PrivateKey.generate())
    forged = stranger.sign(
        Command("c9", "play", "dv-51", NOW, NOW + 1, Raw(encode(PLAY))), Kind.COMMAND
    )
    village.hear(topics.group_command("dv-51"), forged)
    village.hear(topics.group_command("dv-51"), b"{}")
    village.hear(topics.group_command("thon-1"), village.order())
    village.hear(topics.down("zzzzzzzzzzzz", "cmd"), village.order())
    village.hear(topics.group_command("dv-51"), village.order(name="late"), NOW + 600_000)

    assert village.events() == []
    assert village.counts.dropped == {
        "untrusted": 2,
        "wrong_audience": 1,
        "unknown_topic": 1,
    }
    assert village.steps() == ["received", "refused"]


def test_reports_are_sent_again_until_they_are_acknowledged(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + SOUND_MS + 2 * RESEND_MS)
    assert village.counts.reports_again > 0

    village.acknowledge(1)
    village.acknowledge(2, "another-spool")
    assert (village.box.spool.acknowledged, village.counts.acknowledged) == (1, 1)
    village.acknowledge(2)
    said = len(village.events())
    village.wait_until(NOW + 10 * RESEND_MS)

    assert len(village.events()) == said
    assert village.counts.acknowledged == 2


def test_a_new_connection_says_everything_unacknowledged_once_more(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + SOUND_MS)
    village.said.clear()
    village.said += village.box.connected(NOW + 5_000)

    assert [e.seq for e in village.events()] == [1, 2]


def test_a_box_proves_under_its_own_key_and_names_nothing_that_it_does_not_hold(
    village: Village,
) -> None:
    manifest = Manifest("b" * 64, NOW, NOW + 86_400_000, ())
    word = Desired(DID, 7, NOW, manifest, (), (), (), empty_because="chưa có chương trình")
    village.hear(topics.down(DID, "desired"), village.authority.sign(word, Kind.DESIRED))
    village.wait_until(NOW + PROVE_MS)

    sealed = [out.payload for out in village.said if out.topic == topics.up(DID, "ready")]
    opened = [
        envelope.open_sealed(each, kind=Kind.PROOF, key_for=lambda _: village.key.public_key())
        for each in sealed
    ]
    proofs = [decode(each.payload, Proof) for each in opened]
    assert [(p.desired, p.at, p.held) for p in proofs] == [(7, NOW, ()), (7, NOW + PROVE_MS, ())]
