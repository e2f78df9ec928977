"""Programmes from and to .ics files: each event whole or not at all, and twice is once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from sqlmodel import Session

from controller.errors import ControllerError, NotFound
from controller.operations.calendar_events import Usual
from controller.operations.change_occurrence import cancel_occurrence, move_occurrence
from controller.operations.export_calendar import export_calendar
from controller.operations.import_calendar import Fate, Imported, import_calendar
from controller.operations.programme_draft import draft_of
from controller.operations.save_programme import cancel_programme, save_programme
from controller.storage import programmes
from controller.storage.database import Database
from schedules.airtime import DEFAULT_AIRTIME_LAW
from schedules.errors import NoCalendarFile, TooMuchToReckon
from schedules.lunar import LunarRule
from schedules.precedence import Leave, Rank
from schedules.template import PlayByRule, PlayCart, PlayFiller, Template
from schedules.timing import OnHolidays, Timing
from schedules.types import CartId
from tests.controller.office import NOW, RULES, Box, Office
from tests.controller.operations.test_save_programme import HOME, draft

MORNING = """BEGIN:VEVENT
UID:sang@xa
DTSTAMP:20260801T000000Z
DTSTART;TZID=Asia/Ho_Chi_Minh:20260811T053000
DTEND;TZID=Asia/Ho_Chi_Minh:20260811T054500
RRULE:FREQ=DAILY
SUMMARY:Bản tin sáng
END:VEVENT
"""
NIGHT = MORNING.replace("sang@xa", "dem@xa").replace("T053000", "T230000").replace("054500", "2315")
ALL_DAY = """BEGIN:VEVENT
UID:nghi@xa
DTSTART;VALUE=DATE:20260902
SUMMARY:Quốc khánh
END:VEVENT
"""
PAST = MORNING.replace("sang@xa", "cu@xa").replace("2026", "2019").replace("RRULE:FREQ=DAILY\n", "")


def ics(*events: str) -> bytes:
    return "\r\n".join(
        ("BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(events) + "END:VCALENDAR\n").splitlines()
    ).encode()


def places(boxes: list[Box]) -> Usual:
    return Usual(draft(boxes).zone_ids)


def imported(office: Office, data: bytes, usual: Usual, **how: object) -> Imported:
    return import_calendar(office.database, data, usual, "Cô Lan", NOW, RULES, **how)  # type: ignore[arg-type]


def standing(office: Office) -> list[programmes.Planned]:
    with office.database.read() as session:
        return list(programmes.standing(session).values())


def fates(found: Imported) -> list[Fate]:
    return [each.fate for each in found.events]


def test_an_event_becomes_a_programme_of_what_the_commune_approved(office: Office) -> None:
    boxes = office.boxes(2)

    found = imported(office, ics(MORNING), places(boxes))

    assert fates(found) == [Fate.NEW]
    (kept,) = standing(office)
    programme = kept.programme
    assert (kept.uid, kept.sequence, programme.title) == ("sang@xa", 0, "Bản tin sáng")
    assert programme.timing == Timing(datetime(2026, 8, 11, 5, 30), HOME, rules=("FREQ=DAILY",))
    assert programme.duration_ms == 900_000
    assert programme.template == Template((PlayByRule(),))
    assert len(programme.zone_ids) == 2


def test_a_second_import_changes_nothing(office: Office) -> None:
    boxes = office.boxes(1)
    imported(office, ics(MORNING), places(boxes))

    again = imported(office, ics(MORNING), places(boxes))

    assert fates(again) == [Fate.UNCHANGED]
    assert [p.sequence for p in standing(office)] == [0]


def test_looking_first_keeps_nothing(office: Office) -> None:
    found = imported(office, ics(MORNING, ALL_DAY), places(office.boxes(1)), check_only=True)

    assert fates(found) == [Fate.NEW, Fate.REFUSED]
    assert not found.kept
    assert standing(office) == []


def test_each_event_is_taken_or_refused_with_its_reason(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    office = Office(tmp_path_factory.mktemp("law"), law=DEFAULT_AIRTIME_LAW)
    usual = places(office.boxes(1))
    bad_template = MORNING.replace("sang@xa", "khuon@xa").replace(
        "SUMMARY", 'X-LOALANG-TEMPLATE:{"items":[{"kind":"tat"}]}\nSUMMARY'
    )
    emergency = MORNING.replace("sang@xa", "khan@xa").replace(
        "SUMMARY", "X-LOALANG-RANK:emergency_live\nSUMMARY"
    )

    found = imported(office, ics(MORNING, NIGHT, ALL_DAY, PAST, bad_template, emergency), usual)

    why = {each.uid: (each.fate, each.vi) for each in found.events}
    assert why["sang@xa"] == (Fate.NEW, "")
    assert why["dem@xa"][0] is Fate.REFUSED
    assert "cả ngày" in why["nghi@xa"][1]
    assert "đã qua" in why["cu@xa"][1]
    assert "Khuôn chương trình" in why["khuon@xa"][1]
    assert "khẩn cấp" in why["khan@xa"][1]
    assert [p.uid for p in standing(office)] == ["sang@xa"]
    office.database.close()


def test_an_event_without_a_place_needs_one_from_whoever_imports(office: Office) -> None:
    (box,) = office.boxes(1)
    village = box.village.path
    named = MORNING.replace("SUMMARY", f"LOCATION:{village}\nSUMMARY").replace("sang", "lang")
    hall = MORNING.replace("SUMMARY", "LOCATION:Nhà văn hoá\nSUMMARY").replace("sang", "hoi")

    found = imported(office, ics(MORNING, named, hall), Usual())

    assert fates(found) == [Fate.REFUSED, Fate.NEW, Fate.REFUSED]
    assert "nơi phát" in found.events[0].vi


def test_a_newer_file_changes_and_an_older_one_asks(office: Office) -> None:
    usual = places(office.boxes(1))
    imported(office, ics(MORNING), usual)
    later = MORNING.replace("T053000", "T054000").replace("SUMMARY", "SEQUENCE:4\nSUMMARY")

    assert fates(imported(office, ics(later), usual)) == [Fate.CHANGED]
    assert standing(office)[0].sequence == 4
    old = imported(office, ics(MORNING), usual)
    assert fates(old) == [Fate.REFUSED]
    assert "cũ hơn" in old.events[0].vi
    assert fates(imported(office, ics(MORNING), usual, replace_newer=True)) == [Fate.CHANGED]
    assert standing(office)[0].sequence == 5


def test_a_file_does_not_bring_back_what_an_officer_cancelled(office: Office) -> None:
    usual = places(office.boxes(1))
    imported(office, ics(MORNING), usual)
    cancel_programme(office.database, standing(office)[0].programme.id, "Anh Tú", NOW)

    same = imported(office, ics(MORNING), usual)
    newer = imported(office, ics(MORNING.replace("sáng", "sớm")), usual)

    assert (fates(same), fates(newer)) == ([Fate.UNCHANGED], [Fate.REFUSED])
    assert standing(office) == []


def test_what_is_exported_is_imported_as_it_was(office: Office) -> None:
    boxes = office.boxes(2)
    wanted = draft(
        boxes,
        title="Bản tin; chiều, “thử”",
        timing=Timing(
            datetime(2026, 8, 10, 17),
            HOME,
            rules=("FREQ=WEEKLY;BYDAY=MO,TH",),
            dates=(datetime(2026, 8, 21, 17),),
            excluded=(datetime(2026, 8, 13, 17),),
            lunar=(LunarRule(15),),
            on_holidays=OnHolidays.SKIP,
            seasons=("fire",),
            valid_until=datetime(2027, 3, 1).date(),
        ),
        template=Template(
            (PlayCart(CartId("greeting")), PlayByRule(("y_te",)), PlayFiller(CartId("nhac")))
        ),
        duration_ms=1_200_000,
        rank=Rank.PRIORITY,
        quiet_ok="theo chỉ đạo",
        leave=Leave.DROP,
        fallback="chime_normal",
    )
    timing = replace(wanted.timing, seasons=())
    for each in (wanted, replace(wanted, timing=timing, title="Quanh năm"), draft(boxes[:1])):
        save_programme(office.database, each, "Cô Lan", NOW, RULES)
    mine = next(p for p in standing(office) if p.programme.title == "Quanh năm").programme.id
    change = (office.database, mine, datetime(2026, 8, 17, 17))
    move_occurrence(*change, datetime(2026, 8, 18, 9), "Cô Lan", NOW, RULES, duration_ms=60_000)
    cancel_occurrence(office.database, mine, datetime(2026, 8, 20, 17), "Cô Lan", NOW, RULES)
    before = standing(office)
    with office.database.read() as session:
        file = export_calendar(session)

    again = imported(office, file, Usual(), replace_newer=True)

    assert again.unread == ()
    assert fates(again) == [Fate.UNCHANGED] * 3
    assert standing(office) == before


def test_a_unit_exports_only_its_own(office: Office) -> None:
    boxes = office.boxes(4)
    save_programme(office.database, draft(boxes[:1]), "Cô Lan", NOW, RULES)
    save_programme(office.database, draft(boxes[1:2], title="Xa"), "Cô Lan", NOW, RULES)
    with office.database.read() as session:
        file = export_calendar(session, "23500").decode()
        with pytest.raises(NotFound):
            export_calendar(session, "99999")

    assert "SUMMARY:Buổi chiều" in file
    assert "SUMMARY:Xa" not in file


def test_what_is_no_calendar_is_refused_whole(office: Office) -> None:
    with pytest.raises(NoCalendarFile):
        imported(office, b"%PDF-1.7", Usual())
    many = [MORNING.replace("sang@xa", f"{n}@xa") for n in range(1_001)]
    with pytest.raises(ControllerError, match="1001"):
        imported(office, ics(*many), Usual())


def test_a_file_that_costs_too_much_to_reckon_is_refused_whole(office: Office) -> None:
    never = MORNING.replace("FREQ=DAILY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5")
    many = [never.replace("sang@xa", f"{n}@xa") for n in range(200)]
    with pytest.raises(TooMuchToReckon):
        imported(office, ics(*many), places(office.boxes(1)))
    assert standing(office) == []


def test_an_officer_who_saves_while_the_file_is_read_is_not_overwritten(office: Office) -> None:
    usual = places(office.boxes(1))
    imported(office, ics(MORNING), usual)
    mine = standing(office)[0].programme
    newer = MORNING.replace("T053000", "T054000").replace("SUMMARY", "SEQUENCE:9\nSUMMARY")

    class Racing(Database):
        """A colleague saves between the look and the keeping."""

        @contextmanager
        def write(self) -> Iterator[Session]:
            wanted = replace(draft_of(mine), title="Của Tú")
            save_programme(office.database, wanted, "Anh Tú", NOW, RULES, programme_id=mine.id)
            with office.database.write() as session:
                yield session

    racing = Racing(str(office.database.engine.url))
    with pytest.raises(ControllerError, match="vừa đổi"):
        import_calendar(racing, ics(newer), usual, "Cô Lan", NOW, RULES)

    assert standing(office)[0].programme.title == "Của Tú"
    racing.close()
