"""What boxes say of themselves is kept, and a box that lags behind is told again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from controller.storage import events, outbox, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.state import Hello, State, Telemetry

Said = State | Hello | Telemetry | CommandAck


@dataclass(frozen=True, slots=True)
class Observation:
    """One unsigned statement of one box about itself."""

    device_id: str
    said: Said


def observe_devices(database: Database, observations: Sequence[Observation], now: datetime) -> None:
    """Keep a batch of statements; a death counts only for the newest (boot, conn) pair."""
    now_ms = to_ms(now)
    with database.write() as session:
        known = _known(session, {o.device_id for o in observations})
        for seen in observations:
            reported = known.get(seen.device_id)
            if reported is None:
                continue
            match seen.said:
                case State():
                    _note_state(reported, seen.said, now_ms)
                case Hello():
                    _note_hello(reported, seen.said, now_ms)
                    _answer_hello(session, seen.device_id, seen.said, now_ms)
                case Telemetry():
                    _note_telemetry(reported, seen.said, now_ms)
                case CommandAck():
                    _note_step(session, seen.device_id, seen.said, now_ms)
        for device_id in sorted(known):
            session.add(known[device_id])
            events.tell(session, "device", {"id": device_id}, now_ms)


def _known(session: Session, ids: set[str]) -> dict[str, tables.ReportedState]:
    """Reported states of the enrolled boxes among `ids`; a stranger is not kept."""
    enrolled = session.exec(select(tables.Device.id).where(col(tables.Device.id).in_(ids)))
    known = {i: tables.ReportedState(device_id=i, seen_ms=0) for i in enrolled}
    rows = select(tables.ReportedState).where(col(tables.ReportedState.device_id).in_(ids))
    known.update({row.device_id: row for row in session.exec(rows)})
    return known


def _note_state(reported: tables.ReportedState, state: State, now_ms: int) -> None:
    if (state.boot, state.conn) < (reported.boot, reported.conn):
        return
    reported.boot, reported.conn, reported.online = state.boot, state.conn, state.online
    if state.online:
        reported.seen_ms = now_ms


def _note_hello(reported: tables.ReportedState, hello: Hello, now_ms: int) -> None:
    if (hello.boot, hello.conn) < (reported.boot, reported.conn):
        return
    reported.boot, reported.conn, reported.online = hello.boot, hello.conn, True
    reported.seen_ms = now_ms
    reported.agent, reported.rules = hello.agent[:40], hello.rules
    reported.desired, reported.keys = hello.desired, hello.keys
    reported.held, reported.lacking = hello.cache.held, hello.cache.lacking
    reported.clock_source = hello.clock.source.value
    reported.clock_offset_ms = hello.clock.offset_ms


def _note_telemetry(reported: tables.ReportedState, telemetry: Telemetry, now_ms: int) -> None:
    if telemetry.boot < reported.boot:
        return
    reported.seen_ms = now_ms
    reported.telemetry = msgspec.to_builtins(telemetry)
    if telemetry.desired >= reported.desired:
        reported.desired, reported.lacking = telemetry.desired, telemetry.lacking


def _answer_hello(session: Session, device_id: str, hello: Hello, now_ms: int) -> None:
    """Send again what the box does not hold yet: its desired state, and commands still alive."""
    desired = session.get(tables.DesiredState, device_id)
    if desired is not None and desired.serial > hello.desired:
        topic = topics.down(device_id, "desired")
        outbox.put(session, topic, desired.sealed, retain=True, now_ms=now_ms)
    for command in _unanswered(session, device_id, now_ms):
        outbox.put(
            session,
            topics.down(device_id, "cmd"),
            command.sealed,
            retain=False,
            now_ms=now_ms,
            expires_ms=command.expires_ms,
        )


def _unanswered(session: Session, device_id: str, now_ms: int) -> Iterator[tables.SentCommand]:
    """Commands to this box or its units that still live and that it has not answered."""
    answered = select(tables.CommandStep.command_id).where(
        col(tables.CommandStep.device_id) == device_id
    )
    alive = session.exec(
        select(tables.SentCommand).where(
            col(tables.SentCommand.expires_ms) > now_ms,
            col(tables.SentCommand.id).not_in(answered),
        )
    ).all()
    if not alive:
        return
    spot = places.spots(session, places.area_tree(session), now_ms).get(device_id)
    mine = {device_id, *(spot.unit_ids if spot else ())}
    yield from (command for command in alive if command.audience in mine)


def _note_step(session: Session, device_id: str, step: CommandAck, now_ms: int) -> None:
    if session.get(tables.SentCommand, step.id) is None:
        return
    session.merge(
        tables.CommandStep(
            command_id=step.id,
            device_id=device_id,
            status=step.status.value,
            at_ms=min(max(step.at, 0), now_ms * 2),
            reason=step.reason,
        )
    )
    told: dict[str, object] = {
        "command": step.id,
        "device_id": device_id,
        "status": step.status.value,
        "reason": step.reason,
    }
    events.tell(session, "command", told, now_ms)
