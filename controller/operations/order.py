"""Commands to all boxes of a unit: signed, short-lived, never retained."""

from datetime import datetime

import msgspec
from sqlmodel import Session

from controller.errors import NotFound
from controller.fleet.authority import Authority
from controller.operations.ids import new_id
from controller.storage import events, outbox, tables
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.commands import MAX_LIFE_MS, Command, CommandKind, Play, Stop
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode


def order(
    session: Session,
    authority: Authority,
    unit_id: str,
    body: Play | Stop,
    by: str,
    now: datetime,
    *,
    life_ms: int = MAX_LIFE_MS,
) -> str:
    """Send one command to all boxes under a unit when this transaction commits; gives its id."""
    if session.get(tables.Unit, unit_id) is None:
        raise NotFound("đơn vị", "unit", unit_id)
    kind = CommandKind.PLAY if isinstance(body, Play) else CommandKind.STOP
    now_ms = to_ms(now)
    command = Command(
        new_id(), kind.value, unit_id, now_ms, now_ms + life_ms, msgspec.Raw(encode(body))
    )
    sealed = authority.sign(command, Kind.COMMAND)
    session.add(
        tables.SentCommand(
            id=command.id,
            audience=unit_id,
            kind=command.kind,
            sealed=sealed,
            ordered_by=by,
            issued_ms=command.issued,
            expires_ms=command.expires,
        )
    )
    outbox.put(
        session,
        topics.group_command(unit_id),
        sealed,
        retain=False,
        now_ms=now_ms,
        expires_ms=command.expires,
    )
    told: dict[str, object] = {"command": command.id, "unit": unit_id, "kind": kind.value}
    events.tell(session, "command", told, now_ms)
    return command.id
