from datetime import UTC, date, datetime
from typing import Any

import pytest

from schedules.errors import (
    BadDuration,
    DateOutOfRange,
    EmptyReason,
    NonexistentWindow,
    NoZone,
    UnknownTimeZone,
    WallTimeWithZone,
)
from schedules.precedence import Enter, Leave, Rank
from schedules.types import DurationMs
from tests.schedules.plans import programme, timing


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"zone_ids": ()}, NoZone),
        ({"duration_ms": DurationMs(0)}, BadDuration),
        ({"quiet_ok": "  "}, EmptyReason),
    ],
)
def test_what_no_programme_can_be(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        programme(**changes)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"time_zone": "Asia/Kontum"}, UnknownTimeZone),
        ({"start": datetime(2026, 8, 15, 6, tzinfo=UTC)}, WallTimeWithZone),
        ({"start": datetime(1, 1, 1)}, DateOutOfRange),
        ({"dates": (datetime(9999, 12, 31),)}, DateOutOfRange),
        (
            {"valid_from": date(2026, 8, 15), "valid_until": date(2026, 8, 14)},
            NonexistentWindow,
        ),
    ],
)
def test_what_no_timing_can_be(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        timing(**changes)


def test_its_rank_says_how_it_enters_unless_a_person_does() -> None:
    assert programme(rank=Rank.PRIORITY).rules.enter is Enter.AFTER_ITEM
    own = programme(rank=Rank.PRIORITY, enter=Enter.CUT).rules
    assert (own.enter, own.leave) == (Enter.CUT, Leave.RESTART)
