"""One sound at a time, on disk before it is heard, and an end for every play."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.commands import AckStatus
from edge_agent.contract.manifest import Asset, Cue, Leave, Rank, Stream
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.types import decode
from edge_agent.decide import Decision, Policy, Situation, decide
from edge_agent.past import PastState
from edge_agent.plan import NEAR_MS
from edge_agent.player import Ended, PlayerEvent, Position, Ready, Started
from edge_agent.playout import AT_ONCE_MS, OPEN_WITHIN_MS, RELEASE_MS, STALLED_MS, TRIES, Playout
from edge_agent.spool import Spool
from edge_agent.streams import ASK_AFTER_MS, Asked, Streams
from edge_agent.supply import REREAD_MS
from tests.edge_agent.fakes import FakePlayer, FakeSwitch, FakeTime
from tests.edge_agent.office import cue

DATA = b"sound"
ASSET = Asset(hashlib.sha256(DATA).hexdigest(), len(DATA), 10_000)


@dataclass
class Horn:
    """A playout with a fake player, decided for as the agent does."""

    folder: Path
    time: FakeTime = field(default_factory=FakeTime)
    player: FakePlayer = field(default_factory=FakePlayer)
    switch: FakeSwitch = field(default_factory=FakeSwitch)
    progress: list[tuple[str, AckStatus, str]] = field(default_factory=list)
    cues: tuple[Cue, ...] = ()
    policy: Policy = field(default_factory=Policy)
    lead_ms: int = 0
    preroll_ms: int = 0
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache = Cache(self.folder)
        self.cache.path(Shelf.AUDIO, ASSET.sha256).write_bytes(DATA)
        self.cache.admit(Wanted(Shelf.AUDIO, ASSET.sha256, len(DATA)))
        self.spool = Spool(self.folder / "spool.sqlite", self.time.system_ms)
        self.streams = Streams(self.asked.append)
        self.playout = Playout(
            player=self.player,
            streams=self.streams,
            amplifier=Amplifier(self.switch, lead_ms=self.lead_ms, hold_ms=5_000),
            spool=self.spool,
            cache=self.cache,
            boot=1,
            progress=lambda *step: self.progress.append(step),
            preroll_ms=self.preroll_ms,
        )

    def step(self) -> Decision:
        now = self.time.reading()
        decision = decide(
            Situation(
                now_ms=now.utc_ms,
                clock_trusted=True,
                cues=self.cues,
                held=self.cache.shelves[Shelf.AUDIO].keys(),
                history=self.spool.history,
                current=self.playout.current(now),
                policy=self.policy,
                dead_streams=self.streams.dead,
            )
        )
        self.playout.apply(decision, now)
        return decision

    def hear(self, event: PlayerEvent) -> None:
        self.playout.heard(event, self.time.reading())
        self.step()

    @property
    def play(self) -> str:
        """The play that was loaded last."""
        loads = [str(entry[1]) for entry in self.player.told if entry[0] in ("load", "tune")]
        return loads[-1]

    def events(self) -> list[PlaybackEvent]:
        batch = self.spool.batch(0)
        return [decode(raw, PlaybackEvent) for raw in batch.events] if batch else []

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events()]

    def begin(self, *cues: Cue) -> None:
        """Bring the first of `cues` on air at its second."""
        self.cues = cues
        self.step()
        self.hear(Ready(self.play, 10_000))
        self.time.pass_ms(cues[0].start - self.time.system_ms)
        self.step()
        self.hear(Started(self.play, self.time.system_ms / 1000))


@pytest.fixture
def horn(tmp_path: Path) -> Horn:
    return Horn(tmp_path)


def soon(horn: Horn, ms: int = 4_000, **changes: Any) -> Cue:
    return cue(changes.pop("asset", ASSET), horn.time.system_ms + ms, **changes)


def test_it_loads_ahead_and_hands_over_the_instant_a_second_before(horn: Horn) -> None:
    horn.cues = (soon(horn, gain_db=-3.0),)
    horn.step()
    assert horn.player.told == [("load", horn.play, ASSET.sha256[:3], -3.0, 0)]
    horn.hear(Ready(horn.play, 10_000))
    assert horn.player.ops() == ["load"]
    horn.time.pass_ms(4_000 - RELEASE_MS)
    horn.step()
    assert horn.player.told[-1] == ("play_at", horn.play, horn.cues[0].start)


def test_what_will_sound_is_on_disk_before_the_player_is_let_go(horn: Horn) -> None:
    horn.cues = (soon(horn, 500),)
    horn.step()
    horn.hear(Ready(horn.play, 10_000))
    horn.spool.close()
    after = Spool(horn.folder / "spool.sqlite", horn.time.system_ms)
    died = after.recover(horn.time.reading(), boot=2, reason="agent_died")
    assert [event.cue for event in died] == [horn.cues[0].id]


def test_the_report_tells_the_true_start_and_the_sound_given(horn: Horn) -> None:
    horn.begin(soon(horn, 500))
    start = horn.time.system_ms
    horn.time.pass_ms(10_000)
    horn.hear(Position(horn.play, 9_900))
    horn.hear(Ended(horn.play, 10_000, "eof"))
    started, ended = horn.events()
    assert (started.kind, started.wall, started.planned) == ("started", start, start)
    assert (ended.kind, ended.played_ms, ended.play) == ("ended", 10_000, started.play)
    assert horn.spool.history[ended.cue].state is PastState.DONE
    assert [status for _, status, _ in horn.progress] == ["started", "done"]
    assert horn.playout.idle


def test_what_has_sounded_is_known_for_as_long_as_the_plan_names_it(horn: Horn) -> None:
    begun = soon(horn, valid_until=horn.time.system_ms + 60_000)
    horn.begin(begun)
    horn.time.pass_ms(10_000)
    horn.hear(Ended(horn.play, 10_000, "eof"))
    horn.time.pass_ms(NEAR_MS + REREAD_MS)
    horn.spool.prune(horn.time.system_ms)
    horn.step()
    assert horn.kinds() == ["started", "ended"]


def test_a_file_that_ends_early_is_a_failure(horn: Horn) -> None:
    horn.begin(soon(horn, 500))
    horn.time.pass_ms(5_000)
    horn.hear(Ended(horn.play, 5_000, "eof"))
    failed = horn.events()[-1]
    assert (failed.kind, failed.reason) == ("failed", "truncated: 5000 of 10000 ms")


def test_a_higher_cue_cuts_in_time_and_the_lower_resumes(horn: Horn) -> None:
    low = soon(horn, 500, id="low", leave=Leave.RESUME)
    high = soon(horn, 8_500, id="high", rank=Rank.PRIORITY)
    horn.begin(low, high)
    horn.time.pass_ms(7_600)
    horn.step()
    assert horn.player.told[-1] == ("stop", horn.play)
    horn.hear(Ended(horn.play, 7_600, "stopped"))
    cut = horn.events()[-1]
    assert (cut.kind, cut.cue, cut.reason) == ("cut", "low", "preempted")
    horn.hear(Ready(horn.play, 10_000))
    assert horn.player.told[-1] == ("play_at", horn.play, high.start)
    horn.time.pass_ms(400)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    horn.time.pass_ms(10_000)
    horn.hear(Ended(horn.play, 10_000, "eof"))
    resumed = [entry for entry in horn.player.told if entry[0] == "load"][-1]
    assert resumed[4] == 7_600


def test_a_withdrawal_between_loading_and_the_instant_is_heeded(horn: Horn) -> None:
    horn.cues = (soon(horn),)
    horn.step()
    horn.hear(Ready(horn.play, 10_000))
    horn.policy = Policy(withdrawn=frozenset([ASSET.sha256]))
    horn.step()
    assert horn.player.ops() == ["load", "stop"]
    assert horn.kinds() == []


def test_a_withdrawal_after_the_release_is_heeded_too(horn: Horn) -> None:
    horn.cues = (soon(horn, 900),)
    horn.step()
    horn.hear(Ready(horn.play, 10_000))
    horn.policy = Policy(withdrawn=frozenset([ASSET.sha256]))
    horn.step()
    horn.hear(Ended(horn.play, 0, "stopped"))
    cut = horn.events()[-1]
    assert (cut.kind, cut.played_ms, cut.reason) == ("cut", 0, "withdrawn")


def test_rotten_audio_is_not_loaded(horn: Horn) -> None:
    horn.cache.path(Shelf.AUDIO, ASSET.sha256).write_bytes(b"rotten")
    horn.cues = (soon(horn),)
    horn.step()
    assert horn.player.told == []
    assert horn.step().reason == "nothing_due"
    horn.time.pass_ms(4_000)
    assert horn.step().reason == "audio_missing"


def test_a_player_that_cannot_load_is_tried_and_then_told(horn: Horn) -> None:
    horn.player.broken = True
    horn.cues = (soon(horn, 500),)
    for _ in range(TRIES):
        horn.step()
        horn.time.pass_ms(1_000)
    assert horn.kinds() == ["failed"]
    assert horn.step().reason == "nothing_due"


def test_a_player_that_does_not_load_is_ended_and_tried_again(horn: Horn) -> None:
    horn.cues = (soon(horn, 500, latest_start=horn.time.system_ms + 500_000),)
    for _ in range(2 * TRIES):
        horn.step()
        horn.time.pass_ms(16_000)
    assert horn.events()[-1].reason == "player does not load"
    assert horn.player.ops().count("abandon") == TRIES


def test_a_player_that_does_not_start_end_or_stop_is_ended(horn: Horn) -> None:
    horn.cues = (soon(horn, 500),)
    horn.step()
    horn.hear(Ready(horn.play, 10_000))
    horn.time.pass_ms(6_000)
    horn.step()
    assert horn.events()[-1].reason == "player does not start"

    horn.begin(soon(horn, 500, id="second"))
    horn.time.pass_ms(15_100)
    horn.step()
    assert horn.events()[-1].reason == "player does not end"

    horn.begin(soon(horn, 500, id="third"))
    horn.policy = Policy(silenced="kill_switch")
    horn.step()
    horn.time.pass_ms(3_100)
    horn.step()
    assert (horn.events()[-1].reason, horn.playout.idle) == ("kill_switch", True)
    assert horn.player.ops().count("abandon") == 3


def test_a_dead_player_is_a_failure_and_an_emergency_starts_again(horn: Horn) -> None:
    horn.begin(soon(horn, 500, rank=Rank.EMERGENCY_RECORDED, leave=Leave.RESTART))
    first = horn.play
    horn.time.pass_ms(1_000)
    horn.hear(Ended(first, 1_000, "error", "player ended with code 3"))
    assert horn.events()[-1].kind == "failed"
    assert horn.player.ops()[-1] == "load"
    assert horn.play != first


def test_events_of_another_play_are_nobodys(horn: Horn) -> None:
    horn.begin(soon(horn, 500))
    horn.hear(Ended("somebody", 10_000, "eof"))
    assert horn.kinds() == ["started"]


def test_the_amplifier_wakes_before_sound_and_rests_after(tmp_path: Path) -> None:
    horn = Horn(tmp_path, lead_ms=2_000)
    horn.cues = (cue(ASSET, horn.time.system_ms),)
    horn.step()
    assert horn.switch.switched == [True]
    horn.time.pass_ms(100)
    horn.hear(Ready(horn.play, 10_000))
    told = horn.player.told[-1]
    assert told == ("play_at", horn.play, horn.time.system_ms + 1_900)
    horn.time.pass_ms(1_900)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    horn.time.pass_ms(10_000)
    horn.hear(Ended(horn.play, 10_000, "eof"))
    horn.time.pass_ms(4_900)
    horn.step()
    assert horn.switch.switched == [True]
    horn.time.pass_ms(100)
    horn.step()
    assert horn.switch.switched == [True, False]


def test_a_card_that_sleeps_gets_silence_first_and_what_follows_at_once_does_not(
    tmp_path: Path,
) -> None:
    horn = Horn(tmp_path, preroll_ms=1_500)
    first = soon(horn, 4_000)
    horn.cues = (first, soon(horn, 14_000, id="next"), soon(horn, 40_000, id="later"))
    horn.step()
    horn.hear(Ready(horn.play, 10_000))
    assert horn.player.ops() == ["load"]
    horn.time.pass_ms(4_000 - 1_500 - AT_ONCE_MS)
    horn.step()
    assert horn.player.told[-1] == ("play_at", horn.play, first.start)
    horn.time.pass_ms(1_500 + AT_ONCE_MS)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    horn.time.pass_ms(10_000)
    horn.hear(Ended(horn.play, 10_000, "eof"))
    horn.hear(Ready(horn.play, 10_000))
    assert horn.player.told[-1][0] == "play_at"
    horn.time.pass_ms(100)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    horn.time.pass_ms(10_000)
    horn.hear(Ended(horn.play, 10_000, "eof"))
    horn.time.pass_ms(horn.cues[2].start - 5_000 - horn.time.system_ms)
    horn.step()
    assert horn.player.prerolls == [1_500, 0, 1_500]


def test_loudness_follows_the_policy_while_it_sounds(horn: Horn) -> None:
    horn.begin(soon(horn, 500, gain_db=-2.0))
    horn.policy = Policy(command_gain_db=-6.0)
    horn.step()
    assert horn.player.told[-1] == ("gain", horn.play, -8.0)


def test_a_farewell_cuts_and_lets_it_be_taken_up_again(horn: Horn) -> None:
    horn.begin(soon(horn, 500))
    horn.time.pass_ms(1_000)
    horn.playout.begin_farewell(horn.time.reading())
    horn.playout.end_farewell(horn.time.reading())
    cut = horn.events()[-1]
    assert (cut.kind, cut.reason) == ("cut", "agent_stopped")
    assert horn.spool.history[cut.cue].state is PastState.INTERRUPTED
    assert horn.player.ops()[-2:] == ["stop", "close"]
    assert horn.switch.switched == [True, False]


# Length on air, fallback, relay


def test_music_is_ended_at_its_length_and_counts_as_whole(horn: Horn) -> None:
    horn.begin(soon(horn, 500, play_ms=4_000))
    horn.time.pass_ms(4_000)
    horn.step()
    assert horn.player.told[-1] == ("stop", horn.play)
    horn.hear(Ended(horn.play, 4_000, "stopped"))
    ended = horn.events()[-1]
    assert (ended.kind, ended.played_ms, ended.duration_ms, ended.reason) == (
        "ended",
        4_000,
        4_000,
        "",
    )
    assert horn.spool.history[ended.cue].state is PastState.DONE


def test_the_report_names_the_fallback_that_sounded(horn: Horn) -> None:
    missing = Asset("c" * 64, 100, 8_000)
    horn.begin(cue(missing, horn.time.system_ms + 500, fallback=ASSET))
    horn.time.pass_ms(8_000)
    horn.step()
    horn.hear(Ended(horn.play, 8_000, "stopped"))
    started, ended = horn.events()
    assert (started.asset_sha256, started.reason) == (ASSET.sha256, "fallback")
    assert (ended.kind, ended.asset_sha256, ended.reason) == ("ended", ASSET.sha256, "fallback")
    assert (ended.duration_ms, ended.played_ms) == (8_000, 8_000)


def test_audio_that_arrives_in_time_is_preferred_to_the_loaded_fallback(horn: Horn) -> None:
    data = b"the true notice"
    true = Asset(hashlib.sha256(data).hexdigest(), len(data), 10_000)
    horn.cues = (cue(true, horn.time.system_ms + 4_000, fallback=ASSET),)
    horn.step()
    assert horn.player.told[-1][2] == ASSET.sha256[:3]
    horn.cache.path(Shelf.AUDIO, true.sha256).write_bytes(data)
    horn.cache.admit(Wanted(Shelf.AUDIO, true.sha256, len(data)))
    horn.hear(Ready(horn.play, 10_000))
    assert horn.player.told[-1][2] == true.sha256[:3]


VOV = "https://dai.example/vov1"


def relayed(horn: Horn, ms: int = 4_000, minutes: int = 5) -> Cue:
    length = minutes * 60_000
    return soon(
        horn,
        ms,
        rank=Rank.RELAY,
        leave=Leave.RESUME,
        play_ms=length,
        latest_end=horn.time.system_ms + ms + length,
        stream=Stream(VOV),
    )


def begin_relay(horn: Horn) -> Cue:
    relay = relayed(horn)
    horn.begin(relay)
    assert horn.player.ops()[0] == "tune"
    return relay


def live_on(horn: Horn, seconds: int) -> None:
    """The stream gives sound, told each second."""
    begun = horn.time.system_ms - horn.cues[0].start
    for second in range(1, seconds + 1):
        horn.time.pass_ms(1_000)
        horn.hear(Position(horn.play, begun + second * 1_000))


def test_a_relay_sounds_for_its_time_and_is_told_as_a_relay(horn: Horn) -> None:
    begin_relay(horn)
    live_on(horn, 300)
    horn.step()
    assert horn.player.told[-1] == ("stop", horn.play)
    horn.hear(Ended(horn.play, 300_000, "stopped"))
    ended = horn.events()[-1]
    assert (ended.kind, ended.reason) == ("ended", "relay")
    assert ended.played_ms == ended.duration_ms
    assert 0 <= 300_000 - ended.duration_ms <= AT_ONCE_MS
    assert horn.playout.idle


def test_a_stream_that_hangs_up_is_replaced_at_once_until_it_is_back(horn: Horn) -> None:
    relay = begin_relay(horn)
    live_on(horn, 20)
    horn.hear(Ended(horn.play, 20_000, "eof"))
    assert horn.player.told[-1][:3] == ("load", horn.play, ASSET.sha256[:3])
    failed = horn.events()[-1]
    assert (failed.kind, failed.played_ms, failed.reason) == ("failed", 20_000, "stream_dead: eof")

    horn.hear(Ready(horn.play, 10_000))
    horn.time.pass_ms(100)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    horn.time.pass_ms(10_000)
    horn.hear(Ended(horn.play, 10_000, "eof"))
    assert (horn.events()[-1].kind, horn.events()[-1].reason) == ("ended", "fallback")
    assert horn.player.told[-1][0] == "load"

    horn.hear(Ready(horn.play, 10_000))
    horn.time.pass_ms(100)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    horn.time.pass_ms(1_000)
    horn.streams.answered(Asked(VOV, ""), horn.time.reading())
    horn.step()
    horn.hear(Ended(horn.play, 1_000, "stopped"))
    assert (horn.events()[-1].kind, horn.events()[-1].reason) == ("cut", "stream_back")
    assert horn.player.told[-1][0] == "tune"
    horn.hear(Ready(horn.play, 0))
    horn.time.pass_ms(100)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    left_ms = relay.start + 300_000 - horn.time.system_ms
    assert abs(horn.events()[-1].duration_ms - left_ms) <= 100


def test_a_stalled_stream_is_dead_after_some_seconds(horn: Horn) -> None:
    begin_relay(horn)
    live_on(horn, 5)
    horn.time.pass_ms(STALLED_MS)
    horn.step()
    assert horn.player.ops()[-1] == "play_at"
    horn.time.pass_ms(1)
    horn.step()
    assert horn.events()[-1].reason == "stream_dead: stream has stalled"
    assert horn.step().reason == "fallback"
    assert horn.player.ops()[-2:] == ["abandon", "load"]


def test_a_stream_that_does_not_answer_leaves_time_for_its_fallback(horn: Horn) -> None:
    horn.cues = (relayed(horn, 5_000),)
    horn.step()
    horn.time.pass_ms(OPEN_WITHIN_MS + 1)
    horn.step()
    assert horn.step().reason == "fallback"
    horn.hear(Ready(horn.play, 10_000))
    assert horn.player.told[-1] == ("play_at", horn.play, horn.cues[0].start)
    assert [event.kind for event in horn.events()] == ["failed"]


def test_a_dead_station_is_asked_again_less_and_less_often(horn: Horn) -> None:
    wanted = frozenset([VOV])
    for deaths in range(3):
        horn.streams.died(VOV, "eof", horn.time.reading())
        horn.time.pass_ms(ASK_AFTER_MS * 2**deaths - 1)
        horn.streams.look(wanted, horn.time.reading())
        assert len(horn.asked) == deaths
        horn.time.pass_ms(1)
        horn.streams.look(wanted, horn.time.reading())
        horn.streams.look(wanted, horn.time.reading())
        assert len(horn.asked) == deaths + 1
        horn.streams.answered(Asked(VOV, ""), horn.time.reading())
        assert horn.streams.dead == frozenset()
    horn.streams.look(frozenset(), horn.time.reading())
    horn.streams.died(VOV, "eof", horn.time.reading())
    assert horn.streams.dead == {VOV}


def test_a_relay_cut_by_an_emergency_is_joined_where_it_is_then(horn: Horn) -> None:
    relay = begin_relay(horn)
    urgent = cue(ASSET, horn.time.system_ms + 10_000, id="lu", rank=Rank.EMERGENCY_RECORDED)
    horn.cues = (relay, urgent)
    live_on(horn, 10)
    horn.hear(Ended(horn.play, 10_000, "stopped"))
    horn.hear(Ready(horn.play, 10_000))
    horn.time.pass_ms(100)
    horn.hear(Started(horn.play, horn.time.system_ms / 1000))
    horn.time.pass_ms(10_000)
    horn.hear(Ended(horn.play, 10_000, "eof"))
    assert horn.player.told[-1][0] == "tune"
    assert horn.streams.dead == frozenset()
