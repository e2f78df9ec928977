from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import icalendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schedules.calendar_file import (
    CalendarEvent,
    FeedEntry,
    ReadCalendar,
    read_calendar,
    write_calendar,
    write_feed,
)
from schedules.calendar_window import TakingPlace, taking_place
from schedules.errors import CalendarTooLarge, NoCalendarFile, RuleTooLong
from schedules.holidays import DEFAULT_CALENDAR
from schedules.lunar import LeapMonth, LunarRule
from schedules.recurrence import expand
from schedules.timing import Change, OnHolidays, Timing
from schedules.types import DurationMs, utc_instant
from tests.schedules.calendars import HOME, event, file_of

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
DAILY = ("UID:sang", "DTSTART:20260815T053000", "DURATION:PT15M", "RRULE:FREQ=DAILY;COUNT=4")


def read(*lines: str) -> ReadCalendar:
    return read_calendar(file_of(*lines), HOME)


def found(calendar: ReadCalendar) -> list[TakingPlace]:
    return taking_place(calendar.events, SINCE, UNTIL)[0]


def starts(calendar: ReadCalendar) -> list[str]:
    return [f"{each.start:%d/%m %H:%M%z}" for each in found(calendar)]


def said(calendar: ReadCalendar) -> str:
    return "\n".join(f"{each.uid_or_place}: {each.vi} / {each.en}" for each in calendar.unread)


def test_a_plain_series_with_what_people_did_to_it() -> None:
    calendar = read(
        *event(*DAILY, "EXDATE:20260816T053000", "RDATE:20260901T110000", "SUMMARY:Tin\\, sáng"),
        *event("UID:sang", "RECURRENCE-ID:20260817T053000", "DTSTART:20260817T060000"),
        *event("UID:sang", "RECURRENCE-ID:20260818T053000", "STATUS:CANCELLED"),
    )
    assert starts(calendar) == ["15/08 05:30+0700", "17/08 06:00+0700", "01/09 11:00+0700"]
    assert calendar.events[0].title == "Tin, sáng"
    assert not calendar.unread


def test_this_and_all_following_are_moved_and_last_longer() -> None:
    calendar = read(
        *event(*DAILY),
        *event(
            "UID:sang",
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20260816T053000",
            "DTSTART:20260816T060000",
            "DURATION:PT30M",
        ),
    )
    spans = [f"{each.start:%d %H:%M}–{each.end:%H:%M}" for each in found(calendar)]
    assert spans == ["15 05:30–05:45", "16 06:00–06:30", "17 06:00–06:30", "18 06:00–06:30"]


def test_all_following_can_be_cancelled_but_for_one() -> None:
    calendar = read(
        *event(*DAILY),
        *event("UID:sang", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260816T053000", "STATUS:CANCELLED"),
        *event("UID:sang", "RECURRENCE-ID:20260818T053000", "DTSTART:20260818T090000"),
    )
    assert starts(calendar) == ["15/08 05:30+0700", "18/08 09:00+0700"]


def test_periods_last_as_long_as_they_say() -> None:
    calendar = read(
        *event(
            "UID:x",
            "DTSTART:20260815T053000",
            "DURATION:PT15M",
            "RDATE;VALUE=PERIOD:20260816T053000/PT1H,20260817T053000/20260817T080000",
        )
    )
    assert [each.end - each.start for each in found(calendar)] == [
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=2, minutes=30),
    ]


def test_an_occurrence_still_running_when_the_window_opens_counts() -> None:
    calendar = read(*event("UID:x", "DTSTART:20251231T233000", "DURATION:PT2H"))
    since = datetime(2025, 12, 31, 17, tzinfo=UTC)
    assert len(taking_place(calendar.events, since, since + timedelta(hours=1))[0]) == 1
    later = since + timedelta(minutes=90)
    assert taking_place(calendar.events, later, later + timedelta(hours=1))[0] == []


def test_an_end_is_so_much_real_time_after_the_start() -> None:
    calendar = read(
        *event(
            "UID:x",
            "DTSTART;TZID=Europe/Berlin:20260328T233000",
            "DTEND;TZID=Europe/Berlin:20260329T053000",
            "RRULE:FREQ=DAILY;COUNT=2",
        )
    )
    real = [each.end.astimezone(UTC) - each.start.astimezone(UTC) for each in found(calendar)]
    assert real == [timedelta(hours=5)] * 2


