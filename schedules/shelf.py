"""Everything that one zone could air, as planning is given it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schedules.rundown import Material
from schedules.types import BulletinId, CartId, LanguageTag, RelayId, UnitId, UtcInstant

WORDLESS = LanguageTag("zxx")
"""ISO 639-2 for what holds no words."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An approved bulletin with its materials, one or more a language.

    `priority` is ưu tiên. `height` counts how far its owner stands above the zone's unit: 0 the
    village's or commune's own, more for province and centre.
    """

    bulletin_id: BulletinId
    title: str
    topic: str
    priority: bool
    height: int
    owner: UnitId | None
    approved_at: UtcInstant
    valid_until: UtcInstant
    materials: tuple[Material, ...]

    @property
    def is_from_above(self) -> bool:
        """Ưu tiên of those above: it enters every programme below, once."""
        return self.priority and self.height > 0


@dataclass(frozen=True, slots=True)
class Relay:
    """Another station's stream; `why_unproved` is an administrator's exception, "" for https."""

    relay_id: RelayId
    name: str
    url: str
    why_unproved: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A cart has a material a language or wordless ones (`zxx`); a collection is a cart of many."""

    notices: tuple[Notice, ...] = ()
    carts: Mapping[CartId, tuple[Material, ...]] = field(default_factory=dict)
    relays: Mapping[RelayId, Relay] = field(default_factory=dict)
