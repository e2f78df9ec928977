"""Which alerts are active, what comes next of each, and how far each has come."""

import random
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as change

from edge_agent.contract.alert import Alert, AlertList, AlertStatus, Ended, Severity, Spoken
from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import MAX_PAYLOAD_BYTES
from edge_agent.held import HeldStore
from edge_agent.past import MAX_STARTS, Past, PastState
from edge_agent.rounds import (
    DAY_MS,
    NO_WORDS,
    SIREN,
    Part,
    Progress,
    Voiced,
    active_alerts,
    alert_key,
    cue_of,
    next_turn,
    progress,
    voiced,
)

T0 = 1_795_386_600_000
MINUTE = 60_000
VILLAGE, COMMUNE, PROVINCE, NEIGHBOUR = "lang-1", "xa-1", "tinh-51", "lang-2"
MINE = {"abcdef123456", VILLAGE, COMMUNE, PROVINCE}
SIREN_SOUND = Asset("5" * 64, 1_000, 5_000)


def asset(letter: str = "a", duration_ms: int = MINUTE) -> Asset:
    return Asset(letter * 64, 1_000, duration_ms)


def alert(name: str = "lu", letters: str = "a", **changes: Any) -> Alert:
    plain = Alert(
        id=name,
        version=1,
        severity=Severity.SEVERE,
        areas=(),
        issued=T0,
        expires=T0 + 60 * MINUTE,
        max_play_s=3_600,
        spoken=tuple(Spoken("vi", (asset(letter),)) for letter in letters),
    )
    return change(plain, **changes)


def ids(alerts: tuple[Alert, ...]) -> list[str]:
    return [alert_key(each) for each in alerts]


# Which are active


def test_an_alert_is_for_who_stands_in_one_of_its_areas_and_for_nobody_else() -> None:
    def is_for_me(*areas: str) -> bool:
        return bool(active_alerts([alert(areas=areas)], T0, mine=MINE))

    assert is_for_me(VILLAGE)
    assert is_for_me(COMMUNE)
    assert is_for_me(NEIGHBOUR, PROVINCE)
    assert is_for_me("abcdef123456")
    assert is_for_me()
    assert not is_for_me(NEIGHBOUR)
    assert not is_for_me("lang", "lang-11", "xa-1x")


def test_an_update_that_leaves_this_village_out_silences_what_it_replaces() -> None:
    first = alert(areas=(VILLAGE, NEIGHBOUR))
    narrower = alert(areas=(NEIGHBOUR,), version=2)
    assert active_alerts([first, narrower], T0, mine=MINE) == ()


def test_one_alert_by_two_lists_is_one_alert_for_whoever_stands_in_either() -> None:
    by_village, by_commune = alert(areas=(NEIGHBOUR,)), alert(areas=(COMMUNE,))
    assert active_alerts([by_village, by_commune], T0, mine=MINE) == (by_commune,)
    twice = [alert(areas=(VILLAGE,)), alert(areas=(COMMUNE,))]
    assert len(active_alerts(twice, T0, mine=MINE)) == 1


def test_what_ended_is_over_in_every_version_up_to_that_one() -> None:
    both = [alert(version=1), alert("bao", version=3)]
    assert ids(active_alerts(both, T0, gone={"lu": 1, "bao": 2})) == ["bao.v3"]


@st.composite
def histories(draw: st.DrawFn) -> list[AlertList]:
    """What one issuer says of a village and its commune over time, as an honest office does."""
    serials = count(T0)
    lists: list[AlertList] = []
    standing: dict[str, Alert] = {}
    scopes: dict[str, str] = {}
    gone: dict[str, Ended] = {}
    for _ in range(draw(st.integers(1, 8))):
        name = draw(st.sampled_from(["lu", "bao", "dong-dat"]))
        act = draw(st.sampled_from(["raise", "end", "move"]))
        known = standing.get(name)
        if name in gone:
            continue
        if act == "end" and known is not None:
            gone[name] = Ended(name, known.version)
            del standing[name]
        elif act != "end":
            version = known.version + 1 if known else 1
            scopes[name] = draw(st.sampled_from([VILLAGE, COMMUNE]))
            standing[name] = alert(name, version=version, areas=(scopes[name],))
        for scope in (VILLAGE, COMMUNE):
            here = tuple(a for n, a in sorted(standing.items()) if scopes[n] == scope)
            moved = tuple(
                Ended(n, a.version - 1)
                for n, a in standing.items()
                if scopes[n] != scope and a.version > 1
            )
            serial = next(serials)
            ended = (*gone.values(), *moved)
            lists.append(AlertList("tinh", scope, serial, T0, here, ended))
    return lists


