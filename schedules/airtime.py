"""Airtime law as data: when a zone may be spoken to, for how long and how loud."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise

from schedules.errors import BadDuration, BadVolumeProfile, NoWeekday
from schedules.types import DurationMs, GainDb, later, utc_instant

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(1, 8))


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


@dataclass(frozen=True, slots=True)
class AirtimeLaw:
    """One commune's rule; no windows means any time, a limit of None means no limit.

    `source_vi` and `source_en` name the rule in the sentences that quote it.
    """

    windows: tuple[Window, ...]
    max_sessions_per_day: int | None
    max_session_ms: DurationMs | None
    quiet: Window | None
    volume: tuple[VolumeStep, ...]
    source_vi: str
    source_en: str

    def __post_init__(self) -> None:
        if self.max_session_ms is not None and self.max_session_ms <= 0:
            raise BadDuration(self.max_session_ms)
        hours = [step.from_hour for step in self.volume]
        rising = all(earlier < following for earlier, following in pairwise(hours))
        if hours[:1] != [0] or hours[-1] > 23 or not rising:
            raise BadVolumeProfile
        gains = [gain for step in self.volume for gain in (step.gain_db, step.sensitive_gain_db)]
        if not all(-60 <= gain <= 0 for gain in gains):
            raise BadVolumeProfile


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
    """One way in which a session breaks the law: `code` for programs, sentences for people."""

    code: str
    vi: str
    en: str


def gain_at(law: AirtimeLaw, wall: time, *, sensitive: bool = False) -> GainDb:
    """How loud a zone may be at that wall time, relative to its full level."""
    step = next(step for step in reversed(law.volume) if step.from_hour <= wall.hour)
    return step.sensitive_gain_db if sensitive else step.gain_db


def lowest_gain(
    law: AirtimeLaw, start: datetime, end: datetime, *, sensitive: bool = False
) -> GainDb:
    """The quietest level that any hour of [start, end) asks for. Wall times."""
    into_the_hour = timedelta(minutes=start.minute, seconds=start.second)
    hours_begun = min(-(-(into_the_hour + (end - start)) // _HOUR), 24)
    reached = (time((start.hour + passed) % 24) for passed in range(max(hours_begun, 1)))
    return min(gain_at(law, wall, sensitive=sensitive) for wall in reached)


def open_until(law: AirtimeLaw, start: datetime, by: datetime) -> datetime:
    """How long the air stays open from `start`, at most to `by`; `start` if shut. Wall times."""
    if law.quiet is not None:
        by = start if law.quiet.closing(start) else law.quiet.opening(start, by)
    return _windows_until(law, start, by)


def breaks(law: AirtimeLaw, start_local: datetime, duration_ms: DurationMs) -> tuple[Breach, ...]:
    """What a session of that length breaks; `start_local` is aware, in the zone's own time.

    Sessions a day are counted where the day is known, in the cue sheet.
    """
    end_local = later(utc_instant(start_local), duration_ms).astimezone(start_local.tzinfo)
    start, end = start_local.replace(tzinfo=None), end_local.replace(tzinfo=None)
    found = []
    if law.windows and _windows_until(law, start, end) < end:
        found.append(_outside_windows(law, start, end))
    if law.quiet is not None:
        quiet_from = start if law.quiet.closing(start) else law.quiet.opening(start, end)
        if quiet_from < end:
            found.append(_in_quiet_hours(law, law.quiet, start, end))
    if law.max_session_ms is not None and duration_ms > law.max_session_ms:
        found.append(_too_long(law, duration_ms, law.max_session_ms))
    return tuple(found)


def too_many_sessions(law: AirtimeLaw, most: int) -> Breach:
    """The breach of a session that comes after the day's `most` sessions."""
    return Breach(
        "too_many_sessions",
        f"Trong ngày đã có đủ {most} buổi phát ({law.source_vi}).",
        f"The day already has its {most} sessions ({law.source_en}).",
    )


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


def _outside_windows(law: AirtimeLaw, start: datetime, end: datetime) -> Breach:
    windows = ", ".join(str(window) for window in law.windows)
    return Breach(
        "outside_windows",
        f"Buổi phát {start:%H:%M}–{end:%H:%M} ngày {start:%d/%m/%Y} nằm ngoài khung giờ "
        f"{windows} ({law.source_vi}).",
        f"The session {start:%H:%M}–{end:%H:%M} on {start:%d/%m/%Y} is outside the windows "
        f"{windows} ({law.source_en}).",
    )


def _in_quiet_hours(law: AirtimeLaw, quiet: Window, start: datetime, end: datetime) -> Breach:
    return Breach(
        "quiet_hours",
        f"Buổi phát {start:%H:%M}–{end:%H:%M} rơi vào giờ yên tĩnh {quiet} ({law.source_vi}).",
        f"The session {start:%H:%M}–{end:%H:%M} falls in the quiet hours {quiet} "
        f"({law.source_en}).",
    )


def _too_long(law: AirtimeLaw, ms: DurationMs, most: DurationMs) -> Breach:
    return Breach(
        "session_too_long",
        f"Buổi phát dài {ms / 60_000:.1f} phút, quá {most / 60_000:.1f} phút cho phép "
        f"({law.source_vi}).",
        f"The session takes {ms / 60_000:.1f} minutes, over the {most / 60_000:.1f} allowed "
        f"({law.source_en}).",
    )
