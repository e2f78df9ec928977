"""What one zone hears in a window: the one way from programmes to cues, for every asker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schedules.airtime import AirtimeLaw
from schedules.cue_sheet import Cue, Flag, Refusal, cue_sheet
from schedules.day_calendar import DayCalendar
from schedules.programme import Programme
from schedules.recurrence import occurrences
from schedules.rundown import LeftOut, Rundown, build
from schedules.shelf import Shelf
from schedules.types import BulletinId, UtcInstant, ZoneId, utc_instant
from schedules.zone import Zone


@dataclass(frozen=True, slots=True)
class Standing:
    """A programme and the instant since when it stands: nothing of it airs before."""

    programme: Programme
    since: UtcInstant


@dataclass(frozen=True, slots=True)
class ZoneInputs:
    """All that decides what a zone hears.

    `aired`: starts of the sessions before the window in which each bulletin aired. `orders`: each a
    decision of a person, bulletins in the order in which they go when they collide. `places` are
    kinds of sensitive place near its horns (`school`, `clinic`, …).
    """

    zone: Zone
    law: AirtimeLaw
    calendar: DayCalendar
    standing: tuple[Standing, ...]
    shelf: Shelf
    aired: Mapping[BulletinId, tuple[UtcInstant, ...]] = field(default_factory=dict)
    orders: tuple[tuple[BulletinId, ...], ...] = ()
    places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """Ưu tiên bulletins that want to be first in one session, in the order that holds meanwhile."""

    rundown: Rundown
    bulletin_ids: tuple[BulletinId, ...]


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """What a zone will hear, and everything that it will not, with reasons."""

    zone_id: ZoneId
    rundowns: tuple[Rundown, ...]
    cues: tuple[Cue, ...]
    refusals: tuple[Refusal, ...]
    questions: tuple[Question, ...] = ()
    flags: tuple[Flag, ...] = ()

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What templates asked for and their sessions have no place for, in order of start."""
        return tuple(each for rundown in self.rundowns for each in rundown.left_out)


def plan_zone(inputs: ZoneInputs, window_from: datetime, window_until: datetime) -> ZonePlan:
    """Resolve every session that starts in [window_from, window_until)."""
    first, last = utc_instant(window_from), utc_instant(window_until)
    by_id = {notice.bulletin_id: notice.materials for notice in inputs.shelf.notices}
    rundowns = []
    for standing in inputs.standing:
        programme = standing.programme
        if inputs.zone.id not in programme.zone_ids:
            continue
        chosen = {b: by_id.get(b, ()) for b in programme.template.chosen}
        start = max(first, standing.since)
        for each in occurrences(programme, start, max(start, last), inputs.calendar):
            rundowns.append(build(programme, each, inputs.zone, chosen))
    sheet = cue_sheet(rundowns, inputs.zone, inputs.law, first, places=inputs.places)
    return ZonePlan(inputs.zone.id, tuple(rundowns), sheet.cues, sheet.refusals, flags=sheet.flags)
