"""A file costs no more than its budget, whatever its rules; else each walk is bounded alone."""

from datetime import datetime

import pytest

from schedules.calendar_file import read_calendar
from schedules.errors import TooMuchToReckon
from schedules.rrule import read_rule
from schedules.rule_walls import rule_walls
from schedules.step_budget import within_steps

START = datetime(2026, 8, 10, 5)
NEVER = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5"


def calendar(events: int, start: str, rule: str) -> bytes:
    each = (
        f"BEGIN:VEVENT\r\nUID:u{n}\r\nDTSTART:{start}\r\nSUMMARY:Tin\r\nRRULE:{rule}\r\n"
        "EXDATE;VALUE=DATE:20260811,20261014\r\nEND:VEVENT\r\n"
        for n in range(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(each)}END:VCALENDAR\r\n".encode()


def test_many_rules_that_never_fire_are_refused_as_one_file() -> None:
    with pytest.raises(TooMuchToReckon) as refusal:
        read_calendar(calendar(9_999, "19000101T050000", NEVER), "Asia/Ho_Chi_Minh")
    assert "chia tệp" in refusal.value.vi


def test_an_office_with_a_thousand_programmes_is_read() -> None:
    file = calendar(1_000, "20250101T050000", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=500")
    read = read_calendar(file, "Asia/Ho_Chi_Minh")
    assert (len(read.events), read.unread) == (1_000, ())


def test_walks_share_what_may_be_spent_and_a_later_budget_is_new() -> None:
    rule = read_rule("FREQ=DAILY")

    def walk(days: int) -> int:
        return len(list(rule_walls(rule, START, START, START.replace(month=9, day=days))))

    with within_steps(100):
        walk(1)
        with pytest.raises(TooMuchToReckon):
            walk(30)
    with within_steps(100):
        assert walk(1) == 23
    assert walk(30) == 52
