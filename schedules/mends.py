"""What would help a programme that runs into something: another time, found or not, or less."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from schedules.airtime import breaks
from schedules.programme import Programme
from schedules.types import (
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

    def __init__(self, programme: Programme, scenes: Sequence[Scene]) -> None:
        self._programme = programme
        self._scenes = scenes
        self._sessions = {s.inputs.zone.id: tuple(sessions_of(s.plan)) for s in scenes}

    def free_start(self, busy: Iterable[Session] = ()) -> time | None:
        """The nearest wall time at which no law and no other session stands in its way.

        Every day of the window on which it airs is asked, in all of its zones; `busy` are sessions
        of other zones that are heard there too.
        """
        elsewhere = list(busy)
        others = [s for all_ in self._sessions.values() for s in all_ if not self._own(s)]
        airings = [s for all_ in self._sessions.values() for s in all_ if self._own(s)]
        if not airings:
            return None
        zone = time_zone(self._programme.timing.time_zone)
        now = wall_clock(airings[0].start, zone).time()
        candidates = {_whole_minute(wall_clock(o.end, zone)) for o in (*others, *elsewhere)}
        candidates |= {w.opens for s in self._scenes for w in s.inputs.law.windows}
        nearest = sorted(candidates - {now}, key=lambda at: abs(_minutes(at) - _minutes(now)))
        return next((at for at in nearest if self._is_free(at, airings, elsewhere)), None)

    def _own(self, session: Session) -> bool:
        return session.programme.id == self._programme.id

    def _is_free(self, at: time, airings: Sequence[Session], busy: Sequence[Session]) -> bool:
        zone = time_zone(self._programme.timing.time_zone)
        scenes = {scene.inputs.zone.id: scene.inputs for scene in self._scenes}
        for airing in airings:
            day = wall_clock(airing.start, zone).date()
            start = wall_instant(datetime.combine(day, at), zone)
            length = elapsed_ms(airing.start, airing.end)
            moved = Session(airing.programme, airing.zone_id, start, later(start, length))
            inputs = scenes[airing.zone_id]
            here = (s for s in self._sessions[airing.zone_id] if not self._own(s))
            if any(moved.meets(other) for other in (*here, *busy)):
                return False
            if breaks(inputs.law, start.astimezone(zone), length, inputs.places):
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


def _whole_minute(wall: datetime) -> time:
    full = wall.replace(second=0, microsecond=0)
    return (full if full == wall else full + _MINUTE).time()


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
