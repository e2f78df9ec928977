"""From what is wanted and what is there to what there is to do."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cache import Shelf, Wanted
from edge_agent.contract.manifest import Asset, PageRef
from edge_agent.contract.state import ClockSource
from edge_agent.reconcile import (
    ASK_TIME_AGAIN_MS,
    EAGER_ASKS,
    FETCHES_AT_ONCE,
    HELLO_EVERY_MS,
    RESEND_MS,
    VERIFY_BEFORE_MS,
    AskTime,
    Fetch,
    Forget,
    HelloFacts,
    Observed,
    SayHello,
    SayTelemetry,
    SendReports,
    TelemetryFacts,
    Verify,
    Wants,
    reconcile,
)

NOW, MONO = 1_795_386_600_000, 500_000
HELLO = HelloFacts(1, 1, 1, 0, "d", "s", ClockSource.NTP, (), ())
TELEMETRY = TelemetryFacts(1, 1, 0, 0, None)


def asset(letter: str) -> Asset:
    return Asset(letter * 64, 100, 1_000)


def page(letter: str, date: str = "2026-11-23") -> PageRef:
    return PageRef(date, letter * 64, 10)


def quiet(**changes: Any) -> Observed:
    """A box with nothing to do: connected, all said, all held."""
    plain = Observed(
        online=True,
        pages={},
        audio={},
        fetching=frozenset(),
        not_before={},
        verified=frozenset(),
        free_bytes=10_000,
        reserve_bytes=1_000,
        hello=HELLO,
        telemetry=TELEMETRY,
        acked=4,
        last_seq=4,
        time_measured=True,
        time_asks=3,
        player_idle=True,
        said_hello=HELLO,
        hello_at=MONO - 10,
        said_telemetry=TELEMETRY,
        telemetry_at=MONO - 10,
        sent_upto=4,
        sent_at=MONO - 10,
        asked_at=MONO - 10,
    )
    return replace(plain, **changes)


def todo(wants: Wants = Wants(), **changes: Any) -> list[Any]:  # noqa: B008 - frozen
    return list(reconcile(wants, quiet(**changes), NOW, MONO))


def test_a_box_that_has_all_does_nothing() -> None:
    assert todo() == []


def test_pages_come_before_audio_and_the_nearest_first() -> None:
    wants = Wants(
        pages=(page("2", "2026-11-24"), page("1", "2026-11-23")),
        audio=((asset("b"), NOW + 2), (asset("a"), NOW + 1)),
    )
    fetched = [action.wanted.sha256[0] for action in todo(wants)]
    assert fetched == ["1", "2"]
    held = {"1" * 64: 10, "2" * 64: 10}
    assert [a.wanted.sha256[0] for a in todo(wants, pages=held)] == ["a", "b"]


def test_no_more_than_two_are_under_way() -> None:
    wants = Wants(audio=tuple((asset(letter), NOW) for letter in "abcdef"))
    assert len(todo(wants)) == FETCHES_AT_ONCE
    assert todo(wants, fetching=frozenset(["a" * 64, "b" * 64])) == []
    assert [a.wanted.sha256[0] for a in todo(wants, fetching=frozenset(["a" * 64]))] == ["b"]


def test_a_failed_fetch_waits_its_time_and_lets_others_pass() -> None:
    wants = Wants(audio=((asset("a"), NOW), (asset("b"), NOW + 1)))
    waiting = todo(wants, not_before={"a" * 64: MONO + 1})
    assert [a.wanted.sha256[0] for a in waiting] == ["b"]


def test_withdrawn_audio_is_not_fetched_and_is_forgotten() -> None:
    wants = Wants(audio=((asset("a"), NOW),), withdrawn=frozenset(["a" * 64]))
    assert todo(wants) == []
    assert todo(wants, audio={"a" * 64: 100}) == [Forget(Shelf.AUDIO, "a" * 64, "withdrawn")]


def test_a_file_of_another_size_is_fetched_again() -> None:
    wants = Wants(audio=((asset("a"), NOW),))
    assert todo(wants, audio={"a" * 64: 99})[0].wanted == Wanted(Shelf.AUDIO, "a" * 64, 100)


def test_nothing_is_forgotten_while_the_plan_is_not_wholly_known() -> None:
    shelves: dict[str, Any] = {"pages": {"1" * 64: 10}, "audio": {"a" * 64: 100}, "free_bytes": 0}
    assert todo(Wants(complete=False), **shelves) == []
    assert {type(action) for action in todo(Wants(complete=True), **shelves)} == {Forget}


def test_audio_that_no_plan_names_stays_until_the_disk_is_short() -> None:
    wants = Wants(complete=True, pinned=frozenset(["b" * 64]), audio=((asset("c"), NOW + 10**9),))
    audio = {letter * 64: 100 for letter in "abc"}
    assert todo(wants, audio=audio) == []
    forgotten = todo(wants, audio=audio, free_bytes=999)
    assert [action.sha256[0] for action in forgotten] == ["a"]


def test_a_full_disk_refuses_downloads() -> None:
    assert todo(Wants(audio=((asset("a"), NOW),)), free_bytes=1_099) == []
    assert len(todo(Wants(audio=((asset("a"), NOW),)), free_bytes=1_100)) == 1


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


def test_telemetry_beats_and_follows_changes_once_a_second() -> None:
    assert todo(telemetry_at=MONO - 30_000) == [SayTelemetry("heartbeat")]
    moved = replace(TELEMETRY, bytes_held=5)
    assert todo(telemetry=moved, telemetry_at=MONO - 999) == []
    assert len(todo(telemetry=moved, telemetry_at=MONO - 1_000)) == 1


def test_reports_go_once_a_connection_and_again_when_not_acknowledged() -> None:
    assert todo(last_seq=6)[0] == SendReports(4, "not sent on this connection")
    assert todo(last_seq=6, sent_upto=5)[0].after == 5
    assert todo(last_seq=6, sent_upto=6) == []
    late = todo(last_seq=6, sent_upto=6, sent_at=MONO - RESEND_MS)
    assert late == [SendReports(4, "not acknowledged in time")]


def test_the_time_is_asked_eagerly_at_first_and_then_seldom() -> None:
    fresh: dict[str, Any] = {"time_measured": False, "asked_at": MONO - 1_000}
    assert todo(**fresh) == [AskTime("not yet measured")]
    assert todo(**fresh, time_asks=EAGER_ASKS) == []
    assert todo(**fresh, has_keys=False) == []
    assert todo(asked_at=MONO - ASK_TIME_AGAIN_MS) == [AskTime("to compare")]


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
    seen = quiet(audio=audio, free_bytes=free)
    actions = reconcile(wants, seen, NOW, MONO)
    assert actions == reconcile(wants, seen, NOW, MONO)
    assert all(action.reason for action in actions)
    forgotten = {action.sha256[0] for action in actions if isinstance(action, Forget)}
    assert not forgotten & (named - withdrawn)
    fetched = {action.wanted.sha256[0] for action in actions if isinstance(action, Fetch)}
    assert not fetched & (held | withdrawn)
