"""What a timing says that no rule of RFC 5545 can, as one property of ours in the .ics file."""

import json
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from schedules.lunar import LeapMonth, LunarRule
from schedules.timing import OnHolidays, Timing

OWN = "X-LOALANG-"
TIMING = f"{OWN}TIMING"
RECKONED = f"{OWN}RECKONED"
"""Parameter of dates that were written for other programs only; our own reading passes by."""


def own_of(timing: Timing, written_start: datetime) -> str:
    """JSON of the parts of `timing` that are ours alone; empty if there are none.

    `written_start` is what stands as DTSTART, which may be later than the timing's own start.
    """
    own: dict[str, Any] = {}
    if timing.start != written_start:
        own["start"] = timing.start.isoformat()
    if timing.lunar:
        own["lunar"] = [asdict(rule) for rule in timing.lunar]
    if timing.on_holidays is not OnHolidays.AIR:
        own["on_holidays"] = timing.on_holidays
    if timing.seasons:
        own["seasons"] = timing.seasons
    if timing.valid_from:
        own["valid_from"] = timing.valid_from.isoformat()
    if timing.valid_until:
        own["valid_until"] = timing.valid_until.isoformat()
    return json.dumps(own, sort_keys=True) if own else ""


def with_own(timing: Timing, own: str) -> Timing:
    """`timing` with these parts of ours again; ValueError if they are not as `own_of` writes."""
    try:
        said = json.loads(own)
        return replace(
            timing,
            start=datetime.fromisoformat(said["start"]) if "start" in said else timing.start,
            lunar=tuple(
                LunarRule(**(rule | {"leap": LeapMonth(rule.get("leap", LeapMonth.REGULAR))}))
                for rule in said.get("lunar", ())
            ),
            on_holidays=OnHolidays(said.get("on_holidays", OnHolidays.AIR)),
            seasons=tuple(map(str, said.get("seasons", ()))),
            valid_from=_day(said.get("valid_from")),
            valid_until=_day(said.get("valid_until")),
        )
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(TIMING) from error


def _day(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said)
