"""What one zone hears in a window: the one way from programmes to cues, for every asker."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schedules.airtime import AirtimeLaw
from schedules.busy_air import LATE_START_MS
from schedules.cue_sheet import Cue, CueSheet, Flag, Refusal, cue_sheet
from schedules.day_calendar import DayCalendar
from schedules.programme import Programme
from schedules.recurrence import Occurrence, occurrences
from schedules.run_order import RunOrder
from schedules.rundown import LeftOut, Rundown
from schedules.selection import Memory
from schedules.shelf import Shelf
from schedules.template import PlayByRule
from schedules.types import BulletinId, UtcInstant, ZoneId, later, time_zone, utc_instant
from schedules.zone import Zone

_MOST_ROUNDS = 4
_LONGEST_MS = 3 * 3_600_000
"""A session without an end that has begun is taken to be over by then."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A programme and the instant since when it stands: nothing of it airs before."""

    programme: Programme
    since: UtcInstant


@dataclass(frozen=True, slots=True)
class ZoneInputs:
    """All that decides what a zone hears.

    `aired`: when each bulletin began to air, once a session, before the window or, within it, in
    sessions that began before `begun_before`: these are not filled anew. `waiting`: bulletins that
    were left out before the window and not heard since, longest first. `orders`: each a decision of
    a person, bulletins in the order in which they go when they collide; a later one has the last
    word. `places` are kinds of sensitive place near its horns (`school`, `clinic`, …).
    """

    zone: Zone
    law: AirtimeLaw
    calendar: DayCalendar
    standing: tuple[Standing, ...]
    shelf: Shelf
    aired: Mapping[BulletinId, tuple[UtcInstant, ...]] = field(default_factory=dict)
    orders: tuple[tuple[BulletinId, ...], ...] = ()
    places: frozenset[str] = frozenset()
    waiting: tuple[BulletinId, ...] = ()
    begun_before: UtcInstant | None = None


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


@dataclass(frozen=True, slots=True)
class _Unheard:
    """Sessions that are refused as a whole, and bulletins of which another session airs nothing."""

    sessions: frozenset[Occurrence] = frozenset()
    bulletins: Mapping[Occurrence, frozenset[BulletinId]] = field(default_factory=dict)


def plan_zone(inputs: ZoneInputs, window_from: datetime, window_until: datetime) -> ZonePlan:
    """Resolve every session that starts in [window_from, window_until).

    What the cue sheet refuses was not heard, so the sessions after it are filled again until what
    counts as heard is what airs.
    """
    first, last = utc_instant(window_from), utc_instant(window_until)
    sessions = _sessions(inputs, first, last)
    unheard = _Unheard()
    for _ in range(_MOST_ROUNDS):
        rundowns, questions = _fill(inputs, sessions, unheard)
        sheet = cue_sheet(rundowns, inputs.zone, inputs.law, first, places=inputs.places)
        refused = _unheard(sheet, rundowns)
        if refused == unheard or not _remembers(inputs):
            break
        unheard = refused
    return ZonePlan(inputs.zone.id, rundowns, sheet.cues, sheet.refusals, questions, sheet.flags)


def _remembers(inputs: ZoneInputs) -> bool:
    """What airs depends on what aired before."""
    by_rule = (
        isinstance(item, PlayByRule)
        for standing in inputs.standing
        for item in standing.programme.template.items
    )
    return any(notice.is_from_above for notice in inputs.shelf.notices) or any(by_rule)


def _sessions(
    inputs: ZoneInputs, first: UtcInstant, last: UtcInstant
) -> list[tuple[Programme, Occurrence]]:
    """What starts in the window, in order; of what starts together the stronger first."""
    found = []
    for standing in inputs.standing:
        programme, start = standing.programme, max(first, standing.since)
        if inputs.zone.id in programme.zone_ids:
            airings = occurrences(programme, start, max(start, last), inputs.calendar)
            found += [(programme, each) for each in airings]
    return sorted(found, key=lambda one: (one[1].start_utc, -one[0].rank, one[0].id))


def _fill(
    inputs: ZoneInputs, sessions: Iterable[tuple[Programme, Occurrence]], unheard: _Unheard
) -> tuple[tuple[Rundown, ...], tuple[Question, ...]]:
    memory = Memory(inputs.aired, inputs.waiting, time_zone(inputs.zone.time_zone))
    order = RunOrder(inputs.zone, inputs.shelf, inputs.law, inputs.places, inputs.orders, memory)
    rundowns, questions = [], []
    for programme, each in sessions:
        aired = _aired_in(inputs, each)
        filled = order.fill(programme, each, aired)
        rundowns.append(filled.rundown)
        if aired is not None or each in unheard.sessions:
            continue
        order.remember(filled.rundown, unheard.bulletins.get(each, frozenset()))
        if filled.asked:
            questions.append(Question(filled.rundown, filled.asked))
    return tuple(rundowns), tuple(questions)


def _aired_in(inputs: ZoneInputs, occurrence: Occurrence) -> frozenset[BulletinId] | None:
    """The bulletins that a session which has begun aired; None if it is still to come."""
    start = occurrence.start_utc
    if inputs.begun_before is None or start >= inputs.begun_before:
        return None
    over = later(start, (occurrence.duration_ms or _LONGEST_MS) + LATE_START_MS)
    return frozenset(
        bulletin_id
        for bulletin_id, instants in inputs.aired.items()
        if any(start <= instant < over for instant in instants)
    )


def _unheard(sheet: CueSheet, rundowns: Iterable[Rundown]) -> _Unheard:
    refused = Counter((each.occurrence, each.item.bulletin_id) for each in sheet.refusals)
    in_session = Counter(each.occurrence for each in sheet.refusals)
    silent: set[Occurrence] = set()
    bulletins: dict[Occurrence, frozenset[BulletinId]] = {}
    for rundown in rundowns:
        occurrence = rundown.occurrence
        if occurrence not in in_session:
            continue
        if in_session[occurrence] == len(rundown.items):
            silent.add(occurrence)
        else:
            wanted = Counter(item.bulletin_id for item in rundown.items)
            bulletins[occurrence] = frozenset(
                bulletin_id
                for bulletin_id, items in wanted.items()
                if bulletin_id is not None and refused[occurrence, bulletin_id] == items
            )
    return _Unheard(frozenset(silent), bulletins)
