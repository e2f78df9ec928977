"""Commands to boxes: play now, stop. Signed, short-lived, never retained."""

from datetime import datetime

import msgspec
from sqlmodel import Session

from controller.errors import NotFound
from controller.fleet.authority import Authority
from controller.operations.ids import new_id
from controller.storage import events, outbox, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.commands import MAX_LIFE_MS, Command, CommandKind, Play, Stop
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode


def order(
    database: Database,
    authority: Authority,
    scope: str,
    body: Play | Stop,
    by: str,
    now: datetime,
    *,
    life_ms: int = MAX_LIFE_MS,
) -> str:
    """Send one command to all boxes of a unit; gives its id."""
    kind = CommandKind.PLAY if isinstance(body, Play) else CommandKind.STOP
    now_ms = to_ms(now)
    with database.write() as session:
        if session.get(tables.Unit, scope) is None:
            raise NotFound("đơn vị", "unit", scope)
        command = Command(
            new_id(), kind.value, scope, now_ms, now_ms + life_ms, msgspec.Raw(encode(body))
        )
        sealed = authority.sign(command, Kind.COMMAND)
        _keep(session, command, sealed, by)
        outbox.put(
            session,
            topics.group_command(scope),
            sealed,
            retain=False,
            now_ms=now_ms,
            expires_ms=command.expires,
        )
        told: dict[str, object] = {"command": command.id, "scope": scope, "kind": kind.value}
        events.tell(session, "command", told, now_ms)
    return command.id


def _keep(session: Session, command: Command, sealed: bytes, by: str) -> None:
    session.add(
        tables.SentCommand(
            id=command.id,
            audience=command.audience,
            kind=command.kind,
            sealed=sealed,
            ordered_by=by,
            issued_ms=command.issued,
            expires_ms=command.expires,
        )
    )
