"""Some days of a village as an officer reads them: sessions, and airings that were moved or cut."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from sqlmodel import Session

from controller.console.words import WEEKDAYS, tongue
from controller.operations.find_village import Village
from controller.operations.place_calendar import calendar_of
from controller.operations.plan_calendar import (
    CalendarDay,
    Sitting,
    Unheard,
    ZoneCalendar,
    plan_calendar,
    sentence,
)
from controller.operations.show_occurrences import What, show_occurrences
from controller.operations.zone_inputs import PlanRules, midnight
from controller.storage import programmes
from schedules.day_calendar import DayCalendar
from schedules.exact_fit import NoRoom
from schedules.types import time_zone

WORDLESS = ("zxx", "und")
MISSING = "missing"
ICONS: Mapping[str, str] = MappingProxyType(
    {MISSING: "thieu", **{each.value: "cho" for each in NoRoom}}
)
"""What waits for a later session has the sign of waiting; anything else that of not playing."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Altered:
    """One airing that a person moved or cancelled: the wall time that the rules gave, and the new.

    `at` is when it airs; of a cancelled one, when it would have.
    """

    programme_id: str
    title: str
    of: datetime
    at: datetime
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Silence:
    """Something of a session that is not heard, in words; `about` is what to ask the reasons of."""

    icon: str
    vi: str
    about: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One session on the page, or a cancelled one (`sitting` None)."""

    start: datetime
    end: datetime | None
    title: str
    programme_id: str
    sitting: Sitting | None
    moved_from: datetime | None
    look: str
    """`past`, `live`, `no` (nothing of it is heard), or "" where it is still to come."""

    @property
    def silences(self) -> tuple[Silence, ...]:
        """What is not heard, one line for all that lacks the same languages."""
        unheard = self.sitting.unheard if self.sitting else ()
        lacking: dict[tuple[str, ...], list[Unheard]] = {}
        for each in unheard:
            if each.code == MISSING:
                lacking.setdefault(each.languages, []).append(each)
        lines = [
            Silence(ICONS.get(each.code, "bo"), sentence(each)[0], self._about(each))
            for each in unheard
            if each.code != MISSING
        ]
        for tags, titles in lacking.items():
            named = ", ".join(f"“{each.title}”" for each in titles)
            spoken = ", ".join(tongue(tag) for tag in tags)
            about = self._about(titles[0])
            lines.append(Silence(ICONS[MISSING], f"Chưa có tiếng {spoken}: {named}.", about))
        return tuple(lines)

    def _about(self, unheard: Unheard) -> str:
        return unheard.bulletin_id or self.programme_id

    @property
    def languages(self) -> tuple[str, ...]:
        """In which it speaks, in air order."""
        sounds = self.sitting.sounds if self.sitting else ()
        return tuple(dict.fromkeys(s.language for s in sounds if s.language not in WORDLESS))


@dataclass(frozen=True, slots=True)
class DayCard:
    """One date of one zone; `seasons` are those that hold."""

    at: CalendarDay
    weekday: str
    seasons: tuple[str, ...]
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class ZoneWeek:
    """What one zone hears."""

    zone: ZoneCalendar
    cards: tuple[DayCard, ...]

    @property
    def lacking(self) -> int:
        """How many sessions are not heard in full."""
        return sum(bool(slot.silences) for card in self.cards for slot in card.slots)


def read_week(
    session: Session, village: Village, since: date, days: int, rules: PlanRules, now: datetime
) -> tuple[ZoneWeek, ...]:
    """Every zone that the village hears. Raises `DaysOutOfReach`, ScheduleError."""
    shown = plan_calendar(session, village, since, days, rules, now)
    found = []
    for zone in shown.zones:
        calendar = calendar_of(session, [zone.zone_id], since)
        altered = altered_airings(session, zone.zone_id, since, days, calendar, rules)
        cards = tuple(_card(day, calendar, altered, now) for day in zone.days)
        found.append(ZoneWeek(zone, cards))
    return tuple(found)


def altered_airings(
    session: Session,
    zone_id: str,
    since: date,
    days: int,
    calendar: DayCalendar,
    rules: PlanRules,
) -> tuple[Altered, ...]:
    """Airings of these dates that a person moved or cancelled."""
    window = midnight(rules, since), midnight(rules, since + days * _DAY)
    found = []
    for planned in programmes.standing_at(session, zone_id).values():
        programme = planned.programme
        if not programme.timing.changes:
            continue
        zone = time_zone(programme.timing.time_zone)
        found += [
            Altered(
                programme.id,
                programme.title,
                each.of.replace(tzinfo=zone),
                each.start_utc.astimezone(zone),
                each.what is What.CANCELLED,
            )
            for each in show_occurrences(programme, *window, calendar)
            if each.what is not What.PLANNED
        ]
    return tuple(found)


def _card(
    day: CalendarDay, calendar: DayCalendar, altered: Sequence[Altered], now: datetime
) -> DayCard:
    mine = [each for each in altered if each.at.date() == day.day]
    slots = [*_sittings(day.sittings, mine, now), *_cancelled(mine)]
    return DayCard(
        day,
        WEEKDAYS[day.day.weekday()],
        tuple(season.name for season in calendar.seasons if season.holds(day.day)),
        tuple(sorted(slots, key=lambda slot: slot.start)),
    )


def _sittings(
    sittings: Iterable[Sitting], altered: Sequence[Altered], now: datetime
) -> Iterator[Slot]:
    for each in sittings:
        moved = [a for a in altered if a.programme_id == each.programme_id and not a.cancelled]
        # A session may begin some minutes after its time, when a stronger one goes before it.
        nearest = min(moved, key=lambda a: abs(a.at - each.start), default=None)
        near = nearest is not None and abs(nearest.at - each.start) < timedelta(hours=1)
        yield Slot(
            each.start,
            each.end,
            each.title,
            each.programme_id,
            each,
            nearest.of if nearest is not None and near else None,
            _look(each, now),
        )


def _cancelled(altered: Iterable[Altered]) -> Iterator[Slot]:
    for each in altered:
        if each.cancelled:
            yield Slot(each.at, None, each.title, each.programme_id, None, None, "no")


def _look(sitting: Sitting, now: datetime) -> str:
    if not sitting.sounds:
        return "no"
    if sitting.end <= now:
        return "past"
    return "live" if sitting.start <= now else ""
