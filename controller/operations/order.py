"""Commands to one box, or to all boxes of a unit: signed, short-lived, never retained."""

from datetime import datetime

import msgspec
from sqlmodel import Session

from controller.errors import NotFound
from controller.fleet.authority import Authority
from controller.operations.ids import new_id
from controller.storage import events, outbox, tables
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.commands import (
    MAX_LIFE_MS,
    Command,
    CommandKind,
    Diagnose,
    Play,
    Reboot,
    Stop,
    TestTone,
    Update,
)
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode

Body = Play | Stop | TestTone | Reboot | Diagnose | Update

_KINDS: dict[type[Body], CommandKind] = {
    Play: CommandKind.PLAY,
    Stop: CommandKind.STOP,
    TestTone: CommandKind.TEST_TONE,
    Reboot: CommandKind.REBOOT,
    Diagnose: CommandKind.DIAGNOSE,
    Update: CommandKind.UPDATE,
}


def order(
    session: Session,
    authority: Authority,
    unit_id: str,
    body: Body,
    by: str,
    now: datetime,
    *,
    life_ms: int = MAX_LIFE_MS,
) -> str:
    """Send one command to all boxes under a unit when this transaction commits; gives its id."""
    if session.get(tables.Unit, unit_id) is None:
        raise NotFound("đơn vị", "unit", unit_id)
    command = _sent(
        session, authority, unit_id, topics.group_command(unit_id), body, by, now, life_ms
    )
    told: dict[str, object] = {"command": command.id, "unit": unit_id, "kind": command.kind}
    events.tell(session, "command", told, to_ms(now))
    return command.id


def order_box(
    session: Session,
    authority: Authority,
    device_id: str,
    body: Body,
    by: str,
    now: datetime,
    *,
    life_ms: int = MAX_LIFE_MS,
) -> str:
    """Send one command to one box when this transaction commits; gives its id."""
    require_box(session, device_id)
    topic = topics.down(device_id, "cmd")
    command = _sent(session, authority, device_id, topic, body, by, now, life_ms)
    told: dict[str, object] = {
        "command": command.id,
        "device_id": device_id,
        "status": "sent",
        "kind": command.kind,
        "by": by,
    }
    events.tell(session, "command", told, to_ms(now))
    return command.id


def require_box(session: Session, device_id: str) -> None:
    """Raises `NotFound` unless that box is enrolled and was not retired."""
    device = session.get(tables.Device, device_id)
    if device is None or device.retired_ms is not None:
        raise NotFound("hộp loa", "box", device_id)


def _sent(
    session: Session,
    authority: Authority,
    audience: str,
    topic: str,
    body: Body,
    by: str,
    now: datetime,
    life_ms: int,
) -> Command:
    now_ms = to_ms(now)
    kind, raw = _KINDS[type(body)], msgspec.Raw(encode(body))
    command = Command(new_id(), kind.value, audience, now_ms, now_ms + life_ms, raw)
    sealed = authority.sign(command, Kind.COMMAND)
    session.add(
        tables.SentCommand(
            id=command.id,
            audience=audience,
            kind=command.kind,
            sealed=sealed,
            ordered_by=by,
            issued_ms=command.issued,
            expires_ms=command.expires,
        )
    )
    outbox.put(session, topic, sealed, retain=False, now_ms=now_ms, expires_ms=command.expires)
    return command
