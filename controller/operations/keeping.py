"""How long each kind of thing is kept: by default, or as an office chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from controller.errors import ControllerError, NotFound
from controller.storage import events
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.library_tables import KeepingRule, Purge

LONGEST_DAYS = 36_500


class Kind(StrEnum):
    """Kinds of things that are kept."""

    AUDIO = "audio"
    RECORDINGS = "recordings"
    PLAYBACK_LOG = "playback_log"
    QUARANTINED_EVENTS = "quarantined_events"
    DRAFTS = "drafts"
    WORK_ITEMS = "work_items"
    NEWS = "news"
    STRAY_FILES = "stray_files"
    APPROVALS = "approvals"
    EMERGENCIES = "emergencies"

    @property
    def keepable(self) -> "Keepable":
        """What is known of the kind."""
        return next(of for of in KEEPABLES if of.kind is self)


@dataclass(frozen=True, slots=True)
class Keepable:
    """`days` by default, None: never deleted by itself; `least` None: no period can be set."""

    kind: Kind
    vi: str
    en: str
    days: int | None
    least: int | None


KEEPABLES = (
    Keepable(
        Kind.AUDIO,
        "tệp âm thanh, kể từ lần cuối được phát hay cần đến",
        "audio files, since they were last aired or wanted",
        365,
        30,
    ),
    Keepable(
        Kind.RECORDINGS,
        "bản thu giọng người mà không bản tin hay câu mẫu nào còn cần",
        "recordings of readers that no bulletin and no phrase wants any more",
        None,
        30,
    ),
    Keepable(Kind.PLAYBACK_LOG, "nhật ký phát", "playback log", 730, 30),
    Keepable(
        Kind.QUARANTINED_EVENTS,
        "báo cáo hỏng của hộp loa",
        "reports of boxes that could not be read",
        365,
        7,
    ),
    Keepable(
        Kind.DRAFTS,
        "bản nháp chưa từng được duyệt, kể từ khi hết hạn",
        "drafts that were never approved, since they expired",
        180,
        7,
    ),
    Keepable(Kind.WORK_ITEMS, "việc chạy nền đã xong", "finished background work", 30, 1),
    Keepable(Kind.NEWS, "tin báo cho màn hình", "news for screens", 2, 1),
    Keepable(
        Kind.STRAY_FILES, "tệp lạc trong kho âm thanh", "stray files in the audio store", 1, None
    ),
    Keepable(
        Kind.APPROVALS,
        "bản tin đã duyệt và ai duyệt",
        "approved bulletins and who approved",
        None,
        None,
    ),
    Keepable(Kind.EMERGENCIES, "mọi hồ sơ khẩn cấp", "all records of emergencies", None, None),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a kind now; `set_by` None: the default."""

    of: Keepable
    days: int | None
    set_by: str | None = None
    set_at: datetime | None = None

    @property
    def why(self) -> str:
        """The rule in one line, as the record of a deletion names it."""
        return f"{self.of.kind}: {self.days} days, {self.set_by or 'default'}"


def keeping_rules(session: Session) -> tuple[Rule, ...]:
    """One rule for every kind."""
    chosen = {row.kind: row for row in session.exec(select(KeepingRule))}
    return tuple(_rule(of, chosen.get(of.kind.value)) for of in KEEPABLES)


def set_keeping(database: Database, kind: str, days: int | None, by: str, now: datetime) -> Rule:
    """Choose the period of a kind; None: never deleted by itself.

    Raises NotFound, and `ControllerError` for what has no period and for a period out of bounds.
    """
    of = next((k for k in KEEPABLES if k.kind.value == kind), None)
    if of is None:
        raise NotFound("loại", "kind of thing", kind[:80])
    if of.least is None:
        raise _no_period(of)
    if days is not None and not of.least <= days <= LONGEST_DAYS:
        raise _out_of_bounds(of.least)
    row = KeepingRule(kind=kind, days=days, set_by=by, set_ms=to_ms(now))
    with database.write() as session:
        session.merge(row)
        events.tell(session, "keeping", {"kind": kind}, to_ms(now))
    return _rule(of, row)


def purges(session: Session, *, limit: int, before: int | None = None) -> Sequence[Purge]:
    """Deletions on record, newest first, only those with a smaller id than `before`."""
    query = select(Purge).order_by(col(Purge.id).desc()).limit(limit)
    if before is not None:
        query = query.where(col(Purge.id) < before)
    return session.exec(query).all()


def _rule(of: Keepable, chosen: KeepingRule | None) -> Rule:
    if chosen is None:
        return Rule(of, of.days)
    return Rule(of, chosen.days, chosen.set_by, to_utc(chosen.set_ms))


def _no_period(of: Keepable) -> ControllerError:
    return ControllerError(
        "kept_for_ever",
        f"Không đặt được thời hạn cho loại này ({of.vi}): máy không bao giờ tự xoá hồ sơ duyệt "
        "và hồ sơ khẩn cấp, còn tệp lạc chỉ giữ một ngày. Không có gì thay đổi.",
        f"No period can be set for this kind ({of.en}): approvals and emergencies are never "
        "deleted by themselves, and stray files stay one day. Nothing was changed.",
    )


def _out_of_bounds(least: int) -> ControllerError:
    return ControllerError(
        "period_out_of_bounds",
        f"Thời hạn phải từ {least} đến {LONGEST_DAYS} ngày. Thời hạn cũ vẫn giữ.",
        f"The period must be {least} to {LONGEST_DAYS} days. The old one still holds.",
    )
