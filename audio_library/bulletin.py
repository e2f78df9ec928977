"""One message with a script per language, that someone must approve before it is aired."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from audio_library.errors import BadBulletin, NaiveTime
from audio_library.script import Script

DEFAULT_LIFE = timedelta(days=7)


class Kind(StrEnum):
    """The three kinds of bulletin of a commune station; `title_vi` is what a person reads."""

    NORMAL = "thuong"
    PRIORITY = "uu_tien"
    EMERGENCY = "khan_cap"

    @property
    def title_vi(self) -> str:
        return {"thuong": "thông thường", "uu_tien": "ưu tiên", "khan_cap": "khẩn cấp"}[self.value]


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"

    @property
    def title_vi(self) -> str:
        return {
            "draft": "nháp",
            "submitted": "chờ duyệt",
            "approved": "đã duyệt",
            "withdrawn": "đã rút",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Pin:
    """What was approved in one language: the script by its hash, the spoken form word for word."""

    language: str
    script_sha256: str
    spoken: str
    wording_version: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Who said why, and when: the reason of a withdrawal or of a return to the editor."""

    by: str
    why: str
    at: datetime

    def __post_init__(self) -> None:
        refuse_naive("at", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """A value: every change makes a new one (see `audio_library.approval`)."""

    id: str
    title: str
    kind: Kind
    topic: str
    scripts: tuple[Script, ...]
    author: str
    created_at: datetime
    valid_until: datetime
    state: State = State.DRAFT
    editors: tuple[str, ...] = ()
    """All whose words came in since the last approval, besides the author."""
    pins: tuple[Pin, ...] = ()
    approved_by: str | None = None
    approved_at: datetime | None = None
    supersedes: str | None = None
    unit: str | None = None
    """Id of the unit whose bulletin it is, and whose lexicon and dialect read it."""
    sent_back: Remark | None = None
    withdrawn: Remark | None = None

    def __post_init__(self) -> None:
        refuse_naive("created_at", self.created_at)
        refuse_naive("valid_until", self.valid_until)
        if self.approved_at is not None:
            refuse_naive("approved_at", self.approved_at)
        _refuse_unfit(self)

    @property
    def last_writer(self) -> str:
        """Whose words these are: the last editor's, or the author's."""
        return self.editors[-1] if self.editors else self.author

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(script.language for script in self.scripts)

    def script(self, language: str) -> Script | None:
        return next((s for s in self.scripts if s.language == language), None)

    def pin(self, language: str) -> Pin | None:
        return next((p for p in self.pins if p.language == language), None)

    def airable(self, at: datetime) -> bool:
        """Approved, not withdrawn and still valid at that instant."""
        return self.state is State.APPROVED and at < self.valid_until


def new_bulletin(
    *,
    id: str,
    title: str,
    kind: Kind,
    topic: str,
    scripts: Iterable[Script],
    author: str,
    at: datetime,
    valid_until: datetime | None = None,
    supersedes: str | None = None,
    unit: str | None = None,
) -> Bulletin:
    """A draft, valid for seven days unless told otherwise."""
    return Bulletin(
        id=id,
        title=title,
        kind=kind,
        topic=topic,
        scripts=tuple(scripts),
        author=author,
        created_at=at,
        valid_until=at + DEFAULT_LIFE if valid_until is None else valid_until,
        supersedes=supersedes,
        unit=unit,
    )


def refuse_naive(field: str, value: datetime) -> None:
    """Raise NaiveTime unless the datetime knows its offset from UTC."""
    if value.utcoffset() is None:
        raise NaiveTime(field, value)


def _refuse_unfit(bulletin: Bulletin) -> None:
    if not bulletin.title.strip():
        raise BadBulletin("Bản tin chưa có tiêu đề.", "The bulletin has no title.")
    if not bulletin.scripts:
        raise BadBulletin(
            "Bản tin chưa có nội dung bằng tiếng nào.",
            "The bulletin has no script in any language.",
        )
    if len(set(bulletin.languages)) != len(bulletin.scripts):
        raise BadBulletin(
            "Bản tin có hai bản chữ cho cùng một tiếng.",
            "The bulletin has two scripts for one language.",
        )
    if bulletin.valid_until <= bulletin.created_at:
        raise BadBulletin(
            "Thời hạn của bản tin phải sau lúc soạn.",
            "The bulletin must be valid until after it was written.",
        )
    if bulletin.supersedes == bulletin.id:
        raise BadBulletin(
            "Bản tin không thể thay thế chính nó.", "A bulletin cannot supersede itself."
        )
