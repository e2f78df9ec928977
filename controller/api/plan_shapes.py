"""Shapes of what is planned, why, and what would happen if."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self

from pydantic import Field

from controller.api.shapes import Id, Instant, Shape, Short
from controller.operations.day_sheet import DaySheet
from controller.operations.imagined_alert import ImaginedAlert
from controller.operations.plan_calendar import (
    CalendarDay,
    Sitting,
    VillageCalendar,
    ZoneCalendar,
    sentence,
)
from controller.operations.reasons import Explanation, Verdict
from controller.operations.replay import (
    Replayed,
    ReplayedBox,
    ReplayedPlay,
    Script,
    Step,
    Stretch,
)
from schedules.as_run import Outcome
from schedules.rundown import MaterialKind

_A_WEEK_MIN = 7 * 24 * 60


class SoundOut(Shape):
    """One thing that is heard."""

    at: datetime
    """When, in the village's own time."""
    length_ms: int
    """How long it is on air."""
    title: str
    """What is heard."""
    language: str
    """BCP 47 tag; `zxx` is without words."""
    kind: MaterialKind
    """Bulletin, cart, relay or filler."""
    bulletin: str | None
    """Id of the bulletin, where it is one."""


class UnheardOut(Shape):
    """Something that a session does not air."""

    title: str
    """What it is."""
    languages: list[str]
    """BCP 47 tags in which it is not heard; none where that is not the point."""
    code: str
    """Stable name of the reason."""
    vi: str
    """What and why, in Vietnamese."""
    en: str
    """The same in English."""


class WarnedOut(Shape):
    """A limit of the airtime law that a session breaks, and airs all the same."""

    code: str
    """Stable name of the limit."""
    vi: str
    """In Vietnamese, with the paragraph of the rule."""
    en: str
    """The same in English."""


class SittingOut(Shape):
    """One session of a programme."""

    programme: str
    """Id of the programme."""
    title: str
    """What the programme is called."""
    rank: str
    """Who interrupts whom: the name of its rank."""
    start: datetime
    """When it begins, in the village's own time."""
    end: datetime
    """When it is over."""
    sounds: list[SoundOut]
    """What is heard, in order."""
    unheard: list[UnheardOut]
    """What is not, and why."""
    warned: list[WarnedOut]
    """What airs although the law speaks against it."""

    @classmethod
    def of(cls, sitting: Sitting) -> Self:
        """As the API says it."""
        return cls(
            programme=sitting.programme_id,
            title=sitting.title,
            rank=sitting.rank,
            start=sitting.start,
            end=sitting.end,
            sounds=[
                SoundOut(
                    at=s.at,
                    length_ms=s.length_ms,
                    title=s.title,
                    language=s.language,
                    kind=s.kind,
                    bulletin=s.bulletin_id,
                )
                for s in sitting.sounds
            ],
            unheard=[
                UnheardOut(
                    title=u.title,
                    languages=list(u.languages),
                    code=u.code,
                    vi=sentence(u)[0],
                    en=sentence(u)[1],
                )
                for u in sitting.unheard
            ],
            warned=[WarnedOut(code=w.code, vi=w.vi, en=w.en) for w in sitting.warned],
        )


class CalendarDayOut(Shape):
    """One date of a zone."""

    day: date
    """The date."""
    lunar: str
    """The same in âm lịch, day and month."""
    holiday: str | None
    """Its name in Vietnamese, if it is a holiday."""
    sessions: list[SittingOut]
    """In order."""

    @classmethod
    def of(cls, day: CalendarDay) -> Self:
        """As the API says it."""
        return cls(
            day=day.day,
            lunar=str(day.lunar),
            holiday=day.holiday[0] if day.holiday else None,
            sessions=[SittingOut.of(sitting) for sitting in day.sittings],
        )


