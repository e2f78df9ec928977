"""Bring what the boxes of a zone are told in line with the days of their zones."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlmodel import Session, col, select

from audio_library.bulletin import State
from audio_library.rendition import spoken_sha256
from controller.fleet.authority import Authority
from controller.fleet.box_policy import data_budget, maintenance_order
from controller.fleet.plan import PackedPage, day_page, whole_plan
from controller.operations.box_policy import known_sound, policy_of
from controller.operations.hazard_clips import clips_ref
from controller.operations.publish_phrases import phrase_refs
from controller.operations.zone_inputs import PlanRules, midnight, today
from controller.storage import outbox, places, tables, zone_days
from controller.storage.insert_or_ignore import insert_or_ignore, upsert
from controller.storage.instants import to_ms, to_utc
from controller.storage.places import Spot
from controller.storage.schedule_tables import BoxPage
from controller.storage.serials import next_serial
from controller.storage.zone_days import DayCue, DayPlan
from edge_agent.contract import desired as wire
from edge_agent.contract import topics
from edge_agent.contract.manifest import Manifest, PageRef
from edge_agent.contract.trust import Kind
from schedules.zone import Zone

_LONG_OVER = datetime(2020, 1, 1, tzinfo=UTC)
"""What the last word to a box covers: the same on every day, so that it is said once."""
_NEVER_ISSUED = to_ms(_LONG_OVER)
_NOTHING = hashlib.sha256().hexdigest()
"""Source of a day on which no zone of a box has a plan."""


def publish_boxes(
    session: Session,
    authority: Authority,
    rules: PlanRules,
    zone: Zone,
    days: Mapping[date, DayPlan],
    now: datetime,
) -> tuple[str, ...]:
    """Tell every box of the zone what it lacks; gives the ids of those that were told something.

    `days` are the zone's own, as they are stored now. Only pages whose zone days changed are made.
    What a box was told is written beside it, and what it was told before and is no longer is taken
    back. A box that is offline finds its newest word retained at the broker. Who stood at one of
    the zone's clusters and stands nowhere any more is told to be silent.
    """
    clusters = {m.cluster_id for m in zone.clusters}
    desk = _Desk(session, authority, rules, now)
    desk.know(zone.id, days)
    spots = places.spots_at(session, clusters, today(rules, now), to_ms(now))
    told = [spot.device_id for spot in spots if desk.tell(spot)]
    return (*told, *(device_id for device_id in desk.relieved(clusters) if desk.hush(device_id)))


def publish_box(
    session: Session, authority: Authority, rules: PlanRules, device_id: str, now: datetime
) -> bool:
    """Tell one box of what was set for it, with the plan that its zones have; whether that was new.

    One that stands nowhere is told to be silent, if it was ever told anything.
    """
    desk = _Desk(session, authority, rules, now)
    spot = places.spot_of(session, device_id, today(rules, now), to_ms(now))
    if spot is not None:
        return desk.tell(spot)
    return session.get(tables.DesiredState, device_id) is not None and desk.hush(device_id)


@dataclass(frozen=True, slots=True)
class _Sources:
    """The zone days behind each day of a box, and a name for all of them together."""

    zones: Mapping[date, tuple[str, ...]]
    sha256: Mapping[date, str]


class _Desk:
    """Writes to the boxes of one zone within one transaction."""

    def __init__(
        self, session: Session, authority: Authority, rules: PlanRules, now: datetime
    ) -> None:
        self._session, self._authority, self._rules = session, authority, rules
        self._now, self._now_ms, self._day = now, to_ms(now), today(rules, now)
        self._days: dict[tuple[str, date], DayPlan] = {}
        self._pages: dict[tuple[date, tuple[str, ...]], PackedPage] = {}
        self._silenced = _silenced(session, self._now_ms)
        self._phrase_refs: Mapping[str, wire.PhraseRef] | None = None
        self._clips: dict[tuple[str, ...], wire.ClipsRef | None] = {}

    def know(self, zone_id: str, days: Mapping[date, DayPlan]) -> None:
        """These days need not be read again."""
        self._days.update({(zone_id, day): plan for day, plan in days.items()})

    def tell(self, spot: Spot) -> bool:
        """Make the changed pages of a box, and give it its whole word if that says anything new."""
        session, did = self._session, spot.device_id
        # Two zones of one cluster may be planned at once: each must see what the other told.
        session.get(tables.Device, did, with_for_update=True)
        sources = self._sources_of(spot.cluster_id)
        held = {date.fromisoformat(row.local_date): row for row in self._held(did)}
        for day in [day for day in held if day < self._day]:
            if not self._still_sounds(sources, day):
                session.delete(held.pop(day))
        stale = [
            day
            for day in sorted({*sources.sha256, *held})
            if day >= self._day
            and (day not in held or held[day].source_sha256 != sources.sha256.get(day, _NOTHING))
        ]
        changed = self._cues(did, sources, stale)
        held.update(self._put_pages(did, sources, changed))
        refs = [_ref(row) for row in held.values() if row.page_sha256 is not None]
        first = min((date.fromisoformat(ref.date) for ref in refs), default=self._day)
        last = max(sources.sha256, default=self._day + timedelta(days=self._rules.horizon_days))
        covers = (
            midnight(self._rules, min(first, self._day)),
            midnight(self._rules, last + timedelta(days=1)),
        )
        said, serial = self._publish(self._word(spot, whole_plan(refs, covers)))
        if changed:
            cues = [each for some in changed.values() for each in some]
            self._take_back(did, {each.cue.id for each in cues}, serial, changed)
            self._write_planned(spot, cues, serial)
        self._note_silencing(did, serial)
        return said

    def relieved(self, cluster_ids: Collection[str]) -> Sequence[str]:
        """Boxes that stood at these clusters, were told a plan and stand nowhere any more."""
        installed = tables.Installation
        once = (
            select(tables.DesiredState.device_id)
            .join(installed, col(installed.device_id) == col(tables.DesiredState.device_id))
            .where(col(installed.cluster_id).in_(cluster_ids))
            .distinct()
        )
        known = self._session.exec(once).all()
        return sorted(set(known) - places.standing(self._session, known, self._now_ms))

    def hush(self, device_id: str) -> bool:
        """An empty plan: a box that is still switched on must not sound beside its successor."""
        session = self._session
        for row in self._held(device_id):
            session.delete(row)
        word = wire.Desired(
            did=device_id,
            serial=1,
            issued=self._now_ms,
            manifest=whole_plan((), (_LONG_OVER, _LONG_OVER)),
            withdrawn=self._withdrawn(device_id),
            sources=self._rules.sources,
            scopes=(),
            empty_because="no longer installed at a loudspeaker",
        )
        said, serial = self._publish(word)
        if said:
            self._take_back(device_id, set(), serial)
            self._note_silencing(device_id, serial)
        return said

    def _held(self, device_id: str) -> Sequence[BoxPage]:
        return self._session.exec(select(BoxPage).where(BoxPage.device_id == device_id)).all()

    def _sources_of(self, cluster_id: str) -> _Sources:
        """What each kept day of the zones that hold the cluster on that day says."""
        since = self._day - timedelta(days=1)
        members = places.zones_with(self._session, cluster_id)
        heads = zone_days.heads(self._session, [zone_id for zone_id, _ in members], since)
        zones: dict[date, list[str]] = {}
        for zone_id, member in members:
            for day in (day for of, day in heads if of == zone_id and member.valid_on(day)):
                zones.setdefault(day, []).append(zone_id)
        named = {day: tuple(dict.fromkeys(sorted(several))) for day, several in zones.items()}
        sha256 = {
            day: _sha256("\n".join(f"{zone_id} {heads[zone_id, day]}" for zone_id in several))
            for day, several in named.items()
        }
        return _Sources(named, sha256)

    def _plans(self, sources: _Sources, day: date) -> Iterable[DayPlan]:
        for zone_id in sources.zones.get(day, ()):
            if (zone_id, day) not in self._days:
                self.know(zone_id, zone_days.load(self._session, zone_id, [day]))
            yield self._days[zone_id, day]

    def _still_sounds(self, sources: _Sources, day: date) -> bool:
        """Something of a day that is over has not ended yet."""
        cues = (each.cue for plan in self._plans(sources, day) for each in plan.cues)
        return any(cue.latest_end > self._now_ms for cue in cues)

    def _cues(
        self, device_id: str, sources: _Sources, days: Iterable[date]
    ) -> dict[date, list[DayCue]]:
        """Those of all zones of the box, by day.

        One that was never published and is already too late is left out: it would be skipped.
        """
        mine = {
            day: [each for plan in self._plans(sources, day) for each in plan.cues] for day in days
        }
        of_today = mine.get(self._day, [])
        late = {each.cue.id for each in of_today if each.cue.latest_start < self._now_ms}
        if late:
            query = select(tables.PlannedPlay.cue_id).where(
                tables.PlannedPlay.device_id == device_id,
                col(tables.PlannedPlay.cue_id).in_(late),
            )
            never = late.difference(self._session.exec(query).all())
            mine[self._day] = [each for each in of_today if each.cue.id not in never]
        return mine

    def _put_pages(
        self, device_id: str, sources: _Sources, changed: Mapping[date, Sequence[DayCue]]
    ) -> dict[date, BoxPage]:
        """Write which page, if any, the box is told for each of these days."""
        pages = {day: self._packed(day, cues) for day, cues in changed.items() if cues}
        stored = [
            {"sha256": page.ref.sha256, "body": page.packed, "created_ms": self._now_ms}
            for page in pages.values()
        ]
        insert_or_ignore(self._session, tables.Page, stored)
        rows: list[dict[str, Any]] = [
            {
                "device_id": device_id,
                "local_date": day.isoformat(),
                "source_sha256": sources.sha256.get(day, _NOTHING),
                "page_sha256": pages[day].ref.sha256 if day in pages else None,
                "bytes": pages[day].ref.bytes if day in pages else 0,
            }
            for day in changed
        ]
        upsert(self._session, BoxPage, rows)
        return {day: BoxPage(**row) for day, row in zip(changed, rows, strict=True)}

    def _packed(self, day: date, cues: Sequence[DayCue]) -> PackedPage:
        """The page of these cues, made once however many boxes hear them."""
        key = (day, tuple(each.cue.id for each in cues))
        if key not in self._pages:
            packed = day_page(day, self._rules.time_zone, (each.cue for each in cues))
            self._pages[key] = packed
        return self._pages[key]

    def _word(self, spot: Spot, manifest: Manifest) -> wire.Desired:
        """The whole word to a box, before it has a serial.

        How loud stands in each cue, so the volume profile stays empty: it would lower twice.
        """
        quiet = places.law_of(self._session, spot.unit_ids).silence
        spoken = self._languages(spot)
        return wire.Desired(
            did=spot.device_id,
            serial=1,
            issued=self._now_ms,
            manifest=manifest,
            withdrawn=self._withdrawn(spot.device_id),
            sources=self._rules.sources,
            scopes=spot.unit_ids,
            quiet_hours=wire.QuietHours(
                f"{quiet.opens:%H:%M}", f"{quiet.closes:%H:%M}", self._rules.time_zone
            )
            if quiet
            else None,
            empty_because="" if manifest.pages else "no programme within the horizon",
            phrases=self._phrases(spoken),
            clips=self._clips_of(spoken),
        )

    def _languages(self, spot: Spot) -> tuple[str, ...]:
        """What the zones that the box belongs to today speak, each once, by zone."""
        members = places.zones_with(self._session, spot.cluster_id)
        zones = {zone_id for zone_id, member in members if member.valid_on(self._day)}
        query = select(tables.Zone).where(col(tables.Zone.id).in_(zones))
        rows = self._session.exec(query.order_by(col(tables.Zone.id)))
        return tuple(dict.fromkeys(tag for zone in rows for tag in zone.languages))

    def _phrases(self, spoken: Collection[str]) -> tuple[wire.PhraseRef, ...]:
        """Pages of what can be said in these languages."""
        if self._phrase_refs is None:
            self._phrase_refs = phrase_refs(self._session)
        known = self._phrase_refs
        return tuple(known[tag] for tag in sorted(spoken) if tag in known)

    def _clips_of(self, spoken: tuple[str, ...]) -> wire.ClipsRef | None:
        """The page of hazard clips in this order of languages."""
        if spoken not in self._clips:
            self._clips[spoken] = clips_ref(self._session, spoken, self._now)
        return self._clips[spoken]

    def _at_own_door(self, word: wire.Desired) -> wire.Desired:
        """A box that has no password holds a certificate: it fetches behind the door for those."""
        device = self._session.get_one(tables.Device, word.did)
        if device.password_hash or not self._rules.box_sources:
            return word
        return msgspec.structs.replace(
            word, sources=self._rules.box_sources, offices=self._rules.offices
        )

    def _under_policy(self, word: wire.Desired) -> wire.Desired:
        """With what people set for this box."""
        policy = policy_of(self._session, word.did)
        return msgspec.structs.replace(
            word,
            report=policy.report,
            data=data_budget(policy, self._rules.time_zone),
            delay_ms=policy.delay_ms,
            maintenance=maintenance_order(policy, self._now),
            clock_within_s=policy.clock_within_s,
            fallback=known_sound(self._session, policy),
        )

    def _publish(self, word: wire.Desired) -> tuple[bool, int]:
        """Sign and queue the word if it differs from the last one; and the serial that holds."""
        session, did = self._session, word.did
        word = self._under_policy(self._at_own_door(word))
        # Serial and time of issue are not part of what is said.
        bare = msgspec.structs.replace(word, issued=_NEVER_ISSUED)
        said = hashlib.sha256(msgspec.json.encode(bare)).hexdigest()
        old = session.get(tables.DesiredState, did)
        if old is not None and old.said_sha256 == said:
            return False, old.serial
        serial = next_serial(session, f"desired/{did}", self._now_ms)
        sealed = self._authority.sign(msgspec.structs.replace(word, serial=serial), Kind.DESIRED)
        session.merge(
            tables.DesiredState(
                device_id=did,
                serial=serial,
                said_sha256=said,
                sealed=sealed,
                issued_ms=self._now_ms,
            )
        )
        topic = topics.down(did, "desired")
        outbox.put(session, topic, sealed, retain=True, now_ms=self._now_ms)
        return True, serial

    def _write_planned(self, spot: Spot, cues: Sequence[DayCue], serial: int) -> None:
        """Keep what the box is told from now on; what it was told again is not taken back."""
        rows = [
            {
                "device_id": spot.device_id,
                "cue_id": each.cue.id,
                "serial": serial,
                "cluster_id": spot.cluster_id,
                "cluster_name": spot.cluster_name,
                "village": spot.village,
                "title": each.cue.title,
                "language": each.cue.language,
                "bulletin_id": each.bulletin_id,
                "programme_id": each.programme_id,
                "asset_sha256": each.cue.asset.sha256,
                "spoken_sha256": each.spoken_sha256,
                "voice": each.voice,
                "author": each.author,
                "approved_by": each.approved_by,
                "start_ms": each.cue.start,
                "duration_ms": each.cue.play_ms or each.cue.asset.duration_ms,
                "rank": each.cue.rank.value,
            }
            for each in cues
        ]
        insert_or_ignore(self._session, tables.PlannedPlay, rows)
        gone = tables.UnplannedPlay
        again = sa.delete(gone).where(
            col(gone.device_id) == spot.device_id,
            col(gone.cue_id).in_([each.cue.id for each in cues]),
        )
        self._session.execute(again)

    def _take_back(
        self,
        device_id: str,
        told: Collection[str],
        serial: int,
        days: Collection[date] | None = None,
    ) -> None:
        """Note every coming play of these days that a box was told before and is told no longer."""
        planned = tables.PlannedPlay
        query = sa.select(col(planned.cue_id), col(planned.start_ms)).where(
            col(planned.device_id) == device_id,
            col(planned.start_ms) > self._now_ms,
            col(planned.programme_id) != "",
        )
        if days is not None:
            until = midnight(self._rules, max(days) + timedelta(days=1))
            query = query.where(
                col(planned.start_ms) >= to_ms(midnight(self._rules, min(days))),
                col(planned.start_ms) < to_ms(until),
            )
        rows = [
            {"device_id": device_id, "cue_id": cue, "serial": serial, "at_ms": self._now_ms}
            for cue, start in self._session.execute(query)
            if cue not in told and (days is None or today(self._rules, to_utc(start)) in days)
        ]
        insert_or_ignore(self._session, tables.UnplannedPlay, rows)

    def _withdrawn(self, device_id: str) -> tuple[str, ...]:
        """Sounds that this box was told and must not play, whatever plan it holds."""
        sounds = {sha256 for _, sha256 in self._told_before(device_id)}
        return tuple(sorted(sounds - _living(self._session, sounds, self._now_ms)))

    def _note_silencing(self, device_id: str, serial: int) -> None:
        """Keep from which serial on the box holds each withdrawal."""
        bulletin_ids = {bulletin_id for bulletin_id, _ in self._told_before(device_id)}
        rows = [
            {"bulletin_id": each, "device_id": device_id, "serial": serial}
            for each in sorted(bulletin_ids)
        ]
        insert_or_ignore(self._session, tables.Silencing, rows)

    def _told_before(self, device_id: str) -> Iterable[tuple[str, str]]:
        """(bulletin, sound) of each withdrawn one that the box was told.

        What it was told is asked, not what is pinned: an edit before the withdrawal unpins.
        """
        if not self._silenced:
            return ()
        planned = tables.PlannedPlay
        query = select(planned.bulletin_id, planned.asset_sha256).where(
            planned.device_id == device_id, col(planned.bulletin_id).in_(self._silenced)
        )
        return self._session.exec(query.distinct()).all()


def _silenced(session: Session, now_ms: int) -> Sequence[str]:
    """Withdrawn bulletins that are still within their time."""
    query = select(tables.Bulletin.id).where(
        tables.Bulletin.state == State.WITHDRAWN.value,
        col(tables.Bulletin.valid_until_ms) > now_ms,
    )
    return session.exec(query).all()


def _living(session: Session, sounds: Collection[str], now_ms: int) -> set[str]:
    """Those of these sounds that an approved, valid bulletin still airs."""
    if not sounds:
        return set()
    made = session.exec(
        select(tables.Rendition).where(col(tables.Rendition.asset_sha256).in_(sounds))
    ).all()
    pins = session.exec(
        select(tables.Script.language, tables.Script.pinned_spoken)
        .join(tables.Bulletin, col(tables.Bulletin.id) == col(tables.Script.bulletin_id))
        .where(
            col(tables.Bulletin.state) == State.APPROVED.value,
            col(tables.Bulletin.valid_until_ms) > now_ms,
            col(tables.Script.language).in_({row.language for row in made}),
            col(tables.Script.pinned_spoken).is_not(None),
        )
    )
    wanted = {(language, spoken_sha256(language, spoken or "")) for language, spoken in pins}
    return {row.asset_sha256 for row in made if (row.language, row.spoken_sha256) in wanted}


def _ref(row: BoxPage) -> PageRef:
    assert row.page_sha256 is not None
    return PageRef(row.local_date, row.page_sha256, row.bytes)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
