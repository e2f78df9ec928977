"""Orders to one box from whoever mends it, what became of them, and what the box found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from sqlmodel import Session, col, select

from controller.errors import ControllerError, NotFound
from controller.fleet.authority import Authority
from controller.operations.order import order_box, require_box
from controller.storage import events, tables
from controller.storage.box_tables import BoxDiagnosis
from controller.storage.database import Database
from controller.storage.insert_or_ignore import upsert
from edge_agent.contract.commands import (
    MAX_LIFE_MS,
    AckStatus,
    CommandKind,
    Diagnose,
    Reboot,
    Stop,
    TestTone,
)
from edge_agent.contract.state import Diagnosis

log = structlog.get_logger()

AT_HAND_MS = 60_000
"""A tone or a stop that comes later than this surprises whoever stands at the horn."""

_ORDER = tuple(status.value for status in AckStatus)
"""Steps of one millisecond, in the order in which a box takes them."""

BoxOrder = TestTone | Stop | Reboot | Diagnose


def tone(seconds: int, gain_db: float) -> BoxOrder:
    """Sound a tone, once nothing else does."""
    return TestTone(seconds, gain_db)


def stop() -> BoxOrder:
    """Stop what sounds now."""
    return Stop()


def reboot() -> BoxOrder:
    """Start the machine anew, once nothing sounds."""
    return Reboot()


def diagnose(lines: int) -> BoxOrder:
    """Look at every part, and send so many lines of the log."""
    return Diagnose(lines)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A command to one box, and the steps that the box reported of it, in the order of time."""

    command: tables.SentCommand
    steps: tuple[tables.CommandStep, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The last diagnosis of a box, and when it came."""

    diagnosis: Diagnosis
    received_ms: int


def tell_box(
    database: Database,
    authority: Authority,
    device_id: str,
    body: BoxOrder,
    by: str,
    now: datetime,
) -> Ordered:
    """Send one order to one box. Raises `NotFound`."""
    with database.write() as session:
        life_ms = AT_HAND_MS if isinstance(body, TestTone | Stop) else MAX_LIFE_MS
        command = order_box(session, authority, device_id, body, by, now, life_ms=life_ms)
        session.flush()
        return show_order(session, device_id, command)


def show_order(session: Session, device_id: str, command_id: str) -> Ordered:
    """What became of an order to one box. Raises `NotFound`."""
    command = session.get(tables.SentCommand, command_id)
    if command is None or command.audience != device_id:
        raise NotFound("lệnh", "command", command_id)
    query = select(tables.CommandStep).where(
        tables.CommandStep.command_id == command_id, tables.CommandStep.device_id == device_id
    )
    steps = sorted(session.exec(query), key=lambda step: (step.at_ms, _ORDER.index(step.status)))
    return Ordered(command, tuple(steps))


def keep_diagnoses(session: Session, found: Sequence[tuple[str, Diagnosis]], now_ms: int) -> None:
    """Keep what each box found for its newest question; nothing that nobody asked of it."""
    if not found:
        return
    sent = tables.SentCommand
    asked = {
        (command.audience, command.id): command.issued_ms
        for command in session.exec(
            select(sent).where(
                col(sent.id).in_({diagnosis.command for _, diagnosis in found}),
                sent.kind == CommandKind.DIAGNOSE.value,
            )
        )
    }
    kept = (
        select(BoxDiagnosis.device_id, sent.issued_ms)
        .join(sent, col(sent.id) == col(BoxDiagnosis.command_id))
        .where(col(BoxDiagnosis.device_id).in_({device_id for device_id, _ in found}))
    )
    newest = dict(session.exec(kept).all())
    for device_id, diagnosis in found:
        issued = asked.get((device_id, diagnosis.command))
        if issued is None or issued < newest.get(device_id, 0):
            log.warning("diagnosis_not_kept", device=device_id, command=diagnosis.command)
            continue
        newest[device_id] = issued
        row = {
            "device_id": device_id,
            "command_id": diagnosis.command,
            "received_ms": now_ms,
            "body": msgspec.to_builtins(diagnosis),
        }
        upsert(session, BoxDiagnosis, [row])
        told: dict[str, object] = {"device_id": device_id, "command": diagnosis.command}
        events.tell(session, "diagnosis", told, now_ms)


def show_diagnosis(session: Session, device_id: str) -> Found:
    """What a box found when it looked at itself last. Raises `NotFound`, ControllerError
    (no_diagnosis)."""
    require_box(session, device_id)
    row = session.get(BoxDiagnosis, device_id)
    if row is None:
        raise ControllerError(
            "no_diagnosis",
            "Máy này chưa gửi kết quả kiểm tra nào. Hãy yêu cầu nó tự kiểm tra trước.",
            "This box has sent no diagnosis yet. Ask it for one first.",
        )
    return Found(msgspec.convert(row.body, Diagnosis), row.received_ms)
