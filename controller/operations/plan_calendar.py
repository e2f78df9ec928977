"""The plan of a village as a calendar: its sessions by day, and all that will not be heard."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from audio_library.languages import LANGUAGES
from controller.errors import ControllerError
from controller.operations.find_village import Village
from controller.operations.zone_inputs import Foreseen, PlanRules, midnight, plan_of, today
from schedules.cue_sheet import Cue
from schedules.holidays import holiday_name
from schedules.lunar import LunarDay, lunar_day
from schedules.rundown import Lacking, MaterialKind, Rundown
from schedules.types import DurationMs, time_zone
from schedules.zone_plan import ZonePlan

MOST_DAYS = 31
"""Days of one answer."""

FURTHEST = timedelta(days=400)
"""How far from today a plan is still looked up."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One thing that is heard, from `at` (local) on; `zxx` is without words."""

    at: datetime
    length_ms: DurationMs
    title: str
    language: str
    kind: MaterialKind
    bulletin_id: str | None
    approved_by: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """What a session does not air: `code` for programs, sentences for people.

    `languages` are those in which it is not heard, none where that is not the point.
    """

    title: str
    languages: tuple[str, ...]
    bulletin_id: str | None
    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Warned:
    """What a session airs although the law speaks against it."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session of a programme: local instants, from its first sound to its end."""

    programme_id: str
    title: str
    rank: str
    start: datetime
    end: datetime
    sounds: tuple[Sound, ...]
    unheard: tuple[Unheard, ...]
    warned: tuple[Warned, ...]


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One local date; `holiday` is its name in Vietnamese and English."""

    day: date
    lunar: LunarDay
    holiday: tuple[str, str] | None
    sittings: tuple[Sitting, ...]


@dataclass(frozen=True, slots=True)
class ZoneCalendar:
    """What one zone hears, in its order of languages; `law` names the rule that holds."""

    zone_id: str
    zone: str
    languages: tuple[str, ...]
    law: tuple[str, str]
    boxes: int
    days: tuple[CalendarDay, ...]


@dataclass(frozen=True, slots=True)
class VillageCalendar:
    """A village's plan for some days, a zone after the other."""

    village: Village
    since: date
    days: int
    zones: tuple[ZoneCalendar, ...]


class DaysOutOfReach(ControllerError):
    """So many days, or so far away, are not looked up."""

    def __init__(self) -> None:
        super().__init__(
            "days_out_of_reach",
            f"Mỗi lần xem được 1–{MOST_DAYS} ngày, cách hôm nay không quá {FURTHEST.days} ngày.",
            f"Ask for 1–{MOST_DAYS} days at a time, at most {FURTHEST.days} days from today.",
        )


def plan_calendar(
    session: Session, village: Village, since: date, days: int, rules: PlanRules, now: datetime
) -> VillageCalendar:
    """What the village hears on `days` local dates from `since` on, as things stand now.

    Raises `DaysOutOfReach`.
    """
    wanted = days_from(since, days, rules, now)
    zones = [
        _zone_calendar(foresee(session, zone_id, wanted[0], wanted[-1], rules, now), wanted)
        for zone_id in village.zone_ids
    ]
    return VillageCalendar(village, since, days, tuple(zones))


def days_from(since: date, days: int, rules: PlanRules, now: datetime) -> tuple[date, ...]:
    """The dates asked for; raises `DaysOutOfReach`."""
    if not 1 <= days <= MOST_DAYS or abs(since - today(rules, now)) > FURTHEST:
        raise DaysOutOfReach
    return tuple(since + timedelta(days=passed) for passed in range(days))


def foresee(
    session: Session, zone_id: str, first: date, last: date, rules: PlanRules, now: datetime
) -> Foreseen:
    """The zone's plan up to the end of `last`.

    It begins today at the latest, because what airs then decides what is left for later days.
    """
    begin = min(first, today(rules, now))
    within = midnight(rules, begin), midnight(rules, last + timedelta(days=1))
    return plan_of(session, zone_id, rules, now, within)


def lay_out(
    plan: ZonePlan, zone_name: str, titles: Mapping[str, str], days: Iterable[date]
) -> dict[date, tuple[Sitting, ...]]:
    """The sessions of a plan by the local date on which they start, in order."""
    airs = _cues_by_session(plan)
    tz = time_zone(zone_name)
    wanted = dict.fromkeys(days)
    found: dict[date, list[Sitting]] = {day: [] for day in wanted}
    for rundown in plan.rundowns:
        day = rundown.occurrence.local_date
        if day in wanted:
            cues = airs.get(_key(rundown), ())
            sounds = tuple(_sound(cue, cue.start_utc.astimezone(tz)) for cue in cues)
            planned = rundown.occurrence.start_utc.astimezone(tz)
            over = [s.at + timedelta(milliseconds=s.length_ms) for s in sounds]
            if rundown.ends_by is not None:
                over.append(rundown.ends_by.astimezone(tz))
            found[day].append(
                Sitting(
                    rundown.programme.id,
                    rundown.programme.title,
                    rundown.programme.rank.name.lower(),
                    sounds[0].at if sounds else planned,
                    max(over, default=planned),
                    sounds,
                    tuple(_unheard(plan, rundown, titles)),
                    tuple(
                        Warned(flag.breach.code, flag.breach.vi, flag.breach.en)
                        for flag in plan.flags
                        if flag.occurrence == rundown.occurrence
                    ),
                )
            )
    return {day: tuple(sorted(each, key=lambda s: s.start)) for day, each in found.items()}


