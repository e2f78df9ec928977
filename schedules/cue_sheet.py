"""All cues of a zone for a window: rundowns laid out on the clock, with the airtime law applied.

The stronger rank takes its time and the weaker goes around it; what finds no lawful time, or no
time at all, is listed as a refusal.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple

from schedules.airtime import (
    NOWHERE,
    Action,
    AirtimeLaw,
    Breach,
    breaks,
    lowest_gain,
    open_until,
    too_many_sessions,
)
from schedules.busy_air import LATE_START_MS, BusyAir, place
from schedules.errors import RepeatedOccurrence, WrongZone
from schedules.obstacles import expired, no_room, past, programme_full
from schedules.precedence import Enter, Leave, Rank, Rules, default_rules
from schedules.programme import Programme
from schedules.recurrence import Occurrence
from schedules.rundown import GAP_MS, Material, MaterialKind, Rundown, Stream
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

_HOUR = timedelta(hours=1)
_LONG_AGO = UtcInstant(datetime.min.replace(tzinfo=UTC))
_LEAVES_AS: Mapping[MaterialKind, Rank] = MappingProxyType(
    {MaterialKind.RELAY: Rank.RELAY, MaterialKind.FILLER: Rank.FILLER}
)


@dataclass(frozen=True, slots=True)
class Cue:
    """Play this asset then, so loud, not after then; the rest is what as-run copies.

    It starts within [start_utc, latest_start] and sounds no later than `latest_end`, which never
    passes `valid_until`. `quiet_ok` is the reason for airing outside the law, if it may.
    `play_ms` is `duration_ms` where that is not the asset's own length; with a `stream` the asset
    sounds only while the stream does not. `fallback_sha256` sounds if the asset is not there.
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
    play_ms: DurationMs | None = None
    stream: Stream | None = None
    fallback_sha256: AssetSha256 | None = None

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


class Flag(NamedTuple):
    """A limit that a session breaks and airs all the same, by the law's or a person's leave."""

    occurrence: Occurrence
    breach: Breach


@dataclass(frozen=True, slots=True)
class CueSheet:
    """Cues in order of start, every item that got none, and what airs outside the law."""

    zone_id: ZoneId
    cues: tuple[Cue, ...]
    refusals: tuple[Refusal, ...]
    flags: tuple[Flag, ...] = ()


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
    flags = (Flag(occurrence, each) for (occurrence, _), each in desk.flags.items())
    return CueSheet(
        zone.id,
        tuple(sorted(desk.cues, key=lambda cue: cue.start_utc)),
        tuple(sorted(desk.refusals, key=_in_order)),
        tuple(sorted(flags, key=_by_session)),
    )


def cue_id(rundown: Rundown, asset: AssetSha256, repeat: int) -> CueId:
    """The same for the same airing of the same asset, however often and late it is planned.

    Another time, chosen by a person, is another airing; what only waits for a stronger item is not.

    `repeat` counts earlier items of the rundown with that asset: an item put in or taken out
    elsewhere changes no other cue.
    """
    return _named(_name(rundown), asset, repeat)


def _name(rundown: Rundown) -> str:
    occurrence = rundown.occurrence
    name = (
        occurrence.programme_id,
        occurrence.recurrence_id.isoformat(),
        occurrence.start_utc.isoformat(),
        rundown.zone_id,
    )
    return "\x1f".join(name)


def _named(session: str, asset: AssetSha256, repeat: int) -> CueId:
    return CueId(sha256(f"{session}\x1f{asset}\x1f{repeat}".encode()).hexdigest()[:32])


class _Session:
    """One rundown while it is laid out."""

    def __init__(self, rundown: Rundown) -> None:
        self.rundown = rundown
        self.programme = rundown.programme
        self.occurrence = rundown.occurrence
        self.name = _name(rundown)
        self.excused = rundown.programme.is_excused
        self.ends_by = rundown.ends_by
        self.opened: UtcInstant | None = None
        self.due = self.occurrence.start_utc
        self.music_until = self.ends_by
        """Where an item that can be cut must end, so that what cannot still fits after it."""
        self.lawful_until = self.open_until = _LONG_AGO
        self.hour_from = self.hour_until = _LONG_AGO
        self.gain_db = GainDb(0.0)
        self._repeats: Counter[AssetSha256] = Counter()
        self._planned = self.occurrence.start_utc
        self._reserved_ms = sum(map(_reserve, rundown.items)) if self.ends_by else 0

    def turn_to(self, item: Material) -> int:
        """Make `item` the next one; says how often its asset came before in the session.

        In a session with an end everything keeps its time, so that it ends when it should.
        """
        if self.ends_by is not None:
            self.due = max(self.due, self._planned)
            self._planned = later(self._planned, item.air_ms + GAP_MS)
            self._reserved_ms -= _reserve(item)
            self.music_until = later(self.ends_by, -self._reserved_ms - GAP_MS)
        repeat = self._repeats[item.asset_sha256]
        self._repeats[item.asset_sha256] += 1
        return repeat


