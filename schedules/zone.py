"""A zone: the clusters that hear the same thing, by date, and the order of their languages."""

from dataclasses import dataclass
from datetime import date

from schedules.errors import BadLanguageOrder, NonexistentWindow
from schedules.types import ClusterId, LanguageTag, ZoneId, time_zone


@dataclass(frozen=True, slots=True)
class Membership:
    """A cluster belongs to a zone from `valid_from` up to but not on `valid_until`."""

    cluster_id: ClusterId
    valid_from: date
    valid_until: date | None = None

    def __post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise NonexistentWindow(self.valid_from, self.valid_until)

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


@dataclass(frozen=True, slots=True)
class Zone:
    """A place that hears together: `time_zone` is an IANA name, `languages` are in air order."""

    id: ZoneId
    name: str
    time_zone: str
    clusters: tuple[Membership, ...]
    languages: tuple[LanguageTag, ...]

    def __post_init__(self) -> None:
        time_zone(self.time_zone)
        if not self.languages or len(set(self.languages)) != len(self.languages):
            raise BadLanguageOrder(self.name)

    def clusters_at(self, day: date) -> tuple[ClusterId, ...]:
        """The clusters of that day, each once, in the order given."""
        return tuple(dict.fromkeys(m.cluster_id for m in self.clusters if m.valid_on(day)))
