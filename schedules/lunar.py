"""Âm lịch: the Vietnamese lunisolar calendar (reckoned at UTC+7; in places not the Chinese one)."""

from dataclasses import dataclass
from enum import StrEnum


class LeapMonth(StrEnum):
    """In which of two months of the same number a rule holds, in a year with a leap month."""

    REGULAR = "regular"
    LEAP = "leap"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class LunarRule:
    """A day of the lunar month, of every month or of one.

    `day` 1–30, or -1 for the last day of the month; a 30 in a month of 29 days has no occurrence.
    `month` 1–12, None for every month; `days` airs on so many days running (Tết: month 1, day 1,
    days 3). `offset_days` moves the whole, so that -1 with month 1, day 1 is giao thừa.
    """

    day: int
    month: int | None = None
    leap: LeapMonth = LeapMonth.REGULAR
    days: int = 1
    offset_days: int = 0