def _reserve(item: Material) -> int:
    """What must be kept free for an item that is still to come; music takes what is left."""
    if item.kind is MaterialKind.FILLER:
        return 0
    return (item.least_ms or item.air_ms) + GAP_MS


class _Desk:
    """Lays out one zone, rank by rank from the strongest; used for one sheet."""

    def __init__(
        self, zone: Zone, law: AirtimeLaw, now: UtcInstant, places: frozenset[str]
    ) -> None:
        self.cues: list[Cue] = []
        self.refusals: list[Refusal] = []
        self.flags: dict[tuple[Occurrence, str], Breach] = {}
        self._tz = time_zone(zone.time_zone)
        self._law = law
        self._now = now
        self._places = places
        self._taken: list[tuple[UtcInstant, UtcInstant]] = []
        self._sessions: Counter[date] = Counter()

    def lay_out(self, rundowns: Iterable[Rundown]) -> None:
        """Place rundowns of one rank, in order of start, around all that was placed before."""
        busy = BusyAir(self._taken)
        free_from = _LONG_AGO
        for rundown in rundowns:
            free_from = self._lay_out_session(_Session(rundown), busy, free_from)

    def _lay_out_session(
        self, session: _Session, busy: BusyAir, free_from: UtcInstant
    ) -> UtcInstant:
        """Place the items one after the other; gives back when the air is free again."""
        for position, item in enumerate(session.rundown.items):
            repeat = session.turn_to(item)
            start, air_ms = place(item, max(session.due, free_from), session.music_until, busy)
            reasons = self._objections(session, item, start, air_ms)
            if not reasons:
                if session.opened is None:
                    session.opened = start
                    self._sessions[wall_clock(start, self._tz).date()] += 1
                cue = self._cue(session, item, start, air_ms, repeat)
                end = cue.end_utc
                self._taken.append((start, end))
                session.due = free_from = later(end, GAP_MS)
                if cue.latest_end > self._now:
                    self.cues.append(cue)
                    continue
                reasons = (past(wall_clock(cue.latest_end, self._tz)),)
            self.refusals.append(Refusal(session.occurrence, position, item, start, reasons))
        return free_from

    def _objections(
        self, session: _Session, item: Material, start: UtcInstant, air_ms: DurationMs
    ) -> tuple[Breach, ...]:
        """Why the item must not air at `start`; nothing if it may. Notes what is only flagged."""
        if start > session.due and elapsed_ms(session.due, start) > LATE_START_MS:
            return (no_room(wall_clock(session.due, self._tz)),)
        end = later(start, air_ms)
        found: list[Breach] = []
        if end > item.valid_until:
            found.append(expired(wall_clock(item.valid_until, self._tz)))
        if session.ends_by is not None and end > session.ends_by:
            begin = session.occurrence.start_utc
            lengths = elapsed_ms(begin, end), elapsed_ms(begin, session.ends_by)
            found.append(programme_full(*lengths))
        broken = self._broken_law(session, start, end)
        found += (each for each in broken if not _passes(each, session))
        if not found:
            self.flags |= {(session.occurrence, each.code): each for each in broken}
        return tuple(found)

    def _broken_law(
        self, session: _Session, start: UtcInstant, end: UtcInstant
    ) -> Sequence[Breach]:
        """What the session breaks if it goes on until `end`."""
        broken: list[Breach] = []
        if session.opened is None:
            self._open(session, start)
            today = wall_clock(start, self._tz).date()
            most = self._law.most_sessions(today)
            if most is not None and self._sessions[today] >= most:
                broken.append(too_many_sessions(self._law, most))
        if end > session.lawful_until:
            broken += self._breaks(session.opened or start, end)
        return broken

    def _open(self, session: _Session, start: UtcInstant) -> None:
        """Ask the law once about the whole session, if it starts then."""
        whole = later(start, session.rundown.duration_ms)
        if not self._breaks(start, whole):
            session.lawful_until = whole
        latest = max(session.ends_by or start, later(whole, LATE_START_MS))
        wall, by = wall_clock(start, self._tz), wall_clock(latest, self._tz)
        if open_until(self._law, wall, by, self._places) == by:
            session.open_until = latest

    def _breaks(self, start: UtcInstant, end: UtcInstant) -> tuple[Breach, ...]:
        return breaks(self._law, start.astimezone(self._tz), elapsed_ms(start, end), self._places)

    def _cue(
        self, session: _Session, item: Material, start: UtcInstant, air_ms: DurationMs, repeat: int
    ) -> Cue:
        rundown, programme = session.rundown, session.programme
        rules = _rules(programme, item.kind)
        end = later(start, air_ms)
        valid_until = utc_instant(item.valid_until)
        latest_end = min(session.ends_by or later(end, LATE_START_MS), valid_until)
        if not session.excused and latest_end > session.open_until:
            latest_end = min(latest_end, self._lawful_end(end, latest_end))
        fallback = rundown.fallback
        return Cue(
            id=_named(session.name, item.asset_sha256, repeat),
            zone_id=rundown.zone_id,
            asset_sha256=item.asset_sha256,
            start_utc=start,
            duration_ms=air_ms,
            latest_start=later(latest_end, -air_ms),
            latest_end=latest_end,
            valid_until=valid_until,
            rank=programme.rank,
            enter=rules.enter,
            leave=rules.leave,
            gain_db=self._gain(session, start, end),
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
            play_ms=None if air_ms == item.duration_ms and item.stream is None else air_ms,
            stream=item.stream,
            fallback_sha256=fallback.asset_sha256 if fallback else None,
        )

    def _gain(self, session: _Session, start: UtcInstant, end: UtcInstant) -> GainDb:
        """The quietest level that its hours ask for; most sessions lie within one hour."""
        if not session.hour_from <= start <= end <= session.hour_until:
            wall_start = wall_clock(start, self._tz)
            wall_end = wall_clock(end, self._tz)
            session.gain_db = lowest_gain(self._law, wall_start, wall_end, self._places)
            into_the_hour = timedelta(minutes=wall_start.minute, seconds=wall_start.second)
            if into_the_hour + (end - start) <= _HOUR:
                session.hour_from, session.hour_until = (
                    start,
                    UtcInstant(start - into_the_hour + _HOUR),
                )
        return session.gain_db

    def _lawful_end(self, end: UtcInstant, by: UtcInstant) -> UtcInstant:
        """How much later than planned the law still lets an item end, at most at `by`."""
        wall_end = wall_clock(end, self._tz)
        closes = open_until(self._law, wall_end, wall_end + (by - end), self._places)
        return UtcInstant(end + (closes - wall_end))


