"""Shapes of programmes. Wall times have no offset; `timing.time_zone` says whose they are."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal, Self

from pydantic import Field, NaiveDatetime, StrictInt

from controller.api.shapes import Id, Refused, Shape, Short
from controller.operations.programme_draft import MOST_DATES, MOST_ZONES, Draft
from controller.operations.prospect import Prospect
from controller.operations.save_programme import Saved
from controller.operations.schedule_programme import Repeat
from controller.operations.show_occurrences import Shown, What
from controller.storage.instants import to_utc
from controller.storage.programmes import Planned, programme_of
from controller.storage.schedule_tables import ProgrammeChange
from schedules.conflicts import Conflict
from schedules.lunar import LeapMonth, LunarRule
from schedules.precedence import Enter, Leave, Rank
from schedules.template import (
    Item,
    Order,
    PlayByRule,
    PlayCart,
    PlayChosen,
    PlayFiller,
    PlayRelay,
    Template,
)
from schedules.timing import Change, OnHolidays, Timing
from schedules.types import BulletinId, CartId, DurationMs, RelayId

SHOWN = 20
"""Refusals of one answer."""
Length = Annotated[StrictInt, Field(ge=1, le=86_400_000)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000)]
Way = Annotated[StrictInt, Field(ge=0, le=100)]
Walls = Annotated[tuple[NaiveDatetime, ...], Field(max_length=MOST_DATES)]
RuleText = Annotated[str, Field(max_length=2_000)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class SlotIn(Shape):
    """When and where approved bulletins air; `villages` are ids or `commune/name`.

    `quiet_ok` is the reason to air outside the commune's airtime law.
    """

    bulletins: Annotated[list[Id], Field(min_length=1, max_length=50)]
    """Ids of approved bulletins, in the order in which they air."""
    villages: Annotated[list[Short], Field(min_length=1, max_length=500)]
    """Ids, names where no other village has them, or `commune/name`."""
    start_date: date
    """First day of airing, in the office's time zone."""
    wall_time: time
    """Time of day in the office's time zone, without an offset."""
    kind: Repeat = Repeat.ONCE
    """Once, or every day until `until`."""
    until: date | None = None
    """Last day of a daily programme, itself included; none: until cancelled."""
    title: Short = ""
    """Empty: that of its first bulletin."""
    priority: bool = False
    """Airs before programmes at the same time that have it not."""
    quiet_ok: Annotated[str, Field(max_length=300)] = ""
    """Why it may air at hours that the airtime law forbids; empty: it may not."""


class LunarShape(Shape):
    """A day of the lunar month (âm lịch), of every month or of one."""

    day: StrictInt
    """1 to 30; -1: the last day of the month."""
    month: StrictInt | None = None
    """1 to 12; null: every month."""
    leap: LeapMonth = LeapMonth.REGULAR
    """In which of two months of the same number, in a year with a leap month."""
    days: StrictInt = 1
    """On so many days running."""
    offset_days: StrictInt = 0
    """Days by which the whole is moved: -1 with day 1 of month 1 is giao thừa."""


class ChangeShape(Shape):
    """One occurrence that was moved or cancelled."""

    of: NaiveDatetime
    """The wall time that the rules gave: its name."""
    start: NaiveDatetime | None
    """When it airs instead; null: not at all."""
    duration_ms: Length | None = None
    """How long this one is; null: as long as the others."""


