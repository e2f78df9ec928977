"""The life of a recording as a table: brought, heard by a second person, released to the air."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from audio_library.bulletin import Remark, refuse_naive
from audio_library.languages import language
from audio_library.recording.errors import (
    MustUnderstand,
    RefusalReasonMissing,
    SecondListener,
    VouchingNotAllowed,
    WrongTakeTransition,
)
from audio_library.recording.measured import Measured
from audio_library.recording.reader import Reader
from audio_library.rendition import spoken_sha256


class TakeState(StrEnum):
    BROUGHT = "brought"
    HEARD = "heard"
    RELEASED = "released"
    REFUSED = "refused"

    @property
    def title_vi(self) -> str:
        return {
            "brought": "chờ người thứ hai nghe",
            "heard": "đã nghe, chờ cho phát",
            "released": "được phát",
            "refused": "bị loại",
        }[self.value]

    @property
    def title_en(self) -> str:
        return {
            "brought": "waiting for a second listener",
            "heard": "heard, waiting for release",
            "released": "released to the air",
            "refused": "refused",
        }[self.value]


class TakeAction(StrEnum):
    HEAR = "hear"
    VOUCH = "vouch for"
    RELEASE = "release"
    TAKE_BACK = "take back"
    REFUSE = "refuse"

    @property
    def title_vi(self) -> str:
        return {
            "hear": "ghi là đã nghe",
            "vouch for": "bảo đảm",
            "release": "cho phát",
            "take back": "ngừng phát",
            "refuse": "loại",
        }[self.value]


@dataclass(frozen=True, slots=True)
class TakeTransition:
    action: TakeAction
    source: TakeState
    target: TakeState


TRANSITIONS = (
    TakeTransition(TakeAction.HEAR, TakeState.BROUGHT, TakeState.HEARD),
    TakeTransition(TakeAction.VOUCH, TakeState.BROUGHT, TakeState.HEARD),
    TakeTransition(TakeAction.RELEASE, TakeState.HEARD, TakeState.RELEASED),
    TakeTransition(TakeAction.TAKE_BACK, TakeState.RELEASED, TakeState.HEARD),
    TakeTransition(TakeAction.REFUSE, TakeState.BROUGHT, TakeState.REFUSED),
    TakeTransition(TakeAction.REFUSE, TakeState.HEARD, TakeState.REFUSED),
    TakeTransition(TakeAction.REFUSE, TakeState.RELEASED, TakeState.REFUSED),
)


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did it, and when."""

    by: str
    at: datetime

    def __post_init__(self) -> None:
        refuse_naive("at", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One recording of one text: good for exactly the words whose hash it carries."""

    id: str
    language: str
    spoken_sha256: str
    words: str
    reader_id: str
    original_name: str
    sound_sha256: str
    """Of the trimmed FLAC in the store of recordings."""
    measured: Measured
    brought: Deed
    bulletin_id: str | None = None
    phrase: str | None = None
    state: TakeState = TakeState.BROUGHT
    heard: Deed | None = None
    vouched: bool = False
    """Heard by nobody else: the reader's own word stands, where the commune allows it."""
    released: Deed | None = None
    taken_back: Remark | None = None
    refused: Remark | None = None

    @property
    def duration_ms(self) -> int:
        return self.measured.duration_ms

    def reads(self, words: str | None) -> bool:
        """Is it of exactly these words; of any others it is outdated, and recorded again."""
        return words is not None and spoken_sha256(self.language, words) == self.spoken_sha256


def target(action: TakeAction, source: TakeState) -> TakeState:
    """Where the action leads from there; raises WrongTakeTransition if the table has no row."""
    for row in TRANSITIONS:
        if row.action is action and row.source is source:
            return row.target
    raise WrongTakeTransition(action.value, action.title_vi, source.value, source.title_vi)


def hear(take: Take, reader: Reader, by: str, at: datetime, *, understands: bool) -> Take:
    """A second person has heard it: neither who read nor who brought it, and able to judge it.

    Raises SecondListener, MustUnderstand.
    """
    state = target(TakeAction.HEAR, take.state)
    if by == take.brought.by or reader.is_person(by):
        raise SecondListener(by)
    if not understands:
        names = language(take.language)
        raise MustUnderstand(names.name_vi, names.name_en)
    return replace(take, state=state, heard=Deed(by, at), vouched=False)


def vouch(take: Take, by: str, at: datetime, *, allowed: bool) -> Take:
    """In a tiny office the reader's word stands for the second listener's, and is on record."""
    state = target(TakeAction.VOUCH, take.state)
    if not allowed:
        raise VouchingNotAllowed
    return replace(take, state=state, heard=Deed(by, at), vouched=True)


def release(take: Take, by: str, at: datetime) -> Take:
    state = target(TakeAction.RELEASE, take.state)
    return replace(take, state=state, released=Deed(by, at), taken_back=None)


def take_back(take: Take, by: str, why: str, at: datetime) -> Take:
    """Undo a release: it may be released again."""
    state = target(TakeAction.TAKE_BACK, take.state)
    _require_reason(TakeAction.TAKE_BACK, why)
    return replace(take, state=state, released=None, taken_back=Remark(by, why.strip(), at))


def refuse(take: Take, by: str, why: str, at: datetime) -> Take:
    """For good; whoever records again is told why."""
    state = target(TakeAction.REFUSE, take.state)
    _require_reason(TakeAction.REFUSE, why)
    return replace(take, state=state, refused=Remark(by, why.strip(), at))


def diagram() -> str:
    """The table as a mermaid state diagram."""
    rows = [f"    {row.source} --> {row.target}: {row.action}" for row in TRANSITIONS]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {TakeState.BROUGHT}", *rows, ""])


def _require_reason(action: TakeAction, why: str) -> None:
    if not why.strip():
        raise RefusalReasonMissing(action.value, action.title_vi)
