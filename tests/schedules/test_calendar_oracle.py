from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from schedules.calendar_file import read_calendar
from tests.schedules.calendars import HOME, random_calendar, starts_of, starts_seen_by_another


@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_calendars_give_the_starts_that_another_library_finds(hundred: int) -> None:
    for number in range(100):
        random = Random(hundred * 100 + number)
        data = random_calendar(random)
        since = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=random.randrange(900))
        until = since + timedelta(days=random.choice([7, 60, 400]))
        read = read_calendar(data, HOME)
        assert not read.unread
        assert starts_of(read.events, since, until) == starts_seen_by_another(data, since, until), (
            data.decode()
        )
