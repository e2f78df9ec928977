"""A programme as a person wants it, before it is checked and kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from audio_library.bulletin import State
from controller.errors import ControllerError
from controller.operations.submit_bulletin import check_title
from controller.storage import bulletins, tables
from controller.storage.schedule_tables import RelaySource
from schedules.precedence import Enter, Leave, Rank
from schedules.programme import Programme
from schedules.recurrence import checked_rule
from schedules.template import PlayRelay, Template
from schedules.timing import Timing
from schedules.types import BulletinId, CartId, DurationMs, ProgrammeId, ZoneId

RANKS = (Rank.PROGRAMME, Rank.PRIORITY, Rank.RELAY, Rank.FILLER)
"""Ranks that an officer may give; live and emergency ones belong to orders, not to programmes."""
LONGEST_MS = 86_400_000
MOST_ZONES, MOST_ITEMS, MOST_RULES, MOST_DATES = 20_000, 50, 10, 2_000


@dataclass(frozen=True, slots=True)
class Draft:
    """As `Programme`; `title` "" is that of its first chosen bulletin, `quiet_ok` "" no reason."""

    zone_ids: tuple[str, ...]
    timing: Timing
    template: Template
    title: str = ""
    duration_ms: int | None = None
    rank: Rank = Rank.PROGRAMME
    quiet_ok: str = ""
    enter: Enter | None = None
    leave: Leave | None = None
    fallback: str = ""


def draft_of(programme: Programme) -> Draft:
    """What would have to be wanted for that programme."""
    return Draft(
        zone_ids=programme.zone_ids,
        timing=programme.timing,
        template=programme.template,
        title=programme.title,
        duration_ms=programme.duration_ms,
        rank=programme.rank,
        quiet_ok=programme.quiet_ok or "",
        enter=programme.enter,
        leave=programme.leave,
        fallback=programme.fallback or "",
    )


def check_draft(
    session: Session, draft: Draft, programme_id: str, was: Programme | None = None
) -> Programme:
    """The programme that is wanted, under that id, in the place of `was`.

    Raises ControllerError (unknown_zone, not_approved, unknown_relay, no_title, programme_empty,
    programme_too_large, rank_not_given, bad_session_length), NotFound for a bulletin,
    ScheduleError for a rule.
    """
    _check_size(draft)
    _check_zones(session, draft.zone_ids)
    _check_relays(session, draft.template)
    first_title = _check_bulletins(session, draft.template.chosen, was)
    title = check_title(draft.title) or first_title
    if not title:
        raise ControllerError(
            "no_title",
            "Chương trình chưa có tên. Hãy đặt tên; chưa lưu gì.",
            "The programme has no title. Give it one; nothing was kept.",
        )
    return Programme(
        id=ProgrammeId(programme_id),
        title=title,
        zone_ids=tuple(sorted(ZoneId(z) for z in set(draft.zone_ids))),
        timing=replace(draft.timing, rules=tuple(checked_rule(r) for r in draft.timing.rules)),
        template=draft.template,
        duration_ms=None if draft.duration_ms is None else DurationMs(draft.duration_ms),
        rank=draft.rank,
        quiet_ok=check_title(draft.quiet_ok) or None,
        enter=draft.enter,
        leave=draft.leave,
        fallback=CartId(draft.fallback) if draft.fallback else None,
    )


def _check_size(draft: Draft) -> None:
    timing = draft.timing
    if not draft.template.items:
        raise ControllerError(
            "programme_empty",
            "Chương trình chưa có mục nào để phát. Hãy chọn bản tin, tiếp sóng hay nhạc.",
            "The programme has nothing to air. Choose bulletins, a relay or music.",
        )
    for count, most in (
        (len(draft.zone_ids), MOST_ZONES),
        (len(draft.template.items), MOST_ITEMS),
        (len(timing.rules) + len(timing.excluded_rules) + len(timing.lunar), MOST_RULES),
        (len(timing.seasons), MOST_RULES),
        (len(timing.dates) + len(timing.excluded) + len(timing.changes), MOST_DATES),
    ):
        if count > most:
            raise ControllerError(
                "programme_too_large",
                f"Chương trình có {count} mục một loại, nhiều nhất là {most}. Hãy chia thành "
                "nhiều chương trình; chưa lưu gì.",
                f"The programme has {count} of one thing, {most} at most. Make several "
                "programmes of it; nothing was kept.",
            )
    if draft.rank not in RANKS:
        raise ControllerError(
            "rank_not_given",
            "Lịch phát không đặt được mức khẩn cấp hay trực tiếp; hãy dùng lệnh phát ngay.",
            "A programme cannot be an emergency or live; give an order to play now instead.",
        )
    if draft.duration_ms is not None and not 0 < draft.duration_ms <= LONGEST_MS:
        raise ControllerError(
            "bad_session_length",
            "Một buổi phát dài từ 1 giây đến 24 giờ. Hãy sửa thời lượng; chưa lưu gì.",
            "A session takes from one second to 24 hours. Correct its length; nothing was kept.",
        )


def _check_zones(session: Session, zone_ids: Sequence[str]) -> None:
    known: set[str] = set()
    for start in range(0, len(zone_ids), 500):
        some = zone_ids[start : start + 500]
        known.update(session.exec(select(tables.Zone.id).where(col(tables.Zone.id).in_(some))))
    strangers = [z[:80] for z in zone_ids if z not in known]
    if strangers or not zone_ids:
        listed = ", ".join(strangers[:8]) or "—"
        raise ControllerError(
            "unknown_zone",
            f"Chưa chọn nơi phát, hoặc không có nơi này: {listed}.",
            f"No place was chosen, or there is none such: {listed}.",
        )


def _check_relays(session: Session, template: Template) -> None:
    for item in template.items:
        if not isinstance(item, PlayRelay):
            continue
        known = session.get(RelaySource, item.relay)
        if known is None or known.removed_ms is not None:
            raise ControllerError(
                "unknown_relay",
                f"Không có nguồn tiếp sóng “{item.relay[:80]}”. Hãy thêm nguồn trước; chưa lưu gì.",
                f"There is no relay “{item.relay[:80]}”. Add the source first; nothing was kept.",
            )


def _check_bulletins(session: Session, chosen: Sequence[BulletinId], was: Programme | None) -> str:
    """Title of the first one. What was chosen before may have been withdrawn since."""
    kept = set(was.template.chosen) if was else set()
    found = [bulletins.load(session, b) for b in chosen]
    waiting = [b.title for b in found if b.state is not State.APPROVED and b.id not in kept]
    if waiting:
        raise ControllerError(
            "not_approved",
            f"Bản tin chưa được duyệt: {'; '.join(waiting)}. Hãy duyệt rồi xếp lịch.",
            f"Not approved yet: {'; '.join(waiting)}. Approve first, then schedule.",
        )
    return found[0].title if found else ""
