"""Airtime law as data: when a zone may be spoken to, for how long and how loud."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from schedules.errors import (
    BadDuration,
    BadGain,
    BadSessionCount,
    BadVolumeProfile,
    NoWeekday,
    RepeatedClause,
    RepeatedPlaceRule,
)
from schedules.types import DurationMs, GainDb, later, utc_instant

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(1, 8))
NOWHERE: frozenset[str] = frozenset()
"""No sensitive place in earshot."""


@dataclass(frozen=True, slots=True)
class Window:
    """Wall time from `opens` to the first `closes` after it, on ISO weekdays (Monday is 1).

    A window that closes at or before it opens runs over midnight; its weekday is that of opening.
    """

    weekdays: frozenset[int]
    opens: time
    closes: time

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= EVERY_DAY:
            raise NoWeekday

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"

    def closing(self, at: datetime) -> datetime | None:
        """When the opening that holds `at` closes; None if the window is shut. Wall times."""
        over_midnight = self.closes <= self.opens
        if at.time() >= self.opens:
            if at.isoweekday() in self.weekdays and (over_midnight or at.time() < self.closes):
                return datetime.combine(at.date() + over_midnight * _DAY, self.closes)
        elif over_midnight and at.time() < self.closes:
            yesterday = at - _DAY
            if yesterday.isoweekday() in self.weekdays:
                return datetime.combine(at.date(), self.closes)
        return None

    def opening(self, at: datetime, by: datetime) -> datetime:
        """The first opening from `at` on, or `by` if none comes before it. Wall times."""
        day = at.date()
        while day <= by.date():
            opens = datetime.combine(day, self.opens)
            if at <= opens < by and day.isoweekday() in self.weekdays:
                return opens
            day += _DAY
        return by


@dataclass(frozen=True, slots=True)
class VolumeStep:
    """From that hour of wall time on, so loud; `sensitive_gain_db` near a school or clinic."""

    from_hour: int
    gain_db: GainDb
    sensitive_gain_db: GainDb


class Limit(StrEnum):
    """What a law can set a limit to; a breach of it has this code."""

    WINDOWS = "outside_windows"
    QUIET = "quiet_hours"
    LENGTH = "session_too_long"
    COUNT = "too_many_sessions"
    PLACE = "place_hush"


class Action(StrEnum):
    """What becomes of a session that breaks a limit."""

    REFUSE = "refuse"
    FLAG = "flag"
    """It airs, and whoever plans it is told."""


class PlaceKind(StrEnum):
    """A place near which a loudspeaker has to be considerate."""

    SCHOOL = "school"
    CLINIC = "clinic"
    CHURCH = "church"
    COMMUNAL_HOUSE = "communal_house"
    OTHER = "other"


OTHER_PLACE = PlaceKind.OTHER.value
"""The kind of a sensitive place of which nobody said what it is."""


@dataclass(frozen=True, slots=True)
class Clause:
    """Which paragraph of the commune's own rule sets a limit, and what its breach leads to."""

    code: Limit
    paragraph: str = ""
    action: Action = Action.REFUSE


@dataclass(frozen=True, slots=True)
class DayLimit:
    """Other limits on some ISO weekdays; where one is None the law's own holds."""

    weekdays: frozenset[int]
    max_sessions: int | None = None
    max_session_ms: DurationMs | None = None

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= EVERY_DAY:
            raise NoWeekday
        _check_limits(self.max_sessions, self.max_session_ms)


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """No session within `hush` where a place of that kind is in earshot, nor one louder than that.

    A `gain_db` of None adds nothing to the sensitive levels of the volume profile.
    """

    kind: str
    hush: tuple[Window, ...] = ()
    gain_db: GainDb | None = None

    def __post_init__(self) -> None:
        if self.gain_db is not None and not -60 <= self.gain_db <= 0:
            raise BadGain(self.gain_db)


