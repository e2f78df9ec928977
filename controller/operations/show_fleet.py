"""What screens show: each cluster now, and what was really aired."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from audio_library.writing.sort_key import SortKey, vietnamese_sort_key
from controller.fleet.box_policy import BoxPolicy
from controller.fleet.status import Known, Status, status
from controller.operations.box_policy import policies
from controller.operations.find_village import villages
from controller.storage import places, tables
from controller.storage.instants import to_ms

STILL_DUE_MS = 10 * 60_000
"""How long after its time an unreported play is still looked for."""


@dataclass(frozen=True, slots=True)
class Next:
    """The next thing that a cluster will air."""

    cue_id: str
    title: str
    language: str
    start_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ClusterNow:
    """One cluster as it is now; counters are what its box says."""

    cluster_id: str
    cluster: str
    village_id: str
    village: str
    commune: str
    device_id: str | None
    status: Status
    seen_ms: int | None
    lacking: int | None
    bytes_held: int
    bytes_wanted: int
    position_ms: int | None
    duration_ms: int | None
    on_air_title: str | None
    next: Next | None
    clock_source: str | None
    unconfirmed_since_ms: int | None
    """Since when the box has not confirmed the newest plan, None when it has."""


def clusters_now(session: Session, now: datetime) -> list[ClusterNow]:
    """Every cluster, by village."""
    now_ms = to_ms(now)
    tree = places.area_tree(session)
    by_cluster = {s.cluster_id: s for s in places.spots(session, tree, now_ms).values()}
    reported = {r.device_id: r for r in session.exec(select(tables.ReportedState))}
    desired = {d.device_id: d for d in session.exec(select(tables.DesiredState))}
    upcoming = _next_plays(session, now_ms)
    set_for = policies(session)
    by_unit = {v.id: v for v in villages(session)}
    shown = []
    for cluster in session.exec(select(tables.Cluster).order_by(col(tables.Cluster.id))):
        spot = by_cluster.get(cluster.id)
        village = by_unit.get(cluster.unit_id)
        did = spot.device_id if spot else None
        said = reported.get(did or "")
        word = desired.get(did or "")
        coming = upcoming.get(did or "")
        telemetry: Mapping[str, Any] = said.telemetry if said else {}
        on_air: Mapping[str, Any] = telemetry.get("on_air") or {}
        playing = session.get(tables.PlannedPlay, (did, on_air["cue"])) if on_air else None
        shown.append(
            _cluster_now(
                cluster,
                (village.name, village.commune) if village else ("", ""),
                did,
                said,
                word,
                coming,
                playing.title if playing else None,
                set_for.get(did or "", BoxPolicy()),
                now,
            )
        )
    return sorted(shown, key=_as_listed)


def as_run_list(
    session: Session,
    *,
    limit: int = 100,
    bulletin_id: str | None = None,
    alert_id: str | None = None,
) -> list[tables.AsRun]:
    """What was aired, newest first."""
    query = select(tables.AsRun).order_by(
        col(tables.AsRun.planned_ms).desc(), col(tables.AsRun.village)
    )
    if bulletin_id is not None:
        query = query.where(tables.AsRun.bulletin_id == bulletin_id)
    if alert_id is not None:
        query = query.where(tables.AsRun.alert_id == alert_id)
    return list(session.exec(query.limit(limit)))


def unconfirmed_withdrawals(session: Session, bulletin_id: str) -> list[str]:
    """Boxes that were told to play a withdrawn bulletin and have not confirmed its end.

    A box for which the silencing plan is still being made has not.
    """
    told = session.exec(
        select(tables.PlannedPlay.device_id)
        .where(tables.PlannedPlay.bulletin_id == bulletin_id)
        .distinct()
    ).all()
    behind = []
    for device_id in told:
        silencing = session.get(tables.Silencing, (bulletin_id, device_id))
        said = session.get(tables.ReportedState, device_id)
        if silencing is None or said is None or said.desired < silencing.serial:
            behind.append(device_id)
    return behind


def _as_listed(shown: ClusterNow) -> tuple[SortKey, ...]:
    return tuple(map(vietnamese_sort_key, (shown.commune, shown.village, shown.cluster)))


def _next_plays(session: Session, now_ms: int) -> dict[str, Next]:
    """The first standing planned play of each box that has not been reported."""
    aired = select(tables.AsRun.play).where(
        col(tables.AsRun.device_id) == col(tables.PlannedPlay.device_id),
        col(tables.AsRun.cue_id) == col(tables.PlannedPlay.cue_id),
    )
    taken_back = select(tables.UnplannedPlay.cue_id).where(
        col(tables.UnplannedPlay.device_id) == col(tables.PlannedPlay.device_id),
        col(tables.UnplannedPlay.cue_id) == col(tables.PlannedPlay.cue_id),
    )
    standing = (
        select(
            tables.PlannedPlay,
            func.row_number()
            .over(
                partition_by=col(tables.PlannedPlay.device_id),
                order_by=col(tables.PlannedPlay.start_ms),
            )
            .label("place"),
        )
        .where(
            col(tables.PlannedPlay.start_ms) > now_ms - STILL_DUE_MS,
            ~aired.exists(),
            ~taken_back.exists(),
        )
        .subquery()
    )
    firsts = sql_select(standing).where(standing.c.place == 1)
    return {
        row.device_id: Next(row.cue_id, row.title, row.language, row.start_ms, row.duration_ms)
        for row in session.execute(firsts)
    }


def _cluster_now(
    cluster: tables.Cluster,
    where: tuple[str, str],
    did: str | None,
    said: tables.ReportedState | None,
    word: tables.DesiredState | None,
    coming: Next | None,
    playing: str | None,
    policy: BoxPolicy,
    now: datetime,
) -> ClusterNow:
    telemetry: Mapping[str, Any] = said.telemetry if said else {}
    on_air: Mapping[str, Any] = telemetry.get("on_air") or {}
    known = None
    if did is not None:
        known = Known(
            online=bool(said and said.online),
            seen_ms=said.seen_ms if said else 0,
            wanted_serial=word.serial if word else None,
            held_serial=said.desired if said else 0,
            lacking=said.lacking if said else None,
            on_air_cue=on_air.get("cue"),
            next_start_ms=coming.start_ms if coming else None,
            silent_after_ms=policy.silent_after_ms,
            maintained=policy.maintained_at(now) is not None,
        )
    behind = word is not None and (said is None or said.desired < word.serial)
    return ClusterNow(
        cluster_id=cluster.id,
        cluster=cluster.name,
        village_id=cluster.unit_id,
        village=where[0],
        commune=where[1],
        device_id=did,
        status=status(known, to_ms(now)),
        seen_ms=said.seen_ms if said else None,
        lacking=said.lacking if said else None,
        bytes_held=int(telemetry.get("bytes_held") or 0),
        bytes_wanted=int(telemetry.get("bytes_wanted") or 0),
        position_ms=on_air.get("position_ms"),
        duration_ms=on_air.get("duration_ms"),
        on_air_title=playing,
        next=coming,
        clock_source=said.clock_source if said else None,
        unconfirmed_since_ms=word.issued_ms if word and behind else None,
    )
