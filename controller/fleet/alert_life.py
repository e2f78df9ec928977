"""The life of an alert as a table. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from controller.errors import ControllerError


class State(StrEnum):
    """Where an alert is in its life."""

    ACTIVE = "active"
    UPDATED = "updated"
    """Still active, in a later version."""
    ENDED = "ended"
    EXPIRED = "expired"

    @property
    def over(self) -> bool:
        return self in (State.ENDED, State.EXPIRED)

    @property
    def title_vi(self) -> str:
        return {
            "active": "đang hiệu lực",
            "updated": "đã cập nhật",
            "ended": "đã kết thúc",
            "expired": "đã hết hạn",
        }[self.value]


STANDING = tuple(state.value for state in State if not state.over)


class Action(StrEnum):
    """What happens to an alert; all but `expire` are a person's doing."""

    RAISE = "raise"
    UPDATE = "update"
    END = "end"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Transition:
    """`source` None: there was no alert before."""

    action: Action
    source: State | None
    target: State


TRANSITIONS = (
    Transition(Action.RAISE, None, State.ACTIVE),
    Transition(Action.UPDATE, State.ACTIVE, State.UPDATED),
    Transition(Action.UPDATE, State.UPDATED, State.UPDATED),
    Transition(Action.END, State.ACTIVE, State.ENDED),
    Transition(Action.END, State.UPDATED, State.ENDED),
    Transition(Action.EXPIRE, State.ACTIVE, State.EXPIRED),
    Transition(Action.EXPIRE, State.UPDATED, State.EXPIRED),
)


class AlertOver(ControllerError):
    """Nothing can be done any more to an alert that ended or expired."""

    def __init__(self, state: State) -> None:
        super().__init__(
            "alert_over",
            f"Báo động này {state.title_vi}. Không có gì thay đổi; "
            "nếu nguy hiểm vẫn còn, hãy phát báo động mới.",
            f"This alert is {state.value}. Nothing was changed; "
            "if the danger is still there, raise a new one.",
        )


def repeats_s(repeat_s: int, issued_ms: int, expires_ms: int) -> int:
    """Seconds between two rounds; 0 where only one begins before the alert is over."""
    return repeat_s if repeat_s * 1_000 < expires_ms - issued_ms else 0


def target(action: Action, source: State | None) -> State:
    """Where the action leads from there; raises `AlertOver` if the table has no such row."""
    for row in TRANSITIONS:
        if row.action is action and row.source is source:
            return row.target
    raise AlertOver(source or State.ENDED)


def diagram() -> str:
    """The table as a mermaid state diagram."""
    rows = [f"    {row.source or '[*]'} --> {row.target}: {row.action}" for row in TRANSITIONS]
    return "\n".join(["stateDiagram-v2", *rows, ""])