@dataclass(frozen=True, slots=True)
class AirtimeLaw:
    """One commune's rule; no windows means any time, a limit of None means no limit.

    `source_vi` and `source_en` name the rule in the sentences that quote it. A limit without a
    clause refuses. The first of `by_weekday` that names a session's day holds for it.
    """

    windows: tuple[Window, ...]
    max_sessions_per_day: int | None
    max_session_ms: DurationMs | None
    quiet: Window | None
    volume: tuple[VolumeStep, ...]
    source_vi: str
    source_en: str
    clauses: tuple[Clause, ...] = ()
    by_weekday: tuple[DayLimit, ...] = ()
    places: tuple[PlaceRule, ...] = ()

    def __post_init__(self) -> None:
        _check_limits(self.max_sessions_per_day, self.max_session_ms)
        _check_named_once(self)
        hours = [step.from_hour for step in self.volume]
        rising = all(earlier < following for earlier, following in pairwise(hours))
        if hours[:1] != [0] or hours[-1] > 23 or not rising:
            raise BadVolumeProfile
        gains = [gain for step in self.volume for gain in (step.gain_db, step.sensitive_gain_db)]
        if not all(-60 <= gain <= 0 for gain in gains):
            raise BadVolumeProfile

    def clause(self, code: Limit) -> Clause:
        """What the law says of a limit: its paragraph and action."""
        return next((each for each in self.clauses if each.code is code), Clause(code))

    def refuses(self, code: Limit) -> bool:
        """Whether a session that breaks that limit must not air."""
        return self.clause(code).action is Action.REFUSE

    @property
    def silence(self) -> Window | None:
        """The quiet hours in which nothing may sound; None also where they only flag."""
        return self.quiet if self.refuses(Limit.QUIET) else None

    def most_sessions(self, day: date) -> int | None:
        """How many sessions that day may have; None: any number."""
        own = self._day_limit(day)
        if own is not None and own.max_sessions is not None:
            return own.max_sessions
        return self.max_sessions_per_day

    def longest_session(self, day: date) -> DurationMs | None:
        """How long a session that starts on that day may be; None: any length."""
        own = self._day_limit(day)
        if own is not None and own.max_session_ms is not None:
            return own.max_session_ms
        return self.max_session_ms

    def _day_limit(self, day: date) -> DayLimit | None:
        return next((d for d in self.by_weekday if day.isoweekday() in d.weekdays), None)


def _check_limits(sessions: int | None, session_ms: DurationMs | None) -> None:
    if sessions is not None and sessions < 0:
        raise BadSessionCount(sessions)
    if session_ms is not None and session_ms <= 0:
        raise BadDuration(session_ms)


def _check_named_once(law: AirtimeLaw) -> None:
    codes = [each.code for each in law.clauses]
    if len(set(codes)) != len(codes):
        raise RepeatedClause
    kinds = [each.kind for each in law.places]
    if len(set(kinds)) != len(kinds):
        raise RepeatedPlaceRule


_NIGHT = GainDb(-15.0)

# No national rule of hours was found. The volume follows the noise limits of a Vietnamese town
# (ordinary 70/55 dBA, sensitive 55/45 dBA; day 06:00–21:00), relative to an ordinary place by day.
DEFAULT_AIRTIME_LAW = AirtimeLaw(
    windows=(
        Window(EVERY_DAY, time(5, 30), time(7)),
        Window(EVERY_DAY, time(11), time(11, 30)),
        Window(EVERY_DAY, time(17), time(18, 30)),
    ),
    max_sessions_per_day=None,
    max_session_ms=None,
    quiet=Window(EVERY_DAY, time(21), time(5, 30)),
    volume=(
        VolumeStep(0, _NIGHT, GainDb(-25.0)),
        VolumeStep(6, GainDb(0.0), GainDb(-15.0)),
        VolumeStep(21, _NIGHT, GainDb(-25.0)),
    ),
    source_vi="mặc định của chúng tôi, xã thay bằng quy định của mình",
    source_en="our default, to be replaced by the commune's own rule",
)


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which a session breaks the law: `code` for programs, sentences for people.

    `paragraph` is that of the commune's own rule, "" where it names none.
    """

    code: str
    vi: str
    en: str
    action: Action = Action.REFUSE
    paragraph: str = ""


def gain_at(law: AirtimeLaw, wall: time, places: frozenset[str] = NOWHERE) -> GainDb:
    """How loud a zone may be at that wall time, relative to its full level.

    `places` are the kinds of sensitive place in earshot; every kind asks for the sensitive level.
    """
    step = next(step for step in reversed(law.volume) if step.from_hour <= wall.hour)
    if not places:
        return step.gain_db
    own = (rule.gain_db for rule in law.places if rule.kind in places)
    return min([step.sensitive_gain_db, *(gain for gain in own if gain is not None)])


def lowest_gain(
    law: AirtimeLaw, start: datetime, end: datetime, places: frozenset[str] = NOWHERE
) -> GainDb:
    """The quietest level that any hour of [start, end) asks for. Wall times."""
    into_the_hour = timedelta(minutes=start.minute, seconds=start.second)
    hours_begun = min(-(-(into_the_hour + (end - start)) // _HOUR), 24)
    reached = (time((start.hour + passed) % 24) for passed in range(max(hours_begun, 1)))
    return min(gain_at(law, wall, places) for wall in reached)


def open_until(
    law: AirtimeLaw, start: datetime, by: datetime, places: frozenset[str] = NOWHERE
) -> datetime:
    """How long nothing that refuses shuts the air from `start`, at most to `by`. Wall times."""
    if law.silence is not None:
        by = _shut_from(law.silence, start, by)
    if law.refuses(Limit.PLACE):
        for _, hush in _hushes(law, places):
            by = _shut_from(hush, start, by)
    return _windows_until(law, start, by) if law.refuses(Limit.WINDOWS) else by


def breaks(
    law: AirtimeLaw,
    start_local: datetime,
    duration_ms: DurationMs,
    places: frozenset[str] = NOWHERE,
) -> tuple[Breach, ...]:
    """What a session of that length breaks; `start_local` is aware, in the zone's own time.

    Sessions a day are counted where the day is known, in the cue sheet.
    """
    end_local = later(utc_instant(start_local), duration_ms).astimezone(start_local.tzinfo)
    start = start_local.replace(tzinfo=None)
    # Where a clock is put back on the way, the end would else show a time before the start.
    end = max(end_local.replace(tzinfo=None), start + timedelta(milliseconds=duration_ms))
    found = []
    if law.windows and _windows_until(law, start, end) < end:
        found.append(_outside_windows(law, start, end))
    if law.quiet is not None and _shut_from(law.quiet, start, end) < end:
        found.append(_in_quiet_hours(law, law.quiet, start, end))
    for kind, hush in _hushes(law, places):
        if _shut_from(hush, start, end) < end:
            found.append(_near_a_place(law, kind, hush, start, end))
    most = law.longest_session(start.date())
    if most is not None and duration_ms > most:
        found.append(_too_long(law, duration_ms, most))
    return tuple(found)


def too_many_sessions(law: AirtimeLaw, most: int) -> Breach:
    """The breach of a session that comes after the day's `most` sessions."""
    return _breach(
        law,
        Limit.COUNT,
        f"Trong ngày đã có đủ {most} buổi phát",
        f"The day already has its {most} sessions",
    )


