"""What the plan of a zone has for a question, and what stands in its way before any box."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from audio_library.bulletin import Bulletin, State
from controller.operations.plan_calendar import Sitting, Unheard, lay_out, sentence, tongues
from controller.operations.reasons import About, Reason, Subject
from controller.operations.zone_inputs import Foreseen
from controller.storage import bulletins, programmes
from controller.storage.instants import to_utc
from schedules.cue_sheet import Cue
from schedules.off_days import OffDay, airings_on, changed_near, why_off
from schedules.types import time_zone

NEAR = timedelta(minutes=30)
"""So far from the instant asked about a session may lie and still be meant."""

CARRIED_DAYS = 3
"""So many days on the next airing of a bulletin that was left out is looked for."""

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class ZoneAnswer:
    """The cues of a zone that are asked about, and the reasons up to them."""

    foreseen: Foreseen
    cues: tuple[Cue, ...]
    chain: tuple[Reason, ...]


def ask_plan(session: Session, foreseen: Foreseen, subject: Subject, at: datetime) -> ZoneAnswer:
    """Find the cues that `subject` means at that instant, and say why there are none or fewer."""
    inputs = foreseen.loaded.inputs
    zone = time_zone(inputs.zone.time_zone)
    wall = at.astimezone(zone)
    titles = {b.id: b.title for b in foreseen.loaded.bulletins.values()}
    days = (wall.date() - timedelta(days=1), wall.date())
    sittings = lay_out(foreseen.plan, inputs.zone.time_zone, titles, days)
    planned = [s for day in days for s in sittings[day]]
    chain: list[Reason] = []
    match subject.about:
        case About.PROGRAMME:
            chain += _about_programme(session, foreseen, subject.id, at)
        case About.BULLETIN:
            bulletin = _bulletin(session, foreseen, subject.id)
            chain += _about_bulletin(bulletin, at, inputs.zone.languages)
        case About.ANYTHING:
            pass
    meant = _meant(planned, subject, wall)
    if meant is None:
        chain += _elsewhere(planned, subject, wall)
        return ZoneAnswer(foreseen, (), tuple(chain))
    chain += _about_sitting(meant, subject)
    cues = _cues_of(foreseen, meant, subject, wall)
    if not cues and subject.about is About.BULLETIN:
        later = lay_out(foreseen.plan, inputs.zone.time_zone, titles, _days_after(wall.date()))
        chain += _carried_to([s for each in later.values() for s in each], subject, meant)
    return ZoneAnswer(foreseen, cues, tuple(chain))


def _days_after(day: date) -> tuple[date, ...]:
    return tuple(day + timedelta(days=n) for n in range(CARRIED_DAYS + 1))


def _carried_to(later: Sequence[Sitting], subject: Subject, meant: Sitting) -> Iterator[Reason]:
    """The first session after this one that airs the bulletin."""
    for sitting in later:
        heard = [sound for sound in sitting.sounds if sound.bulletin_id == subject.id]
        if heard and heard[0].at > meant.start:
            at = heard[0].at
            yield Reason(
                "carried_to",
                f"Bản tin sẽ phát lúc {at:%H:%M:%S %d/%m/%Y}, buổi “{sitting.title}”.",
                f"The bulletin airs at {at:%H:%M:%S %d/%m/%Y}, in “{sitting.title}”.",
                at,
            )
            return


def _cues_of(
    foreseen: Foreseen, meant: Sitting, subject: Subject, wall: datetime
) -> tuple[Cue, ...]:
    """Of a session the cues that are asked about; of anything, the one nearest to the instant."""
    starts = {sound.at for sound in meant.sounds}
    mine = [
        cue
        for cue in foreseen.plan.cues
        if cue.programme_id == meant.programme_id
        and cue.start_utc in starts
        and subject.covers(cue.programme_id, cue.bulletin_id)
    ]
    if subject.about is About.ANYTHING and mine:
        return (min(mine, key=lambda cue: _away(cue.start_utc, cue.end_utc, wall)),)
    return tuple(mine)


def _meant(planned: Sequence[Sitting], subject: Subject, wall: datetime) -> Sitting | None:
    """The session nearest to the instant in which the subject has a part, heard or not.

    Of anything, only one that lasts at the instant.
    """
    mine = [s for s in planned if _has_part(s, subject)]
    near = min(mine, key=lambda s: _away(s.start, s.end, wall), default=None)
    reach = _NOTHING if subject.about is About.ANYTHING else NEAR
    within = near is not None and _away(near.start, near.end, wall) <= reach
    return near if within else None


def _has_part(sitting: Sitting, subject: Subject) -> bool:
    match subject.about:
        case About.PROGRAMME:
            return sitting.programme_id == subject.id
        case About.BULLETIN:
            heard = any(sound.bulletin_id == subject.id for sound in sitting.sounds)
            return heard or any(u.bulletin_id == subject.id for u in sitting.unheard)
        case About.ANYTHING:
            return True


def _away(start: datetime, end: datetime, at: datetime) -> timedelta:
    """How far an instant lies from a stretch of time; nothing inside it."""
    return max(start - at, at - end, _NOTHING)


def _elsewhere(planned: Sequence[Sitting], subject: Subject, wall: datetime) -> Iterator[Reason]:
    """No session of that instant: name the day's others, or that there are none."""
    others = [s for s in planned if s.start.date() == wall.date() and _has_part(s, subject)]
    if others:
        times = ", ".join(f"{s.start:%H:%M} ({s.title})" for s in others[:12])
        yield Reason(
            "other_time",
            f"Lúc {wall:%H:%M %d/%m/%Y} không có; trong ngày xếp vào {times}.",
            f"Not at {wall:%H:%M %d/%m/%Y}; that day it is planned at {times}.",
        )
    else:
        yield Reason(
            "not_planned",
            f"Ngày {wall:%d/%m/%Y} ở đây không có buổi phát nào như vậy.",
            f"On {wall:%d/%m/%Y} nothing like it is planned here.",
        )