class TimingShape(Shape):
    """When a programme airs: at `start`, or from then on by rules."""

    start: NaiveDatetime
    """First wall time from which rules count; without rules the only one, beside `dates`."""
    time_zone: Short = ""
    """IANA name; empty: the office's."""
    rules: Annotated[tuple[RuleText, ...], Field(max_length=10)] = ()
    """RRULE values of RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO,TH`."""
    dates: Walls = ()
    """Wall times added to what the rules give (RDATE)."""
    excluded: Walls = ()
    """Wall times taken away (EXDATE)."""
    excluded_rules: Annotated[tuple[RuleText, ...], Field(max_length=10)] = ()
    """Rules whose days are taken away (EXRULE of old calendars)."""
    lunar: Annotated[tuple[LunarShape, ...], Field(max_length=10)] = ()
    """Days of âm lịch, at the time of day of `start`."""
    on_holidays: OnHolidays = OnHolidays.AIR
    """What becomes of an occurrence that falls on a holiday."""
    seasons: Annotated[tuple[Short, ...], Field(max_length=10)] = ()
    """Seasons of the commune's calendar in which it airs; empty: all the year."""
    valid_from: date | None = None
    """First date on which it may air."""
    valid_until: date | None = None
    """Last date on which it may air, itself included."""
    changes: Annotated[tuple[ChangeShape, ...], Field(max_length=MOST_DATES)] = ()
    """Single occurrences that were moved or cancelled."""

    @classmethod
    def of(cls, timing: Timing) -> Self:
        """As the API says it."""
        return cls(
            start=timing.start,
            time_zone=timing.time_zone,
            rules=timing.rules,
            dates=timing.dates,
            excluded=timing.excluded,
            excluded_rules=timing.excluded_rules,
            lunar=tuple(
                LunarShape(
                    day=r.day, month=r.month, leap=r.leap, days=r.days, offset_days=r.offset_days
                )
                for r in timing.lunar
            ),
            on_holidays=timing.on_holidays,
            seasons=timing.seasons,
            valid_from=timing.valid_from,
            valid_until=timing.valid_until,
            changes=tuple(
                ChangeShape(of=c.of, start=c.start, duration_ms=c.duration_ms)
                for c in timing.changes
            ),
        )

    def timing(self, time_zone: str) -> Timing:
        """What it asks for, in `time_zone` if it names none."""
        return Timing(
            start=self.start,
            time_zone=self.time_zone or time_zone,
            rules=self.rules,
            dates=self.dates,
            excluded=self.excluded,
            excluded_rules=self.excluded_rules,
            lunar=tuple(
                LunarRule(r.day, r.month, r.leap, r.days, r.offset_days) for r in self.lunar
            ),
            on_holidays=self.on_holidays,
            seasons=self.seasons,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            changes=tuple(
                Change(c.of, c.start, None if c.duration_ms is None else DurationMs(c.duration_ms))
                for c in self.changes
            ),
        )


class CartShape(Shape):
    """A reusable clip."""

    kind: Literal["cart"] = "cart"
    """What sort of item it is."""
    cart: Name
    """Its name, such as `greeting` or `chime_opening`."""
    gives_way: Way = 0
    """0: always airs; of the others the greatest is left out first when time is short."""


class ChosenShape(Shape):
    """Bulletins that a person chose."""

    kind: Literal["chosen"] = "chosen"
    """What sort of item it is."""
    bulletins: Annotated[list[Id], Field(min_length=1, max_length=50)]
    """Ids of approved bulletins, in the order in which they air."""
    gives_way: Way = 0
    """0: always airs; of the others the greatest is left out first when time is short."""


class ByRuleShape(Shape):
    """Approved bulletins that fit a rule; a limit that is null does not count."""

    kind: Literal["by_rule"] = "by_rule"
    """What sort of item it is."""
    topics: Annotated[tuple[Short, ...], Field(max_length=50)] = ()
    """Topics to take; empty: any."""
    order: Order = Order.NEWEST_FIRST
    """Which go first; those with priority come before all others."""
    max_items: Count | None = None
    """How many bulletins at most."""
    max_ms: Length | None = None
    """How long at most, in all."""
    max_age_days: Count | None = None
    """Days since approval after which a bulletin is no longer taken."""
    max_airings: Count | None = None
    """In how many sessions of a place a bulletin airs at most."""
    max_airings_a_day: Count | None = None
    """The same within one day."""
    gives_way: Way = 1
    """0: always airs; of the others the greatest is left out first when time is short."""


class RelayShape(Shape):
    """Another station for a time."""

    kind: Literal["relay"] = "relay"
    """What sort of item it is."""
    relay: Name
    """Id of the relay."""
    duration_ms: Length
    """How long."""
    fallback: Name
    """Name of the cart or collection that sounds while its stream is dead."""
    gives_way: Way = 2
    """0: always airs; of the others the greatest is left out first when time is short."""
    min_ms: Length = 60_000
    """Down to which it may be shortened when time is short."""


