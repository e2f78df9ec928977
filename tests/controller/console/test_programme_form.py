"""The form of a programme says what it stands for, and loses nothing that it has no words for."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from controller.console.programme_form import (
    FIELD_OF,
    Fields,
    Repeat,
    draft_from,
    fields_of,
    read_fields,
)
from controller.console.rule_words import timing_words
from controller.errors import ControllerError
from schedules.lunar import LeapMonth, LunarRule
from schedules.precedence import Rank
from schedules.programme import Programme
from schedules.template import (
    Item,
    PlayByRule,
    PlayCart,
    PlayChosen,
    PlayFiller,
    PlayRelay,
    Template,
)
from schedules.timing import Change, OnHolidays, Timing
from schedules.types import BulletinId, CartId, DurationMs, ProgrammeId, RelayId, ZoneId

HOME = "Asia/Ho_Chi_Minh"
START = datetime(2026, 8, 10, 5, 30)
EVERY_MOON = (LunarRule(1, leap=LeapMonth.BOTH), LunarRule(15, leap=LeapMonth.BOTH))
CHOSEN = PlayChosen((BulletinId("a"), BulletinId("b")))


def programme(timing: Timing, *items: Item) -> Programme:
    return Programme(
        ProgrammeId("p"),
        "Chương trình sáng",
        (ZoneId("z"),),
        timing,
        Template(items or (CHOSEN,)),
        DurationMs(930_000),
        Rank.PRIORITY,
    )


TIMINGS = {
    Repeat.ONCE: Timing(START, HOME),
    Repeat.DAILY: Timing(START, HOME, rules=("FREQ=DAILY",), seasons=("fire",)),
    Repeat.WEEKLY: Timing(
        START, HOME, rules=("FREQ=WEEKLY;BYDAY=MO,WE",), on_holidays=OnHolidays.SKIP
    ),
    Repeat.MONTHLY: Timing(START, HOME, rules=("FREQ=MONTHLY;BYMONTHDAY=5",)),
    Repeat.LUNAR: Timing(START, HOME, lunar=EVERY_MOON, valid_until=date(2027, 1, 1)),
    Repeat.TET: Timing(START, HOME, lunar=(LunarRule(1, 1, days=4, offset_days=-1),)),
    Repeat.KEPT: Timing(START, HOME, rules=("FREQ=MONTHLY;BYDAY=1MO",)),
}


@pytest.mark.parametrize("repeat", TIMINGS)
def test_a_form_that_nobody_touched_changes_nothing(repeat: Repeat) -> None:
    changed = replace(TIMINGS[repeat], changes=(Change(START, None),))
    for was in (programme(TIMINGS[repeat]), programme(changed)):
        fields = fields_of(was, ["thon-1"])
        draft = draft_from(fields, was.zone_ids, HOME, was)
        assert fields.repeat == repeat
        assert (draft.timing, draft.template, draft.duration_ms, draft.rank) == (
            was.timing,
            was.template,
            was.duration_ms,
            was.rank,
        )


ROUND = (
    PlayCart(CartId("chime_opening"), 3),
    CHOSEN,
    PlayByRule(("tiem_chung",), max_items=3, max_age_days=9),
    PlayRelay(RelayId("voh"), DurationMs(900_000), CartId("nhac"), 4, DurationMs(120_000)),
    PlayFiller(CartId("nhac"), DurationMs(60_000)),
    PlayCart(CartId("closing")),
)


@pytest.mark.parametrize("items", [ROUND, ROUND[::-1], (PlayCart(CartId("ident")), CHOSEN)])
def test_items_stay_with_all_that_the_form_does_not_show(items: tuple[Item, ...]) -> None:
    was = programme(TIMINGS[Repeat.DAILY], *items)
    fields = fields_of(was, [])
    assert fields.keep_items is (items is not ROUND)
    assert draft_from(fields, was.zone_ids, HOME, was).template == was.template


def test_single_airings_keep_their_change_when_the_time_of_day_moves() -> None:
    dropped = Change(datetime(2026, 8, 12, 5, 30), None)
    moved = Change(datetime(2026, 8, 13, 5, 30), datetime(2026, 8, 13, 9, 0))
    was = programme(replace(TIMINGS[Repeat.DAILY], changes=(dropped, moved)))
    later = replace(fields_of(was, []), wall_time="06:15")
    timing = draft_from(later, was.zone_ids, HOME, was).timing
    assert timing.start == datetime(2026, 8, 10, 6, 15)
    assert timing.changes == (
        Change(datetime(2026, 8, 12, 6, 15), None),
        Change(datetime(2026, 8, 13, 6, 15), datetime(2026, 8, 13, 9, 0)),
    )


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"start_date": ["hôm nay"], "wall_time": ["17:00"]}, "bad_date"),
        ({"start_date": ["2026-08-15"]}, "bad_time"),
        ({"wall_time": ["17:00"], "minutes": ["lâu"]}, "bad_length"),
        ({"wall_time": ["17:00"], "minutes": ["99999"]}, "bad_length"),
        ({"wall_time": ["17:00"], "repeat": ["weekly"]}, "no_weekday"),
        ({"wall_time": ["17:00"], "repeat": ["monthly"], "month_day": ["32"]}, "bad_day"),
        ({"wall_time": ["17:00"], "repeat": ["lunar"]}, "bad_day"),
        ({"wall_time": ["17:00"], "repeat": ["tet"], "tet_days": ["-3"]}, "bad_day"),
        ({"wall_time": ["17:00"], "until": ["31/02"]}, "bad_until"),
        ({"wall_time": ["17:00"], "by_rule": ["on"], "max_items": ["0"]}, "bad_count"),
        ({"wall_time": ["17:00"], "relay": ["voh"]}, "bad_relay_length"),
    ],
)
def test_each_bad_field_is_named(sent: dict[str, list[str]], code: str) -> None:
    with pytest.raises(ControllerError) as refused:
        draft_from(read_fields({"start_date": ["2026-08-15"]} | sent), ["z"], HOME)
    assert refused.value.code == code
    assert code in FIELD_OF


def test_an_empty_form_is_a_form() -> None:
    assert read_fields({}) == Fields()


@pytest.mark.parametrize(
    ("timing", "said"),
    [
        (TIMINGS[Repeat.ONCE], "05:30, một lần, 10/08/2026"),
        (TIMINGS[Repeat.DAILY], "05:30, hằng ngày, mùa khô"),
        (TIMINGS[Repeat.WEEKLY], "05:30, thứ Hai và thứ Tư, trừ ngày lễ"),
        (TIMINGS[Repeat.LUNAR], "05:30, mùng một và rằm, đến 01/01/2027"),
        (TIMINGS[Repeat.TET], "05:30, Tết Nguyên đán từ 1 ngày trước (4 ngày)"),
        (TIMINGS[Repeat.KEPT], "05:30, thứ Hai đầu tiên hằng tháng"),
        (
            Timing(START, HOME, rules=("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",)),
            "05:30, thứ Hai–Sáu",
        ),
        (
            Timing(START, HOME, rules=("FREQ=DAILY;INTERVAL=2;COUNT=9",)),
            "05:30, 2 ngày một lần, 9 lần",
        ),
        (
            Timing(START, HOME, rules=("FREQ=WEEKLY;UNTIL=20270430T000000Z",)),
            "05:30, thứ Hai, đến 30/04/2027",
        ),
        (Timing(START, HOME, rules=("FREQ=YEARLY;BYWEEKNO=20",)), "05:30, theo luật riêng"),
        (
            Timing(START, HOME, lunar=(LunarRule(10, 3),)),
            "05:30, ngày 10 tháng 3 âm lịch",
        ),
    ],
)
def test_when_is_said_as_an_office_says_it(timing: Timing, said: str) -> None:
    assert timing_words(timing) == said
