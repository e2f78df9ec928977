"""One simulated box in conversation with a controller's keys: what it obeys, and what it says."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Raw

from controller.fleet.authority import open_authority
from controller.fleet.plan import day_page, whole_plan
from controller.simulator.box import Box, Wish
from controller.simulator.counts import Counts
from controller.simulator.faults import Fault, FaultKind
from controller.simulator.pairing import pair
from controller.simulator.uplink import RESEND_MS, Outgoing
from edge_agent.contract import envelope, topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import Alert, AlertList, Severity, Spoken
from edge_agent.contract.commands import Command, CommandAck, Play, Stop, TestTone, Volume
from edge_agent.contract.desired import Desired, Maintenance, ReportPolicy
from edge_agent.contract.manifest import Asset, Cue, DayPage, Enter, Leave, Rank
from edge_agent.contract.report import PlaybackEvent, Report
from edge_agent.contract.state import Hello, Proof, State, Telemetry, TimeAnswer, TimeRequest
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


CUE = Cue(
    id="cue-1",
    asset=Asset("c" * 64, 30_000, 10_000),
    start=NOW + 60_000,
    latest_start=NOW + 180_000,
    latest_end=NOW + 400_000,
    valid_until=NOW + 400_000,
    rank=Rank.PROGRAMME,
    enter=Enter.CUT,
    leave=Leave.RESUME,
    gain_db=-3.0,
    title="Bản tin sáng",
    language="vi",
)
MINUTE = 60_000


class Village:
    """A box, the authority over it, and what it has said so far."""

    def __init__(self, folder: Path) -> None:
        self.authority = open_authority(folder / "keys", datetime.fromtimestamp(NOW / 1000, UTC))
        self.key = Ed25519PrivateKey.generate()
        placement = self.authority.place(DID, UNITS, 1).decode()
        self.counts = Counts()
        pairing = pair(self.key, "hush", self.authority.root_public, placement)
        self.box = Box(pairing, self.counts, boot=1, started_ms=NOW)
        self.said: list[Outgoing] = self.box.connected(NOW)
        self.hear(topics.CONTROLLER_KEYS, self.authority.key_set(NOW, ("dv-51",)))

    def hear(self, topic: str, payload: bytes, at_ms: int = NOW) -> None:
        self.said += self.box.receive(topic, payload, at_ms)

    def order(
        self,
        body: Play | Stop | Volume | TestTone = PLAY,
        *,
        name: str = "c1",
        issued: int = NOW,
        life_ms: int = 60_000,
    ) -> bytes:
        kinds = {Play: "play", Stop: "stop", Volume: "volume", TestTone: "test_tone"}
        kind = kinds[type(body)]
        command = Command(name, kind, "dv-51", issued, issued + life_ms, Raw(encode(body)))
        return self.authority.sign(command, Kind.COMMAND)

    def plan(self, *cues: Cue, serial: int = 7, at_ms: int = NOW, **word: object) -> list[Wish]:
        """Tell the box a plan of one day; gives what it wants to fetch."""
        packed = day_page(date(2026, 9, 21), "Asia/Ho_Chi_Minh", cues)
        covers = (datetime.fromtimestamp(NOW / 1000, UTC), datetime(2026, 10, 1, tzinfo=UTC))
        manifest = whole_plan([packed.ref], covers)
        desired = Desired(DID, serial, NOW, manifest, (), ("http://office",), UNITS, **word)  # type: ignore[arg-type]
        self.hear(topics.down(DID, "desired"), self.authority.sign(desired, Kind.DESIRED), at_ms)
        return self.box.wishes()

    def planned(self, *cues: Cue, at_ms: int = NOW, **word: object) -> None:
        """Tell the box a plan, and let it have the page."""
        (wish,) = self.plan(*cues, at_ms=at_ms, **word)
        page = DayPage("2026-09-21", "Asia/Ho_Chi_Minh", cues)
        self.said += self.box.fetched(wish, page, at_ms)

    def alert(self, *alerts: Alert, serial: int, at_ms: int) -> None:
        listed = AlertList("tinh", "dv-51", serial, NOW, alerts)
        sealed = self.authority.sign(listed, Kind.ALERT)
        self.hear(topics.group_alert("dv-51", "tinh"), sealed, at_ms)

    def suffer(self, kind: FaultKind, at_ms: int, **how: int | float) -> Fault:
        fault = Fault(kind, (0,), **how)  # type: ignore[arg-type]
        self.said += self.box.begin(fault, at_ms)
        return fault

    def recover(self, fault: Fault, at_ms: int) -> None:
        self.said += self.box.end(fault, at_ms)

    def wait_until(self, at_ms: int) -> None:
        while (due := self.box.due_ms) <= at_ms:
            self.said += self.box.tick(due)

    def learn_the_time(self) -> None:
        """Answer the box at once whenever it asks for the time, until it has heard enough."""
        answered = 0
        while not self.box.clock.measured:
            at_ms = self.box.due_ms
            self.said += self.box.tick(at_ms)
            for request in self.payloads("time")[answered:]:
                nonce = decode(request, TimeRequest).nonce
                answer = self.authority.sign(TimeAnswer(nonce, at_ms), Kind.TIME)
                self.hear(topics.down(DID, "time"), answer, at_ms)
                answered += 1

    def payloads(self, word: str) -> list[bytes]:
        return [out.payload for out in self.said if out.topic == topics.up(DID, word)]

    def opened(self, word: str, kind: Kind) -> list[bytes]:
        public = self.key.public_key()
        return [
            envelope.open_sealed(each, kind=kind, key_for=lambda _: public).payload
            for each in self.payloads(word)
        ]

    def steps(self) -> list[str]:
        return [
            decode(payload, CommandAck).status.value for payload in self.opened("ack", Kind.STEP)
        ]

    def proofs(self) -> list[Proof]:
        return [decode(payload, Proof) for payload in self.opened("ready", Kind.PROOF)]

    def events(self) -> list[PlaybackEvent]:
        """What was reported, each event once."""
        return list({event.seq: event for event in self.reported()}.values())

    def reported(self) -> list[PlaybackEvent]:
        """All events in all reports, verified with the box's key."""
        found = []
        for sealed in self.payloads("report"):
            opened = envelope.open_sealed(
                sealed, kind=Kind.REPORT, key_for=lambda _: self.key.public_key()
            )
            report = decode(opened.payload, Report)
            found += [decode(bytes(raw), PlaybackEvent) for raw in report.events]
        return found

    def heard(self) -> list[tuple[str, str, str]]:
        return [(e.kind.value, e.cue, e.reason) for e in self.events()]

    def acknowledge(self, upto: int, spool: str | None = None, at_ms: int = NOW) -> None:
        receipt = ReportAck(spool or self.box.spool.id, upto)
        self.hear(topics.down(DID, "ack"), self.authority.sign(receipt, Kind.ACK), at_ms)


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path)


