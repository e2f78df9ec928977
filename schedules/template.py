"""The pattern of a session: which things air in which order, before anybody knows the bulletins."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from schedules.errors import BadDuration, NegativeLimit, TemplateTooLong
from schedules.types import BulletinId, CartId, DurationMs, RelayId

MAX_ITEMS = 200
"""Of a template, each bulletin that a person chose counted."""

_ONE_MINUTE = DurationMs(60_000)


class Order(StrEnum):
    """In which order bulletins of a rule air.

    In all of them ưu tiên ones come first, then those that an earlier session had no place for,
    then those that were never heard.
    """

    NEWEST_FIRST = "newest_first"
    OLDEST_FIRST = "oldest_first"
    LEAST_AIRED_FIRST = "least_aired_first"


@dataclass(frozen=True, slots=True)
class PlayCart:
    """A reusable clip (ident, chime, greeting, closing, jingle).

    Spoken in those of the zone's languages that it has, in the zone's order; wordless once.
    """

    cart: CartId
    gives_way: int = 0
    """The greatest is left out first when time is short; at 0 only what a session cannot hold."""
    kind: Literal["cart"] = "cart"


@dataclass(frozen=True, slots=True)
class PlayChosen:
    """Bulletins that a person chose, each in all of the zone's languages.

    They air in that order, but ưu tiên ones first in the session, in that order among each other.
    """

    bulletin_ids: tuple[BulletinId, ...]
    gives_way: int = 0
    kind: Literal["chosen"] = "chosen"


@dataclass(frozen=True, slots=True)
class PlayByRule:
    """Bulletins that fit a rule; none of the limits counts where it is None.

    `topics` () takes any. `max_age_days` counts from approval. `max_airings` and
    `max_airings_a_day` count sessions of the zone in which the bulletin aired. What is named by a
    person in the same template is left to that item.
    """

    topics: tuple[str, ...] = ()
    order: Order = Order.NEWEST_FIRST
    max_items: int | None = None
    max_ms: DurationMs | None = None
    max_age_days: int | None = None
    max_airings: int | None = None
    max_airings_a_day: int | None = None
    gives_way: int = 1
    kind: Literal["by_rule"] = "by_rule"

    def __post_init__(self) -> None:
        limits = (self.max_items, self.max_age_days, self.max_airings, self.max_airings_a_day)
        for limit in limits:
            if limit is not None and limit < 0:
                raise NegativeLimit(limit)
        _check_length(self.max_ms)


@dataclass(frozen=True, slots=True)
class PlayRelay:
    """Another station for `duration_ms`; `fallback` sounds while its stream is dead."""

    relay: RelayId
    duration_ms: DurationMs
    fallback: CartId
    gives_way: int = 2
    min_ms: DurationMs = _ONE_MINUTE
    """It may be shortened down to this when time is short."""
    kind: Literal["relay"] = "relay"

    def __post_init__(self) -> None:
        _check_length(self.duration_ms)
        _check_length(self.min_ms)


@dataclass(frozen=True, slots=True)
class PlayFiller:
    """Music of a collection for the time that is left; the last piece ends with it."""

    collection: CartId
    max_ms: DurationMs | None = None
    gives_way: int = 9
    kind: Literal["filler"] = "filler"

    def __post_init__(self) -> None:
        _check_length(self.max_ms)


Item = PlayCart | PlayChosen | PlayByRule | PlayRelay | PlayFiller


@dataclass(frozen=True, slots=True)
class Template:
    """Items in the order in which they air."""

    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        named = (len(i.bulletin_ids) if isinstance(i, PlayChosen) else 1 for i in self.items)
        if (items := sum(named)) > MAX_ITEMS:
            raise TemplateTooLong(items, MAX_ITEMS)

    @property
    def chosen(self) -> tuple[BulletinId, ...]:
        """Every bulletin that a person named, in order, each once."""
        named = (i.bulletin_ids for i in self.items if isinstance(i, PlayChosen))
        return tuple(dict.fromkeys(each for ids in named for each in ids))


def _check_length(ms: DurationMs | None) -> None:
    if ms is not None and ms <= 0:
        raise BadDuration(ms)


def chosen_alone(bulletin_ids: tuple[BulletinId, ...]) -> Template:
    """Nothing but these bulletins."""
    return Template((PlayChosen(bulletin_ids),))
