"""The gate before air: whoever plays within the hour and has not proved to be ready is told of."""

import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from controller.fleet.box_replay import Faults, Sent, replay_box
from controller.operations.alarms import Trouble, differs, settle
from controller.operations.zone_inputs import PlanRules
from controller.storage import tables
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.schedule_tables import BoxPage, ReadinessProof
from edge_agent.contract.manifest import Cue, DayPage
from edge_agent.contract.types import decode

NOT_READY = "not_ready"
AHEAD_MS = 3_600_000
PROVED_BEFORE_MS = 50 * 60_000
"""Boxes prove an hour before air, spread over five minutes: now there has been time for it."""

SETTLED_MS = 120_000
"""What a box was told later than this it may still be fetching: it proves once a minute."""

AFTER_MS = 600_000
MOST_TITLES = 3


@dataclass(frozen=True, slots=True)
class Due:
    """A play that a box was told to begin within the hour."""

    device_id: str
    cue_id: str
    serial: int
    cluster_id: str
    place: str
    title: str
    asset_sha256: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class Proven:
    """What a box last proved."""

    desired: int
    until_ms: int
    held: frozenset[str]

    def covers(self, due: Due) -> bool:
        """It speaks of this play."""
        return self.desired >= due.serial and self.until_ms > due.start_ms


def air_gate(database: Database, rules: PlanRules, now: datetime) -> int:
    """Raise and clear alarms for all that is due within the hour; gives how many boxes are not
    ready. Writes only when something changed."""
    with database.read() as session:
        troubles = not_ready(session, ZoneInfo(rules.time_zone), to_ms(now))
        changed = differs(session, NOT_READY, troubles)
    if changed:
        with database.write() as session:
            settle(session, NOT_READY, troubles, to_ms(now))
    return len(troubles)


def not_ready(session: Session, zone: ZoneInfo, now_ms: int) -> dict[str, Trouble]:
    """What is wrong, by box, with what begins within the hour."""
    due = _due(session, now_ms)
    proofs = _proofs(session, due)
    online = _online(session, due)
    troubles = {}
    for device_id, plays in due.items():
        proof = proofs.get(device_id)
        missing = [p for p in plays if proof and proof.covers(p) and _lacks(proof, p)]
        unproved = [p for p in plays if proof is None or not proof.covers(p)]
        if missing:
            troubles[device_id] = _lacking(missing, _heard_instead(session, missing, proof), zone)
        elif unproved and device_id not in online:
            troubles[device_id] = _out_of_touch(unproved, zone)
        elif unproved and unproved[0].start_ms - now_ms <= PROVED_BEFORE_MS:
            troubles[device_id] = _unproved(unproved, zone)
    return troubles


def _lacks(proof: Proven, due: Due) -> bool:
    return due.asset_sha256 not in proof.held


def _due(session: Session, now_ms: int) -> dict[str, list[Due]]:
    """Standing plays of the coming hour by box, in order of start, but for those of just now."""
    p = tables.PlannedPlay
    gone = tables.UnplannedPlay
    taken_back = (
        sa.select(col(gone.cue_id))
        .where(col(gone.device_id) == col(p.device_id), col(gone.cue_id) == col(p.cue_id))
        .exists()
    )
    query = (
        select(p)
        .where(
            col(p.start_ms) > now_ms,
            col(p.start_ms) <= now_ms + AHEAD_MS,
            # A serial is the instant at which it was given out, or later.
            col(p.serial) <= now_ms - SETTLED_MS,
            col(p.programme_id) != "",
            ~taken_back,
        )
        .order_by(col(p.start_ms), col(p.cue_id))
    )
    found: dict[str, list[Due]] = {}
    for row in session.exec(query):
        place = f"{row.village} ({row.cluster_name})" if row.village else row.cluster_name
        due = Due(
            row.device_id,
            row.cue_id,
            row.serial,
            row.cluster_id,
            place,
            row.title,
            row.asset_sha256,
            row.start_ms,
        )
        found.setdefault(row.device_id, []).append(due)
    return found


def _proofs(session: Session, devices: Iterable[str]) -> dict[str, Proven]:
    query = select(ReadinessProof).where(col(ReadinessProof.device_id).in_(list(devices)))
    return {
        row.device_id: Proven(row.desired, row.until_ms, frozenset(row.held))
        for row in session.exec(query)
    }


def _online(session: Session, devices: Iterable[str]) -> frozenset[str]:
    said = tables.ReportedState
    query = select(said.device_id).where(
        col(said.device_id).in_(list(devices)), col(said.online).is_(True)
    )
    return frozenset(session.exec(query))


