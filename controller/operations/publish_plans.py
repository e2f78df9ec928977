"""Plan the fleet anew and publish, signed, to every box whose plan has changed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlmodel import Session, col, select

from audio_library.bulletin import Bulletin, State
from audio_library.rendition import spoken_sha256
from controller.fleet.authority import Authority
from controller.fleet.plan import BoxPlan, box_plan
from controller.operations.zone_inputs import PlanRules as PlanRules
from controller.storage import bulletins, events, outbox, places, programmes, tables
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore
from controller.storage.instants import to_ms, to_utc
from controller.storage.library_tables import PhrasePage
from controller.storage.serials import next_serial
from edge_agent.contract import desired as wire
from edge_agent.contract import topics
from edge_agent.contract.manifest import Asset
from edge_agent.contract.trust import Kind
from schedules.airtime import AirtimeLaw
from schedules.area import AreaTree
from schedules.cue_sheet import Cue, Refusal, cue_sheet
from schedules.programme import Programme
from schedules.recurrence import occurrences
from schedules.rundown import Lacking, Material, MaterialKind, Rundown, build
from schedules.types import (
    AssetSha256,
    BulletinId,
    DurationMs,
    LanguageTag,
    RenditionId,
    UtcInstant,
)
from schedules.zone import Zone

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """What one zone will hear, and everything that it will not, with reasons."""

    zone: Zone
    cues: tuple[Cue, ...]
    refusals: tuple[Refusal, ...] = ()
    missing: tuple[Lacking, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that planning reads, in one snapshot."""

    tree: AreaTree
    zones: Mapping[str, Zone]
    spots: Mapping[str, places.Spot]
    programmes: Mapping[str, programmes.Planned]
    bulletins: Mapping[str, Bulletin]
    materials: Mapping[str, Sequence[Material]]
    assets: Mapping[str, Asset]
    voices: Mapping[str, str]
    laws: Mapping[str, AirtimeLaw]
    plans: Mapping[str, ZonePlan] = field(default_factory=dict)

    def law_for(self, unit_id: str) -> AirtimeLaw:
        """The airtime law that holds in a unit."""
        return places.law_for(unit_id, self.tree, self.laws)


def horizon(rules: PlanRules, now: datetime) -> tuple[datetime, datetime]:
    """From local midnight, so that a plan stays the same all day, to the end of the last day."""
    zone = ZoneInfo(rules.time_zone)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    last = (today.replace(tzinfo=None) + timedelta(days=rules.horizon_days + 1)).replace(
        tzinfo=zone
    )
    return today, last


def look_ahead(session: Session, rules: PlanRules, now: datetime) -> Outlook:
    """Resolve every zone's cues for the horizon."""
    tree = places.area_tree(session)
    zones = places.zones(session)
    planned = programmes.standing(session)
    wanted = {b for p in planned.values() for b in p.bulletin_ids}
    aired = {b.id: b for b in bulletins.load_many(session, wanted)}
    materials, assets, voices = _materials(session, aired.values())
    outlook = Outlook(
        tree,
        zones,
        places.spots(session, tree, to_ms(now)),
        planned,
        aired,
        materials,
        assets,
        voices,
        places.laws(session),
    )
    units = {row.id: row.unit_id for row in session.exec(select(tables.Zone))}
    window = horizon(rules, now)
    plans: dict[str, ZonePlan] = {}
    for zone_id, zone in zones.items():
        rundowns = tuple(_rundowns(zone, outlook, window))
        law = outlook.law_for(units[zone_id])
        near = _places_near(zone, outlook.spots.values())
        sheet = cue_sheet(rundowns, zone, law, window[0], places=near)
        missing = tuple(dict.fromkeys(lack for r in rundowns for lack in r.missing))
        plans[zone_id] = ZonePlan(zone, sheet.cues, sheet.refusals, missing)
    return replace(outlook, plans=plans)


