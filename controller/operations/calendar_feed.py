"""A subscription address for the calendars of phones: made, given away, taken back."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from controller.errors import NotFound
from controller.operations.find_unit import find_unit
from controller.operations.zone_inputs import PlanRules, midnight, today
from controller.operations.zones_meant import zones_below
from controller.storage import events, places, programmes, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.programmes import Planned
from controller.storage.schedule_tables import CalendarFeed
from controller.storage.unit_chain import chain_on
from controller.version import VERSION
from schedules.calendar_file import FeedEntry, write_feed
from schedules.day_calendar import DayCalendar
from schedules.recurrence import occurrences
from schedules.types import DurationMs, later

TOKEN_BYTES = 24
"""192 bits: nobody guesses one."""
BACK, AHEAD = timedelta(days=30), timedelta(days=180)
STRETCH = timedelta(days=15)
MOST_ENTRIES = 5_000
"""The farthest are left out above that: a phone that reads them forgets none of the near ones."""
ID_LENGTH = 12
SHOWN_PLACES = 10
SHORTEST = DurationMs(60_000)
"""A session whose length nobody set is shown that long; a calendar needs an end."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed on the list; `id` names it and does not open it."""

    id: str
    unit_id: str
    unit: str
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an address stands for now: `version` changes when its text would."""

    name: str
    planned: tuple[Planned, ...]
    zones: Mapping[str, str]
    """Names of the places of the unit, by id."""
    calendar: DayCalendar
    since: datetime
    until: datetime
    version: str


def make_feed(database: Database, unit: str, by: str, now: datetime) -> tuple[Feed, str]:
    """Make an address for a unit: (feed, token), the token to be shown once and kept nowhere.

    Raises `NotFound`, ControllerError (unclear_unit).
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with database.write() as session:
        unit_id = find_unit(session, unit)
        row = CalendarFeed(
            token_sha256=_digest(token), unit_id=unit_id, made_by=by, made_ms=to_ms(now)
        )
        session.add(row)
        _tell(session, row, "made", by, now)
        return _feed(row, session.get_one(tables.Unit, unit_id).name), token


def show_feeds(session: Session) -> list[Feed]:
    """Every feed that was ever made, newest first."""
    rows = session.exec(
        select(CalendarFeed, tables.Unit.name)
        .join(tables.Unit, col(tables.Unit.id) == col(CalendarFeed.unit_id))
        .order_by(col(CalendarFeed.made_ms).desc(), col(CalendarFeed.token_sha256))
    )
    return [_feed(row, name) for row, name in rows]


def revoke_feed(database: Database, feed_id: str, by: str, now: datetime) -> None:
    """Close an address for good; raises `NotFound`. Closing it twice is once."""
    with database.write() as session:
        rows = session.exec(
            select(CalendarFeed).where(
                col(CalendarFeed.token_sha256).startswith(feed_id, autoescape=True)
            )
        ).all()
        if len(feed_id) != ID_LENGTH or len(rows) != 1:
            raise NotFound("địa chỉ lịch", "calendar feed", feed_id[:80])
        if rows[0].revoked_ms is None:
            rows[0].revoked_ms = to_ms(now)
            session.add(rows[0])
            _tell(session, rows[0], "revoked", by, now)


def subscription(session: Session, token: str, rules: PlanRules, now: datetime) -> Subscription:
    """What stands behind an address today; raises `NotFound` for one that nobody made, or closed.

    Cheap: nothing is reckoned before `feed_text`.
    """
    row = session.get(CalendarFeed, _digest(token))
    if row is None or row.revoked_ms is not None:
        raise NotFound("địa chỉ lịch", "calendar feed", "…")
    day = today(rules, now)
    chain = chain_on(session, row.unit_id, day)
    calendar = places.calendar_of(session, chain.ids)
    below = set(zones_below(session, row.unit_id))
    named = session.exec(select(tables.Zone.id, tables.Zone.name).order_by(col(tables.Zone.id)))
    zones = {zone_id: name for zone_id, name in named if zone_id in below}
    planned = tuple(programmes.standing_in(session, zones))
    said = (
        VERSION,
        day.isoformat(),
        chain.path_name,
        repr(calendar),
        repr(zones),
        *(f"{p.programme.id}/{p.sequence}" for p in planned),
    )
    return Subscription(
        chain.path_name,
        planned,
        zones,
        calendar,
        midnight(rules, day) - BACK,
        midnight(rules, day) + AHEAD,
        hashlib.sha256("\n".join(said).encode()).hexdigest()[:32],
    )


def feed_text(found: Subscription) -> bytes:
    """The iCalendar text: each airing as an event of its own, under a UID that it keeps.

    Nothing of a programme airs before it was made.
    """
    entries: list[FeedEntry] = []
    since = found.since
    # A province's half year is never reckoned whole when only its first weeks are shown.
    while since < found.until and len(entries) < MOST_ENTRIES:
        until = min(since + STRETCH, found.until)
        stretch = (e for planned in found.planned for e in _entries(planned, found, since, until))
        entries += sorted(stretch, key=lambda entry: (entry.start_utc, entry.uid))
        since = until
    changed = max((to_utc(p.changed_ms) for p in found.planned), default=found.since)
    return write_feed(entries[:MOST_ENTRIES], f"Loa Làng: {found.name}", changed)


def _entries(
    planned: Planned, found: Subscription, since: datetime, until: datetime
) -> list[FeedEntry]:
    programme = planned.programme
    start = max(since, to_utc(planned.created_ms))
    heard = [found.zones[z] for z in programme.zone_ids if z in found.zones]
    more = f" (+{len(heard) - SHOWN_PLACES})" if len(heard) > SHOWN_PLACES else ""
    where = "; ".join(heard[:SHOWN_PLACES]) + more
    return [
        FeedEntry(
            uid=f"{each.recurrence_id:%Y%m%dT%H%M%S}-{planned.uid}",
            sequence=planned.sequence,
            start_utc=each.start_utc,
            end_utc=later(each.start_utc, each.duration_ms or SHORTEST),
            title=programme.title,
            description=where,
        )
        for each in occurrences(programme, start, max(start, until), found.calendar)
    ]


def _feed(row: CalendarFeed, unit: str) -> Feed:
    revoked = None if row.revoked_ms is None else to_utc(row.revoked_ms)
    return Feed(
        row.token_sha256[:ID_LENGTH], row.unit_id, unit, row.made_by, to_utc(row.made_ms), revoked
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _tell(session: Session, row: CalendarFeed, what: str, by: str, now: datetime) -> None:
    told: dict[str, object] = {"id": row.token_sha256[:ID_LENGTH], "what": what, "by": by}
    events.tell(session, "calendar_feed", told, to_ms(now))
