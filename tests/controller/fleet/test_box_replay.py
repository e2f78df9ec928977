"""A box on a fake clock: what it airs in days with outages, and that nothing goes unaccounted."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller.fleet.box_replay import (
    BOOT_MS,
    ClockStep,
    Faults,
    Heard,
    Sent,
    Span,
    replay_box,
)
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank, Stream
from schedules.as_run import Outcome

# 2026-11-23 05:30 in Viet Nam.
T0 = 1_795_386_600_000
MINUTE, HOUR = 60_000, 3_600_000
DAY = 24 * HOUR


def asset(letter: str = "a", duration_ms: int = MINUTE) -> Asset:
    return Asset(letter * 64, 1_000, duration_ms)


def cue(name: str = "c-1", start: int = T0, letter: str = "a", **changes: Any) -> Cue:
    plain = Cue(
        id=name,
        asset=asset(letter),
        start=start,
        latest_start=start + 5 * MINUTE,
        latest_end=start + 10 * MINUTE,
        valid_until=start + 7 * DAY,
        rank=Rank.PROGRAMME,
        enter=Enter.AFTER_ITEM,
        leave=Leave.RESTART,
        gain_db=0.0,
        title=f"Tin {name}",
        language="vi",
    )
    return replace(plain, **changes)


def alert(at: int, minutes: int = 5) -> Alert:
    return Alert(
        id="lu-quet",
        version=1,
        severity=Severity.EXTREME,
        areas=(),
        issued=at,
        expires=at + minutes * MINUTE,
        max_play_s=60,
        spoken=(Spoken("vi", (asset("e", 20_000),)),),
    )


def live(*cues: Cue, days: int = 1, published: int = T0 - 2 * DAY, **faults: Any) -> list[Heard]:
    """A day from an hour before T0 on."""
    sent = [Sent(c, published) for c in cues]
    return list(replay_box(sent, T0 - HOUR, T0 - HOUR + days * DAY, Faults(**faults)))


def test_a_plain_day_airs_every_cue_at_its_instant() -> None:
    heard = live(cue(), cue("c-2", T0 + MINUTE + 1_000, "b"))
    assert [(h.cue.id, h.at_ms, h.sounded_ms, h.outcome) for h in heard] == [
        ("c-1", T0, MINUTE, Outcome.PLAYED),
        ("c-2", T0 + MINUTE + 1_000, MINUTE, Outcome.PLAYED),
    ]


def test_audio_that_never_arrives_is_skipped_and_named() -> None:
    [heard] = live(cue(), never_held=frozenset({"a" * 64}))
    assert (heard.outcome, heard.reason, heard.fault) == (
        Outcome.SKIPPED,
        "audio_missing",
        "audio_missing",
    )


def test_an_untrusted_clock_keeps_a_box_silent_and_the_box_says_missed() -> None:
    [heard] = live(cue(), clock=(Span(T0 - MINUTE, T0 + HOUR),))
    assert (heard.outcome, heard.reason, heard.fault) == (
        Outcome.SKIPPED,
        "missed",
        "clock_untrusted",
    )


def test_a_clock_that_is_trusted_again_in_time_airs_late() -> None:
    [heard] = live(cue(), clock=(Span(T0 - MINUTE, T0 + 2 * MINUTE),))
    assert (heard.outcome, heard.at_ms) == (Outcome.PLAYED, T0 + 2 * MINUTE)


def test_a_power_cut_interrupts_and_the_sentence_starts_again_when_it_is_back() -> None:
    cut = Span(T0 + 20_000, T0 + MINUTE)
    first, again = live(cue(), power=(cut,))
    assert (first.outcome, first.sounded_ms) == (Outcome.INTERRUPTED, 20_000)
    assert (again.outcome, again.at_ms) == (Outcome.PLAYED, cut.until_ms + BOOT_MS)


def test_after_a_power_cut_without_network_a_box_without_rtc_has_no_time() -> None:
    gone = Span(T0 - HOUR, T0 + HOUR)
    faults = {"power": (Span(T0 - 30 * MINUTE, T0 - 20 * MINUTE),), "network": (gone,)}
    [heard] = live(cue(), **faults)
    assert (heard.outcome, heard.fault) == (Outcome.SKIPPED, "clock_untrusted")
    [heard] = live(cue(), **faults, has_rtc=True)
    assert heard.outcome is Outcome.PLAYED


def test_a_plan_that_is_published_in_an_outage_comes_after_it() -> None:
    outage = (Span(T0 - HOUR, T0 + HOUR),)
    second = cue("c-2", T0 + 2 * HOUR, "b")
    heard = live(cue(), second, published=T0 - 30 * MINUTE, network=outage)
    assert [(h.cue.id, h.outcome, h.fault) for h in heard] == [
        ("c-1", Outcome.SKIPPED, "page_missing"),
        ("c-2", Outcome.PLAYED, ""),
    ]


def test_a_plan_that_a_box_holds_airs_without_network() -> None:
    [heard] = live(cue(), network=(Span(T0 - HOUR, T0 + HOUR),))
    assert heard.outcome is Outcome.PLAYED


def test_an_alert_cuts_the_programme_and_the_programme_starts_again() -> None:
    heard = live(cue(), alerts=(alert(T0 + 20_000),))
    assert [(h.cue.title, h.outcome) for h in heard] == [
        ("Tin c-1", Outcome.CUT),
        ("lu-quet", Outcome.PLAYED),
        ("Tin c-1", Outcome.PLAYED),
    ]
    assert heard[0].reason == "preempted"
    assert heard[1].at_ms >= T0 + 20_000


def test_an_alert_that_comes_in_an_outage_is_heard_after_it_if_it_still_stands() -> None:
    outage = (Span(T0, T0 + 3 * MINUTE),)
    [heard] = live(alerts=(alert(T0 + MINUTE),), network=outage)
    assert heard.at_ms == T0 + 3 * MINUTE
    assert live(alerts=(alert(T0 + MINUTE, minutes=1),), network=outage) == []


def test_a_kill_switch_silences_what_sounds_and_what_is_due() -> None:
    second = cue("c-2", T0 + 2 * MINUTE, "b", latest_start=T0 + 3 * MINUTE)
    first, skipped = live(cue(), second, kill_switch=(Span(T0 + 10_000, T0 + HOUR),))
    assert (first.outcome, first.sounded_ms, first.reason) == (Outcome.CUT, 10_000, "kill_switch")
    assert (skipped.outcome, skipped.reason) == (Outcome.SKIPPED, "kill_switch")


@pytest.mark.parametrize(
    ("by_ms", "at"), [(2 * HOUR, T0 - 2 * HOUR), (-30 * MINUTE, T0 + 30 * MINUTE)]
)
def test_a_clock_that_is_wrong_and_believed_airs_at_the_wrong_time(by_ms: int, at: int) -> None:
    step = ClockStep(Span(T0 - 3 * HOUR, T0 + 3 * HOUR), by_ms)
    sent = [Sent(cue(), T0 - DAY)]
    [heard] = replay_box(sent, T0 - 3 * HOUR, T0 + DAY, Faults(steps=(step,)))
    assert (heard.outcome, heard.at_ms) == (Outcome.PLAYED, at)


def test_a_clock_that_steps_back_repeats_nothing() -> None:
    step = ClockStep(Span(T0 + 5 * MINUTE, T0 + 3 * HOUR), -10 * MINUTE)
    assert len(live(cue(), steps=(step,))) == 1


def test_a_relay_whose_network_is_gone_gives_way_to_its_fallback_and_comes_back() -> None:
    relay = cue(
        asset=asset("f", 30_000),
        stream=Stream("https://radio.example/vov"),
        play_ms=10 * MINUTE,
        rank=Rank.RELAY,
        latest_end=T0 + 10 * MINUTE,
    )
    heard = live(relay, network=(Span(T0 + 4 * MINUTE, T0 + 5 * MINUTE),))
    assert [(h.outcome.value, h.reason, h.at_ms - T0, h.sounded_ms) for h in heard] == [
        ("failed", "stream_dead", 0, 4 * MINUTE),
        ("played", "fallback", 4 * MINUTE, 30_000),
        ("played", "fallback", 4 * MINUTE + 30_000, 30_000),
        ("played", "relay", 5 * MINUTE, 5 * MINUTE),
    ]


def test_a_stream_that_is_back_takes_over_from_what_sounds_in_its_place() -> None:
    relay = cue(
        asset=asset("f", 5 * MINUTE),
        stream=Stream("https://radio.example/vov"),
        play_ms=10 * MINUTE,
        rank=Rank.RELAY,
        latest_end=T0 + 10 * MINUTE,
    )
    heard = live(relay, network=(Span(T0 - MINUTE, T0 + 2 * MINUTE),), published=T0 - DAY)
    assert [(h.outcome.value, h.reason) for h in heard] == [
        ("cut", "stream_back"),
        ("played", "relay"),
    ]
    assert heard[-1].at_ms + heard[-1].sounded_ms == T0 + 10 * MINUTE


def test_a_fallback_sounds_where_the_audio_never_came() -> None:
    [heard] = live(cue(fallback=asset("f", 20_000)), never_held=frozenset({"a" * 64}))
    assert (heard.outcome, heard.reason, heard.sounded_ms) == (Outcome.PLAYED, "fallback", 20_000)


spans = st.builds(
    lambda start, length: Span(T0 + start * MINUTE, T0 + (start + length) * MINUTE),
    st.integers(-70, 180),
    st.integers(1, 90),
)
faults = st.builds(
    Faults,
    network=st.lists(spans, max_size=2).map(tuple),
    power=st.lists(spans, max_size=2).map(tuple),
    clock=st.lists(spans, max_size=2).map(tuple),
    kill_switch=st.lists(spans, max_size=1).map(tuple),
    steps=st.lists(
        st.builds(ClockStep, spans, st.integers(-3, 3).map(lambda m: m * 7 * MINUTE)), max_size=1
    ).map(tuple),
    alerts=st.lists(st.integers(-20, 120).map(lambda m: alert(T0 + m * MINUTE)), max_size=1).map(
        tuple
    ),
    never_held=st.sampled_from([frozenset(), frozenset({"b" * 64})]),
)


@settings(max_examples=120, deadline=None)
@given(
    faults,
    st.lists(st.tuples(st.integers(0, 150), st.sampled_from(list(Rank)[2:])), max_size=6),
    st.integers(-120, 60),
)
def test_whatever_goes_wrong_every_cue_is_accounted_for_and_one_sound_at_a_time(
    wrong: Faults, slots: list[tuple[int, Rank]], published: int
) -> None:
    cues = [
        cue(f"c-{i}", T0 + at * MINUTE, "abc"[i % 3], rank=rank)
        for i, (at, rank) in enumerate(slots)
    ]
    sent = [Sent(c, T0 + published * MINUTE) for c in cues]
    heard = replay_box(sent, T0 - HOUR, T0 + 6 * HOUR, wrong)
    assert {c.id for c in cues} <= {h.cue.id for h in heard}
    sounds = [h for h in heard if h.sounded_ms]
    for earlier, later in pairwise(sounds):
        assert earlier.at_ms + earlier.sounded_ms <= later.at_ms
    for each in cues:
        whole = [h for h in heard if h.cue.id == each.id and h.outcome is Outcome.PLAYED]
        assert len(whole) <= 1
    assert replay_box(sent, T0 - HOUR, T0 + 6 * HOUR, wrong) == heard
