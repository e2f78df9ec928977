"""What boxes were told and reported of an instant in the past."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from audio_library.bulletin import State
from controller.fleet.box_words import OUTCOMES, UNHEARD, because
from controller.operations.reasons import About, Reason, Subject, Verdict
from controller.storage import programmes, tables, zone_days
from controller.storage.instants import to_ms, to_utc
from controller.storage.schedule_tables import Alarm
from schedules.as_run import Heard, Outcome

NEAR_MS = 30 * 60_000
"""So far from the instant asked about a play may lie and still be meant."""

LONGEST_MS = 4 * 3_600_000
"""A play that began earlier than this is over."""

WARNED_MS = 90 * 60_000
"""Alarms of so long before a play are told with it."""

_CLOCKED_SERIAL = 1_000_000_000_000
"""Serials above it are milliseconds since 1970: when the plan was published."""


@dataclass(frozen=True, slots=True)
class Record:
    """One play that a box was told of, what became of that, and what the box reported."""

    planned: tables.PlannedPlay
    taken_back: tables.UnplannedPlay | None
    runs: tuple[tables.AsRun, ...]

    @property
    def verdict(self) -> Verdict:
        """What is known of it."""
        outcomes = {Outcome(run.outcome) for run in self.runs}
        if Outcome.PLAYED in outcomes:
            return Verdict.PLAYED
        if any(run.played_ms for run in self.runs):
            return Verdict.PARTLY
        if outcomes - {Outcome.UNKNOWN} or self.taken_back is not None:
            return Verdict.NOT_PLAYED
        return Verdict.UNKNOWN


def records_at(
    session: Session, cluster_ids: Collection[str], subject: Subject, at: datetime
) -> tuple[Record, ...]:
    """What the boxes that then stood at these clusters were told of that instant, by start.

    Of anything the play nearest to the instant, of a subject all its plays near it, a box each.
    """
    at_ms = to_ms(at)
    p = tables.PlannedPlay
    found: list[Record] = []
    for device_id in _boxes(session, cluster_ids, at_ms):
        query = select(p).where(
            col(p.device_id) == device_id,
            col(p.start_ms) > at_ms - LONGEST_MS,
            col(p.start_ms) <= at_ms + NEAR_MS,
        )
        mine = [
            row
            for row in session.exec(query.order_by(col(p.start_ms)))
            if subject.covers(row.programme_id, row.bulletin_id) and _away(row, at_ms) <= NEAR_MS
        ]
        if subject.about is About.ANYTHING:
            mine = sorted(mine, key=lambda row: _away(row, at_ms))[:1]
        found += [_record(session, row) for row in mine]
    return tuple(found)


def chain_of(session: Session, record: Record, zone: ZoneInfo) -> Iterator[Reason]:
    """The story of one play: planned, perhaps taken back, and how it went."""
    planned = record.planned
    yield _told(session, planned, zone)
    if record.taken_back is not None:
        yield _taken_back(session, planned, record.taken_back)
    yield from _alarms(session, planned)
    yield from (_run(session, run) for run in record.runs)
    if not record.runs and record.taken_back is None:
        yield _unreported(session, planned)


def unheard_then(
    session: Session, zone_id: str, subject: Subject, at: datetime, zone: ZoneInfo
) -> Iterator[Reason]:
    """What the plan that was sent for that day left out near that instant, while it is kept."""
    day = at.astimezone(zone).date()
    for plan in zone_days.load(session, zone_id, [day]).values():
        for each in plan.unheard:
            near = abs(each.session_ms - to_ms(at)) <= NEAR_MS
            if near and subject.covers(each.programme_id, each.bulletin_id):
                yield Reason(
                    each.code,
                    f"Theo lịch đã gửi, không phát “{each.title}”: {each.vi}",
                    f"By the plan that was sent, “{each.title}” does not air: {each.en}",
                    to_utc(each.session_ms),
                )


def _alarms(session: Session, planned: tables.PlannedPlay) -> Iterator[Reason]:
    """What was known to be lacking shortly before the play was due."""
    query = select(Alarm).where(
        col(Alarm.device_id) == planned.device_id,
        col(Alarm.raised_ms) > planned.start_ms - WARNED_MS,
        col(Alarm.raised_ms) <= planned.start_ms,
    )
    for alarm in session.exec(query.order_by(col(Alarm.raised_ms))):
        yield Reason(alarm.kind, alarm.vi, alarm.en, to_utc(alarm.raised_ms))


def _boxes(session: Session, cluster_ids: Collection[str], at_ms: int) -> list[str]:
    """Boxes that stood at one of the clusters at that instant."""
    i = tables.Installation
    query = select(i.device_id, i.until_ms).where(
        col(i.cluster_id).in_(cluster_ids), col(i.from_ms) <= at_ms
    )
    there = {did for did, until in session.exec(query) if until is None or until > at_ms}
    return sorted(there)


def _record(session: Session, planned: tables.PlannedPlay) -> Record:
    a = tables.AsRun
    runs = session.exec(
        select(a)
        .where(col(a.cue_id) == planned.cue_id, col(a.device_id) == planned.device_id)
        .order_by(col(a.received_ms), col(a.play))
    )
    gone = session.get(tables.UnplannedPlay, (planned.device_id, planned.cue_id))
    return Record(planned, gone, tuple(runs))


def _away(row: tables.PlannedPlay, at_ms: int) -> int:
    return max(row.start_ms - at_ms, at_ms - row.start_ms - row.duration_ms, 0)


def _told(session: Session, planned: tables.PlannedPlay, zone: ZoneInfo) -> Reason:
    wall = to_utc(planned.start_ms).astimezone(zone)
    what = f"“{planned.title}” ({planned.language})"
    vi, en = _by_whom(session, planned)
    return Reason(
        "planned",
        f"{planned.cluster_name}: {what} xếp phát lúc {wall:%H:%M:%S %d/%m/%Y}{vi}.",
        f"{planned.cluster_name}: {what} was planned for {wall:%H:%M:%S %d/%m/%Y}{en}.",
        to_utc(planned.serial) if planned.serial > _CLOCKED_SERIAL else None,
    )


def _by_whom(session: Session, planned: tables.PlannedPlay) -> tuple[str, str]:
    programme = programmes.find(session, planned.programme_id) if planned.programme_id else None
    if programme is not None:
        title = programme.programme.title
        return (
            f" trong chương trình “{title}” do {programme.changed_by} lập hoặc sửa gần nhất",
            f" in programme “{title}”, last made or changed by {programme.changed_by}",
        )
    command = session.get(tables.SentCommand, planned.cue_id)
    if command is not None:
        return f", {command.ordered_by} cho phát ngay", f", played at once by {command.ordered_by}"
    return "", ""


def _taken_back(
    session: Session, planned: tables.PlannedPlay, gone: tables.UnplannedPlay
) -> Reason:
    bulletin = session.get(tables.Bulletin, planned.bulletin_id) if planned.bulletin_id else None
    programme = programmes.find(session, planned.programme_id)
    vi, en = "lịch đã sửa", "the plan was changed"
    if bulletin is not None and bulletin.state == State.WITHDRAWN.value:
        vi = f"{bulletin.withdrawn_by} đã rút bản tin: {bulletin.withdrawn_why}"
        en = f"{bulletin.withdrawn_by} withdrew the bulletin: {bulletin.withdrawn_why}"
    elif programme is not None and programme.cancelled_ms is not None:
        vi = f"{programme.changed_by} đã huỷ chương trình"
        en = f"{programme.changed_by} cancelled the programme"
    return Reason(
        "taken_back",
        f"{planned.cluster_name}: đã bỏ khỏi lịch trước giờ phát: {vi}.",
        f"{planned.cluster_name}: it was taken off the plan before its time: {en}.",
        to_utc(gone.at_ms),
    )


def _run(session: Session, run: tables.AsRun) -> Reason:
    outcome = Outcome(run.outcome)
    vi, en = OUTCOMES[outcome]
    if run.reason:
        why = because(run.reason)
        vi, en = f"{vi}: {why[0]}", f"{en}: {why[1]}"
    if run.heard == Heard.NO:
        vi, en = f"{vi}, {UNHEARD[0]}", f"{en}, {UNHEARD[1]}"
    elif outcome is not Outcome.PLAYED and run.played_ms:
        vi += f", đã nghe được {run.played_ms / 1000:.0f} giây"
        en += f", {run.played_ms / 1000:.0f} s were heard"
    stronger = _stronger(session, run) if run.reason in ("preempted", "superseded") else None
    if stronger is not None:
        vi, en = f"{vi} (“{stronger.title}”)", f"{en} (“{stronger.title}”)"
    at = run.started_ms or run.ended_ms
    return Reason(
        outcome.value,
        f"{run.cluster_name}: máy báo {vi}.",
        f"{run.cluster_name}: the box reported: {en}.",
        to_utc(at) if at else to_utc(run.received_ms),
    )


def _stronger(session: Session, run: tables.AsRun) -> tables.AsRun | None:
    """What the same box began meanwhile."""
    a = tables.AsRun
    around = run.ended_ms or run.planned_ms
    query = select(a).where(
        col(a.device_id) == run.device_id,
        col(a.planned_ms) >= run.planned_ms - NEAR_MS,
        col(a.planned_ms) <= around + NEAR_MS,
        col(a.cue_id) != run.cue_id,
        col(a.started_ms).is_not(None),
    )
    rows: Sequence[tables.AsRun] = session.exec(query).all()
    return min(rows, key=lambda row: abs((row.started_ms or 0) - around), default=None)


def _unreported(session: Session, planned: tables.PlannedPlay) -> Reason:
    said = session.get(tables.ReportedState, planned.device_id)
    if said is None or (not said.online and said.seen_ms < planned.start_ms):
        return Reason(
            "not_reported",
            f"{planned.cluster_name}: máy mất liên lạc từ trước giờ phát, chưa rõ đã phát chưa.",
            f"{planned.cluster_name}: the box has been out of touch since before it was due; "
            "whether it played is not known.",
            to_utc(said.seen_ms) if said else None,
        )
    return Reason(
        "not_reported",
        f"{planned.cluster_name}: máy chưa báo gì về mục này.",
        f"{planned.cluster_name}: the box has said nothing about it yet.",
        to_utc(said.seen_ms),
    )