class ZoneCalendarOut(Shape):
    """What one zone hears."""

    zone: str
    """What the zone is called."""
    languages: list[str]
    """In the order in which they air."""
    law_vi: str
    """Whose airtime law holds, in Vietnamese."""
    law_en: str
    """The same in English."""
    boxes: int
    """How many boxes stand there now."""
    days: list[CalendarDayOut]
    """The dates asked for."""

    @classmethod
    def of(cls, zone: ZoneCalendar) -> Self:
        """As the API says it."""
        return cls(
            zone=zone.zone,
            languages=list(zone.languages),
            law_vi=zone.law[0],
            law_en=zone.law[1],
            boxes=zone.boxes,
            days=[CalendarDayOut.of(day) for day in zone.days],
        )


class CalendarOut(Shape):
    """The plan of a village."""

    village: str
    """`commune/village`."""
    zones: list[ZoneCalendarOut]
    """Every zone in which it hears; none: no loudspeaker is heard there."""

    @classmethod
    def of(cls, calendar: VillageCalendar) -> Self:
        """As the API says it."""
        return cls(
            village=calendar.village.path, zones=[ZoneCalendarOut.of(z) for z in calendar.zones]
        )


class AnswerableOut(Shape):
    """Who answers for a programme of the day."""

    programme: str
    """What it is called."""
    by: str
    """Who last made or changed it."""


class SilentOut(Shape):
    """Something that is not heard on that day."""

    vi: str
    """What and why, in Vietnamese."""
    starts: list[datetime]
    """When the sessions begin that do not air it, in local time."""


class DaySheetOut(Shape):
    """The day sheet of a village."""

    village: str
    """`commune/village`."""
    village_id: str
    """Its id; the printable sheet is at `/lang/{id}/ngay/{date}`."""
    day: date
    """The date."""
    lunar: str
    """The same in âm lịch, day and month."""
    holiday: str | None
    """Its name in Vietnamese, if it is a holiday."""
    zones: list[ZoneCalendarOut]
    """What each zone hears on that day."""
    answerable: list[AnswerableOut]
    """Who answers for its programmes."""
    approvers: list[str]
    """Who approved what is heard."""
    silent: list[SilentOut]
    """What is not heard, each once."""
    made_at: datetime
    """When this was made, in local time."""

    @classmethod
    def of(cls, sheet: DaySheet) -> Self:
        """As the API says it."""
        return cls(
            village=sheet.village.path,
            village_id=sheet.village.id,
            day=sheet.day,
            lunar=str(sheet.lunar),
            holiday=sheet.holiday[0] if sheet.holiday else None,
            zones=[ZoneCalendarOut.of(zone) for zone in sheet.zones],
            answerable=[AnswerableOut(programme=a.programme, by=a.by) for a in sheet.answerable],
            approvers=list(sheet.approvers),
            silent=[SilentOut(vi=s.vi, starts=list(s.starts)) for s in sheet.silent],
            made_at=sheet.made_at,
        )


class ReasonOut(Shape):
    """One link of the chain of reasons."""

    code: str
    """Stable name of the reason."""
    vi: str
    """In Vietnamese."""
    en: str
    """The same in English."""
    at: datetime | None
    """When it came about, where that is known."""


class ExplanationOut(Shape):
    """Why something was or will be heard or not."""

    village: str
    """`commune/village`."""
    at: datetime
    """The instant asked about."""
    subject: str
    """Title of the programme or bulletin; empty: whatever is on air."""
    verdict: Verdict
    """`no_claim`: the box decides by other rules; `unknown`: no box has said so yet."""
    chain: list[ReasonOut]
    """From the plan to the box, in order."""

    @classmethod
    def of(cls, said: Explanation) -> Self:
        """As the API says it."""
        return cls(
            village=said.village,
            at=said.at,
            subject=said.subject,
            verdict=said.verdict,
            chain=[ReasonOut(code=r.code, vi=r.vi, en=r.en, at=r.at) for r in said.chain],
        )


class StretchIn(Shape):
    """From one instant up to another."""

    since: Instant
    """When it begins."""
    until: Instant
    """When it is over."""

    def meant(self) -> Stretch:
        """Raises ControllerError if nothing lies between."""
        return Stretch(self.since, self.until)


class StepIn(StretchIn):
    """A clock that is wrong and believed for a while."""

    ahead_s: Annotated[int, Field(ge=-86_400, le=86_400)]
    """By how many seconds it is ahead; negative: behind."""