def test_all_day_is_from_midnight_to_midnight_whatever_the_clocks_do() -> None:
    calendar = read_calendar(
        file_of(*event("UID:x", "DTSTART;VALUE=DATE:20260328", "RRULE:FREQ=DAILY;COUNT=3")),
        "Europe/Berlin",
    )
    spans = [(f"{each.start:%d %H:%M}", f"{each.end:%d %H:%M}") for each in found(calendar)]
    assert spans == [
        ("28 00:00", "29 00:00"),
        ("29 00:00", "30 00:00"),
        ("30 00:00", "31 00:00"),
    ]
    assert calendar.events[0].all_day


@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh"),
        ("asia/ho_chi_minh", "Asia/Ho_Chi_Minh"),
        ('"Asia/Saigon"', "Asia/Saigon"),
        ("SE Asia Standard Time", "Asia/Bangkok"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("/mozilla.org/20070129_1/Europe/Berlin", "Europe/Berlin"),
        (
            "/freeassociation.sourceforge.net/Tzfile/America/Argentina/Salta",
            "America/Argentina/Salta",
        ),
        ("utc", "UTC"),
    ],
)
def test_zones_by_the_names_that_programs_give_them(tzid: str, zone: str) -> None:
    calendar = read(*event("UID:x", f"DTSTART;TZID={tzid}:20260815T053000"))
    assert calendar.events[0].timing.time_zone == zone
    assert not calendar.unread


def test_a_fixed_offset_as_a_name_is_taken_and_said() -> None:
    named = '"(UTC+07:00) Bangkok, Hanoi, Jakarta"'
    calendar = read(*event("UID:x", f"DTSTART;TZID={named}:20260815T053000"))
    assert starts(calendar) == ["15/08 05:30+0700"]
    assert "không có múi giờ" in said(calendar)


def drawn(tzid: str, *parts: str) -> list[str]:
    return ["BEGIN:VTIMEZONE", f"TZID:{tzid}", *parts, "END:VTIMEZONE"]


def observance(kind: str, start: str, before: str, after: str, *rest: str) -> list[str]:
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{start}",
        f"TZOFFSETFROM:{before}",
        f"TZOFFSETTO:{after}",
        *rest,
        f"END:{kind}",
    ]


def test_a_zone_that_only_the_file_knows_is_found_by_its_clocks() -> None:
    summer = observance(
        "DAYLIGHT", "19810329T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"
    )
    winter = observance(
        "STANDARD", "19961027T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"
    )
    calendar = read(
        *event("UID:x", "DTSTART;TZID=Büro:20260328T100000", "RRULE:FREQ=DAILY;COUNT=2"),
        *drawn("Büro", *summer, *winter),
    )
    assert starts(calendar) == ["28/03 10:00+0100", "29/03 10:00+0200"]
    assert not calendar.unread


def test_a_zone_like_none_on_earth_is_read_at_its_offset_and_said() -> None:
    strange = observance("STANDARD", "20260101T000000", "+0300", "-1100") + observance(
        "DAYLIGHT", "20260501T000000", "-1100", "+1300"
    )
    calendar = read(*drawn("Mine", *strange), *event("UID:x", "DTSTART;TZID=Mine:20260815T053000"))
    assert starts(calendar) == ["15/08 05:30+1300"]
    assert "TZID Mine" in said(calendar)


def test_a_zone_that_nobody_knows_is_home_and_said() -> None:
    calendar = read(*event("UID:x", "DTSTART;TZID=Kon Tum Time:20260815T053000"))
    assert starts(calendar) == ["15/08 05:30+0700"]
    assert "Asia/Ho_Chi_Minh" in said(calendar)


def test_the_calendars_own_zone_is_home_for_floating_and_utc_times() -> None:
    calendar = read(
        "X-WR-TIMEZONE:Europe/Berlin",
        *event("UID:a", "DTSTART:20260815T053000"),
        *event("UID:b", "DTSTART:20260328T090000Z", "RRULE:FREQ=DAILY;COUNT=2"),
    )
    assert starts(calendar) == ["28/03 10:00+0100", "29/03 10:00+0200", "15/08 05:30+0200"]


