"""Villages as the page offers them: by commune, with the languages that they hear."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlmodel import Session, col, select

from audio_library.writing.sort_key import vietnamese_sort_key
from controller.operations.find_village import Village, fold, villages
from controller.storage import places, tables
from schedules.airtime import DEFAULT_AIRTIME_LAW, AirtimeLaw
from schedules.area import Level

SOONEST = timedelta(minutes=10)
"""Planning, fetching and checking the audio should be over by then."""
STEP = timedelta(minutes=5)
LOOK_AHEAD = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Place:
    """A village and the languages it hears, in air order; none when it has no loudspeaker."""

    village: Village
    languages: tuple[str, ...]

    @property
    def folded(self) -> str:
        """Its name for looking up: no accents, lower case."""
        return fold(self.village.path)


@dataclass(frozen=True, slots=True)
class Office:
    """A unit whose bulletins these may be; `id` is empty where there is no unit at all."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Places:
    """Every village, by commune."""

    station: str
    offices: tuple[Office, ...]
    """The only commune; or all of them, after what stands above."""
    by_commune: Mapping[str, Sequence[Place]]
    law: AirtimeLaw

    @property
    def villages(self) -> list[Village]:
        """All of them."""
        return [p.village for group in self.by_commune.values() for p in group]

    @property
    def heard(self) -> Mapping[str, int]:
        """How many villages hear each language, most first."""
        counted = Counter(
            t for group in self.by_commune.values() for p in group for t in p.languages
        )
        return dict(counted.most_common())


def read_places(session: Session) -> Places:
    """All villages, and the airtime law of the first zone (each zone's own decides at planning)."""
    zones = places.zones(session)
    known = [
        Place(v, tuple(dict.fromkeys(t for z in v.zone_ids for t in zones[z].languages)))
        for v in villages(session)
    ]
    by_commune = {
        commune: tuple(group) for commune, group in groupby(known, key=lambda p: p.village.commune)
    }
    return Places(_station(session), offices(session), by_commune, _law(session))


def offices(session: Session) -> tuple[Office, ...]:
    """Whose bulletins there may be: the only commune, else the topmost unit and every commune."""
    standing = select(tables.Unit).where(col(tables.Unit.valid_until).is_(None))
    communes = session.exec(standing.where(tables.Unit.level == Level.COMMUNE.value)).all()
    named = sorted(
        (Office(unit.id, unit.name) for unit in communes),
        key=lambda office: vietnamese_sort_key(office.name),
    )
    if len(named) == 1:
        return tuple(named)
    tops = session.exec(standing.where(col(tables.Unit.parent_id).is_(None))).all()
    above = Office(tops[0].id, tops[0].name) if len(tops) == 1 else Office("", "Mọi nơi")
    return (above, *named)


def sensible_start(law: AirtimeLaw, wall: datetime) -> datetime:
    """The next wall time, in whole five minutes, that the law's windows allow."""
    soonest = _rounded_up(wall + SOONEST)
    if not law.windows or any(w.closing(soonest) for w in law.windows):
        return soonest
    return min(w.opening(soonest, soonest + LOOK_AHEAD) for w in law.windows)


def _rounded_up(wall: datetime) -> datetime:
    whole = wall.replace(minute=wall.minute // 5 * 5, second=0, microsecond=0)
    return whole if whole == wall else whole + STEP


def _station(session: Session) -> str:
    communes = select(tables.Unit.name).where(tables.Unit.level == Level.COMMUNE.value)
    tops = select(tables.Unit.name).where(col(tables.Unit.parent_id).is_(None))
    for query in (communes, tops):
        names = session.exec(query).all()
        if len(names) == 1:
            return names[0]
    return "Mọi làng"


def _law(session: Session) -> AirtimeLaw:
    zone = session.exec(select(tables.Zone).order_by(col(tables.Zone.id)).limit(1)).first()
    if zone is None:
        return DEFAULT_AIRTIME_LAW
    return places.law_for(zone.unit_id, places.area_tree(session), places.laws(session))