def publish_plans(
    database: Database, authority: Authority, rules: PlanRules, now: datetime
) -> tuple[str, ...]:
    """Give every box its whole desired state if it differs from the last one sent.

    Returns the ids of the boxes that were sent something. A box that is offline finds its newest
    state retained at the broker.
    """
    with database.read() as session:
        outlook = look_ahead(session, rules, now)
        silenced = _silenced(session, now)
        living = _living_sounds(session, now)
    withdrawn = tuple(sorted(set().union(*silenced.values()) - living))
    changed: list[str] = []
    with database.write() as session:
        for spot in outlook.spots.values():
            cues = _cues_of(session, spot, outlook, now)
            window = horizon(rules, now)
            plan = box_plan(cues, outlook.assets, rules.time_zone, window)
            word = _word(spot, plan, withdrawn, outlook, rules, to_ms(now))
            if _publish(session, authority, word, plan, now):
                changed.append(spot.device_id)
                _write_planned(session, spot, cues, outlook, now)
        for device_id in _relieved(session, outlook.spots):
            nothing = box_plan((), {}, rules.time_zone, horizon(rules, now))
            word = _last_word(device_id, nothing, withdrawn, rules, to_ms(now))
            if _publish(session, authority, word, nothing, now):
                changed.append(device_id)
                _take_back(session, device_id, set(), now)
        _note_silencing(session, silenced)
        _forget_old_pages(session, now)
        if changed:
            told: dict[str, object] = {"devices": sorted(changed)}
            events.tell(session, "plan", told, to_ms(now))
    log.info("plans_published", changed=len(changed), devices=len(outlook.spots))
    return tuple(changed)


def _materials(
    session: Session, aired: Iterable[Bulletin]
) -> tuple[dict[str, list[Material]], dict[str, Asset], dict[str, str]]:
    """Approved, rendered scripts of each bulletin, their files, and the voice of each file."""
    made = {
        (r.language, r.spoken_sha256): (r, a)
        for r, a in session.exec(
            select(tables.Rendition, tables.Asset).join(
                tables.Asset, col(tables.Rendition.asset_sha256) == col(tables.Asset.sha256)
            )
        )
    }
    materials: dict[str, list[Material]] = {}
    assets: dict[str, Asset] = {}
    voices: dict[str, str] = {}
    for bulletin in aired:
        mine = materials.setdefault(bulletin.id, [])
        if bulletin.state is not State.APPROVED:
            continue
        for pin in bulletin.pins:
            digest = spoken_sha256(pin.language, pin.spoken)
            found = made.get((pin.language, digest))
            if found is None:
                continue
            rendition, asset = found
            assets[asset.sha256] = Asset(
                asset.sha256, asset.bytes, asset.duration_ms, asset.media_type
            )
            voices[asset.sha256] = rendition.voice
            mine.append(
                Material(
                    asset_sha256=AssetSha256(asset.sha256),
                    duration_ms=DurationMs(asset.duration_ms),
                    title=bulletin.title,
                    language=LanguageTag(pin.language),
                    kind=MaterialKind.BULLETIN,
                    bulletin_id=BulletinId(bulletin.id),
                    rendition_id=RenditionId(f"{pin.language}:{digest}"),
                    spoken_sha256=digest,
                    approved_by=bulletin.approved_by or "",
                    valid_until=UtcInstant(bulletin.valid_until),
                )
            )
    return materials, assets, voices


def _rundowns(zone: Zone, outlook: Outlook, window: tuple[datetime, datetime]) -> Iterable[Rundown]:
    for planned in outlook.programmes.values():
        programme: Programme = planned.programme
        if zone.id not in programme.zone_ids:
            continue
        chosen = {BulletinId(b): outlook.materials.get(b, ()) for b in planned.bulletin_ids}
        start = max(window[0], to_utc(planned.created_ms))
        for occurrence in occurrences(programme, start, max(start, window[1])):
            yield build(programme, occurrence, zone, chosen)


def _places_near(zone: Zone, spots: Iterable[places.Spot]) -> frozenset[str]:
    members = {m.cluster_id for m in zone.clusters}
    return frozenset[str]().union(*(s.places for s in spots if s.cluster_id in members))