@pytest.mark.parametrize(
    ("exdate", "left"),
    [
        ("EXDATE:20260815T223000Z", 3),
        ("EXDATE;TZID=Europe/Berlin:20260816T003000", 3),
        ("EXDATE;VALUE=DATE:20260816", 3),
        ("EXDATE:20260816", 3),
        ("EXDATE:20260816T053000,20260817T053000", 2),
        ("EXDATE:20260816T054500", 4),
        ("EXDATE:", 4),
    ],
)
def test_an_exception_is_found_however_it_is_written(exdate: str, left: int) -> None:
    assert len(found(read(*event(*DAILY, exdate)))) == left


def test_rules_that_take_away_as_old_files_have_them() -> None:
    calendar = read(*event(*DAILY, "EXRULE:FREQ=DAILY;INTERVAL=2"))
    assert starts(calendar) == ["16/08 05:30+0700", "18/08 05:30+0700"]


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("20260816T223000Z", [15, 16, 17]),
        ("20260816T222959Z", [15, 16]),
        ("20260817T053000", [15, 16, 17]),
        ("20260817", [15, 16]),
        ("20260801T000000Z", []),
        ("00010101T000000Z", []),
        ("00010101", []),
        ("20260818T000000Z", [15, 16, 17, 18]),
    ],
)
def test_until_of_any_kind(until: str, days: list[int]) -> None:
    rule = f"RRULE:FREQ=DAILY;UNTIL={until}"
    calendar = read(*event("UID:x", "DTSTART:20260815T053000", rule))
    assert [each.start.day for each in found(calendar)] == days


@pytest.mark.parametrize("until", ["99991231T235959Z", "99991231T235959", "99991231"])
def test_an_until_beyond_our_time_is_none(until: str) -> None:
    rule = f"RRULE:FREQ=YEARLY;UNTIL={until}"
    calendar = read(*event("UID:x", "DTSTART;TZID=America/New_York:20200815T053000", rule))
    end = datetime(2100, 12, 31, tzinfo=UTC)
    assert len(taking_place(calendar.events, SINCE, end)[0]) == 74


def test_until_in_utc_ends_an_all_day_series_on_its_date() -> None:
    rule = "RRULE:FREQ=DAILY;UNTIL=20260817T000000Z"
    calendar = read(*event("UID:x", "DTSTART;VALUE=DATE:20260815", rule))
    assert [each.start.day for each in found(calendar)] == [15, 16, 17]


def test_a_series_begun_before_our_time_goes_on_with_its_first_occurrence_in_it() -> None:
    calendar = read(*event("UID:x", "DTSTART;VALUE=DATE:16040815", "RRULE:FREQ=YEARLY"))
    assert [each.start.date() for each in found(calendar)] == [date(2026, 8, 15)]