def _shut_from(closed: Window, start: datetime, by: datetime) -> datetime:
    """When hours in which nothing may air first hold from `start` on, at most `by`."""
    return start if closed.closing(start) else closed.opening(start, by)


def _hushes(law: AirtimeLaw, places: frozenset[str]) -> Iterator[tuple[str, Window]]:
    for rule in law.places:
        if rule.kind in places:
            yield from ((rule.kind, hush) for hush in rule.hush)


def _windows_until(law: AirtimeLaw, start: datetime, by: datetime) -> datetime:
    """How far windows that follow without a gap reach from `start`, at most to `by`."""
    if not law.windows:
        return by
    reach = start
    while reach < by:
        closings = [closing for window in law.windows if (closing := window.closing(reach))]
        if not closings:
            return reach
        reach = max(closings)
    return by


def _breach(law: AirtimeLaw, code: Limit, vi: str, en: str) -> Breach:
    """The breach with its source quoted after each sentence."""
    clause = law.clause(code)
    cited = f"{clause.paragraph}, " if clause.paragraph else ""
    return Breach(
        code.value,
        f"{vi} ({cited}{law.source_vi}).",
        f"{en} ({cited}{law.source_en}).",
        clause.action,
        clause.paragraph,
    )


def _outside_windows(law: AirtimeLaw, start: datetime, end: datetime) -> Breach:
    windows = ", ".join(str(window) for window in law.windows)
    return _breach(
        law,
        Limit.WINDOWS,
        f"Buổi phát {start:%H:%M}–{end:%H:%M} ngày {start:%d/%m/%Y} nằm ngoài khung giờ {windows}",
        f"The session {start:%H:%M}–{end:%H:%M} on {start:%d/%m/%Y} is outside the windows "
        f"{windows}",
    )


def _in_quiet_hours(law: AirtimeLaw, quiet: Window, start: datetime, end: datetime) -> Breach:
    return _breach(
        law,
        Limit.QUIET,
        f"Buổi phát {start:%H:%M}–{end:%H:%M} rơi vào giờ yên tĩnh {quiet}",
        f"The session {start:%H:%M}–{end:%H:%M} falls in the quiet hours {quiet}",
    )


def _near_a_place(
    law: AirtimeLaw, kind: str, hush: Window, start: datetime, end: datetime
) -> Breach:
    vi, en = place_name(kind)
    return _breach(
        law,
        Limit.PLACE,
        f"Buổi phát {start:%H:%M}–{end:%H:%M} rơi vào giờ phải im {hush} vì gần {vi}",
        f"The session {start:%H:%M}–{end:%H:%M} falls in the hours of silence {hush} near a {en}",
    )


def _too_long(law: AirtimeLaw, ms: DurationMs, most: DurationMs) -> Breach:
    return _breach(
        law,
        Limit.LENGTH,
        f"Buổi phát dài {ms / 60_000:.1f} phút, quá {most / 60_000:.1f} phút cho phép",
        f"The session takes {ms / 60_000:.1f} minutes, over the {most / 60_000:.1f} allowed",
    )


_PLACES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "school": ("trường học", "school"),
        "clinic": ("trạm y tế", "clinic"),
        "church": ("nhà thờ", "church"),
        "communal_house": ("nhà rông", "communal house"),
    }
)


def place_name(kind: str) -> tuple[str, str]:
    """What a kind of sensitive place is called, Vietnamese and English."""
    return _PLACES.get(kind, ("nơi cần yên tĩnh", "place that needs quiet"))