class FillerShape(Shape):
    """Music for the time that is left."""

    kind: Literal["filler"] = "filler"
    """What sort of item it is."""
    collection: Name
    """Name of the collection."""
    max_ms: Length | None = None
    """How long at most; null: to the end of the session."""
    gives_way: Way = 9
    """0: always airs; of the others the greatest is left out first when time is short."""


ItemShape = Annotated[
    CartShape | ChosenShape | ByRuleShape | RelayShape | FillerShape, Field(discriminator="kind")
]


def items_of(template: Template) -> list[ItemShape]:
    """A template as the API says it."""
    return [_item_of(item) for item in template.items]


class ProgrammeIn(Shape):
    """A whole programme: when, what in which order, and where."""

    title: Short = ""
    """Empty: that of its first chosen bulletin."""
    timing: TimingShape
    """When it airs."""
    items: Annotated[list[ItemShape], Field(min_length=1, max_length=50)]
    """What airs, in order."""
    villages: Annotated[tuple[Short, ...], Field(max_length=500)] = ()
    """Villages in which it is heard: ids, names, or `commune/name`."""
    units: Annotated[tuple[Short, ...], Field(max_length=100)] = ()
    """Units below which it is heard everywhere: ids, official codes or names."""
    zones: Annotated[tuple[Id, ...], Field(max_length=MOST_ZONES)] = ()
    """Ids of places that hear together, as `zones` of an answer has them."""
    duration_ms: Length | None = None
    """Length of a session, in which it ends; null: as long as its items."""
    rank: Literal["programme", "priority", "relay", "filler"] = "programme"
    """Who interrupts whom: priority over relay over programme over filler."""
    quiet_ok: Annotated[str, Field(max_length=300)] = ""
    """Why it may air at hours that the airtime law forbids; empty: it may not."""
    enter: Enter | None = None
    """What it does to a weaker one on air when its time comes; null: as its rank does."""
    leave: Leave | None = None
    """What becomes of it when a stronger one interrupts; null: as its rank does."""
    fallback: Annotated[str, Field(max_length=120)] = ""
    """Name of the cart that sounds where an item is not on the box; empty: silence."""

    def draft(self, zone_ids: Sequence[str], time_zone: str) -> Draft:
        """What it asks for, in these zones."""
        return Draft(
            zone_ids=tuple(zone_ids),
            timing=self.timing.timing(time_zone),
            template=Template(tuple(_item(shape) for shape in self.items)),
            title=self.title,
            duration_ms=self.duration_ms,
            rank=Rank[self.rank.upper()],
            quiet_ok=self.quiet_ok,
            enter=self.enter,
            leave=self.leave,
            fallback=self.fallback,
        )


class ProgrammeEdit(ProgrammeIn):
    """A whole programme in the place of the one that was read."""

    sequence: Annotated[StrictInt, Field(ge=0)]
    """That of the version that was read: if another came since, nothing is kept (409)."""


class CheckIn(ProgrammeIn):
    """A whole programme to look at without keeping it."""

    programme: Id | None = None
    """Id of the programme in whose place it would stand; null: a new one."""


class SilentOut(Shape):
    """A language in which a bulletin cannot be heard yet."""

    bulletin: str
    """Id of the bulletin."""
    language: str
    """BCP 47 tag of a language of the chosen villages."""


class MendOut(Shape):
    """A proposed way out of a conflict."""

    code: str
    """Stable name of what would help: move, stagger, shorten, record, …"""
    start: time | None
    """Time of day to which to move the programme; null where no other time helps."""
    vi: str
    """What to do, in Vietnamese."""
    en: str
    """The same in English."""


class ConflictOut(Shape):
    """Something that a programme runs into."""

    kind: str
    """Stable name of what is wrong."""
    vi: str
    """What is wrong, in one sentence, in Vietnamese."""
    en: str
    """The same in English."""
    mend: MendOut
    """How it could be mended."""
    zones: list[str]
    """Ids of the places concerned."""
    first: datetime | None
    """When it first shows; null: always."""
    times: int
    """How often within the days that were looked at."""

    @classmethod
    def of(cls, conflict: Conflict) -> Self:
        """As the API says it."""
        mend = conflict.mend
        return cls(
            kind=conflict.kind.value,
            vi=conflict.vi,
            en=conflict.en,
            mend=MendOut(code=mend.code, start=mend.start, vi=mend.vi, en=mend.en),
            zones=list(conflict.zone_ids),
            first=conflict.first,
            times=conflict.times,
        )


