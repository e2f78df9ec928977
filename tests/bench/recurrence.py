"""Five years of a thousand weekly programmes, beside dateutil and a change of zone, in one run.

The baseline is what the calendar libraries stand on: `rrule` in wall time, then
`replace(tzinfo=…).astimezone(UTC)` of each occurrence. A second row asks for this week of daily
programmes that began ten years ago.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from _stage import note, spread, tell
from dateutil.rrule import rrulestr

from schedules.recurrence import expand
from schedules.timing import Timing

ZONE = "Asia/Ho_Chi_Minh"
PROGRAMMES = 1_000
ROUNDS = 3
AIM = 1.3
YEARS = timedelta(days=5 * 365)
WEEK = timedelta(days=7)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
BEGIN = datetime(2026, 1, 5, 5, 30)

Series = tuple[str, datetime]


def weekly() -> list[Series]:
    """One airing a week each, on every weekday and at many hours."""
    return [
        (
            f"FREQ=WEEKLY;BYDAY={DAYS[number % 7]}",
            BEGIN + timedelta(days=number % 7, minutes=number % 900),
        )
        for number in range(PROGRAMMES)
    ]


def ours(series: list[Series], since: datetime, until: datetime) -> int:
    return sum(
        len(expand(Timing(start, ZONE, rules=(rule,)), since, until)) for rule, start in series
    )


def theirs(series: list[Series], since: datetime, until: datetime) -> int:
    zone = ZoneInfo(ZONE)
    first, last = (each.astimezone(zone).replace(tzinfo=None) for each in (since, until))
    found = 0
    for rule, start in series:
        walls = rrulestr(rule, dtstart=start).between(first, last, inc=True)
        instants = [wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls]
        found += sum(since <= each < until for each in instants)
    return found


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Milliseconds, and what it found."""
    begun = time.perf_counter()
    found = work()
    return (time.perf_counter() - begun) * 1_000, found


def compare(what: str, series: list[Series], since: datetime, until: datetime, aim: float) -> None:
    """Both in turn, so that what else the machine does meets both."""
    own, other = [], []
    for _ in range(ROUNDS):
        mine, found = timed(lambda: ours(series, since, until))
        their, seen = timed(lambda: theirs(series, since, until))
        if found != seen:
            note(f"recurrence: {found} occurrences here, {seen} there")
        own.append(mine)
        other.append(their)
    ratio = statistics.median(own) / statistics.median(other)
    tell(
        f"{what} ({found} occurrences)",
        spread(own, "ms"),
        baseline=f"{spread(other, 'ms')}, dateutil",
        ratio=ratio,
        aim=f"<= {aim}",
        met=ratio <= aim,
        why="conversion of each wall time to an instant",
    )


def main() -> None:
    zone = ZoneInfo(ZONE)
    since = datetime(2026, 1, 1, tzinfo=zone)
    compare(f"{PROGRAMMES} weekly programmes over 5 years", weekly(), since, since + YEARS, AIM)
    old = [("FREQ=DAILY", start - timedelta(days=3_650)) for _, start in weekly()[:100]]
    compare("this week of 100 daily programmes 10 years old", old, since, since + WEEK, AIM)


if __name__ == "__main__":
    main()
