from datetime import UTC, date, time
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
from schedules.types import DurationMs
from tests.schedules.plans import DAY, daily, programme


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"time_zone": "Asia/Kontum"}, UnknownTimeZone),
        ({"zone_ids": ()}, NoZone),
        ({"wall_time": time(6, tzinfo=UTC)}, WallTimeWithZone),
        ({"start_date": date(1, 1, 1)}, DateOutOfRange),
        ({"until": date(9999, 12, 31)}, DateOutOfRange),
        ({"until": date(2026, 8, 14)}, NonexistentWindow),
        ({"max_duration_ms": DurationMs(0)}, BadDuration),
        ({"quiet_ok": "  "}, EmptyReason),
    ],
)
def test_what_no_programme_can_be(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        daily(**changes)


def test_the_last_date() -> None:
    assert programme().last_date == DAY
    assert daily().last_date is None
    assert daily(until=date(2026, 9, 2)).last_date == date(2026, 9, 2)