class ProgrammeOut(Shape):
    """A programme; `refused` and `missing` list all that will not air although it was chosen."""

    id: str
    """Names the programme."""
    uid: str
    """Its name in calendars; never changes."""
    sequence: int
    """Number of its version; every change raises it."""
    title: str
    """For people."""
    kind: Repeat
    """Once, or again by `timing`."""
    start_date: date
    """First day of airing, in `time_zone`."""
    wall_time: time
    """Time of day in `time_zone`."""
    until: date | None
    """Last day on which it airs, itself included; null: until cancelled or its rules end."""
    time_zone: str
    """IANA name of the zone of its dates and times."""
    timing: TimingShape
    """When it airs, in full."""
    items: list[ItemShape]
    """What airs, in order."""
    duration_ms: int | None
    """Length of a session; null: as long as its items."""
    rank: str
    """Who interrupts whom."""
    quiet_ok: str
    """Why it may air outside the airtime law; empty: it may not."""
    enter: Enter | None
    """What it does to a weaker one on air when its time comes; null: as its rank does."""
    leave: Leave | None
    """What becomes of it when a stronger one interrupts; null: as its rank does."""
    fallback: str
    """Name of the cart that sounds where an item is not on the box; empty: silence."""
    bulletins: list[str]
    """Ids of chosen bulletins in the order in which they air."""
    zones: list[str]
    """Ids of the places that hear together."""
    created_by: str
    """Account that made it."""
    changed_by: str
    """Account that made this version."""
    changed_at: datetime
    """When this version was made."""
    cancelled_at: datetime | None
    """When it was cancelled; null: it stands."""
    refused: list[Refused]
    """Dates and places that do not air, with the reason; at most twenty."""
    missing: list[SilentOut]
    """Languages in which something cannot be heard yet."""

    @classmethod
    def of(cls, planned: Planned, prospect: Prospect | None = None) -> Self:
        """As the API says it."""
        p = planned.programme
        when = p.timing
        gone = planned.cancelled_ms
        return cls(
            id=p.id,
            uid=planned.uid,
            sequence=planned.sequence,
            title=p.title,
            kind=Repeat.DAILY if when.recurs else Repeat.ONCE,
            start_date=when.start.date(),
            wall_time=when.start.time(),
            until=when.valid_until,
            time_zone=when.time_zone,
            timing=TimingShape.of(when),
            items=items_of(p.template),
            duration_ms=p.duration_ms,
            rank=p.rank.name.lower(),
            quiet_ok=p.quiet_ok or "",
            enter=p.enter,
            leave=p.leave,
            fallback=p.fallback or "",
            bulletins=list(planned.bulletin_ids),
            zones=list(p.zone_ids),
            created_by=planned.created_by,
            changed_by=planned.changed_by,
            changed_at=to_utc(planned.changed_ms),
            cancelled_at=to_utc(gone) if gone is not None else None,
            refused=_refused(prospect),
            missing=_missing(prospect),
        )


class SavedOut(Shape):
    """A programme as it was kept, or would be, and everything to know about it."""

    programme: ProgrammeOut
    """The programme."""
    kept: bool
    """It stands now; false: it was only looked at, or nothing had changed."""
    airs: bool
    """Something of it has a lawful time and a sound."""
    conflicts: list[ConflictOut]
    """What it runs into, the gravest first."""
    left_out: list[Refused]
    """What does not fit into its sessions; at most twenty."""
    looked_at: int
    """In how many of its places that was looked at; the others are alike or many."""

    @classmethod
    def of(cls, saved: Saved) -> Self:
        """As the API says it."""
        return cls(
            programme=ProgrammeOut.of(saved.planned, saved.prospect),
            kept=saved.kept,
            airs=saved.prospect.airs,
            conflicts=[ConflictOut.of(c) for c in saved.conflicts],
            left_out=[
                Refused(code=each.code, vi=each.vi, en=each.en)
                for each in saved.prospect.left_out[:SHOWN]
            ],
            looked_at=saved.prospect.looked_at,
        )


