"""From what is wanted and what is there to what there is to do."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.manifest import Asset
from edge_agent.contract.state import ClockSource, OnAir
from edge_agent.reconcile import (
    HELLO_EVERY_MS,
    RESEND_AT_MOST_MS,
    RESEND_MS,
    VERIFY_BEFORE_MS,
    AskTime,
    HelloFacts,
    Observed,
    SayHello,
    SayTelemetry,
    SendReports,
    TelemetryFacts,
    Verify,
    reconcile,
)
from edge_agent.stock import Fetch, Forget, Stock, Wants

NOW, MONO = 1_795_386_600_000, 500_000
HELLO = HelloFacts(1, 1, 1, 0, "d", "s", ClockSource.NTP, (), ())
TELEMETRY = TelemetryFacts(1, 1, 0, 0, None)


def asset(letter: str) -> Asset:
    return Asset(letter * 64, 100, 1_000)


def quiet(**changes: Any) -> Observed:
    """A box with nothing to do: connected, all said, all held."""
    plain = Observed(
        online=True,
        stock=Stock(pages={}, audio={}, free_bytes=10_000, reserve_bytes=1_000),
        verified=frozenset(),
        hello=HELLO,
        telemetry=TELEMETRY,
        acked=4,
        last_seq=4,
        ask_time_ms=900_000,
        player_idle=True,
        said_hello=HELLO,
        hello_at=MONO - 10,
        said_telemetry=TELEMETRY,
        telemetry_at=MONO - 10,
        sent_upto=4,
        sent_at=MONO - 10,
        asked_at=MONO - 10,
    )
    shelf = {"audio": changes.pop("audio")} if "audio" in changes else {}
    return replace(plain, **changes, stock=replace(plain.stock, **shelf))


def todo(wants: Wants = Wants(), **changes: Any) -> list[Any]:  # noqa: B008 - frozen
    return list(reconcile(wants, quiet(**changes), NOW, MONO))


def test_a_box_that_has_all_does_nothing() -> None:
    assert todo() == []


def test_audio_is_checked_again_in_the_last_hour_unless_something_plays() -> None:
    wants = Wants(audio=((asset("a"), NOW + VERIFY_BEFORE_MS),))
    audio = {"a" * 64: 100}
    assert todo(wants, audio=audio) == [Verify("a" * 64, "needed within the hour")]
    assert todo(wants, audio=audio, player_idle=False) == []
    assert todo(wants, audio=audio, verified=frozenset(["a" * 64])) == []
    later = Wants(audio=((asset("a"), NOW + VERIFY_BEFORE_MS + 1),))
    assert todo(later, audio=audio) == []


def test_hello_is_said_at_once_on_a_new_connection_and_soon_on_a_change() -> None:
    assert todo(said_hello=None) == [SayHello("connected")]
    assert todo(hello=replace(HELLO, conn=2))[0] == SayHello("connected")
    changed = replace(HELLO, lacking=1)
    assert todo(hello=changed) == []
    said = todo(hello=changed, hello_at=MONO - HELLO_EVERY_MS)
    assert said == [SayHello("what it says has changed")]


def test_one_file_more_of_many_that_lack_is_said_seldom() -> None:
    said = replace(HELLO, lacking=90)
    one_less = {"said_hello": said, "hello": replace(said, lacking=89, digest="e")}
    assert todo(**one_less, hello_at=MONO - 9_999) == []
    assert len(todo(**one_less, hello_at=MONO - 10_000)) == 1
    for hello in (replace(said, lacking=0), replace(said, lacking=89, desired=2)):
        assert len(todo(said_hello=said, hello=hello, hello_at=MONO - HELLO_EVERY_MS)) == 1


def test_telemetry_beats_and_follows_changes_once_a_second() -> None:
    assert todo(telemetry_at=MONO - 30_000) == [SayTelemetry("heartbeat")]
    for moved in (
        replace(TELEMETRY, lacking=5),
        replace(TELEMETRY, on_air=OnAir("p-1", "c-1", 0, 9)),
        replace(TELEMETRY, silenced="kill_switch"),
        replace(TELEMETRY, troubles=frozenset({"hot"})),
    ):
        assert todo(telemetry=moved, telemetry_at=MONO - 999) == []
        assert len(todo(telemetry=moved, telemetry_at=MONO - 1_000)) == 1


@pytest.mark.parametrize(("heartbeat_ms", "every_ms"), [(30_000, 10_000), (900_000, 60_000)])
def test_mere_progress_is_told_seldom_and_more_seldom_where_data_costs(
    heartbeat_ms: int, every_ms: int
) -> None:
    said, wants = (
        replace(TELEMETRY, on_air=OnAir("p-1", "c-1", 0, 9)),
        Wants(heartbeat_ms=heartbeat_ms),
    )
    for moved in (replace(said, bytes_held=5), replace(said, on_air=OnAir("p-1", "c-1", 3, 9))):
        changes = {"telemetry": moved, "said_telemetry": said}
        assert todo(wants, **changes, telemetry_at=MONO - every_ms + 1) == []
        assert len(todo(wants, **changes, telemetry_at=MONO - every_ms)) == 1


def test_reports_go_once_a_connection_and_again_when_not_acknowledged() -> None:
    assert todo(last_seq=6)[0] == SendReports(4, "not sent on this connection")
    assert todo(last_seq=6, sent_upto=5)[0].after == 5
    assert todo(last_seq=6, sent_upto=6) == []
    late = todo(last_seq=6, sent_upto=6, sent_at=MONO - RESEND_MS)
    assert late == [SendReports(4, "not acknowledged in time")]


def test_reports_that_nobody_acknowledges_are_said_less_and_less_often() -> None:
    lost = {"last_seq": 90, "sent_upto": 10, "repeats": 3}
    assert todo(**lost, sent_at=MONO - 8 * RESEND_MS + 1) == []
    assert todo(**lost, sent_at=MONO - 8 * RESEND_MS)[0] == SendReports(
        4, "not acknowledged in time"
    )
    assert todo(last_seq=9, sent_upto=9, repeats=99, sent_at=MONO - RESEND_AT_MOST_MS) != []


def test_a_slow_line_is_not_given_more_than_it_was_seen_to_carry() -> None:
    assert todo(last_seq=9_000, sent_upto=403)[0].after == 403
    assert todo(last_seq=9_000, sent_upto=404, sent_at=MONO) == []


def test_the_time_is_asked_as_often_as_the_clock_wants_it() -> None:
    said = [AskTime("the clock is compared")]
    assert todo(asked_at=None) == said
    assert todo(asked_at=MONO - 999, ask_time_ms=1_000) == []
    assert todo(asked_at=MONO - 1_000, ask_time_ms=1_000) == said
    assert todo(asked_at=None, has_keys=False) == []


def test_without_a_connection_nothing_is_said_and_fetching_goes_on() -> None:
    wants = Wants(audio=((asset("a"), NOW),))
    actions = todo(wants, online=False, said_hello=None, last_seq=9, telemetry_at=None)
    assert [type(action) for action in actions] == [Fetch]


@given(
    held=st.frozensets(st.sampled_from("abcdef")),
    named=st.frozensets(st.sampled_from("abcdef")),
    withdrawn=st.frozensets(st.sampled_from("abcdef")),
    complete=st.booleans(),
    free=st.integers(0, 3_000),
)
def test_law_what_the_plan_needs_is_never_forgotten_and_every_action_has_a_reason(
    held: frozenset[str],
    named: frozenset[str],
    withdrawn: frozenset[str],
    complete: bool,
    free: int,
) -> None:
    wants = Wants(
        audio=tuple((asset(letter), NOW) for letter in sorted(named)),
        withdrawn=frozenset(letter * 64 for letter in withdrawn),
        complete=complete,
    )
    audio = {letter * 64: 100 for letter in held}
    seen = quiet()
    seen = replace(seen, stock=replace(seen.stock, audio=audio, free_bytes=free))
    actions = reconcile(wants, seen, NOW, MONO)
    assert actions == reconcile(wants, seen, NOW, MONO)
    assert all(action.reason for action in actions)
    forgotten = {action.sha256[0] for action in actions if isinstance(action, Forget)}
    assert not forgotten & (named - withdrawn)
    fetched = {action.wanted.sha256[0] for action in actions if isinstance(action, Fetch)}
    assert not fetched & (held | withdrawn)