def test_a_box_says_birth_and_hello_when_it_connects(village: Village) -> None:
    birth, hello = village.said[0], village.said[1]

    assert (birth.topic, birth.retain) == (topics.up(DID, "state"), True)
    assert decode(birth.payload, State) == State(1, 1, True)
    assert decode(hello.payload, Hello).spool.id == village.box.spool.id
    assert decode(village.box.will.payload, State) == State(1, 2, False)


def test_an_order_is_played_to_its_end_and_reported(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + MINUTE // 6)

    assert village.steps() == ["received", "accepted", "started", "done"]
    assert [(e.seq, e.kind.value, e.played_ms) for e in village.events()] == [
        (1, "started", 0),
        (2, "ended", SOUND_MS),
    ]


def test_a_stop_cuts_what_sounds_and_says_how_much_was_heard(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + 1_000)
    (started,) = village.events()
    at = started.wall + 1_000
    stop = village.order(Stop(), name="c2", issued=at)
    village.hear(topics.group_command("dv-51"), stop, at)
    village.wait_until(NOW + 10_000)

    assert [(e.kind.value, e.played_ms) for e in village.events()] == [
        ("started", 0),
        ("cut", 1_000),
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
    village.wait_until(NOW + 1_000)
    village.hear(topics.group_command("dv-51"), order, NOW + 1_000)

    assert len(village.events()) == 1
    assert village.steps() == ["received", "accepted", "started", "started"]
    assert village.counts.dropped == {"replayed_id": 1}


def test_an_order_to_its_unit_may_be_resent_to_the_box_alone(village: Village) -> None:
    village.hear(topics.down(DID, "cmd"), village.order())
    village.wait_until(NOW + 1_000)

    assert [e.kind.value for e in village.events()] == ["started"]


def test_what_is_forged_late_or_not_for_this_box_is_not_obeyed(
    village: Village, tmp_path: Path
) -> None:
    stranger = open_authority(tmp_path / "other", datetime.fromtimestamp(NOW / 1000, UTC))
    forged = stranger.sign(
        Command("c9", "play", "dv-51", NOW, NOW + 1, Raw(encode(PLAY))), Kind.COMMAND
    )
    village.hear(topics.group_command("dv-51"), forged)
    village.hear(topics.group_command("dv-51"), b"{}")
    village.hear(topics.group_command("thon-1"), village.order())
    village.hear(topics.down("zzzzzzzzzzzz", "cmd"), village.order())
    village.hear(topics.group_command("dv-51"), village.order(name="late"), NOW + 600_000)

    village.wait_until(NOW + 610_000)

    assert village.events() == []
    assert village.counts.dropped == {
        "untrusted": 2,
        "wrong_audience": 1,
        "unknown_topic": 1,
    }
    assert village.steps() == ["received", "refused"]


def test_reports_are_sent_again_until_they_are_acknowledged(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + 3 * RESEND_MS)
    assert village.counts.reports_again > 0

    at = NOW + 3 * RESEND_MS
    village.acknowledge(1, at_ms=at)
    village.acknowledge(2, "another-spool", at_ms=at)
    assert (village.box.spool.acknowledged, village.counts.acknowledged) == (1, 1)
    village.acknowledge(2, at_ms=at)
    said = len(village.reported())
    village.wait_until(NOW + 10 * RESEND_MS)

    assert len(village.reported()) == said
    assert village.counts.acknowledged == 2


def test_a_new_connection_says_everything_unacknowledged_once_more(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + 5_000)
    village.said.clear()
    village.said += village.box.connected(NOW + 5_000)

    assert [e.seq for e in village.reported()] == [1, 2]


def test_a_box_fetches_its_page_and_its_audio_and_plays_to_the_millisecond(
    village: Village,
) -> None:
    village.planned(CUE)
    village.wait_until(CUE.start + MINUTE)
    assert decode(village.payloads("hello")[-1], Hello).desired == 7

    assert [(e.kind.value, e.wall, e.planned) for e in village.events()] == [
        ("started", CUE.start, CUE.start),
        ("ended", CUE.start + 10_000, CUE.start),
    ]


def test_a_page_that_does_not_come_is_wished_for_again(village: Village) -> None:
    (wish,) = village.plan(CUE)
    village.said += village.box.missed(wish, NOW)
    assert village.box.wishes() == []

    village.wait_until(NOW + 5_000)

    assert village.box.wishes() == [wish]
    assert decode(village.payloads("tele")[-1], Telemetry).lacking == 1


def test_within_the_hour_a_box_proves_what_it_holds_under_its_own_key(village: Village) -> None:
    village.planned(CUE)
    village.wait_until(NOW + 50_000)

    (proof,) = village.proofs()
    assert (proof.desired, proof.held, proof.lacking) == (7, (CUE.asset.sha256,), ())


def test_what_never_arrives_is_proved_lacking_and_skipped_with_the_reason(
    village: Village,
) -> None:
    village.suffer(FaultKind.AUDIO_MISSING, NOW)
    village.planned(CUE)
    village.wait_until(CUE.latest_start + MINUTE)

    assert village.proofs()[-1].lacking == (CUE.asset.sha256,)
    assert village.heard() == [("skipped", "cue-1", "audio_missing")]


def test_the_known_sound_is_heard_where_nothing_of_a_programme_is_held(village: Village) -> None:
    never = msgspec.structs.replace(CUE, asset=Asset("c" * 64, 1 << 28, 10_000))
    known = Asset("e" * 64, 9_000, 3_000)
    village.planned(never, fallback=known)
    village.wait_until(CUE.start + MINUTE)

    assert [(e.kind.value, e.reason, e.asset_sha256) for e in village.events()] == [
        ("started", "fallback", known.sha256),
        ("ended", "fallback", known.sha256),
    ]


def test_a_programme_is_heard_without_network_and_told_with_its_true_times_later(
    village: Village,
) -> None:
    village.planned(CUE)
    village.wait_until(NOW + 10_000)
    village.box.lost(NOW + 10_000)
    village.wait_until(CUE.start + MINUTE)
    assert village.events() == []

    village.said += village.box.connected(CUE.start + MINUTE)

    assert [e.wall for e in village.events()] == [CUE.start, CUE.start + 10_000]


def test_a_power_cut_in_mid_sentence_is_told_and_the_rest_is_heard(village: Village) -> None:
    village.planned(CUE)
    dark = CUE.start + 4_500
    village.wait_until(dark)
    fault = village.suffer(FaultKind.POWER_CUT, dark)
    village.wait_until(dark + MINUTE)
    village.recover(fault, dark + 20_000)
    village.said += village.box.connected(dark + 25_000)
    village.wait_until(dark + MINUTE)

    kinds = {(e.kind.value, e.played_ms, e.boot) for e in village.events()}
    assert kinds == {
        ("started", 0, 1),
        ("interrupted", 4000, 2),
        ("started", 0, 2),
        ("ended", 6000, 2),
    }


@pytest.mark.parametrize("by_ms", [-90 * MINUTE, 90 * MINUTE, -56 * 365 * 24 * 60 * MINUTE])
def test_a_clock_that_steps_neither_cuts_repeats_nor_skips(village: Village, by_ms: int) -> None:
    village.planned(CUE)
    village.learn_the_time()
    village.wait_until(CUE.start + 3_000)
    fault = village.suffer(FaultKind.CLOCK_STEP, CUE.start + 3_000, by_ms=by_ms)
    village.wait_until(CUE.start + MINUTE)
    village.recover(fault, CUE.start + MINUTE)
    village.wait_until(CUE.start + 3 * MINUTE)

    assert [(e.kind.value, e.played_ms) for e in village.events()] == [
        ("started", 0),
        ("ended", 10_000),
    ]


def test_without_a_clock_nothing_planned_sounds_until_the_controller_tells_it(
    village: Village,
) -> None:
    village.planned(CUE)
    village.suffer(FaultKind.CLOCK_LOST, NOW)
    village.wait_until(CUE.start + 20_000)
    assert village.events() == []

    village.learn_the_time()
    village.wait_until(CUE.start + 3 * MINUTE)

    assert [(e.kind.value, e.clock.source.value) for e in village.events()] == [
        ("started", "controller"),
        ("ended", "controller"),
    ]


def test_a_switch_turned_at_the_box_silences_it(village: Village) -> None:
    village.planned(CUE)
    fault = village.suffer(FaultKind.MAINTENANCE, NOW)
    village.wait_until(CUE.latest_start + MINUTE)
    village.recover(fault, CUE.latest_start + MINUTE)

    assert village.heard() == [("skipped", "cue-1", "maintenance")]


def test_maintenance_that_was_ordered_ends_by_itself(village: Village) -> None:
    until = CUE.start + 20_000
    village.planned(CUE, maintenance=Maintenance(until, "thay loa"))
    village.wait_until(CUE.latest_start + MINUTE)

    (started, _) = village.events()
    assert until <= started.wall <= until + MINUTE


def test_an_alert_cuts_the_programme_which_then_goes_on(village: Village) -> None:
    village.planned(CUE)
    at = CUE.start + 2_000
    village.wait_until(at)
    spoken = Spoken("vi", (Asset("f" * 64, 20_000, 4_000),))
    alert = Alert("bao-1", 1, Severity.EXTREME, (), NOW, NOW + 90_000, 60, (spoken,))
    village.alert(alert, serial=1, at_ms=at)
    village.wait_until(at + MINUTE)

    assert [(kind, cue) for kind, cue, _ in village.heard()] == [
        ("started", "cue-1"),
        ("cut", "cue-1"),
        ("started", "bao-1.v1.0.0.0"),
        ("ended", "bao-1.v1.0.0.0"),
        ("started", "cue-1"),
        ("ended", "cue-1"),
    ]


def test_a_tone_is_made_on_the_box_and_a_volume_is_obeyed(village: Village) -> None:
    village.hear(topics.group_command("dv-51"), village.order(Volume(-12.0)))
    village.hear(topics.group_command("dv-51"), village.order(TestTone(2), name="c2"))
    village.wait_until(NOW + 10_000)

    assert [(e.kind.value, e.title, e.gain_db) for e in village.events()] == [
        ("started", "Âm thử", -32.0),
        ("ended", "Âm thử", -32.0),
    ]


def test_reports_of_a_noisy_line_arrive_twice_or_spoilt_and_again_when_it_is_better(
    village: Village,
) -> None:
    twice = village.suffer(FaultKind.DUPLICATE_REPORTS, NOW)
    village.hear(topics.group_command("dv-51"), village.order())
    village.wait_until(NOW + 1_000)
    assert [e.seq for e in village.reported()] == [1, 1]

    village.recover(twice, NOW + 1_000)
    spoilt = village.suffer(FaultKind.CORRUPT_REPORT, NOW + 1_000)
    village.wait_until(NOW + 10_000)
    with pytest.raises(envelope.Untrusted):
        village.events()

    village.said.clear()
    village.recover(spoilt, NOW + 10_000)
    village.wait_until(NOW + 30_000)
    assert [e.seq for e in village.events()] == [1, 2]


def test_a_lying_will_speaks_of_an_older_connection(village: Village) -> None:
    village.suffer(FaultKind.LYING_WILL, NOW)

    assert decode(village.payloads("state")[-1], State) == State(1, 0, False)


def test_a_box_speaks_as_seldom_as_it_is_told_to(village: Village) -> None:
    village.planned(CUE, report=ReportPolicy(900, 240))
    village.wait_until(NOW + 20_000)
    said = len(village.payloads("tele"))
    village.wait_until(NOW + 50_000)

    assert len(village.payloads("tele")) == said
    assert village.box.keepalive_s == 240
