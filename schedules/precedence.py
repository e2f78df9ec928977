"""Who interrupts whom, and how each rank enters and leaves the air."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Rank(IntEnum):
    """The greater interrupts the smaller."""

    FILLER = 10
    PROGRAMME = 20
    RELAY = 30
    PRIORITY = 40
    LIVE = 50
    EMERGENCY_RECORDED = 60
    EMERGENCY_LIVE = 70

    @property
    def is_emergency(self) -> bool:
        return self >= Rank.EMERGENCY_RECORDED


class Enter(StrEnum):
    """What a cue does to a weaker one that is on air when its time comes."""

    CUT = "cut"
    AFTER_ITEM = "after_item"
    DUCK = "duck"


class Leave(StrEnum):
    """What becomes of a cue that a stronger one has interrupted."""

    RESUME = "resume"
    RESTART = "restart"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Rules:
    enter: Enter
    leave: Leave


# A sentence half heard is not heard, so speech starts again; a stream is joined where it is now.
_DEFAULT_RULES: Mapping[Rank, Rules] = MappingProxyType(
    {
        Rank.EMERGENCY_LIVE: Rules(Enter.CUT, Leave.RESTART),
        Rank.EMERGENCY_RECORDED: Rules(Enter.CUT, Leave.RESTART),
        Rank.LIVE: Rules(Enter.CUT, Leave.RESTART),
        Rank.PRIORITY: Rules(Enter.AFTER_ITEM, Leave.RESTART),
        Rank.RELAY: Rules(Enter.AFTER_ITEM, Leave.RESUME),
        Rank.PROGRAMME: Rules(Enter.AFTER_ITEM, Leave.RESTART),
        Rank.FILLER: Rules(Enter.AFTER_ITEM, Leave.DROP),
    }
)


def default_rules(rank: Rank) -> Rules:
    """How cues of that rank enter and leave unless a person decides otherwise."""
    return _DEFAULT_RULES[rank]
