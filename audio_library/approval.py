"""The life of a bulletin as a table; approval pins what was read and heard, any edit unpins it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from audio_library.bulletin import Bulletin, Pin, Remark, State, refuse_naive
from audio_library.errors import (
    BulletinExpired,
    FourEyes,
    ReadingMissing,
    ReasonMissing,
    WrongTransition,
)
from audio_library.script import Script
from audio_library.wording.spoken_form import VERSION


class Action(StrEnum):
    SUBMIT = "submit"
    APPROVE = "approve"
    SEND_BACK = "send back"
    EDIT = "edit"
    WITHDRAW = "withdraw"

    @property
    def title_vi(self) -> str:
        return {
            "submit": "gửi duyệt",
            "approve": "duyệt",
            "send back": "trả lại",
            "edit": "sửa",
            "withdraw": "rút",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Transition:
    action: Action
    source: State
    target: State


TRANSITIONS = (
    Transition(Action.EDIT, State.DRAFT, State.DRAFT),
    Transition(Action.SUBMIT, State.DRAFT, State.SUBMITTED),
    Transition(Action.WITHDRAW, State.DRAFT, State.WITHDRAWN),
    Transition(Action.APPROVE, State.SUBMITTED, State.APPROVED),
    Transition(Action.SEND_BACK, State.SUBMITTED, State.DRAFT),
    Transition(Action.EDIT, State.SUBMITTED, State.DRAFT),
    Transition(Action.WITHDRAW, State.SUBMITTED, State.WITHDRAWN),
    Transition(Action.EDIT, State.APPROVED, State.DRAFT),
    Transition(Action.WITHDRAW, State.APPROVED, State.WITHDRAWN),
)


def target(action: Action, source: State) -> State:
    """Where the action leads from there; raises WrongTransition if the table has no such row."""
    for row in TRANSITIONS:
        if row.action is action and row.source is source:
            return row.target
    raise WrongTransition(action.value, action.title_vi, source.value, source.title_vi)


def submit(bulletin: Bulletin) -> Bulletin:
    return replace(bulletin, state=target(Action.SUBMIT, bulletin.state))


def approve(
    bulletin: Bulletin,
    by: str,
    at: datetime,
    spoken: Mapping[str, str],
    *,
    four_eyes: bool,
    wording: str = VERSION,
) -> Bulletin:
    """Pin every script and the spoken form (by language) that the approver saw.

    `wording` is the wording version that made the spoken forms.

    Raises FourEyes where the rule holds and `by` wrote the words, ReadingMissing, BulletinExpired.
    """
    state = target(Action.APPROVE, bulletin.state)
    refuse_naive("at", at)
    if four_eyes and by in {bulletin.author, *bulletin.editors}:
        raise FourEyes(by)
    if at >= bulletin.valid_until:
        raise BulletinExpired(bulletin.valid_until)
    pins = tuple(_pin(script, spoken, wording) for script in bulletin.scripts)
    return replace(bulletin, state=state, pins=pins, approved_by=by, approved_at=at, sent_back=None)


def send_back(bulletin: Bulletin, by: str, why: str, at: datetime) -> Bulletin:
    """Return it to its editor; the reason stays with the draft until it is approved."""
    state = target(Action.SEND_BACK, bulletin.state)
    _require_reason(Action.SEND_BACK, why)
    return replace(bulletin, state=state, sent_back=Remark(by, why, at))


def edit(
    bulletin: Bulletin,
    by: str,
    scripts: Iterable[Script],
    *,
    title: str | None = None,
    valid_until: datetime | None = None,
    unit: str | None = None,
) -> Bulletin:
    """New words: a draft again, whatever was approved before is no longer."""
    # Words of before an approval were read by another pair of eyes.
    earlier = () if bulletin.state is State.APPROVED else bulletin.editors
    return replace(
        bulletin,
        state=target(Action.EDIT, bulletin.state),
        editors=(*(name for name in earlier if name != by), by),
        scripts=tuple(scripts),
        title=bulletin.title if title is None else title,
        valid_until=bulletin.valid_until if valid_until is None else valid_until,
        unit=bulletin.unit if unit is None else unit,
        pins=(),
        approved_by=None,
        approved_at=None,
    )


def withdraw(bulletin: Bulletin, by: str, why: str, at: datetime) -> Bulletin:
    """Take it off air for good; what had been approved stays on record."""
    state = target(Action.WITHDRAW, bulletin.state)
    _require_reason(Action.WITHDRAW, why)
    return replace(bulletin, state=state, withdrawn=Remark(by, why, at))


def reading_changed(bulletin: Bulletin, now_spoken: Mapping[str, str]) -> tuple[str, ...]:
    """Languages whose spoken form today differs from the approved one; alters nothing."""
    return tuple(
        pin.language
        for pin in bulletin.pins
        if pin.language in now_spoken and now_spoken[pin.language] != pin.spoken
    )


def diagram() -> str:
    """The table as a mermaid state diagram."""
    rows = [f"    {row.source} --> {row.target}: {row.action}" for row in TRANSITIONS]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.DRAFT}", *rows, ""])


def _pin(script: Script, spoken: Mapping[str, str], wording: str) -> Pin:
    words = spoken.get(script.language, "")
    if not words.strip():
        raise ReadingMissing(script.language)
    return Pin(script.language, script.sha256, words, wording)


def _require_reason(action: Action, why: str) -> None:
    if not why.strip():
        raise ReasonMissing(action.value, action.title_vi)
