"""What boxes wrote on a stick becomes record exactly as if it had come over the wire."""

import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlmodel import Session, col, select

from controller.errors import ControllerError
from controller.fleet.authority import Authority
from controller.operations.enrol_device import device_keys
from controller.operations.read_reports import SealedReport, read_reports
from controller.operations.record_playback import Received, record_playback
from controller.storage import places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from edge_agent.contract import stick as layout
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.trust import Kind, public_from_text
from edge_agent.contract.types import MAX_PAYLOAD_BYTES

MOST_BYTES = 256 * 2**20
"""Of an uploaded bundle: only its reports are read, and a year of one box is 10 MB."""

MOST_MEMBERS = 200_000
"""A list of millions of them would fill the memory before the first is looked at."""

MOST_UNPACKED_BYTES = 4 * MOST_BYTES
REPORTS_AT_ONCE = 50
LISTED = 50

_LISTED_MEMBER = b"PK\x01\x02"
_CHUNK = 2**20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
)
"""What reading a ZIP raises for bytes that nobody wrote so."""

_MEMBER = re.compile(rf"(?:^|/){layout.BACK}/([a-z0-9]{{12}})/([^/]+)\Z")

Words = tuple[str, str]
_UNREADABLE = ("tệp hỏng hoặc quá lớn", "the file is damaged or too large")
_STRANGER = ("không phải hộp của bộ điều khiển này", "no box of this controller")
_UNTRUSTED = ("chữ ký hoặc nội dung không đúng", "its signature or content is wrong")


class BundleTooLarge(ControllerError):
    """More was sent than a stick's reports ever are."""

    def __init__(self) -> None:
        most = f"{MOST_BYTES // 2**20} MiB"
        super().__init__(
            "bundle_too_large",
            f"Gói gửi lên lớn quá {most}. Chưa nhận gì; hãy chỉ nén thư mục loalang/back.",
            f"The bundle is over {most}. Nothing was taken; pack the folder loalang/back alone.",
        )


@dataclass(frozen=True, slots=True)
class Passed:
    """A report that was not taken, and why."""

    file: str
    why: Words


@dataclass(slots=True)
class BoxTaken:
    """What came of one box; `upto` is the last recorded event of each spool of the stick.

    `receipts` say so to the box, sealed.
    """

    device_id: str
    place: str = ""
    reports: int = 0
    new: int = 0
    doubled: int = 0
    quarantined: int = 0
    refused: list[Passed] = field(default_factory=list)
    upto: dict[str, int] = field(default_factory=dict)
    receipts: tuple[bytes, ...] = ()


def take_bundle(
    database: Database, authority: Authority, file: Path, now: datetime
) -> tuple[BoxTaken, ...]:
    """Record every report in the folder `back` of a ZIP; gives what came of each box.

    Nothing is counted twice, however often it comes. Raises `ControllerError` if `file` is no ZIP,
    `BundleTooLarge`.
    """
    if _members(file) > MOST_MEMBERS:
        raise BundleTooLarge
    with database.read() as session:
        keys = {did: public_from_text(key) for did, key in device_keys(session).items()}
        spots = places.spots(session, places.area_tree(session), to_ms(now))
    taken: dict[str, BoxTaken] = {}
    with _opened(file) as packed:
        waiting = iter(_reports(packed))
        while batch := list(islice(waiting, REPORTS_AT_ONCE)):
            received: list[Received] = []
            for device_id, member in batch:
                spot = spots.get(device_id)
                box = taken.setdefault(
                    device_id, BoxTaken(device_id, spot.cluster_name if spot else "")
                )
                box.reports += 1
                payload = _read(packed, member)
                if payload is None:
                    box.refused.append(Passed(member.filename, _UNREADABLE))
                elif device_id not in keys:
                    box.refused.append(Passed(member.filename, _STRANGER))
                elif read := read_reports([SealedReport(device_id, keys[device_id], payload)]):
                    received += read
                else:
                    box.refused.append(Passed(member.filename, _UNTRUSTED))
            _record(database, received, taken, now)
    for box in taken.values():
        acks = [ReportAck(*mark) for mark in list(box.upto.items())[-layout.MAX_RECEIPTS :]]
        box.receipts = tuple(authority.sign(ack, Kind.ACK) for ack in acks)
    return tuple(taken[device_id] for device_id in sorted(taken))


def _members(file: Path) -> int:
    """How many members a ZIP may list, counted without believing what it says of itself."""
    count, tail = 0, b""
    with file.open("rb") as data:
        while chunk := data.read(_CHUNK):
            count += (tail + chunk).count(_LISTED_MEMBER)
            tail = chunk[-len(_LISTED_MEMBER) + 1 :]
    return count


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _DAMAGE as e:
        raise ControllerError(
            "not_a_bundle",
            "Tệp gửi lên không phải gói ZIP đọc được. Chưa nhận gì; "
            "hãy nén lại thư mục loalang của USB rồi gửi.",
            "What was sent is no ZIP that can be read. Nothing was taken; "
            "pack the folder loalang of the stick again and send it.",
        ) from e


def _reports(packed: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """The members that are reports, by box; nothing else is looked at. Raises `BundleTooLarge`."""
    found = []
    for member in packed.infolist():
        at = _MEMBER.search(member.filename)
        if at is not None and layout.parse_report(at[2]) is not None:
            found.append((at[1], member))
    if sum(min(member.file_size, MAX_PAYLOAD_BYTES) for _, member in found) > MOST_UNPACKED_BYTES:
        raise BundleTooLarge
    return found


def _read(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a member, as many as a report may have; None if it lies or is damaged."""
    if member.file_size > MAX_PAYLOAD_BYTES:
        return None
    try:
        with packed.open(member) as content:
            data = content.read(MAX_PAYLOAD_BYTES + 1)
    except _DAMAGE:
        return None
    return data if len(data) <= MAX_PAYLOAD_BYTES else None


def _record(
    database: Database,
    received: list[Received],
    taken: dict[str, BoxTaken],
    now: datetime,
) -> None:
    """Commit some reports, and count what of them was new."""
    if not received:
        return
    with database.read() as session:
        known = {
            (report.device_id, report.spool, seq)
            for report in received
            for seq in _known(session, report)
        }
    for report in received:
        box = taken[report.device_id]
        good = {(report.device_id, report.spool, event.seq) for event in report.events}
        bad = {(report.device_id, report.spool, event.seq) for event in report.bad}
        box.new += len(good - known)
        box.doubled += len(good & known)
        box.quarantined += len(bad - known)
        known |= good | bad
    for receipt in record_playback(database, received, now):
        taken[receipt.device_id].upto[receipt.spool] = receipt.upto


def _known(session: Session, report: Received) -> set[int]:
    """Those of the numbers of a report that are in the database."""
    seqs = [event.seq for event in report.events] + [event.seq for event in report.bad]
    found: set[int] = set()
    for table in (tables.PlaybackEvent, tables.QuarantinedEvent):
        query = select(table.seq).where(
            col(table.device_id) == report.device_id,
            col(table.spool) == report.spool,
            col(table.seq).in_(seqs),
        )
        found |= set(session.exec(query))
    return found
