import inspect
from datetime import UTC, date, datetime, time

import pytest

from schedules import errors

NOW = datetime(2026, 8, 15, 7, 30, tzinfo=UTC)

EXAMPLES = [
    errors.NaiveTime(datetime(2026, 8, 15)),
    errors.UnknownTimeZone("Asia/Hanoi"),
    errors.NonexistentWindow(date(2026, 8, 15), date(2026, 8, 14)),
    errors.StartInPast(NOW, NOW),
    errors.DateOutOfRange(date(1, 1, 1)),
    errors.WallTimeWithZone(time(6)),
    errors.BadDuration(0),
    errors.EmptyReason(),
    errors.NoZone("Bản tin sáng"),
    errors.BadLanguageOrder("Kon Đao"),
    errors.BadAreaCode("Đăk Hà", "123"),
    errors.UnknownUnit("u1"),
    errors.DuplicateUnit("u1"),
    errors.DuplicateUnitCode("23500", ["Đăk Hà", "Đăk Mar"]),
    errors.UnitCycle(["A", "B", "A"]),
    errors.UnitOutsideParent("Kon Đao", "Đăk Hà"),
    errors.NoWeekday(),
    errors.BadVolumeProfile(),
    errors.WrongZone("Bản tin sáng", "Kon Đao"),
    errors.RepeatedOccurrence("Bản tin sáng", date(2026, 8, 15)),
    errors.BadLunarRule("day", 31, "1–30, -1"),
    errors.UnknownSeason("mưa", ["fire", "storm"]),
    errors.BadSeason("mưa"),
    errors.RepeatedSwap(date(2026, 8, 22)),
    errors.BadGain(3.0),
    errors.BadSessionCount(-1),
    errors.RepeatedClause(),
    errors.RepeatedPlaceRule(),
    errors.NegativeLimit(-1),
    errors.TemplateTooLong(201, 200),
    errors.BadRule("FREQ=NEVER", "không có tần suất này", "there is no such frequency"),
    errors.RuleTooLong("FREQ=YEARLY"),
    errors.RuleTooDense("FREQ=SECONDLY", 5),
    errors.TooMuchToReckon(),
    errors.NeverAirs("Bản tin sáng"),
    errors.NoStart(),
    errors.CalendarTooLarge("10 MB"),
    errors.NoCalendarFile(),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_every_refusal_speaks_vietnamese_and_english(error: errors.ScheduleError) -> None:
    assert error.vi
    assert error.en
    assert error.vi != error.en
    assert str(error) == f"{error.vi} / {error.en}"


def test_codes_are_unique_and_no_error_is_left_out() -> None:
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass)}
    own = {kind for kind in kinds if issubclass(kind, errors.ScheduleError)}
    assert own - {errors.ScheduleError} == {type(error) for error in EXAMPLES}
    assert len({error.code for error in EXAMPLES}) == len(EXAMPLES)


def test_dates_are_written_as_people_write_them() -> None:
    assert "07:30 15/08/2026" in errors.StartInPast(NOW, NOW).vi
