"""What the form of a programme offers, and what is known of one that stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlmodel import Session, col, select

from audio_library.bulletin import State
from audio_library.cart import Figure, Spoken
from controller.console.places_heard import Places
from controller.console.words import WallClock
from controller.operations.carts import show_carts
from controller.operations.find_bulletins import find_bulletins
from controller.operations.find_village import Village
from controller.operations.place_calendar import calendar_of
from controller.operations.relays import show_relays
from controller.operations.show_occurrences import Shown, What, show_occurrences
from controller.storage import bulletins, programmes, tables
from controller.storage.programmes import Planned
from controller.storage.schedule_tables import ProgrammeChange
from schedules.holidays import DEFAULT_CALENDAR
from schedules.programme import Programme

AIRINGS = 5
LOOK_AHEAD = (timedelta(days=15), timedelta(days=70), timedelta(days=400))
"""Nearer stretches first: most programmes air five times within a fortnight."""

CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "created": "lập",
        "changed": "sửa",
        "cancelled": "huỷ",
        "imported": "nhập từ tệp",
        "moved": "dời một buổi",
        "occurrence cancelled": "bỏ một buổi",
        "occurrence restored": "phát lại một buổi đã bỏ",
        "ended": "cho kết thúc",
    }
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may be ticked or chosen."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Offers:
    """All that the form offers; `carts` are names of clips that somebody has."""

    bulletins: tuple[Offer, ...]
    topics: tuple[str, ...]
    seasons: tuple[str, ...]
    relays: tuple[Offer, ...]
    music: tuple[str, ...]
    carts: frozenset[str]


def offers(
    session: Session, now: datetime, chosen: Sequence[str], seasons: Sequence[str]
) -> Offers:
    """What may be chosen now; `chosen` bulletins and `seasons` stay on offer."""
    approved = [
        b for b in find_bulletins(session, "") if b.state is State.APPROVED and b.valid_until > now
    ]
    known = {b.id for b in approved}
    old = [b for b in bulletins.load_many(session, set(chosen)) if b.id not in known]
    topics = select(tables.Bulletin.topic).where(
        tables.Bulletin.state == State.APPROVED.value, col(tables.Bulletin.topic) != ""
    )
    names = {shown.cart.name for shown in show_carts(session)}
    own = {each.value for each in (*Figure, *Spoken)}
    usual = [season.name for season in DEFAULT_CALENDAR.seasons]
    return Offers(
        tuple(Offer(b.id, b.title) for b in (*old, *approved)),
        tuple(sorted(session.exec(topics.distinct()))),
        tuple(dict.fromkeys((*usual, *seasons))),
        tuple(Offer(relay.id, relay.name) for relay in show_relays(session)),
        tuple(sorted(names - own)),
        frozenset(names),
    )


def villages_of(places: Places, programme: Programme) -> tuple[Village, ...]:
    """Villages that hear it."""
    zones = set(programme.zone_ids)
    return tuple(v for v in places.villages if zones.intersection(v.zone_ids))


def coming_airings(session: Session, programme: Programme, now: datetime) -> tuple[Shown, ...]:
    """The next airings, with those among them that a person moved or cancelled.

    Raises ScheduleError.
    """
    calendar = calendar_of(session, programme.zone_ids, now.date())
    found: tuple[Shown, ...] = ()
    for ahead in LOOK_AHEAD:
        found = show_occurrences(programme, now, now + ahead, calendar)
        airing = [each for each in found if each.what is not What.CANCELLED]
        if len(airing) >= AIRINGS:
            last = airing[AIRINGS - 1].start_utc
            return tuple(each for each in found if each.start_utc <= last)
    return found


def over(session: Session, coming: Sequence[str]) -> tuple[Planned, ...]:
    """Standing programmes that are not among those still to air, newest first."""
    gone = [p for p in programmes.standing(session).values() if p.programme.id not in coming]
    return tuple(reversed(gone))


def change_words(change: ProgrammeChange, t: WallClock) -> str:
    """Cô Lan sửa 17:05 hôm nay."""
    what = change.what
    if what.startswith("restored"):
        what = "lấy lại bản trước"
    return f"{change.by} {CHANGES.get(what, what)} {t.moment(change.at_ms)}"