def _rules(programme: Programme, kind: MaterialKind) -> Rules:
    """Music and relays leave the air in their own way, unless the programme says how."""
    own = _LEAVES_AS.get(kind)
    if own is None or programme.leave is not None:
        return programme.rules
    return Rules(programme.rules.enter, default_rules(own).leave)


def _passes(breach: Breach, session: _Session) -> bool:
    return session.excused or breach.action is Action.FLAG


def _by_session(flag: Flag) -> tuple[UtcInstant, str, str]:
    return flag.occurrence.start_utc, flag.occurrence.programme_id, flag.breach.code


def _strongest_first(rundown: Rundown) -> tuple[int, UtcInstant, str]:
    return -rundown.programme.rank, rundown.occurrence.start_utc, rundown.programme.id


def _in_order(refusal: Refusal) -> tuple[UtcInstant, str, int]:
    occurrence = refusal.occurrence
    return occurrence.start_utc, occurrence.programme_id, refusal.position


def _refuse_strangers(rundowns: Iterable[Rundown], zone: Zone) -> None:
    seen: set[Occurrence] = set()
    for rundown in rundowns:
        title, occurrence = rundown.programme.title, rundown.occurrence
        if rundown.zone_id != zone.id:
            raise WrongZone(title, zone.name)
        if occurrence in seen:
            raise RepeatedOccurrence(title, occurrence.local_date)
        seen.add(occurrence)