class VersionOut(Shape):
    """What a programme once was."""

    sequence: int
    """Number of the version."""
    what: str
    """What was done: created, changed, cancelled, moved, restored, imported, …"""
    by: str
    """Account that did it."""
    at: datetime
    """When."""
    title: str
    """Title that it had."""
    timing: TimingShape
    """When it aired."""
    items: list[ItemShape]
    """What aired."""
    zones: list[str]
    """Where it aired."""

    @classmethod
    def of(cls, change: ProgrammeChange) -> Self:
        """As the API says it."""
        programme = programme_of(change)
        return cls(
            sequence=change.sequence,
            what=change.what,
            by=change.by,
            at=to_utc(change.at_ms),
            title=programme.title,
            timing=TimingShape.of(programme.timing),
            items=items_of(programme.template),
            zones=list(programme.zone_ids),
        )


class RestoreIn(Shape):
    """Which version to go back to."""

    sequence: Annotated[StrictInt, Field(ge=0)]
    """Number of the version that is wanted back."""


class OccurrenceOut(Shape):
    """One airing of a programme, or one that a person cancelled."""

    of: datetime
    """The wall time that the rules gave, without offset: its name."""
    start: datetime
    """When it airs; of a cancelled one, when it would have."""
    duration_ms: int | None
    """Length of the session; null: as long as its items."""
    what: What
    """`planned`, `moved` or `cancelled`."""

    @classmethod
    def of_shown(cls, shown: Shown) -> Self:
        """As the API says it."""
        return cls(
            of=shown.of, start=shown.start_utc, duration_ms=shown.duration_ms, what=shown.what
        )


class MoveIn(Shape):
    """Another time for one occurrence, or for it and all that follow."""

    start: NaiveDatetime
    """The wall time at which it is to air, in the programme's time zone."""
    duration_ms: Length | None = None
    """How long it is; null: as the others."""
    sequence: Annotated[StrictInt, Field(ge=0)]
    """That of the version that was read: if another came since, nothing is kept (409)."""


def _refused(prospect: Prospect | None) -> list[Refused]:
    refusals = prospect.refusals[:SHOWN] if prospect else ()
    return [Refused(code=r.code, vi=r.vi, en=r.en) for r in refusals]


def _missing(prospect: Prospect | None) -> list[SilentOut]:
    missing = prospect.missing if prospect else ()
    return [SilentOut(bulletin=m.bulletin_id, language=m.language) for m in missing]


def _item(shape: ItemShape) -> Item:
    match shape:
        case CartShape():
            return PlayCart(CartId(shape.cart), shape.gives_way)
        case ChosenShape():
            return PlayChosen(tuple(BulletinId(b) for b in shape.bulletins), shape.gives_way)
        case ByRuleShape():
            return PlayByRule(
                shape.topics,
                shape.order,
                shape.max_items,
                None if shape.max_ms is None else DurationMs(shape.max_ms),
                shape.max_age_days,
                shape.max_airings,
                shape.max_airings_a_day,
                shape.gives_way,
            )
        case RelayShape():
            return PlayRelay(
                RelayId(shape.relay),
                DurationMs(shape.duration_ms),
                CartId(shape.fallback),
                shape.gives_way,
                DurationMs(shape.min_ms),
            )
        case FillerShape():
            most = None if shape.max_ms is None else DurationMs(shape.max_ms)
            return PlayFiller(CartId(shape.collection), most, shape.gives_way)


def _item_of(item: Item) -> ItemShape:
    match item:
        case PlayCart():
            return CartShape(cart=item.cart, gives_way=item.gives_way)
        case PlayChosen():
            return ChosenShape(bulletins=list(item.bulletin_ids), gives_way=item.gives_way)
        case PlayByRule():
            return ByRuleShape(
                topics=item.topics,
                order=item.order,
                max_items=item.max_items,
                max_ms=item.max_ms,
                max_age_days=item.max_age_days,
                max_airings=item.max_airings,
                max_airings_a_day=item.max_airings_a_day,
                gives_way=item.gives_way,
            )
        case PlayRelay():
            return RelayShape(
                relay=item.relay,
                duration_ms=item.duration_ms,
                fallback=item.fallback,
                gives_way=item.gives_way,
                min_ms=item.min_ms,
            )
        case PlayFiller():
            return FillerShape(
                collection=item.collection, max_ms=item.max_ms, gives_way=item.gives_way
            )
