"""All cues of a zone for a window: rundowns laid out on the clock, with the airtime law applied.

The stronger rank takes its time and the weaker goes around it; what finds no lawful time, or no
time at all, is listed as a refusal.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import groupby

from schedules.airtime import (
    NOWHERE,
    AirtimeLaw,
    Breach,
    breaks,
    lowest_gain,
    open_until,
    too_many_sessions,
)
from schedules.errors import RepeatedOccurrence, WrongZone
from schedules.precedence import Enter, Leave, Rank
from schedules.programme import Programme
from schedules.recurrence import Occurrence
from schedules.rundown import GAP_MS, Material, MaterialKind, Rundown
from schedules.types import (
    AssetSha256,
    BulletinId,
    CueId,
    DurationMs,
    GainDb,
    LanguageTag,
    ProgrammeId,
    RenditionId,
    UtcInstant,
    ZoneId,
    elapsed_ms,
    later,
    time_zone,
    utc_instant,
    wall_clock,
)
from schedules.zone import Zone

LATE_START_MS = DurationMs(10 * 60_000)
"""How much later than planned an item may still start."""

_LATE_MINUTES = LATE_START_MS // 60_000
_LONG_AGO = UtcInstant(datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Cue:
    """Play this asset then, so loud, not after then; the rest is what as-run copies.

    It starts within [start_utc, latest_start] and sounds no later than `latest_end`, which never
    passes `valid_until`. `quiet_ok` is the reason for airing outside the law, if it may.
    """

    id: CueId
    zone_id: ZoneId
    asset_sha256: AssetSha256
    start_utc: UtcInstant
    duration_ms: DurationMs
    latest_start: UtcInstant
    latest_end: UtcInstant
    valid_until: UtcInstant
    rank: Rank
    enter: Enter
    leave: Leave
    gain_db: GainDb
    quiet_ok: str | None
    title: str
    language: LanguageTag
    kind: MaterialKind
    bulletin_id: BulletinId | None
    rendition_id: RenditionId | None
    spoken_sha256: str | None
    approved_by: str
    programme_id: ProgrammeId
    local_date: date

    @property
    def end_utc(self) -> UtcInstant:
        """When the sound ends if it starts as planned."""
        return later(self.start_utc, self.duration_ms)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that does not air, and why: `position` counts the rundown's items from 0."""

    occurrence: Occurrence
    position: int
    item: Material
    start_utc: UtcInstant
    reasons: tuple[Breach, ...]

    @property
    def vi(self) -> str:
        return " ".join(reason.vi for reason in self.reasons)

    @property
    def en(self) -> str:
        return " ".join(reason.en for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class CueSheet:
    """Cues in order of start, and every item that got none."""

    zone_id: ZoneId
    cues: tuple[Cue, ...]
    refusals: tuple[Refusal, ...]


def cue_sheet(
    rundowns: Iterable[Rundown],
    zone: Zone,
    law: AirtimeLaw,
    now: datetime,
    *,
    places: frozenset[str] = NOWHERE,
) -> CueSheet:
    """The cues of `zone` for these rundowns, whatever their order, and all that was refused.

    An item that is over at `now` is refused as past, yet keeps its place, so that planning again
    later moves nothing. Each item of the rundowns is in exactly one of cues and refusals.
    """
    desk = _Desk(zone, law, utc_instant(now), places)
    ordered = sorted(rundowns, key=_strongest_first)
    _refuse_strangers(ordered, zone)
    for _, equals in groupby(ordered, key=lambda rundown: rundown.programme.rank):
        desk.lay_out(equals)
    return CueSheet(
        zone.id,
        tuple(sorted(desk.cues, key=lambda cue: cue.start_utc)),
        tuple(sorted(desk.refusals, key=_in_order)),
    )


def cue_id(rundown: Rundown, asset: AssetSha256, repeat: int) -> CueId:
    """The same for the same airing of the same asset, however often and late it is planned.

    Another time, chosen by a person, is another airing; what only waits for a stronger item is not.

    `repeat` counts earlier items of the rundown with that asset: an item put in or taken out
    elsewhere changes no other cue.
    """
    occurrence = rundown.occurrence
    name = (
        occurrence.programme_id,
        occurrence.recurrence_id.isoformat(),
        occurrence.start_utc.isoformat(),
        rundown.zone_id,
        asset,
        str(repeat),
    )
    return CueId(sha256("\x1f".join(name).encode()).hexdigest()[:32])


class _Busy:
    """Air that is taken by stronger items: disjoint spans."""

    def __init__(self, spans: Iterable[tuple[UtcInstant, UtcInstant]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._ends = [end for _, end in ordered]

    def fit(self, due: UtcInstant, duration_ms: DurationMs) -> UtcInstant:
        """The first start from `due` on with a gap on both sides; unchecked once it is too late."""
        start = due
        needed = timedelta(milliseconds=duration_ms + GAP_MS)
        index = bisect_right(self._ends, later(due, -GAP_MS))
        while index < len(self._starts) and self._starts[index] < start + needed:
            start = later(self._ends[index], GAP_MS)
            if elapsed_ms(due, start) > LATE_START_MS:
                break
            index += 1
        return start


class _Desk:
    """Lays out one zone, rank by rank from the strongest; used for one sheet."""

    def __init__(
        self, zone: Zone, law: AirtimeLaw, now: UtcInstant, places: frozenset[str]
    ) -> None:
        self.cues: list[Cue] = []
        self.refusals: list[Refusal] = []
        self._tz = time_zone(zone.time_zone)
        self._law = law
        self._now = now
        self._places = places
        self._taken: list[tuple[UtcInstant, UtcInstant]] = []
        self._sessions: Counter[date] = Counter()

    def lay_out(self, rundowns: Iterable[Rundown]) -> None:
        """Place rundowns of one rank, in order of start, around all that was placed before."""
        busy = _Busy(self._taken)
        free_from = _LONG_AGO
        for rundown in rundowns:
            free_from = self._lay_out_session(rundown, busy, free_from)

    def _lay_out_session(self, rundown: Rundown, busy: _Busy, free_from: UtcInstant) -> UtcInstant:
        """Place the items one after the other; gives back when the air is free again."""
        due = rundown.occurrence.start_utc
        session_start: UtcInstant | None = None
        repeats: Counter[AssetSha256] = Counter()
        for position, item in enumerate(rundown.items):
            repeat = repeats[item.asset_sha256]
            repeats[item.asset_sha256] += 1
            start = busy.fit(max(due, free_from), item.duration_ms)
            reasons = self._objections(rundown, item, due, start, session_start)
            if not reasons:
                if session_start is None:
                    session_start = start
                    self._sessions[wall_clock(start, self._tz).date()] += 1
                cue = self._cue(rundown, item, start, repeat)
                self._taken.append((start, cue.end_utc))
                due = free_from = later(cue.end_utc, GAP_MS)
                if cue.latest_end > self._now:
                    self.cues.append(cue)
                    continue
                reasons = (_past(wall_clock(cue.latest_end, self._tz)),)
            self.refusals.append(Refusal(rundown.occurrence, position, item, start, reasons))
        return free_from

    def _objections(
        self,
        rundown: Rundown,
        item: Material,
        due: UtcInstant,
        start: UtcInstant,
        session_start: UtcInstant | None,
    ) -> tuple[Breach, ...]:
        """Why the item must not air at `start`; nothing if it may."""
        if elapsed_ms(due, start) > LATE_START_MS:
            return (_no_room(wall_clock(due, self._tz)),)
        programme = rundown.programme
        opening = session_start or start
        end = later(start, item.duration_ms)
        length = elapsed_ms(opening, end)
        found: list[Breach] = []
        if end > item.valid_until:
            found.append(_expired(wall_clock(item.valid_until, self._tz)))
        if programme.duration_ms is not None and length > programme.duration_ms:
            found.append(_programme_full(length, programme.duration_ms))
        if not _is_excused(programme):
            found += breaks(self._law, opening.astimezone(self._tz), length, self._places)
            today = wall_clock(start, self._tz).date()
            most = self._law.most_sessions(today)
            if most is not None and session_start is None and self._sessions[today] >= most:
                found.append(too_many_sessions(self._law, most))
        return tuple(found)

    def _cue(self, rundown: Rundown, item: Material, start: UtcInstant, repeat: int) -> Cue:
        programme = rundown.programme
        rules = programme.rules
        end = later(start, item.duration_ms)
        wall_start, wall_end = wall_clock(start, self._tz), wall_clock(end, self._tz)
        valid_until = utc_instant(item.valid_until)
        latest_end = min(later(end, LATE_START_MS), valid_until)
        if not _is_excused(programme):
            latest_end = min(latest_end, later(end, self._spare_ms(wall_start, wall_end)))
        return Cue(
            id=cue_id(rundown, item.asset_sha256, repeat),
            zone_id=rundown.zone_id,
            asset_sha256=item.asset_sha256,
            start_utc=start,
            duration_ms=item.duration_ms,
            latest_start=later(latest_end, -item.duration_ms),
            latest_end=latest_end,
            valid_until=valid_until,
            rank=programme.rank,
            enter=rules.enter,
            leave=rules.leave,
            gain_db=lowest_gain(self._law, wall_start, wall_end, self._places),
            quiet_ok=programme.quiet_ok,
            title=item.title,
            language=item.language,
            kind=item.kind,
            bulletin_id=item.bulletin_id,
            rendition_id=item.rendition_id,
            spoken_sha256=item.spoken_sha256,
            approved_by=item.approved_by,
            programme_id=programme.id,
            local_date=rundown.occurrence.local_date,
        )

    def _spare_ms(self, wall_start: datetime, wall_end: datetime) -> DurationMs:
        """How much later than planned the law still lets the item end."""
        late = timedelta(milliseconds=LATE_START_MS)
        closes = open_until(self._law, wall_start, wall_end + late, self._places)
        return DurationMs(max((closes - wall_end) // timedelta(milliseconds=1), 0))


def _strongest_first(rundown: Rundown) -> tuple[int, UtcInstant, str]:
    return -rundown.programme.rank, rundown.occurrence.start_utc, rundown.programme.id


def _in_order(refusal: Refusal) -> tuple[UtcInstant, str, int]:
    occurrence = refusal.occurrence
    return occurrence.start_utc, occurrence.programme_id, refusal.position


def _is_excused(programme: Programme) -> bool:
    return programme.rank.is_emergency or programme.quiet_ok is not None


def _refuse_strangers(rundowns: Iterable[Rundown], zone: Zone) -> None:
    seen: set[Occurrence] = set()
    for rundown in rundowns:
        title, occurrence = rundown.programme.title, rundown.occurrence
        if rundown.zone_id != zone.id:
            raise WrongZone(title, zone.name)
        if occurrence in seen:
            raise RepeatedOccurrence(title, occurrence.local_date)
        seen.add(occurrence)


def _no_room(due: datetime) -> Breach:
    return Breach(
        "no_room",
        f"Lúc {due:%H:%M} đã có mục khác phát, quá {_LATE_MINUTES} phút vẫn chưa trống.",
        f"Other items are on air at {due:%H:%M} and for {_LATE_MINUTES} minutes after.",
    )


def _expired(until: datetime) -> Breach:
    return Breach(
        "expired",
        f"Bản tin hết hiệu lực lúc {until:%H:%M %d/%m/%Y}, trước khi phát xong.",
        f"The bulletin is no longer valid from {until:%H:%M %d/%m/%Y}, before it would end.",
    )


def _programme_full(length: DurationMs, most: DurationMs) -> Breach:
    return Breach(
        "programme_full",
        f"Thêm mục này chương trình dài {length / 60_000:.1f} phút, quá {most / 60_000:.1f} phút.",
        f"With this item the programme takes {length / 60_000:.1f} minutes, "
        f"over its {most / 60_000:.1f}.",
    )


def _past(latest_end: datetime) -> Breach:
    return Breach(
        "past",
        f"Giờ phát đã qua, muộn nhất là {latest_end:%H:%M %d/%m/%Y}.",
        f"Its time has passed: {latest_end:%H:%M %d/%m/%Y} at the latest.",
    )