def _about_programme(
    session: Session, foreseen: Foreseen, programme_id: str, at: datetime
) -> Iterator[Reason]:
    planned = programmes.load(session, programme_id)
    programme = planned.programme
    yield Reason(
        "programme",
        f"Chương trình “{programme.title}” do {planned.changed_by} lập hoặc sửa gần nhất.",
        f"Programme “{programme.title}” was last made or changed by {planned.changed_by}.",
        to_utc(planned.changed_ms),
    )
    if planned.cancelled_ms is not None:
        yield Reason(
            "programme_cancelled",
            f"{planned.changed_by} đã huỷ chương trình này.",
            f"{planned.changed_by} cancelled this programme.",
            to_utc(planned.cancelled_ms),
        )
        return
    inputs = foreseen.loaded.inputs
    if inputs.zone.id not in programme.zone_ids:
        yield Reason(
            "not_for_zone",
            f"Chương trình không phát ở {inputs.zone.name}.",
            f"The programme is not for {inputs.zone.name}.",
        )
        return
    if to_utc(planned.created_ms) > at:
        yield Reason(
            "made_later",
            f"Lúc đó chưa có chương trình này; {planned.created_by} lập sau.",
            f"The programme did not stand then; {planned.created_by} made it later.",
            to_utc(planned.created_ms),
        )
    wall = at.astimezone(time_zone(programme.timing.time_zone)).replace(tzinfo=None)
    airs = airings_on(programme.timing, wall.date(), inputs.calendar)
    found = (
        changed_near(programme.timing, wall, NEAR)
        if airs
        else why_off(programme.timing, wall.date(), inputs.calendar)
    )
    for off in found:
        by, changed_at = _who(session, programme_id, off)
        who = f" ({by})" if by else ""
        yield Reason(off.code, off.vi + who, off.en + who, changed_at)


def _who(session: Session, programme_id: str, off: OffDay) -> tuple[str, datetime | None]:
    """Who moved or cancelled that occurrence, and when; nobody where it was a rule."""
    if off.of is None:
        return "", None
    for version in programmes.versions(session, programme_id):
        changes = programmes.programme_of(version).timing.changes
        if any(change.of == off.of for change in changes):
            return version.by, to_utc(version.at_ms)
    return "", None


def _bulletin(session: Session, foreseen: Foreseen, bulletin_id: str) -> Bulletin:
    known = foreseen.loaded.bulletins.get(bulletin_id)
    return known or bulletins.load(session, bulletin_id)


def _about_bulletin(bulletin: Bulletin, at: datetime, languages: Sequence[str]) -> Iterator[Reason]:
    title = bulletin.title
    if bulletin.withdrawn is not None:
        yield Reason(
            "withdrawn",
            f"“{title}” đã bị rút bởi {bulletin.withdrawn.by}: {bulletin.withdrawn.why}.",
            f"“{title}” was withdrawn by {bulletin.withdrawn.by}: {bulletin.withdrawn.why}.",
            bulletin.withdrawn.at,
        )
    elif bulletin.state is not State.APPROVED:
        yield Reason(
            "not_approved",
            f"“{title}” chưa được duyệt.",
            f"“{title}” is not approved.",
        )
    else:
        yield Reason(
            "approved",
            f"“{title}” do {bulletin.author} viết, {bulletin.approved_by} duyệt.",
            f"“{title}” was written by {bulletin.author} and approved by {bulletin.approved_by}.",
            bulletin.approved_at,
        )
    if bulletin.valid_until <= at:
        yield Reason(
            "expired",
            f"“{title}” hết giá trị trước lúc này.",
            f"“{title}” is no longer valid at that time.",
            bulletin.valid_until,
        )
    unspoken = [tag for tag in languages if bulletin.pin(tag) is None]
    if bulletin.state is State.APPROVED and unspoken:
        vi = ", ".join(tongues(tag)[0] for tag in unspoken)
        en = ", ".join(tongues(tag)[1] for tag in unspoken)
        yield Reason(
            "no_script",
            f"“{title}” không có bản duyệt tiếng {vi}, là tiếng được nghe ở đây.",
            f"“{title}” has no approved script in {en}, heard here.",
        )


def _is_asked(unheard: Unheard, subject: Subject, sitting: Sitting) -> bool:
    """Of anything it matters what is not heard only where nothing is."""
    match subject.about:
        case About.PROGRAMME:
            return True
        case About.BULLETIN:
            return unheard.bulletin_id == subject.id
        case About.ANYTHING:
            return not sitting.sounds


def _about_sitting(sitting: Sitting, subject: Subject) -> Iterator[Reason]:
    yield Reason(
        "session",
        f"Buổi “{sitting.title}” {sitting.start:%H:%M:%S}–{sitting.end:%H:%M:%S} "
        f"ngày {sitting.start:%d/%m/%Y}.",
        f"Session “{sitting.title}” {sitting.start:%H:%M:%S}–{sitting.end:%H:%M:%S} "
        f"on {sitting.start:%d/%m/%Y}.",
        sitting.start,
    )
    for unheard in sitting.unheard:
        if _is_asked(unheard, subject, sitting):
            vi, en = sentence(unheard)
            yield Reason(unheard.code, f"Không phát: {vi}", f"Not heard: {en}")
    for warned in sitting.warned:
        yield Reason(warned.code, f"Lưu ý: {warned.vi}", f"Note: {warned.en}")
