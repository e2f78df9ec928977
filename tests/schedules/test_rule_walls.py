from datetime import datetime, timedelta
from itertools import islice
from random import Random
from time import perf_counter

import pytest
from dateutil.rrule import rrulestr

from schedules.errors import RuleTooLong
from schedules.rrule import read_rule
from schedules.rule_walls import rule_walls
from tests.schedules.calendars import WEEKDAYS

START = datetime(1997, 9, 2, 9)
FAR = datetime(2099, 12, 31)


def first(text: str, many: int, start: datetime = START) -> list[datetime]:
    return list(islice(rule_walls(read_rule(text), start, start, FAR), many))


def days(text: str, many: int, start: datetime = START) -> list[str]:
    return [f"{wall:%Y-%m-%d}" for wall in first(text, many, start)]


EXAMPLES = {
    # The examples of RFC 5545 §3.8.5.3, in their order; all begin at 9:00.
    "FREQ=DAILY;COUNT=10": ("1997-09-02", ["09-02", "09-03", "09-04"]),
    "FREQ=DAILY;INTERVAL=2": ("1997-09-02", ["09-02", "09-04", "09-06", "09-08"]),
    "FREQ=DAILY;INTERVAL=10;COUNT=5": (
        "1997-09-02",
        ["09-02", "09-12", "09-22", "10-02", "10-12", None],
    ),
    "FREQ=DAILY;BYMONTH=1": ("1998-01-01", ["01-01", "01-02"]),
    "FREQ=YEARLY;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA": ("1998-01-01", ["01-01", "01-02"]),
    "FREQ=WEEKLY;COUNT=10": ("1997-09-02", ["09-02", "09-09", "09-16"]),
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU": ("1997-09-02", ["09-02", "09-16", "09-30", "10-14"]),
    "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH": ("1997-09-02", ["09-02", "09-04", "09-09"]),
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR": (
        "1997-09-01",
        ["09-01", "09-03", "09-05", "09-15", "09-17", "09-19", "09-29"],
    ),
    "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH": (
        "1997-09-02",
        ["09-02", "09-04", "09-16", "09-18", "09-30", "10-02", "10-14", "10-16", None],
    ),
    "FREQ=MONTHLY;COUNT=10;BYDAY=1FR": ("1997-09-05", ["09-05", "10-03", "11-07", "12-05"]),
    "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU": (
        "1997-09-07",
        ["09-07", "09-28", "11-02", "11-30", "01-04", "01-25", "03-01", "03-29"],
    ),
    "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO": (
        "1997-09-22",
        ["09-22", "10-20", "11-17", "12-22", "01-19", "02-16", None],
    ),
    "FREQ=MONTHLY;BYMONTHDAY=-3": ("1997-09-28", ["09-28", "10-29", "11-28", "12-29", "01-29"]),
    "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15": ("1997-09-02", ["09-02", "09-15", "10-02"]),
    "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1": ("1997-09-30", ["09-30", "10-01", "10-31", "11-01"]),
    "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15": (
        "1997-09-10",
        ["09-10", "09-11", "09-12", "09-13", "09-14", "09-15", "03-10", "03-11"],
    ),
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU": ("1997-09-02", ["09-02", "09-09", "09-16", "09-23"]),
    "FREQ=YEARLY;COUNT=10;BYMONTH=6,7": ("1997-06-10", ["06-10", "07-10", "06-10"]),
    "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3": ("1997-03-10", ["03-10", "01-10", "02-10"]),
    "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200": (
        "1997-01-01",
        ["01-01", "04-10", "07-19", "01-01", "04-09", "07-18", "01-01"],
    ),
    "FREQ=YEARLY;BYDAY=20MO": ("1997-05-19", ["05-19", "05-18", "05-17"]),
    "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO": ("1997-05-12", ["05-12", "05-11", "05-17"]),
    "FREQ=YEARLY;BYMONTH=3;BYDAY=TH": ("1997-03-13", ["03-13", "03-20", "03-27", "03-05"]),
    "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8": ("1997-06-05", ["06-05", "06-12", "06-19", "06-26"]),
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13": (
        "1997-09-02",
        ["02-13", "03-13", "11-13", "08-13", "10-13"],
    ),
    "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13": (
        "1997-09-13",
        ["09-13", "10-11", "11-08", "12-13", "01-10"],
    ),
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8": (
        "1996-11-05",
        ["11-05", "11-07", "11-02"],
    ),
    "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3": (
        "1997-09-04",
        ["09-04", "10-07", "11-06", None],
    ),
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2": (
        "1997-09-29",
        ["09-29", "10-30", "11-27", "12-30", "01-29"],
    ),
    "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO": (
        "1997-08-05",
        ["08-05", "08-10", "08-19", "08-24", None],
    ),
    "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU": (
        "1997-08-05",
        ["08-05", "08-17", "08-19", "08-31", None],
    ),
    "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5": (
        "2007-01-15",
        ["01-15", "01-30", "02-15", "03-15", "03-30", None],
    ),
}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_examples_of_the_standard(rule: str) -> None:
    begin, expected = EXAMPLES[rule]
    found = days(rule, len(expected), datetime.fromisoformat(f"{begin}T09:00"))
    assert [day[5:] for day in found] == [day for day in expected if day]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=HOURLY;INTERVAL=3", ["02 09:00", "02 12:00", "02 15:00", "02 18:00"]),
        ("FREQ=MINUTELY;INTERVAL=15;COUNT=6", ["02 09:00", "02 09:15", "02 09:30", "02 09:45"]),
        ("FREQ=MINUTELY;INTERVAL=90;COUNT=4", ["02 09:00", "02 10:30", "02 12:00", "02 13:30"]),
        (
            "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,16",
            ["02 09:00", "02 09:20", "02 09:40", "02 10:00", "02 10:20", "02 10:40", "02 16:00"],
        ),
        ("FREQ=DAILY;BYHOUR=9,16;BYMINUTE=0,40", ["02 09:00", "02 09:40", "02 16:00"]),
        ("FREQ=SECONDLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", ["02 09:00", "03 09:00", "04 09:00"]),
    ],
)
def test_rules_finer_than_a_day(rule: str, expected: list[str]) -> None:
    assert [f"{wall:%d %H:%M}" for wall in first(rule, len(expected))] == expected


