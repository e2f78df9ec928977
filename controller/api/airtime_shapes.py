"""Shapes of a unit's airtime law: what it is, where it comes from, what it would forbid."""

import re
from datetime import datetime, time
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from controller.api.shapes import Shape, Short
from controller.operations.airtime_law import Broken, Forecast, HeldLaw
from controller.operations.unit_rules import Source, Whose
from schedules.airtime import (
    EVERY_DAY,
    Action,
    AirtimeLaw,
    Clause,
    DayLimit,
    Limit,
    PlaceKind,
    PlaceRule,
    VolumeStep,
    Window,
)
from schedules.types import DurationMs, GainDb

_TIME_OF_DAY = r"([01][0-9]|2[0-3]):[0-5][0-9]"


def _time_of_day(text: str) -> str:
    if not re.fullmatch(_TIME_OF_DAY, text):
        raise PydanticCustomError("time_of_day", "should be a time of day, as 05:30")
    return text


WallTime = Annotated[
    str, AfterValidator(_time_of_day), Field(json_schema_extra={"pattern": f"^{_TIME_OF_DAY}$"})
]
Weekday = Annotated[int, Field(ge=1, le=7)]
Weekdays = Annotated[list[Weekday], Field(min_length=1, max_length=7)]
Gain = Annotated[float, Field(ge=-60, le=0)]
Sessions = Annotated[int, Field(ge=0, le=200)]
SessionMs = Annotated[int, Field(ge=1, le=86_400_000)]
Named = Annotated[str, Field(min_length=1, max_length=300)]


class WindowBody(Shape):
    """Wall time from `opens` to the first `closes` after it; may run over midnight."""

    opens: WallTime
    """24-hour wall time, as `05:30`."""
    closes: WallTime
    """24-hour wall time; at or before `opens`: on the next day."""
    weekdays: Weekdays = sorted(EVERY_DAY)
    """Days on which it opens: 1 (Monday) to 7 (Sunday)."""

    @classmethod
    def of(cls, w: Window) -> "WindowBody":
        """Make it of the domain's value."""
        return cls(
            opens=f"{w.opens:%H:%M}", closes=f"{w.closes:%H:%M}", weekdays=sorted(w.weekdays)
        )

    def window(self) -> Window:
        """The domain's value."""
        opens, closes = (time.fromisoformat(at) for at in (self.opens, self.closes))
        return Window(frozenset(self.weekdays), opens, closes)


class VolumeStepBody(Shape):
    """From that hour on, so loud, in dB relative to full level."""

    from_hour: Annotated[int, Field(ge=0, le=23)]
    """Hour of wall time; the first step is at 0."""
    gain_db: Gain
    """At an ordinary place."""
    sensitive_gain_db: Gain
    """Near a school, clinic, church or communal house."""


class ClauseBody(Shape):
    """Which paragraph of the unit's own rule sets a limit, and what its breach leads to."""

    code: Limit
    """`outside_windows`, `quiet_hours`, `session_too_long`, `too_many_sessions`, `place_hush`."""
    paragraph: Short = ""
    """As people cite it; quoted wherever a session breaks the limit."""
    action: Action = Action.REFUSE
    """`refuse`: it does not air; `flag`: it airs, and whoever plans it is told."""


class DayLimitBody(Shape):
    """Other limits on some weekdays; null: the law's own."""

    weekdays: Weekdays
    """1 (Monday) to 7 (Sunday)."""
    max_sessions: Sessions | None = None
    """Sessions a day."""
    max_session_ms: SessionMs | None = None
    """Length of a session in ms."""


class PlaceRuleBody(Shape):
    """What holds where a place of that kind is in earshot."""

    kind: PlaceKind
    """`school`, `clinic`, `church`, `communal_house` or `other`."""
    hush: list[WindowBody] = Field(default_factory=list, max_length=20)
    """Hours in which no session may air."""
    gain_db: Gain | None = None
    """Never louder than that, in dB; null: as the volume profile says."""


