"""Alarms: what a person must look at, open until it is over; said again only when it changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import Gauge
from sqlmodel import Session, col, or_, select

from controller.storage import events
from controller.storage.schedule_tables import Alarm
from controller.storage.serials import next_serial

OPEN = Gauge("loalang_alarms_open", "Alarms that nobody has mended yet", ["kind"])

SHOWN_BACK_MS = 24 * 3_600_000
"""How long an alarm that is over is still shown on request."""

MOST_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one thing now, in words."""

    vi: str
    en: str
    device_id: str | None = None
    cluster_id: str | None = None


def differs(session: Session, kind: str, now: Mapping[str, Trouble]) -> bool:
    """Whether the open alarms of a kind do not say what is wrong now, by key."""
    known = _open(session, kind)
    OPEN.labels(kind).set(len(known))
    return {key: (a.vi, a.en) for key, a in known.items()} != {
        key: (t.vi, t.en) for key, t in now.items()
    }


def settle(session: Session, kind: str, troubles: Mapping[str, Trouble], now_ms: int) -> None:
    """Raise what is new, reword what has changed, clear what is over; each is told to screens."""
    # Replicas settle one after the other: one alarm a key.
    next_serial(session, f"alarms/{kind}", now_ms)
    known = _open(session, kind)
    said: list[Alarm] = []
    for key, trouble in troubles.items():
        alarm = known.get(key)
        if alarm is None:
            alarm = Alarm(kind=kind, key=key, vi="", en="", raised_ms=now_ms)
        elif (alarm.vi, alarm.en) == (trouble.vi, trouble.en):
            continue
        alarm.vi, alarm.en = trouble.vi, trouble.en
        alarm.device_id, alarm.cluster_id = trouble.device_id, trouble.cluster_id
        said.append(alarm)
    for key, alarm in known.items():
        if key not in troubles:
            alarm.cleared_ms = now_ms
            said.append(alarm)
    session.add_all(said)
    session.flush()
    events.tell_all(session, "alarm", map(_told, said), now_ms)
    OPEN.labels(kind).set(len(troubles))


def standing(session: Session, kinds: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Of these kinds, which alarms are open, by key."""
    query = select(Alarm.key, Alarm.kind).where(
        col(Alarm.cleared_ms).is_(None), col(Alarm.kind).in_(kinds)
    )
    found: dict[str, set[str]] = {}
    for key, kind in session.exec(query):
        found.setdefault(key, set()).add(kind)
    return {key: frozenset(kinds) for key, kinds in found.items()}


def show_alarms(session: Session, now_ms: int, *, recent: bool = False) -> Sequence[Alarm]:
    """Open alarms, the newest first; with `recent` also those that ended within a day."""
    still, ended = col(Alarm.cleared_ms).is_(None), col(Alarm.cleared_ms) > now_ms - SHOWN_BACK_MS
    standing = or_(still, ended) if recent else still
    newest = (col(Alarm.raised_ms).desc(), col(Alarm.id).desc())
    return session.exec(select(Alarm).where(standing).order_by(*newest).limit(MOST_SHOWN)).all()


def _open(session: Session, kind: str) -> dict[str, Alarm]:
    query = select(Alarm).where(col(Alarm.cleared_ms).is_(None), Alarm.kind == kind)
    return {alarm.key: alarm for alarm in session.exec(query)}


def _told(alarm: Alarm) -> dict[str, object]:
    return {
        "id": alarm.id,
        "kind": alarm.kind,
        "device_id": alarm.device_id,
        "cluster_id": alarm.cluster_id,
        "open": alarm.cleared_ms is None,
        "vi": alarm.vi,
        "en": alarm.en,
    }
