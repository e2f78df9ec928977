"""All that decides what one zone hears, read from the database; and its plan, for every asker."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from audio_library.bulletin import Bulletin, Kind, State
from audio_library.rendition import spoken_sha256
from controller.errors import NotFound
from controller.operations.carts import carts_for
from controller.operations.priority_order import DEFAULT_LIMIT, TimeLimit, decided_orders
from controller.operations.relays import relays_of
from controller.storage import bulletins, places, programmes, tables, zone_days
from controller.storage.instants import to_ms, to_utc
from controller.storage.unit_chain import UnitChain, chain_on
from controller.storage.zone_days import DayPlan
from edge_agent.contract.manifest import Asset
from schedules.rundown import Material, MaterialKind
from schedules.shelf import Notice, Shelf
from schedules.template import PlayByRule
from schedules.types import (
    AssetSha256,
    BulletinId,
    DurationMs,
    LanguageTag,
    RenditionId,
    UnitId,
    UtcInstant,
    utc_instant,
)
from schedules.zone_plan import Standing, ZoneInputs, ZonePlan, plan_zone

Window = tuple[datetime, datetime]
"""[from, until), both aware."""
Aired = Mapping[BulletinId, tuple[UtcInstant, ...]]
"""Starts of the sessions in which each bulletin aired."""


@dataclass(frozen=True, slots=True)
class PlanRules:
    """What planning needs to know of the settings; days are those of `time_zone`."""

    time_zone: str
    horizon_days: int
    sources: tuple[str, ...]
    limit: TimeLimit = DEFAULT_LIMIT
    """Of a question about ưu tiên bulletins."""
    box_sources: tuple[str, ...] = ()
    """Where boxes that hold a certificate fetch first."""
    offices: tuple[str, ...] = ()
    """Where they renew it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The inputs of one zone, and what else stands behind the hashes and ids in its plan.

    `unit_ids` are the zone's unit and those above it, nearest first; `spots` the boxes that stand
    at its clusters now. They and the law, calendar and owners in `inputs` are of one day, and hold
    until `changes_on`.
    """

    inputs: ZoneInputs
    assets: Mapping[str, Asset]
    voices: Mapping[str, str]
    bulletins: Mapping[str, Bulletin]
    unit_ids: tuple[str, ...]
    spots: tuple[places.Spot, ...]
    changes_on: date | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a zone will hear, and everything that this was made from."""

    plan: ZonePlan
    loaded: Loaded


def today(rules: PlanRules, now: datetime) -> date:
    """The date where the loudspeakers stand."""
    return now.astimezone(ZoneInfo(rules.time_zone)).date()


def midnight(rules: PlanRules, day: date) -> datetime:
    """The instant at which a local day begins."""
    return datetime.combine(day, datetime.min.time(), ZoneInfo(rules.time_zone))


def window(rules: PlanRules, now: datetime) -> Window:
    """From local midnight, so that a plan stays the same all day, to the end of the last day."""
    day = today(rules, now)
    last = day + timedelta(days=rules.horizon_days + 1)
    return midnight(rules, day), midnight(rules, last)


def inputs_of(
    session: Session,
    zone_id: str,
    rules: PlanRules,
    now: datetime,
    day: date | None = None,
    wanted: Sequence[programmes.Planned] = (),
) -> Loaded:
    """Read what concerns the zone, as its units stand on `day` (None: today), and nothing else.

    `wanted` are programmes not kept yet, each in place of the kept one of its id. Raises
    `NotFound`; `UnitCycle` and `UnknownUnit` where the units above it are broken.
    """
    found = places.zone(session, zone_id)
    if found is None:
        raise NotFound("nơi nghe", "zone", zone_id)
    zone, unit_id = found
    day = day or today(rules, now)
    since = midnight(rules, day)
    units = chain_on(session, unit_id, day)
    standing = _with_wanted(programmes.standing_at(session, zone_id), wanted, zone_id)
    cluster_ids = {m.cluster_id for m in zone.clusters}
    spots = places.spots_at(session, cluster_ids, day, to_ms(now))
    known = _bulletins(session, standing, units, since)
    sounds = _sounds(session, known)
    notices = tuple(_notices(known, units, sounds))
    carts = carts_for(session, units.ids)
    told = zone_days.load(session, zone_id, (day - timedelta(days=1), day))
    begun = _begun(told.get(day), now) if day == today(rules, now) else None
    before = _aired(
        session, [spot.device_id for spot in spots], [n.bulletin_id for n in notices], since
    )
    inputs = ZoneInputs(
        zone,
        places.law_of(session, units.ids),
        places.calendar_of(session, units.ids),
        tuple(Standing(p.programme, UtcInstant(to_utc(p.created_ms))) for p in standing),
        Shelf(notices, carts.materials, relays_of(session)),
        before if begun is None else _joined(before, begun),
        decided_orders(session, units.ids),
        places.places_near(session, cluster_ids),
        _left_waiting(told.get(day - timedelta(days=1))),
        None if begun is None else utc_instant(now),
    )
    return Loaded(
        inputs,
        {**sounds.assets, **carts.assets},
        sounds.voices,
        {each.id: each for each in known},
        units.ids,
        spots,
        units.changes_on,
    )


