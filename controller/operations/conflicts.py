"""What a programme runs into where it is to air, and beside it: looked at before it is kept."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import cos, radians

import sqlalchemy as sa
from sqlmodel import Session, col, select

from audio_library.languages import LANGUAGES
from controller.operations.place_calendar import calendar_of
from controller.operations.zone_inputs import PlanRules, midnight, plan_of, today, window
from controller.storage import places, tables
from controller.storage.instants import to_ms
from controller.storage.programmes import Planned
from schedules.conflicts import Conflict, Horn, conflicts
from schedules.mends import Scene
from schedules.recurrence import next_airing
from schedules.types import ClusterId, LanguageTag, ZoneId, utc_instant

ZONES_LOOKED_AT = 24
"""Of a programme for thousands of zones the first ones: planning itself refuses in all of them."""
LOUDEST_M = 3_000
"""No horn is heard farther than this."""
_METRES_A_DEGREE = 111_195
_LANGUAGES = {LanguageTag(tag): language.name_vi for tag, language in LANGUAGES.items()}


def conflicts_of(
    session: Session, planned: Planned, rules: PlanRules, now: datetime
) -> tuple[Conflict, ...]:
    """Everything that the programme runs into within the horizon, from its next airing on.

    Raises what `plan_of` raises.
    """
    programme = planned.programme
    own = programme.zone_ids[:ZONES_LOOKED_AT]
    calendar = calendar_of(session, own, today(rules, now))
    coming = next_airing(programme.timing, now, calendar)
    if coming is None:
        return conflicts(programme, (), (), airs_at_all=False)
    since, until = window(rules, now)
    if coming.start_utc >= until:
        day = today(rules, coming.start_utc)
        since = midnight(rules, day)
        until = midnight(rules, day + timedelta(days=rules.horizon_days))
    horns = _horns(session, own, now)
    heard = dict.fromkeys(zone_id for horn in horns for zone_id in horn.zone_ids)
    beside = [zone_id for zone_id in heard if zone_id not in programme.zone_ids]
    scenes = []
    for zone_id in (*own, *beside[:ZONES_LOOKED_AT]):
        seen = plan_of(session, zone_id, rules, now, (since, until), wanted=(planned,))
        scenes.append(Scene(seen.loaded.inputs, seen.plan, utc_instant(now)))
    return conflicts(programme, scenes, horns, languages=_LANGUAGES)


def _horns(session: Session, zone_ids: Sequence[str], now: datetime) -> tuple[Horn, ...]:
    """Clusters of these zones that have a box, and those near enough to be heard beside them."""
    day = now.date().isoformat()
    members = select(tables.ZoneCluster.cluster_id).where(
        col(tables.ZoneCluster.zone_id).in_(zone_ids), _belongs_on(day)
    )
    own = places.standing_clusters(session, to_ms(now), col(tables.Cluster.id).in_(members))
    near = [
        _around(each)
        for each in own
        if each.latitude is not None and each.longitude is not None and each.radius_m
    ]
    clusters = {each.id: each for each in own}
    if near:
        beside = places.standing_clusters(session, to_ms(now), sa.or_(*near))
        clusters.update((each.id, each) for each in beside)
    zones: defaultdict[str, list[ZoneId]] = defaultdict(list)
    query = select(tables.ZoneCluster).where(
        col(tables.ZoneCluster.cluster_id).in_(clusters), _belongs_on(day)
    )
    for member in session.exec(query.order_by(col(tables.ZoneCluster.zone_id))):
        zones[member.cluster_id].append(ZoneId(member.zone_id))
    return tuple(
        Horn(
            ClusterId(each.id),
            each.name,
            tuple(zones[each.id]),
            each.latitude,
            each.longitude,
            each.radius_m,
        )
        for each in clusters.values()
    )


def _belongs_on(day: str) -> sa.ColumnElement[bool]:
    m = tables.ZoneCluster
    ended = sa.or_(col(m.valid_until).is_(None), col(m.valid_until) > day)
    return sa.and_(col(m.valid_from) <= day, ended)


def _around(cluster: tables.Cluster) -> sa.ColumnElement[bool]:
    """A square on the map that holds every horn which can be heard beside this one."""
    latitude, longitude = cluster.latitude or 0.0, cluster.longitude or 0.0
    north = ((cluster.radius_m or 0) + LOUDEST_M) / _METRES_A_DEGREE
    east = north / max(0.01, cos(radians(latitude)))
    c = tables.Cluster
    return sa.and_(
        col(c.latitude).between(latitude - north, latitude + north),
        col(c.longitude).between(longitude - east, longitude + east),
    )