def test_a_start_that_the_rule_does_not_name_is_no_occurrence_and_is_not_counted() -> None:
    assert days("FREQ=WEEKLY;BYDAY=MO;COUNT=2", 9) == ["1997-09-08", "1997-09-15"]


def test_weekdays_with_and_without_a_number_stand_in_one_list() -> None:
    found = days("FREQ=MONTHLY;BYDAY=1TU,FR", 6)
    assert [day[5:] for day in found] == ["09-02", "09-05", "09-12", "09-19", "09-26", "10-03"]


def test_a_leap_day_comes_every_four_years_and_not_in_2100() -> None:
    found = days("FREQ=YEARLY", 30, datetime(2024, 2, 29, 5))
    assert found[:3] == ["2024-02-29", "2028-02-29", "2032-02-29"]
    assert found[-1] == "2096-02-29"


EVERY_SECOND = ",".join(map(str, range(60)))
EVERY_HOUR = ",".join(map(str, range(24)))
NEVER = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=12",
    "FREQ=YEARLY;BYSETPOS=366;BYMONTH=1",
    "FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=3",
    "FREQ=MINUTELY;BYSETPOS=2,-2",
    "FREQ=SECONDLY;BYSETPOS=366",
    f"FREQ=SECONDLY;INTERVAL=7;BYSECOND={EVERY_SECOND};BYSETPOS=2",
    "FREQ=HOURLY;INTERVAL=2;BYHOUR=0,2,4",
    "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=30",
    "FREQ=YEARLY;INTERVAL=1000000000;BYMONTH=1",
    "FREQ=SECONDLY;INTERVAL=999999999999;BYMONTH=1;BYMONTHDAY=1",
]


@pytest.mark.parametrize("rule", NEVER)
def test_a_rule_that_names_no_date_ends_soon(rule: str) -> None:
    begun = perf_counter()
    assert first(rule, 2, datetime(2026, 8, 15, 9)) == []
    assert perf_counter() - begun < 5


