"""What a box plays: stories of one village, then the laws that hold for every plan."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace as change

from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.desired import QuietHours, VolumeStep
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank, Stream
from edge_agent.contract.report import Source
from edge_agent.decide import (
    DUCK_DB,
    HANDOVER_MS,
    KNOWN_SOUND_EVERY_MS,
    LEAD_MS,
    LENGTH_REACHED,
    MAX_PIECES,
    REPLAN_MS,
    Act,
    Candidate,
    Current,
    Decision,
    Policy,
    Situation,
    decide,
    gain_at,
    length_on_air,
)
from edge_agent.past import MAX_STARTS, Past, PastState
from edge_agent.rounds import alert_key, voiced

# 2026-11-23 05:30 in Viet Nam.
T0 = 1_795_386_600_000
MINUTE = 60_000
ZONE = "Asia/Ho_Chi_Minh"


def asset(letter: str = "a", duration_ms: int = MINUTE) -> Asset:
    return Asset(letter * 64, 1_000, duration_ms)


def cue(name: str = "c-1", start: int = T0, letter: str = "a", **changes: Any) -> Cue:
    plain = Cue(
        id=name,
        asset=asset(letter),
        start=start,
        latest_start=start + 30_000,
        latest_end=start + 10 * MINUTE,
        valid_until=start + 60 * MINUTE,
        rank=Rank.PROGRAMME,
        enter=Enter.CUT,
        leave=Leave.RESTART,
        gain_db=0.0,
        title="t",
        language="vi",
    )
    return change(plain, **changes)


def whole(c: Cue) -> Candidate:
    return Candidate(c, c.asset.duration_ms)


def at(now: int, *cues: Cue, **changes: Any) -> Situation:
    plain = Situation(
        now_ms=now,
        clock_trusted=True,
        cues=tuple(sorted(cues, key=lambda c: (c.start, c.id))),
        held=frozenset(letter * 64 for letter in "abcdef"),
        history={},
    )
    changes["alerts"] = tuple(map(voiced, changes.get("alerts", ())))
    return replace(plain, **changes)


def playing(c: Cue, played_ms: int = 10_000) -> Current:
    return Current(whole(c), played_ms)


def skips(decision: Decision) -> dict[str, str]:
    return {skip.candidate.cue.id: skip.reason for skip in decision.skipped}


# One cue


def test_a_cue_is_chosen_just_before_its_second_and_for_its_second() -> None:
    decision = decide(at(T0 - LEAD_MS, cue()))
    assert (decision.act, decision.at_ms, decision.reason) == (Act.PLAY, T0, "due")


def test_long_before_there_is_silence_until_it_is_time_to_load() -> None:
    decision = decide(at(T0 - 30_000, cue()))
    assert (decision.act, decision.reason) == (Act.SILENT, "nothing_due")
    assert decision.next_deadline_ms == T0 - LEAD_MS


def test_a_late_box_still_starts_until_the_latest_start() -> None:
    decision = decide(at(T0 + 30_000, cue()))
    assert (decision.act, decision.at_ms) == (Act.PLAY, T0 + 30_000)


def test_after_the_latest_start_the_cue_is_told_as_missed() -> None:
    decision = decide(at(T0 + 30_001, cue()))
    assert decision.act is Act.SILENT
    assert skips(decision) == {"c-1": "missed"}


def test_what_is_over_is_not_told_again() -> None:
    decision = decide(at(T0 + 30_001, cue(), history={"c-1": Past(PastState.DONE)}))
    assert decision.skipped == ()


def test_what_could_not_end_in_time_does_not_start() -> None:
    decision = decide(at(T0, cue(latest_end=T0 + MINUTE - 1)))
    assert decision.act is Act.SILENT
    assert skips(decision) == {"c-1": "cannot_end"}


def test_an_expired_cue_is_told_as_expired() -> None:
    decision = decide(at(T0 + 5, cue(valid_until=T0 + 4)))
    assert skips(decision) == {"c-1": "expired"}


def test_missing_audio_is_waited_for_until_the_latest_start() -> None:
    waiting = decide(at(T0 + 10, cue(), held=frozenset()))
    assert (waiting.act, waiting.reason, waiting.skipped) == (Act.SILENT, "audio_missing", ())
    given_up = decide(at(T0 + 30_001, cue(), held=frozenset()))
    assert skips(given_up) == {"c-1": "audio_missing"}


def test_a_withdrawn_cue_is_told_once_its_time_has_come() -> None:
    policy = Policy(withdrawn=frozenset(["a" * 64]))
    assert decide(at(T0 - 1, cue(), policy=policy)).skipped == ()
    assert skips(decide(at(T0, cue(), policy=policy))) == {"c-1": "withdrawn"}


def test_after_a_lost_history_nothing_older_starts_twice() -> None:
    decision = decide(at(T0 + 10, cue(), policy=Policy(history_from_ms=T0 + 5)))
    assert skips(decision) == {"c-1": "history_lost"}


def test_no_plan_is_another_silence_than_nothing_due() -> None:
    assert decide(at(T0)).reason == "no_plan"


# Who interrupts whom


@pytest.mark.parametrize(
    ("higher", "lower"), [(a, b) for i, a in enumerate(Rank) for b in list(Rank)[i + 1 :]]
)
def test_a_higher_rank_cuts_a_lower_one_at_its_instant(higher: Rank, lower: Rank) -> None:
    now = T0 + 20_000
    over = cue("high", now + 2_000, "b", rank=higher)
    decision = decide(at(now, cue(rank=lower), over, current=playing(cue(rank=lower))))
    assert decision.play is not None
    assert (decision.play.cue.id, decision.at_ms) == ("high", now + 2_000)
    assert decision.cut_at_ms == now + 2_000 - HANDOVER_MS


@pytest.mark.parametrize("rank", Rank)
def test_an_equal_waits_its_turn(rank: Rank) -> None:
    now = T0 + 20_000
    other = cue("other", now, "b", rank=rank)
    assert decide(at(now, cue(), other, current=playing(cue(rank=rank)))).act is Act.KEEP


def test_after_item_waits_for_the_end() -> None:
    now = T0 + 20_000
    polite = cue("polite", now, "b", rank=Rank.PRIORITY, enter=Enter.AFTER_ITEM)
    assert decide(at(now, cue(), polite, current=playing(cue()))).act is Act.KEEP
    after = decide(at(now + 1_000, cue(), polite, history={"c-1": Past(PastState.DONE)}))
    assert after.play is not None
    assert after.play.cue.id == "polite"


def test_ducking_is_a_cut_for_a_box_with_one_voice() -> None:
    now = T0 + 20_000
    over = cue("high", now, "b", rank=Rank.PRIORITY, enter=Enter.DUCK)
    assert decide(at(now, over, current=playing(cue()))).cut_at_ms == now


MIXES = Policy(can_mix=True)


def test_a_voice_is_heard_over_what_goes_on_low() -> None:
    now = T0 + 20_000
    over = cue("high", now + 2_000, "b", rank=Rank.PRIORITY, enter=Enter.DUCK, gain_db=-1.0)
    decision = decide(at(now, over, current=playing(cue(gain_db=-3.0)), policy=MIXES))
    assert (decision.over, decision.cut_at_ms, decision.at_ms) == (True, None, now + 2_000)
    assert (decision.gain_db, decision.under_gain_db) == (-1.0, -3.0 + DUCK_DB)
    assert decision.reason == "ducking"


def test_both_go_on_and_only_the_upper_one_is_loud() -> None:
    low, high = cue(), cue("high", letter="b", rank=Rank.PRIORITY, enter=Enter.DUCK)
    s = at(T0 + 20_000, low, high, current=playing(high), under=playing(low), policy=MIXES)
    decision = decide(s)
    assert (decision.act, decision.gain_db, decision.under_gain_db) == (Act.KEEP, 0.0, DUCK_DB)
    assert (decision.skipped, decision.cut_under) == ((), "")


def test_an_emergency_ducks_nothing_and_silences_both() -> None:
    now = T0 + 20_000
    siren = cue("lu", now, "b", rank=Rank.EMERGENCY_LIVE, enter=Enter.DUCK)
    high = cue("high", letter="c", rank=Rank.PRIORITY)
    s = at(now, siren, current=playing(high), under=playing(cue()), policy=MIXES)
    decision = decide(s)
    assert (decision.act, decision.over, decision.cut_at_ms) == (Act.PLAY, False, now)


def test_of_three_the_highest_ducks_the_lowest_and_cuts_the_other() -> None:
    now = T0 + 20_000
    third = cue("third", now, "b", rank=Rank.LIVE, enter=Enter.DUCK)
    second = playing(cue("second", letter="c", rank=Rank.PRIORITY))
    s = at(now, third, current=second, under=playing(cue()), policy=MIXES)
    assert (decide(s).over, decide(s).cut_at_ms) == (True, now)
    hard = replace(s, cues=(change(third, enter=Enter.CUT),))
    assert (decide(hard).over, decide(hard).cut_at_ms) == (False, now)


def test_a_third_that_is_no_stronger_waits() -> None:
    now = T0 + 20_000
    third = cue("third", now, "b", rank=Rank.RELAY, enter=Enter.DUCK)
    second = playing(cue("second", letter="c", rank=Rank.PRIORITY))
    s = at(now, third, current=second, under=playing(cue()), policy=MIXES)
    assert decide(s).act is Act.KEEP


def test_what_is_low_stops_by_itself_when_it_must() -> None:
    high = playing(cue("high", letter="b", rank=Rank.PRIORITY))
    taken_back = replace(MIXES, withdrawn=frozenset(["a" * 64]))
    s = at(T0 + 20_000, current=high, under=playing(cue()), policy=taken_back)
    assert (decide(s).act, decide(s).cut_under) == (Act.KEEP, "withdrawn")
    short = Current(Candidate(cue(), 9_000), 9_000)
    assert decide(replace(s, policy=MIXES, under=short)).cut_under == "limit_reached"
    lost = replace(s, clock_trusted=False)
    assert (decide(lost).act, decide(lost).cut_under) == (Act.KEEP, "withdrawn")


def test_a_switch_silences_what_is_low_too() -> None:
    high = playing(cue("high", letter="b", rank=Rank.PRIORITY))
    off = replace(MIXES, silenced="kill_switch")
    s = at(T0 + 20_000, current=high, under=playing(cue()), policy=off)
    for each in (s, replace(s, clock_trusted=False)):
        decision = decide(each)
        assert (decision.act, decision.cut_at_ms) == (Act.SILENT, s.now_ms)
        assert decision.cut_under == "kill_switch"


def test_of_two_due_the_higher_goes_first_and_the_other_follows() -> None:
    high, low = cue("high", T0, "b", rank=Rank.PRIORITY), cue("low", T0)
    first = decide(at(T0, high, low))
    then = decide(at(T0 + 20_000, high, low, history={"high": Past(PastState.DONE)}))
    assert first.play is not None
    assert then.play is not None
    assert [first.play.cue.id, then.play.cue.id] == ["high", "low"]


def test_what_waited_too_long_behind_another_is_superseded() -> None:
    low = cue("low", T0)
    long = cue("high", T0, "b", rank=Rank.PRIORITY)
    decision = decide(at(T0 + 30_001, low, current=playing(long, 30_001)))
    assert skips(decision) == {"low": "superseded"}


# Interrupted


def interrupted(ms: int, starts: int = 1) -> dict[str, Past]:
    return {"c-1": Past(PastState.INTERRUPTED, ms, T0 + ms, starts)}


def test_what_resumes_goes_on_where_it_was() -> None:
    decision = decide(at(T0 + 90_000, cue(leave=Leave.RESUME), history=interrupted(20_000)))
    assert decision.play is not None
    assert (decision.play.from_ms, decision.reason) == (20_000, "resume")


def test_a_player_that_cannot_seek_starts_again() -> None:
    policy = Policy(can_seek=False)
    s = at(T0 + 90_000, cue(leave=Leave.RESUME), history=interrupted(20_000), policy=policy)
    decision = decide(s)
    assert decision.play is not None
    assert (decision.play.from_ms, decision.reason) == (0, "restart")


def test_what_is_dropped_stays_dropped() -> None:
    decision = decide(at(T0 + 90_000, cue(leave=Leave.DROP), history=interrupted(20_000)))
    assert (decision.act, decision.skipped) == (Act.SILENT, ())


def test_what_could_not_end_any_more_is_not_taken_up_again() -> None:
    late = T0 + 10 * MINUTE - 50_000
    assert decide(at(late, cue(), history=interrupted(20_000))).act is Act.SILENT
    resumed = decide(at(late, cue(leave=Leave.RESUME), history=interrupted(20_000)))
    assert resumed.act is Act.PLAY


def test_a_box_that_dies_of_a_cue_stops_trying() -> None:
    decision = decide(at(T0 + 1, cue(), history=interrupted(0, starts=MAX_STARTS)))
    assert decision.act is Act.SILENT


# What sounds now must stop


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(withdrawn=frozenset(["a" * 64])), "withdrawn"),
        (Policy(silenced="kill_switch"), "kill_switch"),
        (Policy(quiet_hours=QuietHours("05:00", "06:00", ZONE)), "quiet_hours"),
    ],
)
def test_policy_cuts_what_sounds(policy: Policy, reason: str) -> None:
    decision = decide(at(T0 + 10_000, cue(), current=playing(cue()), policy=policy))
    assert (decision.act, decision.reason, decision.cut_at_ms) == (
        Act.SILENT,
        reason,
        T0 + 10_000,
    )


def test_the_kill_switch_silences_an_emergency_too() -> None:
    loud = cue(rank=Rank.EMERGENCY_LIVE)
    policy = Policy(silenced="kill_switch")
    assert decide(at(T0 + 1, loud, current=playing(loud), policy=policy)).act is Act.SILENT


def test_nothing_sounds_long_after_it_expired() -> None:
    old = cue(valid_until=T0 + 10_000)
    assert decide(at(T0 + 11_001, old, current=playing(old, 11_001))).reason == "expired"


def test_an_order_is_cut_at_its_limit_by_the_monotonic_clock() -> None:
    order = Candidate(cue("order"), limit_ms=20_000)
    on = decide(at(T0 + 19_999, current=Current(order, 19_999)))
    over = decide(at(T0 + 20_000, current=Current(order, 20_000)))
    assert on.act is Act.KEEP
    assert on.next_deadline_ms == T0 + 20_000
    assert over.reason == "limit_reached"


# Orders


def test_an_order_plays_at_once() -> None:
    decision = decide(at(T0, orders=(whole(cue("order", T0 - 500)),)))
    assert (decision.act, decision.at_ms, decision.reason) == (Act.PLAY, T0, "ordered")


# The clock


def test_without_a_clock_nothing_begins_and_what_sounds_goes_on() -> None:
    lost = at(T0, cue(), clock_trusted=False, orders=(whole(cue("order")),))
    assert decide(lost).reason == "clock_untrusted"
    assert decide(lost).skipped == ()
    assert decide(replace(lost, current=playing(cue()))).act is Act.KEEP


def test_without_a_clock_the_switch_and_a_withdrawal_still_silence() -> None:
    lost = at(T0, clock_trusted=False, current=playing(cue()))
    killed = replace(lost, policy=Policy(silenced="kill_switch"))
    withdrawn = replace(lost, policy=Policy(withdrawn=frozenset(["a" * 64])))
    assert decide(killed).cut_at_ms == T0
    assert decide(withdrawn).cut_at_ms == T0


# Quiet hours and loudness


@pytest.mark.parametrize(
    ("quiet", "sounds"),
    [
        (("21:00", "05:30"), True),
        (("21:00", "05:31"), False),
        (("05:31", "06:00"), True),
        (("05:30", "05:31"), False),
        (("05:00", "05:00"), True),
    ],
)
def test_quiet_hours_are_local_and_cover_the_whole_sound(
    quiet: tuple[str, str], sounds: bool
) -> None:
    policy = Policy(quiet_hours=QuietHours(*quiet, ZONE))
    assert (decide(at(T0, cue(), policy=policy)).act is Act.PLAY) is sounds


def test_a_reason_or_an_emergency_breaks_quiet_hours() -> None:
    policy = Policy(quiet_hours=QuietHours("05:00", "06:00", ZONE))
    reasoned = cue(quiet_ok="chủ tịch xã cho phép")
    emergency = cue(rank=Rank.EMERGENCY_RECORDED)
    assert decide(at(T0, reasoned, policy=policy)).act is Act.PLAY
    assert decide(at(T0, emergency, policy=policy)).act is Act.PLAY


def test_a_cue_that_quiet_hours_outlast_is_told_so() -> None:
    policy = Policy(quiet_hours=QuietHours("05:00", "06:00", ZONE))
    assert skips(decide(at(T0 + 30_001, cue(), policy=policy))) == {"c-1": "quiet_hours"}


def test_the_profile_lowers_by_local_hour_and_never_an_emergency() -> None:
    policy = Policy(
        volume=(VolumeStep("06:00", -3.0), VolumeStep("21:00", -20.0)),
        time_zone=ZONE,
        command_gain_db=-1.0,
    )
    assert gain_at(cue(gain_db=-2.0), T0, policy) == -23.0
    assert gain_at(cue(gain_db=-2.0), T0 + 30 * MINUTE, policy) == -6.0
    assert gain_at(cue(rank=Rank.EMERGENCY_RECORDED), T0, policy) == 0.0
    assert gain_at(cue(gain_db=-55.0), T0, policy) == -60.0


# Length on air, fallback, relay


def test_music_ends_at_its_length_on_air() -> None:
    music = cue(asset=asset("a", 5 * MINUTE), play_ms=MINUTE)
    begun = decide(at(T0, music)).play
    assert begun is not None
    assert begun.length_ms == MINUTE
    on = decide(at(T0 + 59_999, music, current=Current(begun, 59_999)))
    assert (on.act, on.next_deadline_ms) == (Act.KEEP, T0 + MINUTE)
    over = decide(at(T0 + MINUTE, music, current=Current(begun, MINUTE)))
    assert (over.reason, over.cut_at_ms) == (LENGTH_REACHED, T0 + MINUTE)


def test_a_length_on_air_decides_whether_a_cue_can_end_in_time() -> None:
    music = cue(asset=asset("a", 5 * MINUTE), play_ms=MINUTE, latest_end=T0 + MINUTE)
    assert decide(at(T0, music)).act is Act.PLAY
    assert skips(decide(at(T0 + 1, music))) == {"c-1": "cannot_end"}


def test_resumed_music_keeps_to_what_is_left_of_its_length() -> None:
    music = cue(asset=asset("a", 5 * MINUTE), play_ms=MINUTE, leave=Leave.RESUME)
    past = {"c-1": Past(PastState.INTERRUPTED, 20_000, T0 + 20_000)}
    play = decide(at(T0 + 90_000, music, history=past)).play
    assert play is not None
    assert (play.from_ms, play.length_ms) == (20_000, 40_000)


def test_the_fallback_sounds_when_the_audio_is_not_held() -> None:
    notice = cue(letter="z", fallback=asset("b", 30_000))
    decision = decide(at(T0, notice))
    assert decision.play is not None
    assert (decision.reason, decision.play.asset) == ("fallback", asset("b", 30_000))
    assert decide(at(T0, cue(fallback=asset("b")))).reason == "due"


def test_a_fallback_never_outlasts_the_cue_it_stands_for() -> None:
    notice = cue(letter="z", fallback=asset("b", 10 * MINUTE), latest_end=T0 + MINUTE)
    play = decide(at(T0, notice)).play
    assert play is not None
    assert play.length_ms == MINUTE
    over = decide(at(T0 + MINUTE, notice, current=Current(play, MINUTE)))
    assert over.reason == LENGTH_REACHED


def test_a_fallback_that_is_missing_too_leaves_the_cue_missing() -> None:
    notice = cue(letter="z", fallback=asset("y"))
    assert decide(at(T0, notice)).reason == "audio_missing"


def test_what_was_taken_back_is_not_replaced_by_its_fallback() -> None:
    notice = cue(letter="z", fallback=asset("b"))
    policy = Policy(withdrawn=frozenset(["z" * 64]))
    assert skips(decide(at(T0, notice, policy=policy))) == {"c-1": "withdrawn"}


# The known sound

CHIME = asset("f", 5_000)
KNOWN = Policy(fallback=CHIME)


def test_the_known_sound_stands_for_a_cue_of_which_nothing_is_held() -> None:
    notice = cue(letter="z", fallback=asset("y"))
    play = decide(at(T0, notice, policy=KNOWN)).play
    assert play is not None
    assert (play.asset, play.length_ms, play.is_known_sound) == (CHIME, 5_000, True)
    assert decide(at(T0, notice, policy=KNOWN)).reason == "fallback"
    spare = decide(at(T0, change(notice, fallback=asset("b")), policy=KNOWN)).play
    assert spare is not None
    assert (spare.asset, spare.is_known_sound) == (asset("b"), False)


def test_twelve_missing_items_are_not_twelve_chimes() -> None:
    notice = cue(letter="z")
    for ms in (0, KNOWN_SOUND_EVERY_MS - 1):
        s = at(T0, notice, policy=KNOWN, known_sound_ms=T0 - ms)
        assert decide(s).reason == "audio_missing"
    again = at(T0, notice, policy=KNOWN, known_sound_ms=T0 - KNOWN_SOUND_EVERY_MS)
    assert decide(again).reason == "fallback"
    stepped_back = at(T0, notice, policy=KNOWN, known_sound_ms=T0 + 2 * KNOWN_SOUND_EVERY_MS)
    assert decide(stepped_back).reason == "fallback"


def test_filler_and_what_was_taken_back_are_not_replaced_by_the_known_sound() -> None:
    filler = cue(letter="z", rank=Rank.FILLER)
    assert decide(at(T0, filler, policy=KNOWN)).reason == "audio_missing"
    taken_back = replace(KNOWN, withdrawn=frozenset(["z" * 64]))
    assert skips(decide(at(T0, cue(letter="z"), policy=taken_back))) == {"c-1": "withdrawn"}
    no_chime = replace(KNOWN, withdrawn=frozenset(["f" * 64]))
    assert decide(at(T0, cue(letter="z"), policy=no_chime)).reason == "audio_missing"


def test_a_relay_with_neither_stream_nor_audio_gives_the_known_sound() -> None:
    silent = relay(asset=asset("z"))
    play = decide(at(T0, silent, policy=KNOWN, dead_streams=DEAD)).play
    assert play is not None
    assert (play.asset, play.stream, play.is_known_sound) == (CHIME, None, True)
    own = decide(at(T0, relay(), policy=KNOWN, dead_streams=DEAD)).play
    assert own is not None
    assert not own.is_known_sound


VOV = "https://dai.example/vov1"
DEAD = frozenset([VOV])


def relay(**changes: Any) -> Cue:
    """Thirty minutes of another station, with a minute of music for when it is silent."""
    plain = cue(
        rank=Rank.RELAY,
        enter=Enter.AFTER_ITEM,
        leave=Leave.RESUME,
        play_ms=30 * MINUTE,
        latest_end=T0 + 31 * MINUTE,
        stream=Stream(VOV),
    )
    return change(plain, **changes)


def test_a_relay_opens_its_stream_in_good_time_and_needs_no_audio() -> None:
    decision = decide(at(T0 - LEAD_MS, relay(), held=frozenset()))
    assert decision.play is not None
    assert (decision.at_ms, decision.reason) == (T0, "relay")
    assert (decision.play.stream, decision.play.length_ms) == (Stream(VOV), 30 * MINUTE)


def test_an_open_line_is_told_as_such_and_needs_an_exception() -> None:
    url = "http://dai.example/vov1"
    excepted = relay(stream=Stream(url, "chủ tịch cho phép"))
    assert decide(at(T0, excepted)).reason == "relay_unproved"
    assert decide(at(T0, relay(stream=Stream(url)))).reason == "fallback"
    for odd in ("file:///etc/passwd", "rtmp://x", "ytdl://x", "HTTPS://x"):
        assert decide(at(T0, relay(stream=Stream(odd, "vì sao")))).reason == "fallback"


def test_a_relay_ends_when_it_should_however_late_it_began() -> None:
    late = decide(at(T0 + 20_000, relay())).play
    assert late is not None
    assert late.length_ms == 30 * MINUTE - 20_000
    end = decide(at(T0 + 30 * MINUTE, relay(), current=Current(late, late.length_ms)))
    assert (end.reason, end.cut_at_ms) == (LENGTH_REACHED, T0 + 30 * MINUTE)


def test_a_dead_stream_gives_way_to_its_audio_at_once() -> None:
    died = {"c-1": Past(PastState.OPEN, 0, T0 + 10 * MINUTE)}
    now = T0 + 10 * MINUTE
    decision = decide(at(now, relay(), history=died, dead_streams=DEAD))
    assert decision.play is not None
    assert (decision.at_ms, decision.reason) == (now, "fallback")
    assert (decision.play.asset, decision.play.from_ms) == (asset("a"), 0)


def test_a_stream_that_is_dead_before_its_time_is_replaced_in_its_second() -> None:
    decision = decide(at(T0 - 1_000, relay(), dead_streams=DEAD))
    assert (decision.at_ms, decision.reason) == (T0, "fallback")


def test_the_fallback_of_a_relay_is_taken_if_its_audio_is_not_there() -> None:
    decision = decide(at(T0, relay(asset=asset("z"), fallback=asset("b")), dead_streams=DEAD))
    assert decision.play is not None
    assert decision.play.asset == asset("b")


def test_the_last_of_the_fallback_ends_with_the_relay() -> None:
    died = {"c-1": Past(PastState.OPEN, 0, T0 + 10 * MINUTE, starts=MAX_STARTS)}
    now = T0 + 29 * MINUTE + 30_000
    play = decide(at(now, relay(), history=died, dead_streams=DEAD)).play
    assert play is not None
    assert play.length_ms == 30_000
    nothing = decide(at(T0 + 30 * MINUTE, relay(), history=died, dead_streams=DEAD))
    assert (nothing.act, nothing.skipped) == (Act.SILENT, ())


def test_a_stream_that_is_back_takes_over_from_its_fallback() -> None:
    died = {"c-1": Past(PastState.OPEN, 0, T0 + MINUTE)}
    now = T0 + 2 * MINUTE
    music = decide(at(now, relay(), history=died, dead_streams=DEAD)).play
    assert music is not None
    current = Current(music, 20_000)
    still = decide(at(now + 20_000, relay(), history=died, dead_streams=DEAD, current=current))
    assert still.act is Act.KEEP
    back = decide(at(now + 20_000, relay(), history=died, current=current))
    assert back.play is not None
    assert (back.reason, back.cut_at_ms) == ("relay", now + 20_000)


def test_with_neither_stream_nor_audio_there_is_silence_with_a_reason() -> None:
    s = at(T0, relay(), held=frozenset(), dead_streams=DEAD)
    assert decide(s).reason == "stream_dead"
    late = replace(s, now_ms=T0 + 30_001)
    assert skips(decide(late)) == {"c-1": "stream_dead"}


def test_a_relay_goes_on_after_an_emergency_where_the_station_is_then() -> None:
    cut = {"c-1": Past(PastState.INTERRUPTED, MINUTE, T0 + MINUTE)}
    play = decide(at(T0 + 3 * MINUTE, relay(), history=cut)).play
    assert play is not None
    assert (play.stream, play.length_ms) == (Stream(VOV), 27 * MINUTE)


def test_a_relay_that_never_holds_is_given_up_in_the_end() -> None:
    died = {"c-1": Past(PastState.OPEN, 0, T0, starts=MAX_PIECES)}
    assert decide(at(T0 + MINUTE, relay(), history=died)).act is Act.SILENT


def test_what_was_taken_back_of_a_relay_is_only_its_audio() -> None:
    policy = Policy(withdrawn=frozenset(["a" * 64]))
    assert decide(at(T0, relay(), policy=policy)).reason == "relay"
    with_music = relay(fallback=asset("b"))
    spare = decide(at(T0, with_music, policy=policy, dead_streams=DEAD)).play
    assert spare is not None
    assert spare.asset == asset("b")
    heard = Current(replace(whole(relay()), instead=asset("a")), 5_000)
    s = at(T0 + 5_000, relay(), policy=policy, dead_streams=DEAD, current=heard)
    assert decide(s).reason == "withdrawn"


# Alerts


def alert(name: str = "lu", letters: str = "a", **changes: Any) -> Alert:
    plain = Alert(
        id=name,
        version=1,
        severity=Severity.SEVERE,
        areas=(),
        issued=T0,
        expires=T0 + 60 * MINUTE,
        max_play_s=600,
        spoken=tuple(Spoken("vi", (asset(letter),)) for letter in letters),
    )
    return change(plain, **changes)


def spoken(decision: Decision) -> str:
    assert decision.play is not None
    return decision.play.cue.asset.sha256[0]


def live_through(
    minutes: float, *alerts: Alert, cues: tuple[Cue, ...] = ()
) -> list[tuple[int, str]]:
    """Play what is decided, each to its end; gives (second, letter of the audio)."""
    heard: list[tuple[int, str]] = []
    history: dict[str, Past] = {}
    now = T0
    while now < T0 + minutes * MINUTE:
        decision = decide(at(now, *cues, alerts=alerts, history=history))
        for skip in decision.skipped:
            history[skip.candidate.cue.id] = Past(PastState.DONE, 0, now)
        if decision.play is None or decision.at_ms > now:
            now = min(decision.next_deadline_ms, decision.at_ms or decision.next_deadline_ms)
            continue
        heard.append(((now - T0) // 1000, spoken(decision)))
        now += decision.play.cue.asset.duration_ms
        history[decision.play.cue.id] = Past(PastState.DONE, MINUTE, now)
    return heard


def test_an_alert_says_all_its_languages_then_repeats_until_its_sound_is_used_up() -> None:
    heard = live_through(60, alert(letters="ab", repeat_s=300, max_play_s=240))
    assert heard == [(0, "a"), (60, "b"), (300, "a"), (360, "b")]


def test_an_alert_without_repeat_is_said_once() -> None:
    assert live_through(30, alert(letters="ab")) == [(0, "a"), (60, "b")]


def test_an_alert_ends_by_itself_on_the_box() -> None:
    heard = live_through(60, alert(repeat_s=60, expires=T0 + 4 * MINUTE))
    assert heard == [(0, "a"), (60, "a"), (120, "a"), (180, "a")]


def test_of_two_alerts_the_more_severe_goes_first_and_none_is_lost() -> None:
    mild = alert("gio", "a", severity=Severity.MINOR)
    extreme = alert("vo-dap", "b", severity=Severity.EXTREME)
    assert live_through(10, mild, extreme) == [(0, "b"), (60, "a")]


def test_no_test_goes_before_an_alert_in_earnest_whatever_it_tests() -> None:
    real = alert("gio", "a", severity=Severity.MODERATE)
    test = alert("thu", "b", severity=Severity.EXTREME, issued=T0 + 5_000, test=True)
    assert live_through(10, real, change(test, issued=T0)) == [(0, "a"), (60, "b")]
    sounds = decide(at(T0, alerts=(real,))).play
    assert sounds is not None
    later = decide(at(T0 + 5_000, alerts=(real, test), current=Current(sounds, 5_000)))
    assert later.act is Act.KEEP


def test_of_two_equal_alerts_the_newer_goes_first() -> None:
    older, newer = alert("cu", "a", issued=T0 - 1), alert("moi", "b")
    assert live_through(10, older, newer) == [(0, "b"), (60, "a")]


def test_the_plan_goes_on_after_an_alert() -> None:
    heard = live_through(10, alert(), cues=(cue(letter="c", latest_start=T0 + 2 * MINUTE),))
    assert heard == [(0, "a"), (60, "c")]


def test_missing_audio_of_one_language_does_not_hold_up_the_others() -> None:
    assert live_through(10, alert(letters="zab"))[:2] == [(0, "a"), (60, "b")]


def test_a_more_severe_alert_cuts_and_an_equal_one_waits() -> None:
    first = decide(at(T0, alerts=(alert("a", "a"),))).play
    assert first is not None
    worse = alert("b", "b", severity=Severity.EXTREME, issued=T0 + 5)
    equal = alert("b", "b", issued=T0 + 5)
    current = Current(first, 5_000)
    assert decide(at(T0 + 5_000, alerts=(alert("a", "a"), worse), current=current)).cut_at_ms
    kept = decide(at(T0 + 5_000, alerts=(alert("a", "a"), equal), current=current))
    assert kept.act is Act.KEEP


def test_a_person_is_never_cut_by_a_loop() -> None:
    person = cue("live", rank=Rank.EMERGENCY_LIVE)
    worst = alert(severity=Severity.EXTREME)
    assert decide(at(T0 + 5_000, alerts=(worst,), current=playing(person))).act is Act.KEEP


def test_an_alert_that_left_the_list_falls_silent_at_once() -> None:
    first = decide(at(T0, alerts=(alert(),))).play
    assert first is not None
    decision = decide(at(T0 + 5_000, current=Current(first, 5_000)))
    assert (decision.reason, decision.cut_at_ms) == ("alert_ended", T0 + 5_000)


def test_a_superseded_or_older_version_is_not_said() -> None:
    newer = alert("moi", "b", supersedes=("cu",))
    assert live_through(5, alert("cu"), newer) == [(0, "b")]
    assert live_through(5, alert(version=1), alert("lu", "b", version=2)) == [(0, "b")]


def test_an_interrupted_alert_starts_again() -> None:
    key = f"{alert_key(alert())}.0.0.0"
    history = {key: Past(PastState.INTERRUPTED, 5_000, T0 + 5_000)}
    decision = decide(at(T0 + 6_000, alerts=(alert(),), history=history))
    assert decision.play is not None
    assert (decision.play.cue.id, decision.play.from_ms) == (key, 0)


def test_a_box_that_lost_its_history_says_what_is_still_active() -> None:
    lost = Policy(history_from_ms=T0 + 5_000)
    decision = decide(at(T0 + 6_000, alerts=(alert(),), policy=lost))
    assert (decision.act, decision.reason) == (Act.PLAY, "alert")


def test_an_end_is_obeyed_whatever_the_clock_says() -> None:
    first = decide(at(T0, alerts=(alert(),))).play
    assert first is not None
    lost: dict[str, Any] = {"clock_trusted": False, "current": Current(first, 5_000)}
    assert decide(at(T0 + 5_000, alerts=(alert(),), **lost)).act is Act.KEEP
    ended = decide(at(T0 + 5_000, **lost))
    assert (ended.reason, ended.cut_at_ms) == ("alert_ended", T0 + 5_000)


def test_a_play_names_who_wanted_it() -> None:
    said = decide(at(T0, alerts=(alert(),))).play
    planned = decide(at(T0, cue())).play
    assert said is not None
    assert planned is not None
    assert (said.source, said.alert) == (Source.ALERT, "lu")
    assert (planned.source, planned.alert) == (Source.PLAN, "")


def test_of_two_alerts_only_the_more_severe_sounds_and_the_other_follows_where_it_was_cut() -> None:
    mild, worse = alert("gio", "a"), alert("lu", "b", severity=Severity.EXTREME, issued=T0 + 5_000)
    first = decide(at(T0, alerts=(mild,))).play
    assert first is not None
    cut = decide(at(T0 + 5_000, alerts=(mild, worse), current=Current(first, 5_000)))
    assert cut.play is not None
    assert (cut.play.alert, cut.cut_at_ms, cut.over) == ("lu", T0 + 5_000, False)
    history = {
        first.cue.id: Past(PastState.INTERRUPTED, 5_000, T0 + 5_000),
        cut.play.cue.id: Past(PastState.DONE, MINUTE, T0 + 65_000),
    }
    after = decide(at(T0 + 65_000, alerts=(mild, worse), history=history))
    assert after.play is not None
    assert (after.play.cue.id, after.play.from_ms) == (first.cue.id, 0)


# Laws

RANKS = st.sampled_from(list(Rank))
SECONDS = st.integers(-40, 40).map(lambda s: s * 1_000)


@st.composite
def cues(draw: st.DrawFn) -> Cue:
    start = T0 + draw(SECONDS)
    late = draw(st.integers(0, 60)) * 1_000
    letter = draw(st.sampled_from("aabbccz"))
    spare = st.none() | st.builds(asset, st.sampled_from("fy"), st.integers(1, 200_000))
    streams = st.sampled_from([VOV, "https://other.example/", "http://open.example/"])
    long = draw(st.integers(1, 90)) * 1_000
    return cue(
        f"c-{draw(st.integers(0, 10**9))}",
        start,
        letter,
        asset=asset(letter, long),
        latest_start=start + late,
        latest_end=start + long + draw(st.integers(-5, 120)) * 1_000,
        valid_until=start + long + draw(st.integers(-5, 300)) * 1_000,
        rank=draw(RANKS),
        enter=draw(st.sampled_from(list(Enter))),
        leave=draw(st.sampled_from(list(Leave))),
        quiet_ok=draw(st.sampled_from(["", "có lý do"])),
        play_ms=draw(st.none() | st.integers(1, 120_000)),
        fallback=draw(spare),
        stream=draw(st.none() | st.builds(Stream, streams, st.sampled_from(["", "phép"]))),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    plan = draw(st.lists(cues(), max_size=6, unique_by=lambda c: c.id))
    pasts = st.builds(
        Past,
        state=st.sampled_from(list(PastState)),
        played_ms=st.integers(0, 90_000),
        at_ms=st.just(T0 - 1_000),
        starts=st.integers(1, MAX_STARTS),
    )
    told = draw(st.lists(st.sampled_from(plan), max_size=3)) if plan else []
    history = {c.id: draw(pasts) for c in told}
    current = None
    if draw(st.booleans()):
        current = playing(cue("on-air", rank=draw(RANKS), letter=draw(st.sampled_from("de"))))
    under = None
    if current is not None and draw(st.booleans()):
        below = list(Rank)[list(Rank).index(current.candidate.cue.rank) + 1 :]
        if below:
            under = playing(cue("low", rank=draw(st.sampled_from(below)), letter="c"))
    quiet = st.none() | st.just(QuietHours("05:30", "05:31", ZONE))
    policy = Policy(
        withdrawn=draw(st.frozensets(st.sampled_from([x * 64 for x in "bd"]))),
        silenced=draw(st.sampled_from(["", "", "", "kill_switch"])),
        quiet_hours=draw(quiet),
        can_seek=draw(st.booleans()),
        can_mix=draw(st.booleans()),
        fallback=draw(st.sampled_from([None, CHIME])),
    )
    alerts = draw(st.sampled_from([(), (alert(),), (alert(), alert("b", "b", issued=T0 - 9))]))
    return at(
        T0 + draw(SECONDS),
        *plan,
        clock_trusted=draw(st.sampled_from([True, True, True, False])),
        history=history,
        current=current,
        policy=policy,
        alerts=alerts,
        dead_streams=draw(st.sampled_from([frozenset(), DEAD])),
        under=under,
        known_sound_ms=draw(st.sampled_from([None, T0 - 5_000])),
    )


@st.composite
def beginnings(draw: st.DrawFn) -> tuple[Situation, Decision, Candidate]:
    """A situation in which something begins."""
    s = draw(situations())
    decision = decide(s)
    if decision.play is None:
        s = replace(s, policy=Policy(can_seek=s.policy.can_seek), clock_trusted=True)
        s = replace(s, current=None, under=None)
        s = replace(s, cues=(*s.cues, cue("spare", T0 + 100_000)), now_ms=max(s.now_ms, T0))
        decision = decide(s)
    if decision.play is None:
        s = replace(s, now_ms=T0 + 100_000)
        decision = decide(s)
    assert decision.play is not None
    return s, decision, decision.play


@given(beginnings())
def test_law_nothing_starts_after_its_latest_start(
    b: tuple[Situation, Decision, Candidate],
) -> None:
    _s, decision, play = b
    assert decision.at_ms >= play.cue.start
    assert decision.at_ms <= play.cue.latest_start or play.resumed


@given(beginnings())
def test_law_nothing_starts_that_cannot_end(b: tuple[Situation, Decision, Candidate]) -> None:
    _s, decision, play = b
    end = decision.at_ms + play.length_ms
    assert end <= min(play.cue.latest_end, play.cue.valid_until)
    if play.cue.stream is not None:
        assert end <= play.cue.start + length_on_air(play.cue)


@given(beginnings())
def test_law_withdrawn_or_missing_audio_never_starts(
    b: tuple[Situation, Decision, Candidate],
) -> None:
    s, _decision, play = b
    if play.stream is not None:
        assert play.stream.url not in s.dead_streams
        return
    assert play.asset.sha256 not in s.policy.withdrawn
    assert play.asset.sha256 in s.held
    if play.cue.stream is None:
        assert play.cue.asset.sha256 not in s.policy.withdrawn


@given(beginnings())
def test_law_an_occurrence_never_plays_twice(b: tuple[Situation, Decision, Candidate]) -> None:
    s, _decision, play = b
    past = s.history.get(play.cue.id)
    if past is None or (past.state is PastState.OPEN and play.cue.stream is not None):
        return
    assert past.state is PastState.INTERRUPTED
    assert play.cue.leave is not Leave.DROP


@given(situations())
def test_law_a_switch_or_a_wrong_clock_starts_nothing(s: Situation) -> None:
    assume(s.policy.silenced or not s.clock_trusted)
    assert decide(s).act is not Act.PLAY


@given(beginnings())
def test_law_what_begins_outranks_what_it_cuts(b: tuple[Situation, Decision, Candidate]) -> None:
    s, decision, play = b
    if s.current is None:
        assert decision.cut_at_ms is None
        return
    ranks = list(Rank)
    assert ranks.index(play.cue.rank) <= ranks.index(s.current.candidate.cue.rank)
    if decision.cut_at_ms is None:
        assert decision.over
    else:
        assert s.now_ms <= decision.cut_at_ms <= decision.at_ms


@given(beginnings())
def test_law_of_two_sounds_only_one_is_loud(b: tuple[Situation, Decision, Candidate]) -> None:
    s, decision, play = b
    if not decision.over:
        assert s.current is None or decision.cut_at_ms is not None
        return
    lowered = s.under or s.current
    assert s.policy.can_mix
    assert lowered is not None
    assert play.cue.enter is Enter.DUCK
    assert play.cue.rank not in (Rank.EMERGENCY_LIVE, Rank.EMERGENCY_RECORDED)
    ranks = list(Rank)
    assert ranks.index(play.cue.rank) < ranks.index(lowered.candidate.cue.rank)
    assert decision.under_gain_db <= lowered.candidate.cue.gain_db + DUCK_DB
    assert (decision.cut_at_ms is None) is (s.under is None)


@given(beginnings())
def test_law_the_highest_rank_wins(b: tuple[Situation, Decision, Candidate]) -> None:
    s, _decision, play = b
    alone = [
        decide(replace(s, cues=(rival,), alerts=(), current=None, under=None))
        for rival in s.cues
        if rival.id != play.cue.id
    ]
    ranks = list(Rank)
    for rival in alone:
        if rival.play is not None:
            assert ranks.index(play.cue.rank) <= ranks.index(rival.play.cue.rank)


@given(situations())
def test_law_silence_always_has_a_reason_and_an_end(s: Situation) -> None:
    decision = decide(s)
    assert decision.reason
    assert s.now_ms < decision.next_deadline_ms <= s.now_ms + REPLAN_MS


@given(situations())
def test_law_the_same_situation_gives_the_same_decision(s: Situation) -> None:
    again = replace(s, cues=tuple(change(c) for c in s.cues), history=dict(s.history))
    assert decide(s) == decide(again)


@given(situations())
def test_law_what_was_told_as_skipped_is_over(s: Situation) -> None:
    told = decide(s).skipped
    assume(told)
    history = dict(s.history) | {
        skip.candidate.cue.id: Past(PastState.DONE, 0, s.now_ms) for skip in told
    }
    again = decide(replace(s, history=history))
    names = {skip.candidate.cue.id for skip in told}
    assert not names & {skip.candidate.cue.id for skip in again.skipped}
    assert again.play is None or again.play.cue.id not in names


@given(situations(), st.integers(1, 3_600_000))
def test_law_a_skip_stays_a_skip_later(s: Situation, later: int) -> None:
    told = decide(s).skipped
    assume(told)
    after = decide(replace(s, now_ms=s.now_ms + later))
    assert after.play is None or after.play.cue.id not in {skip.candidate.cue.id for skip in told}
