"""Zone days as they were resolved last: every cue with what as-run copies, and all that is not."""

import hashlib
import zlib
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta

import msgspec
import sqlalchemy as sa
from sqlmodel import Session, col

from controller.storage.insert_or_ignore import upsert
from controller.storage.schedule_tables import ZoneDay
from edge_agent.contract import manifest

_FASTEST = 1


class DayCue(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cue as a box is told it, with what the as-run log copies; `session_ms` is when its
    session begins."""

    cue: manifest.Cue
    session_ms: int
    programme_id: str
    approved_by: str
    bulletin_id: str = ""
    spoken_sha256: str = ""
    voice: str = ""
    author: str = ""


class Unheard(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something chosen that does not air, or airs against the law, and why.

    `what` is refused, left_out, missing, expired or flagged.
    """

    what: str
    code: str
    session_ms: int
    programme_id: str
    title: str
    vi: str
    en: str
    bulletin_id: str = ""
    language: str = ""


class DayPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """One local day of one zone: cues in order of start."""

    cues: tuple[DayCue, ...] = ()
    unheard: tuple[Unheard, ...] = ()


_reader = msgspec.json.Decoder(DayPlan)


def heads(session: Session, zone_ids: Collection[str], since: date) -> dict[tuple[str, date], str]:
    """Hash of every kept day of these zones from `since` on, by zone and date."""
    query = sa.select(
        col(ZoneDay.zone_id), col(ZoneDay.local_date), col(ZoneDay.said_sha256)
    ).where(col(ZoneDay.zone_id).in_(zone_ids), col(ZoneDay.local_date) >= since.isoformat())
    return {
        (zone_id, date.fromisoformat(day)): said for zone_id, day, said in session.execute(query)
    }


def load(session: Session, zone_id: str, days: Iterable[date]) -> dict[date, DayPlan]:
    """The kept ones among these days of a zone."""
    query = sa.select(col(ZoneDay.local_date), col(ZoneDay.body)).where(
        col(ZoneDay.zone_id) == zone_id,
        col(ZoneDay.local_date).in_([day.isoformat() for day in days]),
    )
    return {
        date.fromisoformat(day): _reader.decode(zlib.decompress(body))
        for day, body in session.execute(query)
    }


def put(
    session: Session, zone_id: str, days: Mapping[date, DayPlan], since: date, now_ms: int
) -> None:
    """Write the days that changed; from `since` on these are all, and the day before stays."""
    kept = {day: said for (_, day), said in heads(session, [zone_id], since).items()}
    rows = []
    for day, plan in sorted(days.items()):
        said = msgspec.json.encode(plan)
        sha256 = hashlib.sha256(said).hexdigest()
        if kept.get(day) != sha256:
            rows.append(
                {
                    "zone_id": zone_id,
                    "local_date": day.isoformat(),
                    "said_sha256": sha256,
                    "body": zlib.compress(said, _FASTEST),
                    "planned_ms": now_ms,
                }
            )
    upsert(session, ZoneDay, rows)
    gone = [day.isoformat() for day in kept if day not in days]
    yesterday = (since - timedelta(days=1)).isoformat()
    old = sa.delete(ZoneDay).where(
        col(ZoneDay.zone_id) == zone_id,
        sa.or_(col(ZoneDay.local_date) < yesterday, col(ZoneDay.local_date).in_(gone)),
    )
    session.execute(old)