ENDLESS = [
    "FREQ=SECONDLY",
    "FREQ=SECONDLY;COUNT=1000000000",
    "FREQ=SECONDLY;BYSECOND=1,2,3;COUNT=1000000000",
    "FREQ=MINUTELY;COUNT=1000000000",
    f"FREQ=YEARLY;BYHOUR={EVERY_HOUR};BYMINUTE={EVERY_SECOND};BYSECOND={EVERY_SECOND}",
]


@pytest.mark.parametrize("rule", ENDLESS)
def test_an_endless_rule_is_given_up_with_a_plain_error(rule: str) -> None:
    begun = perf_counter()
    with pytest.raises(RuleTooLong) as refused:
        for _ in rule_walls(read_rule(rule), START, START, FAR):
            pass
    assert perf_counter() - begun < 10
    assert "quá nhiều lần phát" in refused.value.vi


def test_a_short_look_at_an_endless_rule_is_answered_wherever_it_lies() -> None:
    since = datetime(2090, 1, 1)
    for rule in ("FREQ=SECONDLY", "FREQ=SECONDLY;COUNT=9000000000"):
        found = list(rule_walls(read_rule(rule), START, since, since + timedelta(seconds=9)))
        assert found == [since + timedelta(seconds=number) for number in range(10)]


def test_a_year_is_looked_at_without_the_years_before_it() -> None:
    long_ago = datetime(1900, 1, 1, 5, 30)
    begun = perf_counter()
    for _ in range(100):
        since = datetime(2098, 1, 1)
        walls = rule_walls(read_rule("FREQ=DAILY"), long_ago, since, since + timedelta(days=7))
        assert len(list(walls)) == 7
    assert perf_counter() - begun < 1


FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]
SPANS = {"YEARLY": 1500, "MONTHLY": 500, "WEEKLY": 300, "DAILY": 100, "HOURLY": 30, "MINUTELY": 2}


def random_rule(random: Random) -> str:
    """Any mix of parts; an interval only where it cannot make dateutil raise."""
    frequency = random.choice(FREQUENCIES)
    parts = [f"FREQ={frequency}"]

    def add(name: str, values: list[str], chance: float, most: int) -> None:
        if random.random() < chance:
            parts.append(f"{name}=" + ",".join(random.sample(values, random.randint(1, most))))

    add("INTERVAL", ["1", "7", "11"] if frequency in FREQUENCIES[4:] else ["2", "3", "5"], 0.5, 1)
    add("WKST", WEEKDAYS, 0.3, 1)
    add("BYMONTH", [str(month) for month in range(1, 13)], 0.3, 4)
    add("BYMONTHDAY", [str(day) for day in range(-31, 32) if day], 0.25, 6)
    numbered = [f"{n}{day}" for n in (1, 2, 4, -1, -2) for day in WEEKDAYS]
    add("BYDAY", numbered if frequency in ("YEARLY", "MONTHLY") else WEEKDAYS, 0.35, 3)
    add("BYYEARDAY", ["1", "100", "200", "365", "366", "-1", "-100", "-366"], 0.1, 4)
    add("BYHOUR", [str(hour) for hour in range(24)], 0.3, 4)
    add("BYMINUTE", [str(minute) for minute in range(60)], 0.3, 3)
    if len(parts) > 1:
        add("BYSETPOS", ["1", "2", "3", "-1", "-2", "10"], 0.25, 2)
    add("COUNT", ["1", "5", "40"], 0.3, 1)
    return ";".join(parts)


@pytest.mark.parametrize("seed", range(6))
def test_the_same_walls_as_dateutil(seed: int) -> None:
    random = Random(seed)
    for _ in range(60):
        text = random_rule(random)
        start = datetime(2024, 1, 1) + timedelta(minutes=30 * random.randrange(17_000))
        span = SPANS[text.partition(";")[0].removeprefix("FREQ=")]
        since = start + timedelta(days=random.choice([0, span / 3, span * 2]))
        by = since + timedelta(days=span)
        # A walk of dateutil without any occurrence ends in the year 9999 only: it needs one.
        ended = f"{text};UNTIL={by:%Y%m%dT%H%M%S}" if "COUNT" not in text else text
        walls = list(rule_walls(read_rule(text), start, since, by))
        if walls:
            assert walls == rrulestr(ended, dtstart=start).between(since, by, inc=True), text