class AlertIn(Shape):
    """An alert that is imagined."""

    at: Instant
    """When it is sent."""
    minutes: Annotated[int, Field(ge=1, le=_A_WEEK_MIN)]
    """How long it stands."""

    def meant(self) -> ImaginedAlert:
        """As the operation takes it."""
        return ImaginedAlert(self.at, timedelta(minutes=self.minutes))


_Stretches = Annotated[tuple[StretchIn, ...], Field(max_length=50)]


class ReplayIn(Shape):
    """Which days to replay where, and what goes wrong."""

    village: Short | None = None
    """Id, name, or `commune/name`; either this or `unit`."""
    unit: Short | None = None
    """Id, official code or name of a commune or province: all villages below it."""
    since: date
    """The first date."""
    days: Annotated[int, Field(ge=1, le=31)] = 7
    """How many dates."""
    outages: _Stretches = ()
    """No network: what is sent meanwhile comes late, relays are dead."""
    power_cuts: _Stretches = ()
    """No power."""
    clock_untrusted: _Stretches = ()
    """The box does not know the time."""
    clock_steps: Annotated[tuple[StepIn, ...], Field(max_length=50)] = ()
    """The clock is wrong and believed."""
    kill_switch: _Stretches = ()
    """Somebody silenced the box."""
    alerts: Annotated[tuple[AlertIn, ...], Field(max_length=20)] = ()
    """Alerts that are sent."""
    missing: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    """Ids of bulletins whose audio never reaches the boxes."""
    rtc: bool = False
    """The boxes keep the time while they have no power."""

    def script(self) -> Script:
        """As the operation takes it; raises ControllerError where a stretch is empty."""
        return Script(
            tuple(s.meant() for s in self.outages),
            tuple(s.meant() for s in self.power_cuts),
            tuple(s.meant() for s in self.clock_untrusted),
            tuple(Step(s.meant(), timedelta(seconds=s.ahead_s)) for s in self.clock_steps),
            tuple(s.meant() for s in self.kill_switch),
            tuple(a.meant() for a in self.alerts),
            self.missing,
            self.rtc,
        )


class ReplayedPlayOut(Shape):
    """One sound of a replay, or one that was not heard."""

    due: datetime
    """When it was planned, in local time."""
    at: datetime
    """When it was heard or given up."""
    title: str
    """What it was."""
    language: str
    """BCP 47 tag."""
    sounded_ms: int
    """How much was heard."""
    outcome: Outcome
    """What became of it."""
    reason: str
    """Stable name of why."""
    vi: str
    """Both in Vietnamese."""
    en: str
    """The same in English."""

    @classmethod
    def of(cls, play: ReplayedPlay) -> Self:
        """As the API says it."""
        return cls(
            due=play.due,
            at=play.at,
            title=play.title,
            language=play.language,
            sounded_ms=play.sounded_ms,
            outcome=play.outcome,
            reason=play.reason,
            vi=play.vi,
            en=play.en,
        )


class ReplayedBoxOut(Shape):
    """One loudspeaker's days."""

    cluster: str
    """What the cluster is called."""
    cluster_id: str
    """Its id."""
    plays: list[ReplayedPlayOut]
    """In order."""

    @classmethod
    def of(cls, box: ReplayedBox) -> Self:
        """As the API says it."""
        return cls(
            cluster=box.cluster,
            cluster_id=box.cluster_id,
            plays=[ReplayedPlayOut.of(play) for play in box.plays],
        )


class ReplayedOut(Shape):
    """Days replayed."""

    since: date
    """The first date."""
    days: int
    """How many."""
    boxes: list[ReplayedBoxOut]
    """Every loudspeaker."""
    totals: dict[str, int]
    """Plays by what became of them."""
    reasons: dict[str, int]
    """Plays that were not heard in full, by why."""

    @classmethod
    def of(cls, replayed: Replayed) -> Self:
        """As the API says it."""
        return cls(
            since=replayed.since,
            days=replayed.days,
            boxes=[ReplayedBoxOut.of(box) for box in replayed.boxes],
            totals=dict(replayed.totals),
            reasons=dict(replayed.reasons),
        )