def plan_of(
    session: Session,
    zone_id: str,
    rules: PlanRules,
    now: datetime,
    within: Window | None = None,
    wanted: Sequence[programmes.Planned] = (),
) -> Foreseen:
    """What the zone hears within the window (None: the whole horizon), from what stands now.

    `wanted` are programmes not kept yet, each in place of the kept one of its id. Each day is
    planned under the units of that day. Raises what `inputs_of` raises.
    """
    since, until = within or window(rules, now)
    whole = loaded = inputs_of(session, zone_id, rules, now, today(rules, since), wanted)
    parts: list[ZonePlan] = []
    while True:
        turn = loaded.changes_on
        end = until if turn is None else min(midnight(rules, turn), until)
        aired = _joined(whole.inputs.aired, *(_sounding(plan) for plan in parts))
        parts.append(plan_zone(replace(loaded.inputs, aired=aired), since, end))
        if turn is None or end == until:
            return Foreseen(_one(parts), whole)
        since, loaded = end, inputs_of(session, zone_id, rules, now, turn, wanted)
        whole = _with(whole, loaded)


def _with_wanted(
    kept: Mapping[str, programmes.Planned], wanted: Iterable[programmes.Planned], zone_id: str
) -> tuple[programmes.Planned, ...]:
    standing = dict(kept)
    standing.update((str(each.programme.id), each) for each in wanted)
    return tuple(p for p in standing.values() if zone_id in p.programme.zone_ids)


def _bulletins(
    session: Session,
    standing: Iterable[programmes.Planned],
    units: UnitChain,
    since: datetime,
) -> list[Bulletin]:
    """Those that a person chose, and what the units may air by a rule or as ưu tiên."""
    chosen: set[str] = set()
    by_rule = False
    for planned in standing:
        chosen.update(planned.bulletin_ids)
        items = planned.programme.template.items
        by_rule = by_rule or any(isinstance(item, PlayByRule) for item in items)
    kinds = [Kind.NORMAL, Kind.PRIORITY] if by_rule else [Kind.PRIORITY]
    theirs = select(tables.Bulletin.id).where(
        sa.or_(col(tables.Bulletin.unit_id).in_(units.ids), col(tables.Bulletin.unit_id).is_(None)),
        tables.Bulletin.state == State.APPROVED.value,
        col(tables.Bulletin.valid_until_ms) > to_ms(since),
        col(tables.Bulletin.kind).in_([kind.value for kind in kinds]),
    )
    wanted = sorted(chosen.union(session.exec(theirs)))
    return [each for some in _few(wanted) for each in bulletins.load_many(session, some)]


@dataclass(frozen=True, slots=True)
class _Sounds:
    """Approved words as audio: by bulletin, in the order of its pins; files and voices by hash."""

    materials: Mapping[str, tuple[Material, ...]]
    assets: Mapping[str, Asset]
    voices: Mapping[str, str]


def _sounds(session: Session, known: Iterable[Bulletin]) -> _Sounds:
    digests = {
        each.id: [(pin.language, spoken_sha256(pin.language, pin.spoken)) for pin in each.pins]
        for each in known
        if each.state is State.APPROVED
    }
    made = _renditions(session, sorted({d for pins in digests.values() for _, d in pins}))
    assets = {a.sha256: a for a, _ in made.values()}
    voices = {a.sha256: voice for a, voice in made.values()}
    materials = {
        each.id: tuple(
            _material(each, language, digest, made[language, digest][0])
            for language, digest in digests[each.id]
            if (language, digest) in made
        )
        for each in known
        if each.id in digests
    }
    return _Sounds(materials, assets, voices)


def _renditions(
    session: Session, digests: Sequence[str]
) -> dict[tuple[str, str], tuple[Asset, str]]:
    """File and voice of each (language, spoken form) that has been made."""
    r, a = tables.Rendition, tables.Asset
    query = sa.select(
        col(r.language),
        col(r.spoken_sha256),
        col(r.voice),
        col(a.sha256),
        col(a.bytes),
        col(a.duration_ms),
        col(a.media_type),
    ).join(a, col(r.asset_sha256) == col(a.sha256))
    found = {}
    for some in _few(digests):
        for row in session.execute(query.where(col(r.spoken_sha256).in_(some))):
            asset = Asset(row.sha256, row.bytes, row.duration_ms, row.media_type)
            found[row.language, row.spoken_sha256] = asset, row.voice
    return found


def _material(bulletin: Bulletin, language: str, digest: str, asset: Asset) -> Material:
    return Material(
        asset_sha256=AssetSha256(asset.sha256),
        duration_ms=DurationMs(asset.duration_ms),
        title=bulletin.title,
        language=LanguageTag(language),
        kind=MaterialKind.BULLETIN,
        bulletin_id=BulletinId(bulletin.id),
        rendition_id=RenditionId(f"{language}:{digest}"),
        spoken_sha256=digest,
        approved_by=bulletin.approved_by or "",
        valid_until=UtcInstant(bulletin.valid_until),
    )


