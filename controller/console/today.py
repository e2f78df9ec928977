"""What the page shows of now and later: loudspeakers, plans, bulletins."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlmodel import Session, col, select

from audio_library.bulletin import Bulletin, State
from controller.console.words import STATUS_LOOKS, Look
from controller.fleet.status import Status
from controller.operations.find_bulletins import find_bulletins
from controller.operations.find_village import Village
from controller.operations.place_calendar import coming_airing
from controller.operations.show_fleet import ClusterNow, Next, clusters_now
from controller.operations.show_programmes import show_programmes
from controller.operations.zone_inputs import PlanRules
from controller.storage import bulletins, tables
from controller.storage.programmes import Planned
from schedules.programme import Programme
from schedules.types import UtcInstant

MANY_CLUSTERS = 12
"""Above this number the list of clusters is folded."""
REPORTED_WITHIN_MS = 5_000
"""So long after its end a play that has begun is taken to be on air still."""

FILLS: Mapping[Status, str] = MappingProxyType(
    {
        Status.ON_AIR: "k-luc",
        Status.READY: "k-luc2",
        Status.LATE: "k-nghe",
        Status.NO_BOX: "k-nghe",
        Status.OUT_OF_TOUCH: "k-mat",
    }
)
NEED_A_LOOK = (Status.LATE, Status.OUT_OF_TOUCH, Status.NO_BOX)


@dataclass(frozen=True, slots=True)
class Share:
    """Clusters in one state, as a piece of the counted bar."""

    look: Look
    number: int
    before: int
    fill: str


@dataclass(frozen=True, slots=True)
class Airing:
    """One title on air; `began_ms` is what the earliest box says, ms UTC."""

    title: str
    clusters: int
    began_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """Every cluster now, and what it adds up to."""

    clusters: tuple[ClusterNow, ...]
    shares: tuple[Share, ...]
    airing: tuple[Airing, ...]
    next: Next | None
    troubled: tuple[ClusterNow, ...]

    @property
    def folded(self) -> bool:
        """Too many to show each at once."""
        return len(self.clusters) > MANY_CLUSTERS


@dataclass(frozen=True, slots=True)
class Coming:
    """A programme that is still to air."""

    planned: Planned
    at: UtcInstant
    villages: tuple[Village, ...]
    obstacle: str
    """Why nothing of it will air as things stand, for people; empty when something will."""


@dataclass(frozen=True, slots=True)
class Line:
    """A bulletin in the list: when it airs next, and whether it ever was aired."""

    bulletin: Bulletin
    airs: UtcInstant | None
    aired: bool
    expired: bool

    @property
    def waits(self) -> bool:
        """Somebody has to do something before it can air."""
        if self.expired:
            return False
        match self.bulletin.state:
            case State.SUBMITTED:
                return True
            case State.APPROVED:
                return self.airs is None and not self.aired
            case State.DRAFT:
                return self.bulletin.sent_back is not None
            case State.WITHDRAWN:
                return False


def fleet(session: Session, now: datetime) -> Fleet:
    """Every cluster as it is now."""
    clusters = tuple(clusters_now(session, now))
    counted = Counter(c.status for c in clusters)
    shares: list[Share] = []
    for status, look in STATUS_LOOKS.items():
        if counted[status]:
            before = sum(s.number for s in shares)
            shares.append(Share(look, counted[status], before, FILLS.get(status, "k-xam")))
    upcoming = [c.next for c in clusters if c.next and c.status is not Status.ON_AIR]
    soonest = min(upcoming, key=lambda n: n.start_ms, default=None)
    troubled = tuple(c for c in clusters if c.status in NEED_A_LOOK)
    return Fleet(clusters, tuple(shares), _airing(clusters), soonest, troubled)


def began_ms(cluster: ClusterNow) -> int:
    """When the play that a cluster reports began, ms UTC."""
    return (cluster.seen_ms or 0) - (cluster.position_ms or 0)


def coming(
    session: Session, known: Sequence[Village], rules: PlanRules, now: datetime
) -> tuple[Coming, ...]:
    """Programmes that air again, soonest first, with what stands in the way."""
    shown = show_programmes(session, rules, now)
    starts = {
        s.planned.programme.id: (s, at)
        for s in shown
        if (at := _next_start(session, s.planned.programme, now)) is not None
    }
    wanted = {b for s, _ in starts.values() for b in s.planned.bulletin_ids}
    aired = {b.id: b for b in bulletins.load_many(session, wanted)}
    found = []
    for scheduled, at in starts.values():
        planned = scheduled.planned
        zones = set(planned.programme.zone_ids)
        heard = tuple(v for v in known if zones.intersection(v.zone_ids))
        obstacles = [_obstacle(aired[b], at) for b in planned.bulletin_ids]
        obstacle = obstacles[0] if obstacles and all(obstacles) else ""
        if not obstacle and not scheduled.airs and scheduled.refusals:
            obstacle = scheduled.refusals[0].vi
        found.append(Coming(planned, at, heard, obstacle))
    return tuple(sorted(found, key=lambda c: c.at))


def lines(
    session: Session, plans: Sequence[Coming], now: datetime, sought: str = ""
) -> tuple[Line, ...]:
    """The latest bulletins, newest first; of those in which the words sought stand."""
    airs: dict[str, UtcInstant] = {}
    for plan in plans:
        for bulletin_id in () if plan.obstacle else plan.planned.bulletin_ids:
            airs.setdefault(bulletin_id, plan.at)
    latest = find_bulletins(session, sought)
    query = select(tables.AsRun.bulletin_id).where(
        col(tables.AsRun.bulletin_id).in_([b.id for b in latest])
    )
    aired = set(session.exec(query.distinct()))
    return tuple(Line(b, airs.get(b.id), b.id in aired, b.valid_until <= now) for b in latest)


def usual_office(session: Session, author: str) -> str:
    """The unit of the last bulletin that this person wrote; empty: of the topmost, or none yet."""
    query = (
        select(tables.Bulletin.unit_id)
        .where(tables.Bulletin.author == author)
        .order_by(col(tables.Bulletin.created_ms).desc())
        .limit(1)
    )
    return session.exec(query).first() or ""


def _airing(clusters: Sequence[ClusterNow]) -> tuple[Airing, ...]:
    by_title: dict[str, list[ClusterNow]] = {}
    for cluster in clusters:
        if cluster.status is Status.ON_AIR:
            by_title.setdefault(cluster.on_air_title or "", []).append(cluster)
    found = []
    for title, same in by_title.items():
        first = min(same, key=began_ms)
        found.append(Airing(title, len(same), began_ms(first), first.duration_ms or 0))
    return tuple(found)


def _obstacle(bulletin: Bulletin, at: UtcInstant) -> str:
    if bulletin.state is State.WITHDRAWN:
        return "tin đã rút"
    if bulletin.state is not State.APPROVED:
        return "tin chưa được duyệt lại"
    return "" if bulletin.airable(at) else "tin hết giá trị trước giờ này"


def _next_start(session: Session, programme: Programme, now: datetime) -> UtcInstant | None:
    airing = coming_airing(session, programme, now)
    return airing.start_utc if airing else None
