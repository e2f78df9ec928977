"""What is wrong with a box: told from its words, ended later than begun, muted by maintenance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.box_policy import BoxPolicy, DataPlan, Maintenance
from controller.fleet.box_troubles import (
    KINDS,
    BoxFacts,
    LatePlay,
    Unreported,
    Words,
    troubles,
    turned_bad,
)
from edge_agent.contract.state import Telemetry

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAY_MS = 86_400_000
WELL = BoxFacts(
    place="Thôn 1 (cụm 1)",
    policy=BoxPolicy(),
    seen_ms=NOW_MS - 10_000,
    listening_since_ms=NOW_MS - DAY_MS,
    rules=3,
    our_rules=3,
    held_serial=7,
    our_serial=7,
    clock_source="ntp",
    clock_offset_ms=12,
    disk_errors_known=0,
    telemetry=Telemetry(
        boot=1,
        at=NOW_MS,
        desired=7,
        lacking=0,
        bytes_wanted=0,
        bytes_held=0,
        temperature_c=50.0,
        under_voltage=False,
        disk_free_bytes=4_000_000_000,
        disk_errors=0,
        card_worn_percent=10,
        data_used_bytes=10,
        data_limit_bytes=1_000,
        plan_until=NOW_MS + 6 * DAY_MS,
        clock_error_ms=200,
        uptime_s=10_000,
    ),
)


def says(**said: Any) -> BoxFacts:
    assert WELL.telemetry is not None
    return replace(WELL, telemetry=msgspec.structs.replace(WELL.telemetry, **said))


def found(facts: BoxFacts) -> dict[str, Words]:
    return dict(troubles(facts, HANOI, NOW))


def test_a_box_that_is_well_is_nobodys_trouble() -> None:
    assert found(WELL) == {}


@pytest.mark.parametrize(
    ("kind", "facts", "vi", "en"),
    [
        ("box_silent", replace(WELL, seen_ms=NOW_MS - 211_000), "07:56 10/08", "out of touch"),
        ("box_late", replace(WELL, late=LatePlay("Tin", NOW_MS, 4_200)), "muộn 4.2", "4.2 s late"),
        ("amplifier", says(amplifier_fault="exit 1"), "công tắc âm ly", "(exit 1)"),
        ("player", says(player_restarts=3), "trình phát chết", "player dies"),
        ("box_late", replace(WELL, late=LatePlay("Tin", NOW_MS, -3_500)), "sớm 3.5", "s early"),
        ("box_late", replace(WELL, unreported=Unreported("Tin", NOW_MS)), "chưa báo gì", "nothing"),
        ("disk_full", says(disk_free_bytes=199_999_999), "đĩa sắp đầy", "disk"),
        ("hot", says(temperature_c=80.0), "nóng quá 80", "hotter"),
        ("under_voltage", says(under_voltage=True), "điện vào máy", "voltage"),
        ("clock", replace(WELL, clock_source="untrusted"), "không biết giờ", "not know"),
        ("clock", says(clock_error_ms=120_001), "sai quá 120 giây", "more than 120 s"),
        ("clock", replace(WELL, clock_offset_ms=-5_001), "lệch giờ", "off"),
        ("horn_not_heard", replace(WELL, unheard=("Tin", "Tin")), "không có tiếng", "not heard"),
        ("data", says(data_used_bytes=900), "hơn 90 %", "more than 90 %"),
        ("data", says(data_used_bytes=1_000), "hết dung lượng", "used up"),
        ("card", says(card_worn_percent=80), "mòn hơn 80 %", "worn"),
        ("card", says(disk_errors=1), "lỗi đọc ghi", "new errors"),
        ("plan_short", says(plan_until=NOW_MS + DAY_MS - 1), "chỉ đến 07:59 11/08", "ends 07:59"),
        ("losses", replace(WELL, losses=("spool",)), "hỏng", "does not take it: spool"),
        ("rolled_back", replace(WELL, held_serial=8), "sao lưu", "backup"),
        ("wrong_rules", replace(WELL, rules=2), "bộ quy tắc số 2", "rules number 2"),
        ("spool_long", says(spooled=1_001), "1000 báo cáo", "1000 playback reports"),
    ],
)
def test_each_trouble_is_told_with_its_place(kind: str, facts: BoxFacts, vi: str, en: str) -> None:
    said = found(facts)
    assert set(said) == {kind}
    assert said[kind][0].startswith("Thôn 1 (cụm 1): ")
    assert vi in said[kind][0]
    assert en in said[kind][1]


@pytest.mark.parametrize(
    ("kind", "between", "over"),
    [
        ("hot", says(temperature_c=75.0), says(temperature_c=74.9)),
        ("disk_full", says(disk_free_bytes=300_000_000), says(disk_free_bytes=400_000_000)),
        ("clock", replace(WELL, clock_offset_ms=4_000), replace(WELL, clock_offset_ms=3_000)),
        ("spool_long", says(spooled=700), says(spooled=500)),
    ],
)
def test_a_trouble_ends_later_than_it_begins(kind: str, between: BoxFacts, over: BoxFacts) -> None:
    assert found(between) == {}
    assert set(found(replace(between, standing=frozenset({kind})))) == {kind}
    assert found(replace(over, standing=frozenset({kind}))) == {}


def test_a_metered_box_may_be_silent_for_most_of_an_hour() -> None:
    metered = replace(WELL, policy=BoxPolicy(data=DataPlan(500)), seen_ms=NOW_MS - 2_900_000)
    assert found(metered) == {}
    assert set(found(replace(metered, seen_ms=NOW_MS - 2_941_000))) == {"box_silent"}


def test_a_controller_that_could_not_listen_accuses_nobody_and_absolves_nobody() -> None:
    old = replace(WELL, seen_ms=NOW_MS - DAY_MS)
    silent = frozenset({"box_silent"})
    assert found(replace(old, listening_since_ms=None)) == {}
    assert set(found(replace(old, listening_since_ms=None, standing=silent))) == {"box_silent"}
    assert found(replace(old, listening_since_ms=NOW_MS - 60_000)) == {}
    just_back = replace(old, listening_since_ms=NOW_MS - 60_000, standing=silent)
    assert set(found(just_back)) == {"box_silent"}
    assert found(replace(just_back, seen_ms=NOW_MS - 1_000)) == {}


def test_what_was_never_said_is_no_trouble() -> None:
    new = replace(WELL, seen_ms=0, rules=0, telemetry=None, clock_source="untrusted", held_serial=0)
    assert found(new) == {}


def test_a_box_that_was_just_switched_on_may_ask_for_the_time() -> None:
    begun = replace(says(uptime_s=60), clock_source="untrusted")
    assert found(begun) == {}
    assert set(found(replace(begun, standing=frozenset({"clock"})))) == {"clock"}


def test_time_from_the_controller_may_be_far_from_the_boxs_own_clock() -> None:
    assert found(replace(WELL, clock_source="controller", clock_offset_ms=-1_786_000_000_000)) == {}


def test_errors_that_were_known_before_are_no_news() -> None:
    assert found(replace(says(disk_errors=5), disk_errors_known=5)) == {}


def test_maintenance_mutes_all_but_what_is_lost_until_it_is_over() -> None:
    work = Maintenance(NOW + timedelta(hours=1), "thay loa", "Cô Lan")
    bad = replace(
        says(temperature_c=90.0, under_voltage=True),
        losses=("spool",),
        seen_ms=NOW_MS - DAY_MS,
        policy=BoxPolicy(maintenance=work),
    )
    assert set(found(bad)) == {"losses"}
    over = replace(bad, policy=BoxPolicy(maintenance=replace(work, until=NOW)))
    assert set(found(over)) == {"losses", "hot", "under_voltage", "box_silent"}


@given(
    st.sampled_from(
        [
            ("temperature_c", 60.0, 81.0),
            ("under_voltage", False, True),
            ("disk_free_bytes", 1_000_000_000, 1_000),
            ("disk_errors", 0, 1),
        ]
    )
)
def test_a_turn_for_the_worse_is_noticed_once(turn: tuple[str, Any, Any]) -> None:
    name, good, bad = turn
    good_said, bad_said = says(**{name: good}).telemetry, says(**{name: bad}).telemetry
    assert good_said is not None
    assert bad_said is not None
    assert turned_bad(msgspec.to_builtins(good_said), bad_said)
    assert not turned_bad(msgspec.to_builtins(bad_said), bad_said)
    assert not turned_bad(msgspec.to_builtins(bad_said), good_said)


def test_the_kinds_are_the_ones_that_the_api_names() -> None:
    from controller.api.alarm_shapes import AlarmOut

    described = AlarmOut.model_fields["kind"].description or ""
    assert [kind for kind in KINDS if f"`{kind}`" not in described] == []
