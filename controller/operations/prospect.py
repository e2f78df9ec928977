"""What will become of programmes that are not kept yet, in the zones where they are to air."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from audio_library.bulletin import Bulletin
from controller.errors import BreaksAirtimeLaw
from controller.operations.zone_inputs import Loaded, PlanRules, plan_of
from controller.storage.programmes import Planned
from controller.storage.zone_days import DayPlan
from schedules.airtime import Action, Breach, breaks
from schedules.programme import Programme
from schedules.recurrence import next_airing
from schedules.rundown import Lacking
from schedules.types import BulletinId, DurationMs, LanguageTag, ProgrammeId, time_zone
from schedules.zone_plan import ZonePlan

ZONES_OF_ONE, ZONES_OF_MANY = 24, 4
"""In how many zones one programme is looked at before it is kept, and each of many at once.

A province has thousands; planning looks at all of them, in its own time.
"""
MS_PER_CHARACTER = 67
"""eSpeak NG reads 4,886 characters of a spoken form in 327 s."""
SHORTEST = DurationMs(60_000)
"""A session of which nothing is known yet is taken to be that long."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Something that was chosen and does not air, and why."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Prospect:
    """What will not air of a programme, and whether anything will, where it was looked at.

    `unlawful` are the sentences of what forbids all of it; empty if something may air. `flags` are
    what the airtime law has against what airs all the same, as plans say that were made just now.
    """

    refusals: tuple[Silent, ...] = ()
    left_out: tuple[Silent, ...] = ()
    missing: tuple[Lacking, ...] = ()
    airs: bool = False
    looked_at: int = 0
    unlawful: tuple[tuple[str, str], ...] = ()
    flags: tuple[Breach, ...] = ()

    def with_more(self, other: "Prospect", looked_at: int = 0) -> "Prospect":
        """Both together, seen in so many zones."""
        return Prospect(
            self.refusals + other.refusals,
            self.left_out + other.left_out,
            tuple(dict.fromkeys(self.missing + other.missing)),
            self.airs or other.airs,
            looked_at,
        )

    def objection(self) -> BreaksAirtimeLaw | None:
        """Why it is not to be kept; None if something of it may air."""
        if not self.unlawful:
            return None
        vi = list(dict.fromkeys(vi for vi, _ in self.unlawful))
        en = list(dict.fromkeys(en for _, en in self.unlawful))
        return BreaksAirtimeLaw(
            "breaks_airtime_law",
            " ".join(vi[:3]) + " Chưa lưu gì. Hãy chọn giờ khác, hoặc ghi lý do để vẫn phát.",
            " ".join(en[:3]) + " Nothing was kept. Choose another time, or give a reason to air "
            "it.",
        )


def prospects(
    session: Session,
    wanted: Sequence[Planned],
    rules: PlanRules,
    now: datetime,
    *,
    beside: Sequence[Planned] = (),
) -> Mapping[ProgrammeId, Prospect]:
    """What becomes of each wanted one if all and those `beside` stood; changes nothing.

    One of the id of a kept programme stands in its place.
    """
    most = ZONES_OF_ONE if len(wanted) == 1 else ZONES_OF_MANY
    asked = {p.programme.id: some(p.programme.zone_ids, most) for p in wanted}
    plans: dict[str, tuple[ZonePlan, Loaded]] = {}
    for zone_id in dict.fromkeys(z for zones in asked.values() for z in zones):
        foreseen = plan_of(session, zone_id, rules, now, wanted=(*wanted, *beside))
        plans[zone_id] = foreseen.plan, foreseen.loaded
    return {
        p.programme.id: _prospect(p.programme, [plans[z] for z in asked[p.programme.id]], now)
        for p in wanted
    }


def some(ids: Sequence[str], most: int) -> Sequence[str]:
    """At most so many of them, spread evenly."""
    return ids[:: max(1, -(-len(ids) // most))]


def of_plans(programme: Programme, plans: Sequence[ZonePlan]) -> Prospect:
    """What these plans say of one programme."""
    mine = [r for plan in plans for r in plan.rundowns if r.programme.id == programme.id]
    refused = (r for plan in plans for r in plan.refusals)
    own = (r for r in refused if r.occurrence.programme_id == programme.id)
    return Prospect(
        tuple(Silent(r.reasons[0].code, r.vi, r.en) for r in own),
        tuple(Silent(e.code, e.vi, e.en) for rundown in mine for e in rundown.left_out),
        tuple(dict.fromkeys(lack for rundown in mine for lack in rundown.missing)),
        airs=any(cue.programme_id == programme.id for plan in plans for cue in plan.cues),
        looked_at=len(plans),
        flags=tuple(
            flag.breach
            for plan in plans
            for flag in plan.flags
            if flag.occurrence.programme_id == programme.id
        ),
    )


def of_days(programme: Programme, days: Sequence[DayPlan]) -> Prospect:
    """What days that were resolved say of one programme."""
    unheard = [u for day in days for u in day.unheard if u.programme_id == programme.id]

    def silent(what: str) -> tuple[Silent, ...]:
        return tuple(Silent(u.code, u.vi, u.en) for u in unheard if u.what == what)

    lacks = (
        Lacking(BulletinId(u.bulletin_id), LanguageTag(u.language))
        for u in unheard
        if u.what == "missing"
    )
    return Prospect(
        silent("refused"),
        silent("left_out"),
        tuple(dict.fromkeys(lacks)),
        airs=any(cue.programme_id == programme.id for day in days for cue in day.cues),
    )


def _prospect(
    programme: Programme, looked: Sequence[tuple[ZonePlan, Loaded]], now: datetime
) -> Prospect:
    found = of_plans(programme, [plan for plan, _ in looked])
    if found.airs:
        return found
    unlawful = tuple((r.vi, r.en) for r in found.refusals)
    if not unlawful and programme.quiet_ok is None:
        unlawful = _unlawful_start(programme, [loaded for _, loaded in looked], now)
    return Prospect(
        found.refusals,
        found.left_out,
        found.missing,
        looked_at=found.looked_at,
        unlawful=unlawful,
    )


def _unlawful_start(
    programme: Programme, looked: Sequence[Loaded], now: datetime
) -> tuple[tuple[str, str], ...]:
    """While the speech is still being made, judge the next start by the length it should have."""
    broken: list[tuple[str, str]] = []
    zone = time_zone(programme.timing.time_zone)
    for loaded in looked:
        coming = next_airing(programme.timing, now, loaded.inputs.calendar)
        if coming is None:
            return ()
        length = programme.duration_ms or _estimate(programme, loaded.bulletins)
        law, near = loaded.inputs.law, loaded.inputs.places
        found = [
            (breach.vi, breach.en)
            for breach in breaks(law, coming.start_utc.astimezone(zone), length, near)
            if breach.action is Action.REFUSE
        ]
        if not found:
            return ()
        broken += found
    return tuple(broken)


def _estimate(programme: Programme, known: Mapping[str, Bulletin]) -> DurationMs:
    chosen = (known[b] for b in programme.template.chosen if b in known)
    characters = sum(len(pin.spoken) for bulletin in chosen for pin in bulletin.pins)
    return DurationMs(characters * MS_PER_CHARACTER) or SHORTEST
