"""A programme: a recurring slot with a purpose, for zones."""

from dataclasses import dataclass

from schedules.errors import BadDuration, EmptyReason, NoZone
from schedules.precedence import Enter, Leave, Rank, Rules, default_rules
from schedules.template import Template
from schedules.timing import Timing
from schedules.types import CartId, DurationMs, ProgrammeId, ZoneId


@dataclass(frozen=True, slots=True)
class Programme:
    """What airs in `zone_ids` at `timing`.

    `duration_ms` is the session's length, in which it ends; None: as long as its items.
    `quiet_ok` is the reason for which an operator lets it break the airtime law.
    `enter` and `leave` of None are those of its rank. `fallback` sounds where an item of it is
    not on the box when its time comes; None: silence.
    """

    id: ProgrammeId
    title: str
    zone_ids: tuple[ZoneId, ...]
    timing: Timing
    template: Template
    duration_ms: DurationMs | None = None
    rank: Rank = Rank.PROGRAMME
    quiet_ok: str | None = None
    enter: Enter | None = None
    leave: Leave | None = None
    fallback: CartId | None = None

    def __post_init__(self) -> None:
        if not self.zone_ids:
            raise NoZone(self.title)
        if self.duration_ms is not None and self.duration_ms <= 0:
            raise BadDuration(self.duration_ms)
        if self.quiet_ok is not None and not self.quiet_ok.strip():
            raise EmptyReason

    @property
    def is_excused(self) -> bool:
        """It may break the airtime law: an emergency, or a person gave a reason."""
        return self.rank.is_emergency or self.quiet_ok is not None

    @property
    def rules(self) -> Rules:
        """How its cues enter and leave the air."""
        usual = default_rules(self.rank)
        return Rules(self.enter or usual.enter, self.leave or usual.leave)
