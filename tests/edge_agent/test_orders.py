"""Commands at work: they wait for a clock, and no step is lost."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf
from edge_agent.commands import CommandLog
from edge_agent.contract.commands import (
    AckStatus,
    Command,
    Play,
    Stop,
    TestTone,
    Volume,
)
from edge_agent.contract.desired import QuietHours
from edge_agent.contract.manifest import Asset, Enter, Leave, Rank
from edge_agent.contract.state import ClockSource
from edge_agent.contract.types import encode
from edge_agent.decide import Policy
from edge_agent.orders import MAX_WAITING, Orders
from edge_agent.playout import Playout
from edge_agent.spool import Spool
from edge_agent.streams import Streams
from edge_agent.tone import keep_tone
from edge_agent.uplink import Uplink
from tests.edge_agent.fakes import FakeOutlet, FakePlayer, FakeSwitch, FakeTime
from tests.edge_agent.office import DID, cue, step_in

OPEN = Policy()
ASSET = Asset(hashlib.sha256(b"x").hexdigest(), 1, 1_000)


@dataclass
class Desk:
    """The orders of one box, with a fake connection and player."""

    folder: Path

    def __post_init__(self) -> None:
        self.time = FakeTime()
        self.outlet = FakeOutlet()
        self.spool = Spool(self.folder / "spool.sqlite", 0)
        self.key = Ed25519PrivateKey.generate()
        self.uplink = Uplink(DID, self.key, self.outlet, self.spool)
        self.cache = Cache(self.folder)
        self.orders = self.again()
        self.playout = Playout(
            player=FakePlayer(),
            amplifier=Amplifier(FakeSwitch(), lead_ms=0, hold_ms=0),
            spool=self.spool,
            cache=self.cache,
            streams=Streams(lambda _url: None),
            boot=1,
            progress=lambda *step: self.orders.progress(*step, self.time.reading()),
        )

    def again(self) -> Orders:
        log = CommandLog(self.folder / "commands.sqlite", 0)
        make_tone = partial(keep_tone, self.cache)
        return Orders(log, self.uplink, self.folder / "volume", make_tone)

    def command(self, kind: str, body: msgspec.Struct, ident: str = "cmd-1") -> Command:
        now = self.time.system_ms
        return Command(ident, kind, DID, now, now + 60_000, msgspec.Raw(encode(body)))

    def work(self, source: ClockSource = ClockSource.NTP, policy: Policy = OPEN) -> None:
        plan = (cue(ASSET, self.time.system_ms + 60_000, id="c-1"),)
        self.orders.carry_out(self.playout, plan, policy, self.time.reading(source))

    def steps(self) -> list[str]:
        acks = [step_in(payload, self.key.public_key()) for _, payload in self.outlet.sent]
        return [f"{ack.status} {ack.reason}".strip() for ack in acks]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def play() -> Play:
    return Play(ASSET, Rank.PRIORITY, Enter.CUT, Leave.DROP, 0.0, 5_000, "t", "vi")


def test_without_a_clock_a_command_waits_for_one(desk: Desk) -> None:
    desk.orders.take(desk.command("play", play()), desk.time.reading(ClockSource.UNTRUSTED))
    desk.work(ClockSource.UNTRUSTED)
    assert desk.steps() == ["received"]
    assert desk.orders.candidates == ()
    desk.work(ClockSource.CONTROLLER)
    assert desk.steps() == ["received", "accepted"]
    assert [candidate.cue.id for candidate in desk.orders.candidates] == ["cmd-1"]


def test_a_command_that_waited_too_long_is_refused(desk: Desk) -> None:
    desk.orders.take(desk.command("play", play()), desk.time.reading())
    desk.time.pass_ms(60_001)
    desk.work()
    assert desk.steps() == ["received", "refused expired"]


def test_of_too_many_that_wait_the_newest_are_refused_for_good(desk: Desk) -> None:
    for n in range(MAX_WAITING + 1):
        assert desk.orders.take(desk.command("play", play(), f"cmd-{n}"), desk.time.reading())
    assert desk.steps() == ["received"] * MAX_WAITING + ["refused busy"]
    desk.work()
    again = desk.command("play", play(), f"cmd-{MAX_WAITING}")
    assert not desk.orders.take(again, desk.time.reading())
    desk.work()
    taken = [candidate.cue.id for candidate in desk.orders.candidates]
    assert taken == [f"cmd-{n}" for n in range(MAX_WAITING)]
    assert desk.steps()[-1] == "refused busy"


def test_a_step_that_could_not_be_said_is_said_on_the_next_connection(desk: Desk) -> None:
    desk.outlet.online = False
    desk.orders.take(desk.command("volume", Volume(-3.0)), desk.time.reading())
    desk.work()
    assert desk.steps() == []
    desk.outlet.online = True
    desk.uplink.reconnected()
    assert desk.steps() == ["received", "accepted", "done"]


def test_the_volume_lives_over_a_restart(desk: Desk) -> None:
    desk.orders.take(desk.command("volume", Volume(-6.5)), desk.time.reading())
    desk.work()
    assert desk.again().volume_db == -6.5
    (desk.folder / "volume").write_bytes(b"damaged")
    assert desk.again().volume_db == 0.0


def test_a_stop_gives_up_what_has_not_begun(desk: Desk) -> None:
    desk.orders.take(desk.command("play", play()), desk.time.reading())
    desk.orders.take(desk.command("stop", Stop("cmd-1"), "cmd-2"), desk.time.reading())
    desk.orders.take(desk.command("stop", Stop("c-1"), "cmd-3"), desk.time.reading())
    desk.orders.take(desk.command("stop", Stop("nobody"), "cmd-4"), desk.time.reading())
    desk.work()
    assert desk.orders.candidates == ()
    assert set(desk.spool.history) == {"cmd-1", "c-1"}
    assert "failed stopped_by_command" in desk.steps()
    assert desk.steps()[-1] == "done nothing to stop"


def test_an_order_cut_by_the_death_of_the_box_is_told_as_failed(desk: Desk) -> None:
    desk.orders.take(desk.command("play", play()), desk.time.reading())
    desk.work()
    after = desk.again()
    after.interrupted("cmd-1", desk.time.reading())
    after.interrupted("a cue of the plan", desk.time.reading())
    assert desk.steps()[-1] == "failed interrupted"
    after.interrupted("cmd-1", desk.time.reading())
    assert desk.steps().count("failed interrupted") == 1


QUIET = Policy(quiet_hours=QuietHours("00:00", "23:59", "Asia/Ho_Chi_Minh"))


def test_a_tone_waits_as_the_least_of_all_plays_on_the_disk(desk: Desk) -> None:
    desk.orders.take(desk.command("test_tone", TestTone(3, -12.0)), desk.time.reading())
    desk.work()
    (tone,) = desk.orders.candidates
    assert (tone.cue.rank, tone.cue.title, tone.cue.gain_db) == (Rank.FILLER, "Âm thử", -12.0)
    assert tone.length_ms == 3_000
    assert desk.cache.path(Shelf.AUDIO, tone.asset.sha256).stat().st_size == tone.asset.bytes
    assert desk.steps() == ["received", "accepted"]


@pytest.mark.parametrize(
    ("policy", "why"), [(QUIET, "quiet_hours"), (Policy(silenced="kill_switch"), "kill_switch")]
)
def test_a_tone_breaks_no_silence(desk: Desk, policy: Policy, why: str) -> None:
    desk.orders.take(desk.command("test_tone", TestTone()), desk.time.reading())
    desk.work(policy=policy)
    assert desk.steps() == ["received", f"refused {why}"]
    assert desk.orders.candidates == ()


def test_a_tone_that_the_disk_does_not_take_has_failed(desk: Desk) -> None:
    shelf = desk.folder / "audio"
    shelf.rmdir()
    desk.orders.take(desk.command("test_tone", TestTone()), desk.time.reading())
    desk.work()
    assert desk.steps() == ["received", "accepted", "failed state_unwritable"]


def test_a_tone_for_somebody_at_the_box_tells_the_controller_nothing(desk: Desk) -> None:
    told: list[tuple[AckStatus, str]] = []
    asked = TestTone(2)

    def ask(policy: Policy, source: ClockSource = ClockSource.NTP) -> str:
        now = desk.time.reading(source)
        return desk.orders.sound_tone("t1", asked, lambda *s: told.append(s), policy, now)

    assert ask(QUIET) == "quiet_hours"
    assert ask(OPEN, ClockSource.UNTRUSTED) == "clock_untrusted"
    assert ask(OPEN) == ""
    assert [candidate.cue.id for candidate in desk.orders.candidates] == ["t1"]
    desk.orders.progress("t1", AckStatus.STARTED, "", desk.time.reading())
    desk.orders.progress("t1", AckStatus.DONE, "", desk.time.reading())
    assert told == [(AckStatus.STARTED, ""), (AckStatus.DONE, "")]
    assert (desk.steps(), desk.orders.candidates) == ([], ())
