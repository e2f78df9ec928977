"""The day sheet of a village: what its loudspeakers air on one date, who answers for it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from sqlmodel import Session

from controller.operations.find_village import Village
from controller.operations.plan_calendar import (
    Sitting,
    Sound,
    ZoneCalendar,
    plan_calendar,
    sentence,
)
from controller.operations.zone_inputs import PlanRules
from controller.storage import programmes
from schedules.lunar import LunarDay, lunar_day
from schedules.rundown import MaterialKind
from schedules.types import DurationMs, time_zone


class Answerable(NamedTuple):
    """Who last made or changed a programme of the day."""

    programme: str
    by: str


class Silent(NamedTuple):
    """Something that is not heard, in Vietnamese, and at which sessions (local time)."""

    vi: str
    starts: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class DaySheet:
    """One village and date; `made_at` is local.

    Of its zones' sessions stands what people listen for: chimes and greetings are left out, pieces
    of music in a row are one line. What several sessions do not air is said once, in `silent`.
    """

    village: Village
    day: date
    lunar: LunarDay
    holiday: tuple[str, str] | None
    zones: tuple[ZoneCalendar, ...]
    answerable: tuple[Answerable, ...]
    approvers: tuple[str, ...]
    silent: tuple[Silent, ...]
    made_at: datetime

    @property
    def sittings(self) -> tuple[Sitting, ...]:
        """Every session of the day, a zone after the other."""
        return tuple(s for zone in self.zones for day in zone.days for s in day.sittings)


def day_sheet(
    session: Session, village: Village, day: date, rules: PlanRules, now: datetime
) -> DaySheet:
    """The sheet as things stand now. Raises `DaysOutOfReach`, `DateOutOfRange`."""
    calendar = plan_calendar(session, village, day, 1, rules, now)
    days = [each for zone in calendar.zones for each in zone.days]
    sittings = [sitting for each in days for sitting in each.sittings]
    answerable = []
    for programme_id in dict.fromkeys(s.programme_id for s in sittings):
        planned = programmes.load(session, programme_id)
        answerable.append(Answerable(planned.programme.title, planned.changed_by))
    spoken = (x for s in sittings for x in s.sounds if x.bulletin_id is not None)
    approvers = dict.fromkeys(sound.approved_by for sound in spoken if sound.approved_by)
    return DaySheet(
        village,
        day,
        lunar_day(day),
        next((each.holiday for each in days), None),
        tuple(_on_paper(zone) for zone in calendar.zones),
        tuple(answerable),
        tuple(approvers),
        tuple(_silent(sittings)),
        now.astimezone(time_zone(rules.time_zone)),
    )


def _silent(sittings: Iterable[Sitting]) -> Iterator[Silent]:
    starts: dict[str, list[datetime]] = {}
    for sitting in sittings:
        for unheard in sitting.unheard:
            starts.setdefault(sentence(unheard)[0], []).append(sitting.start)
    for vi, times in starts.items():
        yield Silent(vi, tuple(dict.fromkeys(times)))


def _on_paper(zone: ZoneCalendar) -> ZoneCalendar:
    days = (
        replace(
            day,
            sittings=tuple(replace(s, sounds=tuple(_lines(s.sounds))) for s in day.sittings),
        )
        for day in zone.days
    )
    return replace(zone, days=tuple(days))


def _lines(sounds: Iterable[Sound]) -> Iterator[Sound]:
    listened_for = (sound for sound in sounds if sound.kind is not MaterialKind.CART)
    for kind, group in groupby(listened_for, key=lambda sound: sound.kind):
        several = tuple(group)
        if kind is MaterialKind.FILLER and len(several) > 1:
            ends = several[-1].at + timedelta(milliseconds=several[-1].length_ms)
            length = (ends - several[0].at) // timedelta(milliseconds=1)
            titles = dict.fromkeys(sound.title for sound in several)
            yield replace(several[0], title=", ".join(titles), length_ms=DurationMs(length))
        else:
            yield from several
