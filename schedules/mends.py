"""What would help a programme that runs into something: another time, found or not, or less."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from schedules.airtime import breaks
from schedules.programme import Programme
from schedules.rundown import GAP_MS
from schedules.types import (
    DurationMs,
    UtcInstant,
    ZoneId,
    elapsed_ms,
    later,
    time_zone,
    wall_clock,
    wall_instant,
)
from schedules.zone_plan import ZoneInputs, ZonePlan

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Mend:
    """What would help; `start` is a wall time for the programme, where another time would."""

    code: str
    vi: str
    en: str
    start: time | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One zone with what it will hear, the programme in question among it."""

    inputs: ZoneInputs
    plan: ZonePlan
    since: UtcInstant | None = None
    """Nothing is moved to before it."""


@dataclass(frozen=True, slots=True)
class Session:
    """One airing with sound in it, as its programme means it."""

    programme: Programme
    zone_id: ZoneId
    start: UtcInstant
    end: UtcInstant

    def meets(self, other: "Session") -> bool:
        """They sound at one time."""
        return self.start < other.end and other.start < self.end


class Day:
    """Finds another time of day at which a programme would air undisturbed."""

    def __init__(
        self, programme: Programme, scenes: Sequence[Scene], beside: Sequence[Scene] = ()
    ) -> None:
        """`scenes` are the programme's zones, `beside` those whose horns are heard there too."""
        self._programme = programme
        self._scenes = {scene.inputs.zone.id: scene for scene in scenes}
        sessions = [s for scene in scenes for s in sessions_of(scene.plan)]
        self._airings = [s for s in sessions if s.programme.id == programme.id]
        spans = (span for scene in (*scenes, *beside) for span in _taken(scene.plan, programme))
        self._busy = _merged(spans)
        self._ends = [end for _, end in self._busy]

    def free_start(self) -> time | None:
        """The nearest wall time at which no law and no other session stands in its way.

        Every day of the window on which it airs is asked, in all of its zones.
        """
        if not self._airings:
            return None
        zone = time_zone(self._programme.timing.time_zone)
        now = wall_clock(self._airings[0].start, zone).time()
        candidates = {_whole_minute(wall_clock(end, zone)) for end in self._ends}
        laws = (scene.inputs.law for scene in self._scenes.values())
        candidates |= {window.opens for law in laws for window in law.windows}
        nearest = sorted(candidates - {now}, key=lambda at: abs(_minutes(at) - _minutes(now)))
        return next((at for at in nearest if self._is_free(at)), None)

    def _is_free(self, at: time) -> bool:
        zone = time_zone(self._programme.timing.time_zone)
        # What has no set length begins a gap after what ends at its start.
        gap = 0 if self._programme.duration_ms else GAP_MS
        for airing in self._airings:
            scene = self._scenes[airing.zone_id]
            day = wall_clock(airing.start, zone).date()
            start = wall_instant(datetime.combine(day, at), zone)
            length = DurationMs(elapsed_ms(airing.start, airing.end) + gap)
            if scene.since is not None and start < scene.since:
                return False
            first = bisect_right(self._ends, start)
            if first < len(self._busy) and self._busy[first][0] < later(start, length):
                return False
            if breaks(scene.inputs.law, start.astimezone(zone), length, scene.inputs.places):
                return False
        return True


def mend_of_refusal(code: str, day: Day) -> Mend:
    """What would help an item that the plan refuses with that code."""
    match code:
        case "session_too_long" | "programme_full" | "session_full":
            return Mend(
                "shorten",
                "Bớt tin, hoặc đặt độ dài buổi phát: phần chưa vừa được chuyển sang buổi sau.",
                "Take items out, or give the session a length: what does not fit goes to the next.",
            )
        case "too_many_sessions":
            return Mend(
                "join",
                "Đưa tin vào một buổi đã có trong ngày, hoặc chọn ngày khác.",
                "Put the items into a session of that day, or choose another day.",
            )
        case "no_sound" | "no_relay":
            return Mend(
                "bring_sound",
                "Thêm âm thanh hoặc đài ấy, hoặc bỏ mục này khỏi khuôn.",
                "Add that sound or station, or take the item out of the template.",
            )
        case "nothing_to_say":
            return Mend(
                "bring_items",
                "Duyệt một bản tin hợp với khuôn, hoặc chọn thẳng bản tin.",
                "Approve a bulletin that fits the template, or choose bulletins by name.",
            )
        case "expired":
            return Mend(
                "renew",
                "Gia hạn bản tin rồi duyệt lại, hoặc phát sớm hơn.",
                "Give the bulletin a later end and approve it again, or air it earlier.",
            )
        case _:
            return other_time(day.free_start())


def other_time(start: time | None) -> Mend:
    """Move to `start`, or to another day where no time is free."""
    if start is None:
        return Mend(
            "other_day",
            "Trong ngày không còn giờ nào vừa: hãy rút ngắn hoặc chọn ngày khác.",
            "No time of the day is free for it: shorten it or choose another day.",
        )
    return Mend("move", f"Dời sang {start:%H:%M}.", f"Move it to {start:%H:%M}.", start)


def stagger(start: time | None) -> Mend:
    """Let two places follow each other."""
    if start is None:
        return other_time(None)
    return Mend(
        "stagger",
        f"Cho hai nơi phát so le: dời sang {start:%H:%M}.",
        f"Let the two follow each other: move it to {start:%H:%M}.",
        start,
    )


def sessions_of(plan: ZonePlan) -> Iterator[Session]:
    """Every session with sound in it, as its programme means it."""
    for rundown in plan.rundowns:
        if rundown.items:
            start = rundown.occurrence.start_utc
            length = rundown.occurrence.duration_ms or rundown.duration_ms
            yield Session(rundown.programme, rundown.zone_id, start, later(start, length))


def _taken(plan: ZonePlan, but: Programme) -> Iterator[tuple[UtcInstant, UtcInstant]]:
    """The air that other programmes mean to have, and what they really get, which may be later."""
    yield from ((s.start, s.end) for s in sessions_of(plan) if s.programme.id != but.id)
    yield from ((c.start_utc, c.end_utc) for c in plan.cues if c.programme_id != but.id)


def _merged(
    spans: Iterable[tuple[UtcInstant, UtcInstant]],
) -> list[tuple[UtcInstant, UtcInstant]]:
    """The same time in spans that do not touch, in order."""
    merged: list[tuple[UtcInstant, UtcInstant]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _whole_minute(wall: datetime) -> time:
    full = wall.replace(second=0, microsecond=0)
    return (full if full == wall else full + _MINUTE).time()


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