BROKEN = {
    "bare line feeds": (b"\r\n", b"\n"),
    "bare carriage returns": (b"\r\n", b"\r"),
    "a byte order mark": (b"BEGIN:VCALENDAR", b"\xef\xbb\xbfBEGIN:VCALENDAR"),
    "no end": (b"END:VEVENT\r\nEND:VCALENDAR\r\n", b""),
    "no calendar around it": (b"BEGIN:VCALENDAR\r\n", b""),
    "small letters": (b"BEGIN:VEVENT", b"begin:vevent"),
    "a line that is none": (b"DURATION", b"what is this\r\nDURATION"),
    "a control sign": (b"DURATION", b"X-A:\x00\x1b[2J\r\nDURATION"),
    "blank lines": (b"\r\n", b"\r\n\r\n"),
    "spaces in the rule": (b"FREQ=DAILY;", b"freq = daily ; "),
    "latin-1": (b"DURATION", b"SUMMARY:B\xfcro\r\nDURATION"),
    "a fold without its space": (b"DURATION", b"DESCRIPTION:one\r\ntwo three\r\nDURATION"),
    "an alarm": (b"DURATION", b"BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nDURATION"),
    "an alarm without an end": (b"END:VEVENT", b"BEGIN:VALARM\r\nDURATION:PT9M\r\nEND:VEVENT"),
    "nested without end": (b"DURATION", b"BEGIN:X-A\r\n" * 50 + b"END:X-A\r\n" * 50 + b"DURATION"),
    "a bad date in a list": (b"DURATION", b"EXDATE:tomorrow\r\nRDATE:never\r\nDURATION"),
    "an empty rule": (b"DURATION", b"RRULE:\r\nDURATION"),
    "a negative count beside": (
        b"DURATION",
        b"RRULE:FREQ=DAILY;COUNT=-1;UNTIL=20260816T000000\r\nDURATION",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_still_gives_its_sound_event(how: str) -> None:
    sound, broken = BROKEN[how]
    data = file_of(*event(*DAILY))
    assert sound in data
    calendar = read_calendar(data.replace(sound, broken), HOME)
    assert [each.start.day for each in found(calendar)] == [15, 16, 17, 18]


def test_a_letter_that_a_fold_cut_in_two_is_whole_again() -> None:
    data = file_of(*event(*DAILY, "SUMMARY:Bản")).replace("ả".encode(), b"\xe1\xba\r\n \xa3")
    assert read_calendar(data, HOME).events[0].title == "Bản"


MANY_DATES = [f"RDATE:{SINCE + timedelta(minutes=n):%Y%m%dT%H%M%S}" for n in range(20_001)]
UNSOUND = {
    "no start": ("UID:x", "SUMMARY:a"),
    "a start that is none": ("UID:x", "DTSTART:soon"),
    "a year out of range": ("UID:x", "DTSTART:99991231T235959"),
    "a year before ours": ("UID:x", "DTSTART:00010101T000000"),
    "no such day": ("UID:x", "DTSTART:20260230T053000"),
    "an unknown rule": ("UID:x", "DTSTART:20260815T053000", "RRULE:FREQ=SOMETIMES"),
    "a rule without steps": ("UID:x", "DTSTART:20260815T053000", "RRULE:FREQ=DAILY;INTERVAL=0"),
    "too many dates": ("UID:x", "DTSTART:20260815T053000", *MANY_DATES),
    "cancelled": ("UID:x", "DTSTART:20260815T053000", "STATUS:CANCELLED"),
}


@pytest.mark.parametrize("how", UNSOUND)
def test_what_cannot_be_read_costs_itself_alone_and_is_said(how: str) -> None:
    calendar = read(*event(*UNSOUND[how]), *event(*DAILY))
    assert len(found(calendar)) == 4
    assert [each.uid_or_place for each in calendar.unread] == ["x"]
    assert "left out" in calendar.unread[0].en
    assert len(calendar.unread[0].vi) < 300


@pytest.mark.parametrize(
    ("end", "minutes"),
    [
        ("DTEND:20260815T051500", 15),
        ("DTEND:then", 0),
        ("DURATION:long", 0),
        ("DURATION:-PT15M", 15),
        ("DURATION:P99999999999D", 0),
        ("DTEND:99991231T000000", 0),
    ],
)
def test_an_end_that_cannot_be_costs_no_event(end: str, minutes: int) -> None:
    calendar = read(*event("UID:x", "DTSTART:20260815T053000", end))
    (only,) = found(calendar)
    assert only.end - only.start == timedelta(minutes=minutes)
    assert calendar.unread


def test_tasks_and_journals_are_left_out_and_said() -> None:
    calendar = read("BEGIN:VTODO", "UID:t", "END:VTODO", "BEGIN:VJOURNAL", "END:VJOURNAL")
    assert calendar.events == ()
    assert [each.uid_or_place[:5] for each in calendar.unread] == ["VTODO", "VJOUR"]


def test_an_event_without_a_uid_is_known_again() -> None:
    nameless = event("DTSTART:20260815T053000", "SUMMARY:a")
    first = read(*nameless, *event("DTSTART:20260816T053000", "SUMMARY:a"))
    again = read(*event(*DAILY), *nameless)
    assert len({each.uid for each in first.events}) == 2
    assert first.events[0].uid == again.events[-1].uid
    assert "không có UID" in said(first)


def test_of_two_events_with_one_uid_the_higher_sequence_stands() -> None:
    calendar = read(
        *event("UID:x", "DTSTART:20260815T053000", "SEQUENCE:2"),
        *event("UID:x", "DTSTART:20260815T110000", "SEQUENCE:10"),
        *event("UID:x", "DTSTART:20260815T170000"),
    )
    assert starts(calendar) == ["15/08 11:00+0700"]
    assert calendar.events[0].sequence == 10
    assert "SEQUENCE" in said(calendar)


def test_changed_occurrences_without_their_series_stand_for_themselves() -> None:
    calendar = read(
        *event("UID:x", "RECURRENCE-ID:20260815T053000", "DTSTART:20260815T060000"),
        *event(
            "UID:x",
            "RECURRENCE-ID:20260816T053000",
            "DTSTART:20260817T060000",
            "DURATION:PT5M",
        ),
    )
    spans = [f"{each.start:%d %H:%M}–{each.end:%H:%M}" for each in found(calendar)]
    assert spans == ["15 06:00–06:00", "17 06:00–06:05"]


def test_what_is_no_calendar_or_too_much_of_one_is_refused() -> None:
    with pytest.raises(NoCalendarFile):
        read_calendar(b"%PDF-1.7", HOME)
    with pytest.raises(NoCalendarFile):
        read_calendar(b"", HOME)
    with pytest.raises(CalendarTooLarge):
        read_calendar(b"x" * 10_000_001, HOME)
    with pytest.raises(CalendarTooLarge):
        read(*(line for n in range(10_001) for line in event(f"UID:{n}")))


def test_endless_rules_are_named_and_do_not_stop_the_others() -> None:
    most = ",".join(map(str, range(59)))
    rule = f"RRULE:FREQ=SECONDLY;INTERVAL=7;COUNT={10**9};BYSECOND={most};BYMONTH=2"
    absurd = [
        line for n in range(12) for line in event(f"UID:{n}", "DTSTART:20260101T000000Z", rule)
    ]
    calendar = read(*absurd[: 3 * len(event("UID", "DTSTART", "RRULE"))], *event(*DAILY))
    places, unread = taking_place(calendar.events, SINCE, UNTIL)
    assert [each.uid for each in places] == ["sang"] * 4
    assert [each.uid_or_place for each in unread] == ["0", "1", "2"]
    with pytest.raises(RuleTooLong):
        taking_place(read(*absurd).events, SINCE, UNTIL)


lines = st.sampled_from(
    [
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "TZID:Büro",
        "BEGIN:STANDARD",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:-9959",
        "UID:a",
        "UID:b",
        "DTSTART:20260815T053000",
        "DTSTART;TZID=Büro:20260815T053000",
        "DTSTART;VALUE=DATE:20260815",
        "DTSTART;TZID=:99990101T000000Z",
        "DTEND:20260815T000000Z",
        "DURATION:P1D",
        "DURATION:-P400W",
        "RRULE:FREQ=WEEKLY;COUNT=3",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z",
        "RRULE:FREQ=DAILY;UNTIL=00010101T000000Z",
        "DTSTART:00010101T000000",
        "DTSTART:99991231T235959",
        "EXRULE:FREQ=DAILY",
        "RDATE;VALUE=PERIOD:20260815T053000/",
        "RDATE;VALUE=PERIOD:/P1D",
        "EXDATE;VALUE=DATE:20260815",
        "RECURRENCE-ID:20260822T053000",
        "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260822",
        "STATUS:CANCELLED",
        "SEQUENCE:99999999999999999999",
        'X-LOALANG-TIMING:{"lunar": 1}',
        'X-LOALANG-TIMING:{"valid_from": "20260815"}',
        "X-LOALANG-TIMING:[]",
        "X-WR-TIMEZONE:Nowhere",
        " folded",
        ":",
        ";=:",
        'X;Y="',
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(lines, max_size=40), st.binary(max_size=30), st.integers(0, 400))
def test_any_mess_is_read_or_refused_in_words(some: list[str], junk: bytes, at: int) -> None:
    data = file_of(*some)
    try:
        calendar = read_calendar(data[:at] + junk + data[at:], HOME)
    except NoCalendarFile:
        return
    taking_place(calendar.events, SINCE, UNTIL)


WHOLE = CalendarEvent(
    uid="sang@kon-dao",
    sequence=3,
    title="Bản tin; sáng, \\n “Kon Đao”",
    description="dòng một\ndòng hai",
    timing=Timing(
        datetime(2026, 8, 14, 5, 30),
        HOME,
        rules=("FREQ=WEEKLY;UNTIL=20271231T000000;BYDAY=MO,TU", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        dates=(datetime(2026, 9, 2, 6),),
        excluded=(datetime(2026, 8, 18, 5, 30),),
        lunar=(LunarRule(1, 1, days=3), LunarRule(-1, 12, LeapMonth.BOTH, offset_days=-1)),
        on_holidays=OnHolidays.NEXT_WORKING_DAY,
        seasons=("fire",),
        valid_from=date(2026, 8, 1),
        valid_until=date(2027, 12, 31),
        changes=(
            Change(datetime(2026, 8, 24, 5, 30), None),
            Change(datetime(2026, 8, 25, 5, 30), datetime(2026, 8, 25, 6, 30), DurationMs(60_000)),
            Change(datetime(2026, 9, 1, 5, 30), datetime(2026, 9, 1, 6), following=True),
        ),
        excluded_rules=("FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=5",),
    ),
    duration_ms=DurationMs(900_000),
    all_day=False,
    own={"X-LOALANG-TEMPLATE": '{"a": [1, 2], "b": "x;y\\n"}'},
    location="Kon Đao, Đăk Hà",
)


@pytest.mark.parametrize("now", [None, datetime(2026, 8, 1, tzinfo=UTC)])
def test_what_we_write_we_read_back_as_it_was(now: datetime | None) -> None:
    calendar = read_calendar(write_calendar([WHOLE], "Lịch xã", now, DEFAULT_CALENDAR), "UTC")
    assert calendar.unread == ()
    assert calendar.events == (WHOLE,)


def test_other_programs_see_for_a_year_what_only_we_can_say() -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    timing = Timing(
        datetime(2026, 11, 2, 5, 30),
        HOME,
        rules=("FREQ=WEEKLY;BYDAY=MO",),
        lunar=(LunarRule(1, 1),),
        on_holidays=OnHolidays.NEXT_WORKING_DAY,
        seasons=("fire",),
        valid_until=date(2027, 3, 31),
    )
    mine = CalendarEvent("u", 0, "Cháy rừng", "", timing, DurationMs(60_000), False, {})
    data = write_calendar([mine], "x", now, DEFAULT_CALENDAR)
    foreign = b"\r\n".join(
        line
        for line in data.replace(b"\r\n ", b"").split(b"\r\n")
        if not line.startswith(b"X-LOALANG-TIMING")
    ).replace(b";X-LOALANG-RECKONED=TRUE", b"")
    (seen,) = read_calendar(foreign, HOME).events
    until = now + timedelta(days=300)
    ours = [airing.start_utc for airing in expand(timing, now, until, DEFAULT_CALENDAR)]
    assert [airing.start_utc for airing in expand(seen.timing, now, until)] == ours
    assert len(ours) > 10


def test_all_day_comes_back_too() -> None:
    (whole,) = read(*event("UID:x", "DTSTART;VALUE=DATE:20260815", "RRULE:FREQ=YEARLY")).events
    assert read_calendar(write_calendar([whole], "x"), HOME).events == (whole,)


def test_a_feed_is_what_telephones_accept() -> None:
    entries = [
        FeedEntry(
            uid=f"2026081{n}T053000-sang",
            sequence=n,
            start_utc=utc_instant(datetime(2026, 8, 14 + n, 22, 30, tzinfo=UTC)),
            end_utc=utc_instant(datetime(2026, 8, 14 + n, 22, 45, tzinfo=UTC)),
            title="Bản tin sáng; làng Kon Đao, làng Đăk Mút " * 3,
            description="một\nhai",
        )
        for n in range(3)
    ]
    now = datetime(2026, 8, 1, 12, tzinfo=UTC)
    data = write_feed(entries, "Loa Làng: Xã Đăk Hà", now)
    assert data == write_feed(entries, "Loa Làng: Xã Đăk Hà", now)

    assert data.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 75
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT6H" in data
    calendar = icalendar.Calendar.from_ical(data)
    seen = calendar.walk("VEVENT")
    assert [str(each["UID"]) for each in seen] == [each.uid for each in entries]
    assert [each["DTSTART"].dt for each in seen] == [each.start_utc for each in entries]
    assert {each["DTSTAMP"].dt for each in seen} == {now}
    assert all(str(each["SUMMARY"]) == entries[0].title for each in seen)
    assert all(one["DTSTART"].dt < two["DTSTART"].dt for one, two in pairwise(seen))