class AirtimeLawBody(Shape):
    """A unit's airtime law as people write it."""

    windows: Annotated[list[WindowBody], Field(max_length=50)]
    """When sessions may air; empty: at any hour."""
    quiet: WindowBody | None
    """Hours in which nothing sounds but emergencies; null: none."""
    volume: Annotated[list[VolumeStepBody], Field(min_length=1, max_length=24)]
    """Level by the hour, in order of `from_hour`."""
    source_vi: Named
    """Name of the unit's own rule in Vietnamese, quoted in every refusal."""
    source_en: Named
    """The same in English."""
    max_sessions_per_day: Sessions | None = None
    """Null: any number."""
    max_session_ms: SessionMs | None = None
    """Length of a session in ms; null: any."""
    clauses: list[ClauseBody] = Field(default_factory=list, max_length=len(Limit))
    """A limit that none names refuses, and cites the rule as a whole."""
    by_weekday: list[DayLimitBody] = Field(default_factory=list, max_length=7)
    """The first that names a weekday holds for it."""
    places: list[PlaceRuleBody] = Field(default_factory=list, max_length=len(PlaceKind))
    """Rules of sensitive places, each kind once."""

    @classmethod
    def of(cls, law: AirtimeLaw) -> "AirtimeLawBody":
        """Make it of the domain's value."""
        return cls(
            windows=[WindowBody.of(w) for w in law.windows],
            quiet=WindowBody.of(law.quiet) if law.quiet else None,
            volume=[
                VolumeStepBody(
                    from_hour=s.from_hour, gain_db=s.gain_db, sensitive_gain_db=s.sensitive_gain_db
                )
                for s in law.volume
            ],
            source_vi=law.source_vi,
            source_en=law.source_en,
            max_sessions_per_day=law.max_sessions_per_day,
            max_session_ms=law.max_session_ms,
            clauses=[
                ClauseBody(code=c.code, paragraph=c.paragraph, action=c.action) for c in law.clauses
            ],
            by_weekday=[
                DayLimitBody(
                    weekdays=sorted(d.weekdays),
                    max_sessions=d.max_sessions,
                    max_session_ms=d.max_session_ms,
                )
                for d in law.by_weekday
            ],
            places=[
                PlaceRuleBody(
                    kind=PlaceKind(p.kind),
                    hush=[WindowBody.of(w) for w in p.hush],
                    gain_db=p.gain_db,
                )
                for p in law.places
            ],
        )

    def law(self) -> AirtimeLaw:
        """The domain's value; raises `ScheduleError` for what does not fit together."""
        return AirtimeLaw(
            windows=tuple(w.window() for w in self.windows),
            max_sessions_per_day=self.max_sessions_per_day,
            max_session_ms=_ms(self.max_session_ms),
            quiet=self.quiet.window() if self.quiet else None,
            volume=tuple(
                VolumeStep(s.from_hour, GainDb(s.gain_db), GainDb(s.sensitive_gain_db))
                for s in self.volume
            ),
            source_vi=self.source_vi,
            source_en=self.source_en,
            clauses=tuple(Clause(c.code, c.paragraph, c.action) for c in self.clauses),
            by_weekday=tuple(
                DayLimit(frozenset(d.weekdays), d.max_sessions, _ms(d.max_session_ms))
                for d in self.by_weekday
            ),
            places=tuple(
                PlaceRule(
                    p.kind.value,
                    tuple(w.window() for w in p.hush),
                    None if p.gain_db is None else GainDb(p.gain_db),
                )
                for p in self.places
            ),
        )


class SourceOut(Shape):
    """Where a rule that holds for a unit comes from."""

    whose: Whose
    """`own`, `inherited` from a unit above, or `default`: nobody set one."""
    unit: str | None
    """Id of the unit that set it."""
    unit_name: str
    """Its name; empty for the default."""
    set_by: str
    """Account that set it; empty where that is not known."""
    set_at: datetime | None
    """When it was set."""

    @classmethod
    def of(cls, s: Source) -> "SourceOut":
        """Make it of the operation's value."""
        return cls(
            whose=s.whose,
            unit=s.unit_id,
            unit_name=s.unit_name,
            set_by=s.set_by,
            set_at=s.set_at,
        )


class BrokenOut(Shape):
    """A programme that breaks a limit within the coming 14 days."""

    programme: str
    """Id of the programme."""
    title: str
    """Its title."""
    code: str
    """Which limit."""
    paragraph: str
    """Of the unit's own rule; empty: none is named."""
    action: Action
    """`refuse` or `flag`."""
    sessions: int
    """How many of its sessions break it."""
    zones: int
    """In how many places that hear together."""
    first: datetime
    """Start of the first of them."""
    vi: str
    """The first breach in a sentence, in Vietnamese."""
    en: str
    """The same in English."""

    @classmethod
    def of(cls, b: Broken) -> "BrokenOut":
        """Make it of the operation's value."""
        return cls(
            programme=b.programme_id,
            title=b.title,
            code=b.breach.code,
            paragraph=b.breach.paragraph,
            action=b.breach.action,
            sessions=b.sessions,
            zones=b.zones,
            first=b.first,
            vi=b.breach.vi,
            en=b.breach.en,
        )


class ForecastOut(Shape):
    """What the programmes of the coming 14 days have against a law."""

    broken: list[BrokenOut]
    """Every programme and limit, the earliest first."""
    zones: int
    """Places that were looked at; of very many, some that are spread evenly."""
    governed: int
    """Places in which the law holds."""

    @classmethod
    def of(cls, f: Forecast) -> "ForecastOut":
        """Make it of the operation's value."""
        return cls(broken=[BrokenOut.of(b) for b in f.broken], zones=f.zones, governed=f.governed)


class AirtimeOut(Shape):
    """The airtime law that holds in a unit."""

    unit: str
    """Id of the unit."""
    law: AirtimeLawBody
    """What it says; fit to be changed and sent back."""
    source: SourceOut
    """Who set it."""
    forecast: ForecastOut | None = None
    """What the coming 14 days have against it; null where it was not asked."""

    @classmethod
    def of(cls, held: HeldLaw, found: Forecast | None = None) -> "AirtimeOut":
        """Make it of the operation's values."""
        return cls(
            unit=held.unit_id,
            law=AirtimeLawBody.of(held.law),
            source=SourceOut.of(held.source),
            forecast=ForecastOut.of(found) if found else None,
        )


def _ms(given: int | None) -> DurationMs | None:
    return None if given is None else DurationMs(given)