def sentence(unheard: Unheard) -> tuple[str, str]:
    """What is not heard and why, in Vietnamese and English; the title stands in it once."""
    title = unheard.title
    vi = unheard.vi if title in unheard.vi else f"“{title}”: {unheard.vi}"
    en = unheard.en if title in unheard.en else f"“{title}”: {unheard.en}"
    return vi, en


def tongues(tag: str) -> tuple[str, str]:
    """A language's name in Vietnamese and English, or its tag if we do not know it."""
    known = LANGUAGES.get(tag)
    return (known.name_vi, known.name_en) if known else (tag, tag)


def _zone_calendar(foreseen: Foreseen, days: tuple[date, ...]) -> ZoneCalendar:
    inputs = foreseen.loaded.inputs
    titles = {b.id: b.title for b in foreseen.loaded.bulletins.values()}
    sittings = lay_out(foreseen.plan, inputs.zone.time_zone, titles, days)
    return ZoneCalendar(
        inputs.zone.id,
        inputs.zone.name,
        inputs.zone.languages,
        (inputs.law.source_vi, inputs.law.source_en),
        len(foreseen.loaded.spots),
        tuple(
            CalendarDay(day, lunar_day(day), holiday_name(day, inputs.calendar), sittings[day])
            for day in days
        ),
    )


def _cues_by_session(plan: ZonePlan) -> dict[tuple[str, datetime], tuple[Cue, ...]]:
    """Cues under the session that they belong to: the last that was to begin by then."""
    starts: dict[tuple[str, date], list[datetime]] = {}
    for rundown in sorted(plan.rundowns, key=lambda r: r.occurrence.start_utc):
        occurrence = rundown.occurrence
        key = occurrence.programme_id, occurrence.local_date
        starts.setdefault(key, []).append(occurrence.start_utc)
    found: dict[tuple[str, datetime], list[Cue]] = {}
    for cue in plan.cues:
        begun = starts[cue.programme_id, cue.local_date]
        start = begun[max(bisect_right(begun, cue.start_utc) - 1, 0)]
        found.setdefault((cue.programme_id, start), []).append(cue)
    return {key: tuple(cues) for key, cues in found.items()}


def _key(rundown: Rundown) -> tuple[str, datetime]:
    return rundown.programme.id, rundown.occurrence.start_utc


def _sound(cue: Cue, at: datetime) -> Sound:
    return Sound(
        at, cue.duration_ms, cue.title, cue.language, cue.kind, cue.bulletin_id, cue.approved_by
    )


def _unheard(plan: ZonePlan, rundown: Rundown, titles: Mapping[str, str]) -> Iterator[Unheard]:
    for refusal in plan.refusals:
        if refusal.occurrence == rundown.occurrence:
            code = refusal.reasons[0].code
            item = refusal.item
            yield Unheard(
                item.title, (item.language,), item.bulletin_id, code, refusal.vi, refusal.en
            )
    for left in rundown.left_out:
        yield Unheard(left.title, (), left.bulletin_id, left.code, left.vi, left.en)
    yield from _lacking(
        rundown.missing, titles, "missing", ("chưa có tiếng", "has no audio yet in")
    )
    yield from _lacking(
        rundown.expired, titles, "expired", ("đã hết giá trị, tiếng", "is no longer valid in")
    )


def _lacking(
    lacks: Iterable[Lacking], titles: Mapping[str, str], code: str, what: tuple[str, str]
) -> Iterator[Unheard]:
    """One sentence a bulletin, with all the languages in which it is not heard."""
    by_bulletin: dict[str, list[str]] = {}
    for lack in lacks:
        by_bulletin.setdefault(lack.bulletin_id, []).append(lack.language)
    for bulletin_id, tags in by_bulletin.items():
        title = titles.get(bulletin_id, bulletin_id)
        names = [tongues(tag) for tag in tags]
        vi, en = (", ".join(each) for each in zip(*names, strict=True))
        yield Unheard(
            title,
            tuple(tags),
            bulletin_id,
            code,
            f"“{title}” {what[0]} {vi}.",
            f"“{title}” {what[1]} {en}.",
        )