def _notices(known: Iterable[Bulletin], units: UnitChain, sounds: _Sounds) -> Iterator[Notice]:
    for each in known:
        if each.state is State.APPROVED and each.approved_at is not None:
            yield Notice(
                BulletinId(each.id),
                each.title,
                each.topic,
                each.kind is Kind.PRIORITY,
                units.height(each.unit),
                UnitId(each.unit) if each.unit else None,
                UtcInstant(each.approved_at),
                UtcInstant(each.valid_until),
                sounds.materials[each.id],
            )


def _aired(
    session: Session, device_ids: Sequence[str], bulletin_ids: Sequence[str], before: datetime
) -> Aired:
    """When each of these bulletins was planned to be heard from one of these boxes.

    A session airs a bulletin once in each language, so the language heard most counts them.
    """
    p, gone = tables.PlannedPlay, tables.UnplannedPlay
    query = (
        sa.select(col(p.bulletin_id), col(p.language), col(p.start_ms))
        .outerjoin(
            gone, (col(gone.device_id) == col(p.device_id)) & (col(gone.cue_id) == col(p.cue_id))
        )
        .where(
            col(p.device_id).in_(device_ids),
            col(p.start_ms) < to_ms(before),
            col(p.programme_id) != "",
            col(gone.cue_id).is_(None),
        )
    )
    starts: dict[str, dict[str, set[int]]] = {}
    for some in _few(bulletin_ids if device_ids else ()):
        for bulletin, language, start in session.execute(query.where(col(p.bulletin_id).in_(some))):
            starts.setdefault(bulletin, {}).setdefault(language, set()).add(start)
    aired = {}
    for bulletin, spoken in starts.items():
        sessions = max(spoken.values(), key=len)
        aired[BulletinId(bulletin)] = tuple(UtcInstant(to_utc(ms)) for ms in sorted(sessions))
    return aired


def _begun(told: DayPlan | None, now: datetime) -> Aired | None:
    """What boxes were told of today's sessions that have begun; None if they were told nothing.

    A session that has begun is not filled anew: nobody would hear what comes into it late.
    """
    if told is None:
        return None
    starts: dict[BulletinId, dict[int, int]] = {}
    for each in told.cues:
        if each.bulletin_id and each.session_ms < to_ms(now):
            sessions = starts.setdefault(BulletinId(each.bulletin_id), {})
            sessions[each.session_ms] = min(
                each.cue.start, sessions.get(each.session_ms, each.cue.start)
            )
    return {
        bulletin: tuple(UtcInstant(to_utc(ms)) for ms in sorted(sessions.values()))
        for bulletin, sessions in starts.items()
    }


def _left_waiting(told: DayPlan | None) -> tuple[BulletinId, ...]:
    """Bulletins that yesterday's sessions had no place for, in their order."""
    left = (each.bulletin_id for each in (told.unheard if told else ()) if each.what == "left_out")
    return tuple(dict.fromkeys(BulletinId(bulletin) for bulletin in left if bulletin))


def _sounding(plan: ZonePlan) -> Aired:
    """Starts of the sessions of a plan in which each bulletin has a cue."""
    heard = {(cue.programme_id, cue.local_date, cue.bulletin_id) for cue in plan.cues}
    starts: dict[BulletinId, list[UtcInstant]] = {}
    for rundown in plan.rundowns:
        of = rundown.occurrence
        for bulletin in dict.fromkeys(item.bulletin_id for item in rundown.items):
            if bulletin and (of.programme_id, of.local_date, bulletin) in heard:
                starts.setdefault(bulletin, []).append(of.start_utc)
    return {bulletin: tuple(found) for bulletin, found in starts.items()}


def _joined(*several: Aired) -> Aired:
    starts: dict[BulletinId, tuple[UtcInstant, ...]] = {}
    for each in several:
        for bulletin, found in each.items():
            starts[bulletin] = (*starts.get(bulletin, ()), *found)
    return starts


def _one(parts: Sequence[ZonePlan]) -> ZonePlan:
    """Plans of stretches of days that follow each other, as one."""
    if len(parts) == 1:
        return parts[0]
    names = [field.name for field in fields(ZonePlan) if field.name != "zone_id"]
    joined: dict[str, Any] = {
        name: tuple(chain.from_iterable(getattr(part, name) for part in parts)) for name in names
    }
    return replace(parts[0], **joined)


def _with(whole: Loaded, later: Loaded) -> Loaded:
    """The first day's units and boxes, and every file and bulletin of both."""
    return replace(
        whole,
        assets={**later.assets, **whole.assets},
        voices={**later.voices, **whole.voices},
        bulletins={**later.bulletins, **whole.bulletins},
    )


def _few(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as any database takes in one question."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
