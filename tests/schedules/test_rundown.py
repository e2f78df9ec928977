from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schedules.errors import BadDuration, NaiveTime
from schedules.types import DurationMs, UtcInstant
from tests.schedules.plans import at, material, programme, rundown

MORNING = programme()


def test_a_session_is_as_long_as_its_items_and_the_gaps_between() -> None:
    assert rundown(MORNING).duration_ms == 0
    assert rundown(MORNING, material()).duration_ms == 60_000
    assert rundown(MORNING, material(), material(), material()).duration_ms == 182_000
    cut = replace(material(), play_ms=DurationMs(5_000))
    assert rundown(MORNING, material(), cut).duration_ms == 66_000


def test_a_session_ends_where_its_programme_says() -> None:
    assert rundown(MORNING).ends_by is None
    assert rundown(programme(duration_ms=DurationMs(600_000))).ends_by == at(6, 10)


@pytest.mark.parametrize("length", ["duration_ms", "play_ms", "least_ms"])
def test_material_has_a_length(length: str) -> None:
    with pytest.raises(BadDuration):
        replace(material(), **{length: DurationMs(0)})


def test_material_has_a_true_end_of_validity() -> None:
    with pytest.raises(NaiveTime):
        replace(material(), valid_until=UtcInstant(datetime(2026, 8, 15)))
    assert material(valid_until=datetime(2026, 8, 16, tzinfo=UTC)).valid_until.tzinfo is UTC