def _heard_instead(
    session: Session, missing: Sequence[Due], proof: Proven | None
) -> Mapping[str, str]:
    """Why something sounds in the place of each missing cue, by the box's own decision; a cue
    that stays silent is not named."""
    held = proof.held if proof else frozenset()
    cues = _told(session, missing[0].device_id, missing)
    sounds = {a.sha256 for c in cues for a in (c.asset, c.fallback) if a is not None}
    if not cues:
        return {}
    heard = replay_box(
        (Sent(cue, 0) for cue in cues),
        min(cue.start for cue in cues) - AFTER_MS,
        max(cue.latest_end for cue in cues) + AFTER_MS,
        Faults(never_held=frozenset(sounds - held)),
    )
    return {h.cue.id: h.reason for h in heard if h.sounded_ms}


def _told(session: Session, device_id: str, missing: Sequence[Due]) -> list[Cue]:
    """The missing cues as the box was told them, from the packed pages of their days."""
    wanted = {due.cue_id for due in missing}
    # A start in UTC is within a day of its local date.
    days = {
        (to_utc(due.start_ms) + timedelta(days=n)).date().isoformat()
        for due in missing
        for n in (-1, 0, 1)
    }
    query = (
        select(tables.Page.body)
        .join(BoxPage, col(BoxPage.page_sha256) == col(tables.Page.sha256))
        .where(BoxPage.device_id == device_id, col(BoxPage.local_date).in_(days))
    )
    pages = (decode(gzip.decompress(body), DayPage) for body in session.exec(query))
    return sorted(
        (cue for page in pages for cue in page.cues if cue.id in wanted),
        key=lambda cue: (cue.start, cue.id),
    )


def _lacking(missing: Sequence[Due], instead: Mapping[str, str], zone: ZoneInfo) -> Trouble:
    silent = [due for due in missing if due.cue_id not in instead]
    relayed = [due for due in missing if instead.get(due.cue_id, "").startswith("relay")]
    vi, en = _head(missing, zone)
    titles_vi, titles_en = _titles(missing)
    if not silent and len(relayed) == len(missing):
        after = (
            "tiếp sóng vẫn phát, nhưng nguồn tắt thì im lặng",
            "the relay sounds all the same, but if its stream dies there is silence",
        )
    elif not silent:
        after = ("âm thanh dự phòng sẽ phát thay", "the declared fallback will sound instead")
    elif len(silent) == len(missing):
        after = (
            "chưa có âm thanh dự phòng nên sẽ im lặng",
            "there is no fallback: there will be silence",
        )
    else:
        names_vi, names_en = _titles(silent)
        after = (
            f"phần còn lại phát âm thanh dự phòng, im lặng ở {names_vi}",
            f"the fallback sounds for the rest, silence for {names_en}",
        )
    return _trouble(
        missing[0],
        f"{vi}: máy chưa có tiếng của {titles_vi}; {after[0]}. "
        "Hãy xem đường truyền của máy; tải kịp giờ thì báo động tự hết.",
        f"{en}: the box lacks the audio of {titles_en}; {after[1]}. "
        "Look at the box's connection; if the audio arrives in time the alarm ends by itself.",
    )


def _out_of_touch(unproved: Sequence[Due], zone: ZoneInfo) -> Trouble:
    vi, en = _head(unproved, zone)
    return _trouble(
        unproved[0],
        f"{vi}: máy đang mất liên lạc và chưa chứng minh có đủ tiếng; máy sẽ phát những gì đang "
        "giữ. Hãy xem điện và mạng của máy.",
        f"{en}: the box is out of touch and has not proved to hold the audio; it will play what "
        "it holds. Look at its power and its network.",
    )


def _unproved(unproved: Sequence[Due], zone: ZoneInfo) -> Trouble:
    vi, en = _head(unproved, zone)
    return _trouble(
        unproved[0],
        f"{vi}: máy có liên lạc nhưng chưa chứng minh có đủ lịch và tiếng. Hãy xem đồng hồ và "
        "phiên bản của máy, rồi khởi động lại nếu cần.",
        f"{en}: the box is in touch but has not proved to hold the plan and its audio. Look at "
        "its clock and its version, and restart it if need be.",
    )


def _trouble(due: Due, vi: str, en: str) -> Trouble:
    return Trouble(vi, en, due.device_id, due.cluster_id)


def _head(plays: Sequence[Due], zone: ZoneInfo) -> tuple[str, str]:
    wall = to_utc(plays[0].start_ms).astimezone(zone)
    return (
        f"{plays[0].place}, buổi phát {wall:%H:%M %d/%m}",
        f"{plays[0].place}, session of {wall:%H:%M %d/%m}",
    )


def _titles(plays: Sequence[Due]) -> tuple[str, str]:
    """The first titles, each once, and how many more."""
    titles = list(dict.fromkeys(due.title for due in plays))
    named = ", ".join(f"“{title}”" for title in titles[:MOST_TITLES])
    more = len(titles) - MOST_TITLES
    if more <= 0:
        return named, named
    return f"{named} và {more} mục nữa", f"{named} and {more} more"