def _cues_of(session: Session, spot: places.Spot, outlook: Outlook, now: datetime) -> list[Cue]:
    """Cues of the zones that this box's cluster belongs to on the day of the cue.

    One that was never published and is already too late is left out: it would only be skipped.
    """
    mine = [
        cue
        for plan in outlook.plans.values()
        for cue in plan.cues
        if spot.cluster_id in plan.zone.clusters_at(cue.local_date)
    ]
    late = {cue.id for cue in mine if cue.latest_start < now}
    if not late:
        return mine
    query = select(tables.PlannedPlay.cue_id).where(
        col(tables.PlannedPlay.device_id) == spot.device_id,
        col(tables.PlannedPlay.cue_id).in_(late),
    )
    known = set(session.exec(query))
    return [cue for cue in mine if cue.id not in late or cue.id in known]


def _silenced(session: Session, now: datetime) -> dict[str, set[str]]:
    """Withdrawn bulletins still within their time, each with every sound it was planned as.

    What boxes were told is asked, not what is pinned: an edit before the withdrawal unpins.
    """
    query = (
        select(tables.PlannedPlay.bulletin_id, tables.PlannedPlay.asset_sha256)
        .join(tables.Bulletin, col(tables.Bulletin.id) == col(tables.PlannedPlay.bulletin_id))
        .where(
            col(tables.Bulletin.withdrawn_ms).is_not(None),
            col(tables.Bulletin.valid_until_ms) > to_ms(now),
        )
        .distinct()
    )
    silenced: dict[str, set[str]] = {}
    for bulletin_id, sha256 in session.exec(query):
        silenced.setdefault(bulletin_id, set()).add(sha256)
    return silenced


def _living_sounds(session: Session, now: datetime) -> set[str]:
    """Sounds that an approved, valid bulletin still airs."""
    pins = session.exec(
        select(tables.Script.language, tables.Script.pinned_spoken)
        .join(tables.Bulletin, col(tables.Bulletin.id) == col(tables.Script.bulletin_id))
        .where(
            col(tables.Bulletin.state) == State.APPROVED.value,
            col(tables.Bulletin.valid_until_ms) > to_ms(now),
            col(tables.Script.pinned_spoken).is_not(None),
        )
    )
    wanted = {(language, spoken_sha256(language, spoken or "")) for language, spoken in pins}
    query = select(tables.Rendition).where(
        col(tables.Rendition.spoken_sha256).in_({digest for _, digest in wanted})
    )
    return {r.asset_sha256 for r in session.exec(query)}


def _note_silencing(session: Session, bulletin_ids: Iterable[str]) -> None:
    """Keep from which serial on each box that was told holds the withdrawal."""
    for bulletin_id in bulletin_ids:
        told = session.exec(
            select(tables.DesiredState.device_id, tables.DesiredState.serial)
            .join(
                tables.PlannedPlay,
                col(tables.PlannedPlay.device_id) == col(tables.DesiredState.device_id),
            )
            .where(tables.PlannedPlay.bulletin_id == bulletin_id)
            .distinct()
        )
        rows = [
            {"bulletin_id": bulletin_id, "device_id": device_id, "serial": serial}
            for device_id, serial in told
        ]
        insert_or_ignore(session, tables.Silencing, rows)


def _word(
    spot: places.Spot,
    plan: BoxPlan,
    withdrawn: tuple[str, ...],
    outlook: Outlook,
    rules: PlanRules,
    now_ms: int,
) -> wire.Desired:
    """The whole word to a box, before it has a serial.

    How loud stands in each cue, so the volume profile stays empty: it would lower twice.
    """
    quiet = outlook.law_for(spot.unit_ids[0]).silence
    return wire.Desired(
        did=spot.device_id,
        serial=1,
        issued=now_ms,
        manifest=plan.manifest,
        withdrawn=withdrawn,
        sources=rules.sources,
        scopes=spot.unit_ids,
        quiet_hours=wire.QuietHours(
            f"{quiet.opens:%H:%M}", f"{quiet.closes:%H:%M}", rules.time_zone
        )
        if quiet
        else None,
        empty_because="" if plan.pages else "no programme within the horizon",
    )


def _relieved(session: Session, spots: Mapping[str, places.Spot]) -> list[str]:
    """Boxes that were told a plan and stand nowhere any more: another took their place."""
    told = session.exec(select(tables.DesiredState.device_id)).all()
    return [device_id for device_id in told if device_id not in spots]