@settings(max_examples=30, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_law_however_lists_come_and_whenever_it_restarts_a_box_ends_with_the_same_alerts(
    tmp_path_factory: pytest.TempPathFactory, lists: list[AlertList], dice: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("held")

    def lived(order: list[AlertList], place: Path, *, restarts: bool) -> tuple[Alert, ...]:
        place.mkdir()
        store = HeldStore(place)
        for told in order:
            known = store.held.alerts.get((told.issuer, told.scope))
            if known is None or told.serial > known.serial:
                store.take_alerts(told)
            if restarts:
                store = HeldStore(place)
        every = [a for told in store.held.alerts.values() for a in told.alerts]
        gone = {ident: each.version for ident, each in store.held.gone.items()}
        return active_alerts(every, T0 + 1, gone=gone, mine=MINE)

    mixed = [*lists, *dice.sample(lists, k=len(lists) // 2)]
    dice.shuffle(mixed)
    # The newest list of each scope is retained: it comes in the end, whatever came before.
    mixed += [
        max((t for t in lists if t.scope == scope), key=lambda t: t.serial)
        for scope in (COMMUNE, VILLAGE)
        if lists
    ]
    in_order = lived(lists, folder / "in-order", restarts=False)
    assert lived(mixed, folder / "mixed", restarts=True) == in_order


def test_an_end_is_remembered_when_its_list_says_no_more_of_it(tmp_path: Path) -> None:
    store = HeldStore(tmp_path)
    store.take_alerts(AlertList("tinh", VILLAGE, 5, T0, (), (Ended("lu", 2),)))
    store.take_alerts(AlertList("tinh", VILLAGE, 6, T0 + 1, ()))
    store = HeldStore(tmp_path)
    store.take_alerts(AlertList("tinh", COMMUNE, 7, T0 + 2, (alert(version=2),)))
    assert store.held.gone["lu"].version == 2
    assert store.held.gone["lu"].until_ms > T0 + DAY_MS


def test_lists_that_are_longer_together_than_any_message_outlive_a_restart(tmp_path: Path) -> None:
    store = HeldStore(tmp_path)
    for n in range(16):
        ended = tuple(Ended(f"tinh.{n:04d}-{k:04d}-{'a' * 26}", 1) for k in range(200))
        store.take_alerts(AlertList("tinh", f"xa-{n}", 5, T0, (alert(f"lu-{n}"),), ended))
    assert (tmp_path / "alerts.json").stat().st_size > MAX_PAYLOAD_BYTES
    again = HeldStore(tmp_path)
    assert again.losses == ()
    assert again.held == store.held


def test_what_is_gone_is_forgotten_in_the_end(tmp_path: Path) -> None:
    store = HeldStore(tmp_path)
    store.take_alerts(AlertList("tinh", VILLAGE, 5, T0, (), (Ended("lu", 2),)))
    store.take_alerts(AlertList("tinh", VILLAGE, 6, T0 + 9 * DAY_MS, ()))
    assert store.held.gone == {}


# What comes next


def said(
    *names: str, of: Alert, round_: int = 0, at_ms: int = T0 + MINUTE, **changes: Any
) -> dict[str, Past]:
    fields = {"state": PastState.DONE, "played_ms": MINUTE, "at_ms": at_ms} | changes
    return {f"{alert_key(of)}.{round_}.{name}": Past(**fields) for name in names}


EVERYTHING = {letter * 64 for letter in "abcdef5"}


def turn(of: Voiced, history: dict[str, Past], now_ms: int) -> tuple[int, str, int] | None:
    found = next_turn(of, history, EVERYTHING, now_ms)
    return None if found is None else (found.round, found.part.name, found.start_ms)


def test_the_siren_is_the_first_part_of_each_round() -> None:
    flood = alert(repeat_s=600)
    parts = (Part(SIREN, SIREN_SOUND, NO_WORDS), *voiced(flood).parts)
    sounding = Voiced(flood, parts)
    assert turn(sounding, {}, T0) == (0, SIREN, T0)
    history = said(SIREN, of=flood, at_ms=T0 + 5_000, played_ms=5_000)
    assert turn(sounding, history, T0 + 5_000) == (0, "0.0", T0)
    history |= said("0.0", of=flood)
    assert turn(sounding, history, T0 + MINUTE) == (1, SIREN, T0 + 10 * MINUTE)


def test_a_box_that_comes_late_says_it_once_and_then_speaks_with_the_others() -> None:
    flood = alert(repeat_s=600)
    back = T0 + 25 * MINUTE
    assert turn(voiced(flood), {}, back) == (2, "0.0", T0)
    history = said("0.0", of=flood, round_=2, at_ms=back + MINUTE)
    assert turn(voiced(flood), history, back + MINUTE) == (3, "0.0", T0 + 30 * MINUTE)


def test_a_round_that_comes_just_before_the_next_takes_its_place() -> None:
    flood = alert(repeat_s=600)
    back = T0 + 29 * MINUTE
    history = said("0.0", of=flood, round_=2, at_ms=back + MINUTE)
    assert turn(voiced(flood), history, back + MINUTE) == (4, "0.0", T0 + 40 * MINUTE)


def test_a_box_that_was_away_for_many_rounds_makes_up_for_none() -> None:
    flood = alert(repeat_s=300)
    history = said("0.0", of=flood, round_=0)
    now = T0 + 43 * MINUTE
    assert turn(voiced(flood), history, now) == (8, "0.0", T0 + 40 * MINUTE)
    history |= said("0.0", of=flood, round_=8, at_ms=now + MINUTE)
    assert turn(voiced(flood), history, now + MINUTE) == (10, "0.0", T0 + 50 * MINUTE)


def test_a_clock_that_was_set_back_keeps_no_alert_silent() -> None:
    flood = alert(repeat_s=300)
    history = said("0.0", of=flood, round_=2, at_ms=T0 + 200 * MINUTE)
    assert turn(voiced(flood), history, T0 + 16 * MINUTE) == (3, "0.0", T0 + 15 * MINUTE)


def test_a_box_whose_clock_is_a_little_behind_does_not_wait_for_it() -> None:
    assert turn(voiced(alert()), {}, T0 - 30_000) == (0, "0.0", T0 - 30_000)


def test_a_round_that_was_cut_short_long_ago_is_not_gone_on_with() -> None:
    flood = alert(letters="ab", repeat_s=300)
    cut = said("0.0", of=flood, state=PastState.INTERRUPTED)
    assert turn(voiced(flood), cut, T0 + 2 * MINUTE) == (0, "0.0", T0)
    assert turn(voiced(flood), cut, T0 + 8 * MINUTE) == (1, "0.0", T0 + 5 * MINUTE)


def test_what_was_cut_too_often_is_left_out_of_its_round() -> None:
    flood = alert(letters="ab")
    cut = said("0.0", of=flood, state=PastState.INTERRUPTED, starts=MAX_STARTS)
    assert turn(voiced(flood), cut, T0 + MINUTE) == (0, "1.0", T0)


def test_a_language_that_comes_later_is_said_in_the_round_that_it_missed() -> None:
    flood = alert(letters="az")
    history = said("0.0", of=flood)
    lacking = next_turn(voiced(flood), history, EVERYTHING, T0 + MINUTE)
    assert lacking is not None
    assert (lacking.part.name, lacking.part.asset.sha256) == ("1.0", "z" * 64)


@given(st.integers(60, 3_600), st.lists(st.integers(0, 3_600_000), max_size=8), st.data())
def test_law_rounds_follow_each_other_with_room_between(
    repeat_s: int, looks: list[int], data: st.DataObject
) -> None:
    flood = alert(repeat_s=repeat_s, expires=T0 + 3 * 60 * MINUTE, max_play_s=86_400)
    sound_ms = data.draw(st.integers(1_000, 40_000))
    flood = change(flood, spoken=(Spoken("vi", (asset("a", sound_ms),)),))
    history: dict[str, Past] = {}
    began: list[int] = []
    for now in sorted(T0 + look for look in looks):
        found = next_turn(voiced(flood), history, EVERYTHING, now)
        if found is None or found.start_ms > now or (began and now < began[-1] + sound_ms):
            continue
        cue = cue_of(flood, found)
        assert cue not in history
        history[cue] = Past(PastState.DONE, sound_ms, now + sound_ms)
        began.append(now)
    for before, after in pairwise(began):
        assert after - before >= repeat_s * 500


# How far it has come


def far(of: Voiced, history: dict[str, Past], now_ms: int, **changes: Any) -> Progress:
    return progress(of, history, EVERYTHING, now_ms, **changes)


def test_the_way_of_an_alert_that_sounds() -> None:
    flood = alert(repeat_s=600)
    plain = voiced(flood)
    cue = f"{alert_key(flood)}.0.0.0"
    assert far(plain, {}, T0) == Progress(AlertStatus.RECEIVED)
    assert far(plain, {}, T0, on_air=cue) == Progress(AlertStatus.PLAYING)
    heard = said("0.0", of=flood)
    assert far(plain, heard, T0 + MINUTE) == Progress(AlertStatus.DONE)
    due = T0 + 10 * MINUTE
    assert far(plain, heard, due) == Progress(AlertStatus.DONE)
    assert far(plain, heard, due, on_air=f"{alert_key(flood)}.1.0.0") == Progress(
        AlertStatus.PLAYING, 1
    )


def test_what_keeps_it_silent_is_named() -> None:
    flood, lacking = alert(repeat_s=600), alert(letters="z")
    assert far(voiced(flood), {}, T0, silenced="kill_switch") == Progress(
        AlertStatus.SILENT, 0, "kill_switch"
    )
    assert far(voiced(lacking), {}, T0).reason == "audio_missing"
    nothing = Voiced(flood, (), "phrases_missing: vi")
    assert far(nothing, {}, T0) == Progress(AlertStatus.SILENT, 0, "phrases_missing: vi")
    late = T0 + 60 * MINUTE - 1_000
    assert far(voiced(flood), {}, late).reason == "cannot_end"


def test_between_two_languages_it_still_plays_and_while_one_is_made_it_is_not_done() -> None:
    flood = alert(letters="ab")
    first = said("0.0", of=flood)
    assert far(voiced(flood), first, T0 + MINUTE).status is AlertStatus.PLAYING
    waiting = Voiced(flood, voiced(flood).parts[:1], waits=True)
    assert far(waiting, first, T0 + MINUTE).status is AlertStatus.PLAYING
    assert far(Voiced(flood, (), waits=True), {}, T0).status is AlertStatus.RECEIVED


def test_a_language_that_lacks_is_told_with_the_end_of_the_others() -> None:
    flood = alert(letters="az")
    told = far(voiced(flood), said("0.0", of=flood), T0 + MINUTE)
    assert told == Progress(AlertStatus.DONE, 0, "audio_missing")


def test_a_siren_without_a_word_is_not_taken_for_an_alert_that_was_heard() -> None:
    flood = alert(repeat_s=600)
    siren = Part(SIREN, SIREN_SOUND, NO_WORDS)
    wordless = Voiced(flood, (siren,), "phrases_missing: vi")
    sounded = said(SIREN, of=flood, at_ms=T0 + 5_000, played_ms=5_000)
    told = far(wordless, sounded, T0 + 6_000)
    assert told == Progress(AlertStatus.SILENT, 0, "phrases_missing: vi")
    worded = Voiced(flood, (siren, *voiced(flood).parts), "clip_instead: vi")
    assert far(worded, sounded, T0 + 6_000).status is AlertStatus.PLAYING


def test_no_id_of_an_alert_is_taken_for_a_part_of_another() -> None:
    short, long = alert("lu"), alert("lu.v1.5")
    history = said("0.0", of=long)
    assert far(voiced(short), history, T0) == Progress(AlertStatus.RECEIVED)
