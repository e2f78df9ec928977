"""Which bulletins a rule takes for a session and in which order, from what was heard before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from schedules.shelf import Notice
from schedules.template import Order, PlayByRule
from schedules.types import BulletinId, UtcInstant, wall_clock


class Memory:
    """What a zone has heard and which bulletins wait, while its sessions pass in order of start.

    `aired` and `waiting` say what was before; a bulletin waits from the session that had no place
    for it until it is heard for the first time.
    """

    def __init__(
        self,
        aired: Mapping[BulletinId, Iterable[UtcInstant]],
        waiting: Iterable[BulletinId],
        zone: ZoneInfo,
    ) -> None:
        self._airings: Counter[BulletinId] = Counter()
        self._by_day: Counter[tuple[BulletinId, date]] = Counter()
        self._waiting: dict[BulletinId, int] = {}
        self._queued = 0
        for bulletin_id, instants in aired.items():
            for instant in instants:
                self.hear(bulletin_id, wall_clock(instant, zone).date())
        for bulletin_id in waiting:
            self.wait(bulletin_id)

    def hear(self, bulletin_id: BulletinId, day: date) -> None:
        """It aired in one more session of that local day."""
        self._airings[bulletin_id] += 1
        self._by_day[bulletin_id, day] += 1
        self._waiting.pop(bulletin_id, None)

    def wait(self, bulletin_id: BulletinId) -> None:
        """A session that asked for it had no place; who waits longer comes first."""
        if not self._airings[bulletin_id] and bulletin_id not in self._waiting:
            self._queued += 1
            self._waiting[bulletin_id] = self._queued

    def airings(self, bulletin_id: BulletinId) -> int:
        """In how many sessions it aired."""
        return self._airings[bulletin_id]

    def airings_on(self, bulletin_id: BulletinId, day: date) -> int:
        """In how many sessions of that local day it aired."""
        return self._by_day[bulletin_id, day]

    def place_in_queue(self, bulletin_id: BulletinId) -> int:
        """The smaller the longer it waits; the greatest for what does not wait."""
        return self._waiting.get(bulletin_id, self._queued + 1)


class Objection(StrEnum):
    """Why a rule does not take a bulletin."""

    NOT_YET_APPROVED = "not_yet_approved"
    EXPIRED = "expired"
    OTHER_TOPIC = "other_topic"
    TOO_OLD = "too_old"
    AIRED_ENOUGH = "aired_enough"
    AIRED_ENOUGH_TODAY = "aired_enough_today"


def objection(
    rule: PlayByRule, notice: Notice, start: datetime, day: date, memory: Memory
) -> Objection | None:
    """Why the rule does not take a bulletin for the session at `start` on local date `day`."""
    if notice.approved_at > start:
        return Objection.NOT_YET_APPROVED
    if notice.valid_until <= start:
        return Objection.EXPIRED
    if rule.topics and notice.topic not in rule.topics:
        return Objection.OTHER_TOPIC
    most_days, most, most_today = rule.max_age_days, rule.max_airings, rule.max_airings_a_day
    if most_days is not None and start - notice.approved_at > timedelta(days=most_days):
        return Objection.TOO_OLD
    if most is not None and memory.airings(notice.bulletin_id) >= most:
        return Objection.AIRED_ENOUGH
    if most_today is not None and memory.airings_on(notice.bulletin_id, day) >= most_today:
        return Objection.AIRED_ENOUGH_TODAY
    return None


def in_order(rule: PlayByRule, notices: Iterable[Notice], memory: Memory) -> list[Notice]:
    """Ưu tiên first, then what waits, then what was never heard; then the rest, by rule."""

    def place(notice: Notice) -> tuple[bool, int, int, float, BulletinId]:
        approved = notice.approved_at.timestamp()
        airings = memory.airings(notice.bulletin_id)
        if rule.order is not Order.LEAST_AIRED_FIRST:
            airings = min(airings, 1)
        return (
            not notice.priority,
            memory.place_in_queue(notice.bulletin_id),
            airings,
            approved if rule.order is Order.OLDEST_FIRST else -approved,
            notice.bulletin_id,
        )

    return sorted(notices, key=place)


def by_urgency(
    notices: Iterable[Notice], orders: Sequence[Sequence[BulletinId]]
) -> tuple[list[Notice], bool]:
    """Ưu tiên bulletins in the order in which they go first, and whether a person decided it all.

    The higher owner's come first, then the earlier approved. Each of `orders` puts those that it
    names into its own order, in the places that they have; a later one has the last word.
    """
    placed = sorted(notices, key=lambda n: (-n.height, n.approved_at, n.bulletin_id))
    decided = len(placed) < 2
    for order in orders:
        rank = {bulletin_id: place for place, bulletin_id in enumerate(order)}
        places = [i for i, notice in enumerate(placed) if notice.bulletin_id in rank]
        decided = decided or len(places) == len(placed)
        named = sorted((placed[i] for i in places), key=lambda n: rank[n.bulletin_id])
        for place, notice in zip(places, named, strict=True):
            placed[place] = notice
    return placed, decided