def _last_word(
    device_id: str, nothing: BoxPlan, withdrawn: tuple[str, ...], rules: PlanRules, now_ms: int
) -> wire.Desired:
    """An empty plan: a box that is still switched on must not sound beside its successor."""
    return wire.Desired(
        did=device_id,
        serial=1,
        issued=now_ms,
        manifest=nothing.manifest,
        withdrawn=withdrawn,
        sources=rules.sources,
        scopes=(),
        empty_because="no longer installed at a loudspeaker",
    )


def _publish(
    session: Session, authority: Authority, word: wire.Desired, plan: BoxPlan, now: datetime
) -> bool:
    now_ms = to_ms(now)
    # Serial and time of issue are not part of what is said.
    said = hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(word, issued=1577836800000)))
    old = session.get(tables.DesiredState, word.did)
    if old is not None and old.said_sha256 == said.hexdigest():
        return False
    serial = next_serial(session, f"desired/{word.did}", now_ms)
    sealed = authority.sign(msgspec.structs.replace(word, serial=serial), Kind.DESIRED)
    session.merge(
        tables.DesiredState(
            device_id=word.did,
            serial=serial,
            said_sha256=said.hexdigest(),
            sealed=sealed,
            issued_ms=now_ms,
        )
    )
    for page in plan.pages:
        if session.get(tables.Page, page.ref.sha256) is None:
            session.add(tables.Page(sha256=page.ref.sha256, body=page.packed, created_ms=now_ms))
            session.flush()
    outbox.put(session, topics.down(word.did, "desired"), sealed, retain=True, now_ms=now_ms)
    return True


def _write_planned(
    session: Session,
    spot: places.Spot,
    cues: Sequence[Cue],
    outlook: Outlook,
    now: datetime,
) -> None:
    """Keep what the box was told, and what it was told before and is no longer."""
    state = session.get_one(tables.DesiredState, spot.device_id)
    _take_back(session, spot.device_id, {cue.id for cue in cues}, now)
    for cue in cues:
        if session.get(tables.PlannedPlay, (spot.device_id, cue.id)) is not None:
            continue
        bulletin = outlook.bulletins.get(cue.bulletin_id or "")
        session.add(
            tables.PlannedPlay(
                device_id=spot.device_id,
                cue_id=cue.id,
                serial=state.serial,
                cluster_id=spot.cluster_id,
                cluster_name=spot.cluster_name,
                village=spot.village,
                title=cue.title,
                language=cue.language,
                bulletin_id=cue.bulletin_id or "",
                programme_id=cue.programme_id,
                asset_sha256=cue.asset_sha256,
                spoken_sha256=cue.spoken_sha256 or "",
                voice=outlook.voices.get(cue.asset_sha256, ""),
                author=bulletin.author if bulletin else "",
                approved_by=cue.approved_by,
                start_ms=to_ms(cue.start_utc),
                duration_ms=cue.duration_ms,
                rank=cue.rank.name.lower(),
            )
        )


def _take_back(session: Session, device_id: str, told: set[str], now: datetime) -> None:
    """Note every coming play that a box was told before and is told no longer."""
    now_ms = to_ms(now)
    serial = session.get_one(tables.DesiredState, device_id).serial
    query = select(tables.PlannedPlay.cue_id).where(
        col(tables.PlannedPlay.device_id) == device_id,
        col(tables.PlannedPlay.start_ms) > now_ms,
    )
    for gone in set(session.exec(query)) - told:
        session.merge(
            tables.UnplannedPlay(device_id=device_id, cue_id=gone, serial=serial, at_ms=now_ms)
        )


KEEP_PAGES_MS = 15 * 86_400_000


def _forget_old_pages(session: Session, now: datetime) -> None:
    of_phrases = select(PhrasePage.page_sha256).where(col(PhrasePage.page_sha256).is_not(None))
    for page in session.exec(
        select(tables.Page).where(
            col(tables.Page.created_ms) < to_ms(now) - KEEP_PAGES_MS,
            col(tables.Page.sha256).not_in(of_phrases),
        )
    ):
        session.delete(page)
