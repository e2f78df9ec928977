"""One occurrence moved, cancelled, brought back; this and all following put elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from controller.errors import ControllerError, NotFound
from controller.operations.change_occurrence import (
    cancel_following,
    cancel_occurrence,
    change_following,
    move_following,
    move_occurrence,
    restore_occurrence,
)
from controller.operations.save_programme import save_programme
from controller.operations.show_occurrences import What, show_occurrences
from controller.storage import programmes
from controller.storage.programmes import Planned
from schedules.errors import NeverAirs
from schedules.recurrence import NO_CALENDAR, occurrences
from schedules.timing import Timing
from tests.controller.office import NOW, RULES, Office
from tests.controller.operations.test_save_programme import DAILY, HOME, draft, stored

DAY = timedelta(days=1)
WEDNESDAY = datetime(2026, 8, 12, 17)
UNTIL = NOW + timedelta(days=6)


def made(office: Office, timing: Timing = DAILY) -> str:
    """A programme every evening from Monday on; gives its id."""
    wanted = draft(office.boxes(1), timing=timing)
    return save_programme(office.database, wanted, "Cô Lan", NOW, RULES).planned.programme.id


def starts(planned: Planned) -> list[datetime]:
    """Wall times of its airings within six days."""
    found = occurrences(planned.programme, NOW, UNTIL)
    return [(o.start_utc + timedelta(hours=7)).replace(tzinfo=None) for o in found]


def everybody(office: Office) -> list[Planned]:
    with office.database.read() as session:
        return list(programmes.standing(session).values())


def test_one_moves_and_the_others_stay(office: Office) -> None:
    mine = made(office)

    moved = move_occurrence(
        office.database,
        mine,
        WEDNESDAY,
        WEDNESDAY + timedelta(hours=2),
        "Anh Tú",
        NOW,
        RULES,
        duration_ms=60_000,
    )

    assert starts(moved.planned) == [
        datetime(2026, 8, 10, 17),
        datetime(2026, 8, 11, 17),
        datetime(2026, 8, 12, 19),
        datetime(2026, 8, 13, 17),
        datetime(2026, 8, 14, 17),
        datetime(2026, 8, 15, 17),
    ]
    with office.database.read() as session:
        last = programmes.versions(session, mine)[-1]
    assert (last.what, last.by) == ("moved", "Anh Tú")
    shown = show_occurrences(moved.planned.programme, NOW, UNTIL, NO_CALENDAR)
    assert [s.what for s in shown if s.of == WEDNESDAY] == [What.MOVED]
    assert [s.duration_ms for s in shown if s.of == WEDNESDAY] == [60_000]


def test_one_is_cancelled_seen_and_brought_back(office: Office) -> None:
    mine = made(office)

    gone = cancel_occurrence(office.database, mine, WEDNESDAY, "Anh Tú", NOW, RULES)
    assert WEDNESDAY not in starts(gone.planned)
    shown = show_occurrences(gone.planned.programme, NOW, UNTIL, NO_CALENDAR)
    assert [s.what for s in shown] == [*[What.PLANNED] * 2, What.CANCELLED, *[What.PLANNED] * 3]

    back = restore_occurrence(office.database, mine, WEDNESDAY, "Cô Lan", NOW, RULES)
    assert WEDNESDAY in starts(back.planned)
    assert back.planned.programme.timing == DAILY
    again = restore_occurrence(office.database, mine, WEDNESDAY, "Cô Lan", NOW, RULES)
    assert not again.kept, "nothing was to be changed"


def test_a_cancelled_one_can_still_be_moved(office: Office) -> None:
    mine = made(office)
    cancel_occurrence(office.database, mine, WEDNESDAY, "Anh Tú", NOW, RULES)

    later = WEDNESDAY + timedelta(hours=1)
    moved = move_occurrence(office.database, mine, WEDNESDAY, later, "Cô Lan", NOW, RULES)

    assert later in starts(moved.planned)
    assert len(moved.planned.programme.timing.changes) == 1


def test_what_is_no_occurrence_or_past_is_refused(office: Office) -> None:
    mine = made(office)
    database, yesterday = office.database, datetime(2026, 8, 9, 17)

    with pytest.raises(NotFound):
        cancel_occurrence(database, mine, WEDNESDAY + timedelta(minutes=1), "Lan", NOW, RULES)
    with pytest.raises(NotFound):
        cancel_occurrence(database, mine, yesterday, "Lan", NOW, RULES)
    with pytest.raises(ControllerError, match="đã qua giờ"):
        move_occurrence(database, mine, WEDNESDAY, yesterday, "Lan", NOW, RULES)
    with pytest.raises(ControllerError, match="đã qua giờ"):
        cancel_occurrence(database, mine, WEDNESDAY, "Lan", NOW + 3 * DAY, RULES)
    with pytest.raises(ControllerError, match="Cô Lan đã đổi"):
        cancel_occurrence(database, mine, WEDNESDAY, "Lan", NOW, RULES, sequence=7)
    assert stored(office, mine).sequence == 0


def test_the_only_occurrence_is_cancelled_with_its_programme(office: Office) -> None:
    mine = made(office, Timing(WEDNESDAY, HOME))

    with pytest.raises(NeverAirs):
        cancel_occurrence(office.database, mine, WEDNESDAY, "Anh Tú", NOW, RULES)

    assert stored(office, mine).sequence == 0


def test_this_and_all_following_move_to_a_programme_that_goes_on(office: Office) -> None:
    mine = made(office)

    moved = move_following(
        office.database,
        mine,
        WEDNESDAY,
        WEDNESDAY + timedelta(hours=2),
        "Anh Tú",
        NOW + timedelta(minutes=1),
        RULES,
        sequence=0,
    )

    old, new = everybody(office)
    assert starts(old) == [datetime(2026, 8, 10, 17), datetime(2026, 8, 11, 17)]
    assert starts(new) == [datetime(2026, 8, day, 19) for day in (12, 13, 14, 15)]
    assert (old.programme.id, old.sequence) == (mine, 1)
    assert new == moved.planned
    assert new.uid != old.uid
    assert moved.kept


def test_from_the_first_one_on_it_is_the_same_programme(office: Office) -> None:
    mine = made(office)
    first = datetime(2026, 8, 10, 17)

    move_following(office.database, mine, first, first + timedelta(hours=1), "Anh Tú", NOW, RULES)

    (only,) = everybody(office)
    assert (only.programme.id, only.sequence) == (mine, 1)
    assert {at.time() for at in starts(only)} == {time(18)}


def test_the_following_may_become_another_programme(office: Office) -> None:
    mine = made(office)
    (old,) = everybody(office)
    weekly = Timing(datetime(2026, 8, 12, 6), HOME, rules=("FREQ=WEEKLY;BYDAY=WE,FR",))
    wanted = replace(draft([], title="Sáng thứ Tư", timing=weekly), zone_ids=old.programme.zone_ids)

    change_following(office.database, mine, WEDNESDAY, wanted, "Anh Tú", NOW + DAY / 24, RULES)

    old, new = everybody(office)
    assert starts(old)[-1] == datetime(2026, 8, 11, 17)
    assert (new.programme.title, starts(new)) == (
        "Sáng thứ Tư",
        [datetime(2026, 8, 12, 6), datetime(2026, 8, 14, 6)],
    )


def test_rules_that_name_weekdays_are_not_moved_to_others(office: Office) -> None:
    mine = made(office, replace(DAILY, rules=("FREQ=WEEKLY;BYDAY=MO,WE",)))

    with pytest.raises(ControllerError, match="ghi rõ thứ"):
        move_following(office.database, mine, WEDNESDAY, WEDNESDAY + DAY, "Anh Tú", NOW, RULES)

    assert len(everybody(office)) == 1


def test_the_following_end_and_from_the_first_on_all_is_cancelled(office: Office) -> None:
    mine = made(office)

    ended = cancel_following(office.database, mine, WEDNESDAY, "Anh Tú", NOW)
    assert starts(ended) == [datetime(2026, 8, 10, 17), datetime(2026, 8, 11, 17)]

    gone = cancel_following(office.database, mine, datetime(2026, 8, 10, 17), "Anh Tú", NOW)
    assert gone.cancelled_ms is not None
    assert everybody(office) == []


def test_only_a_year_is_shown_at_a_time(office: Office) -> None:
    programme = stored(office, made(office)).programme

    with pytest.raises(ControllerError, match="400"):
        show_occurrences(programme, NOW, datetime(2030, 1, 1, tzinfo=UTC), NO_CALENDAR)
