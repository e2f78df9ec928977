"""What boxes say of themselves is kept, and a box that lags behind is told again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from controller.fleet.box_troubles import turned_bad
from controller.operations.diagnose import keep_diagnoses
from controller.operations.mend_rolled_back import Ahead, note_ahead
from controller.operations.placements import answer_placements
from controller.operations.presence import keep_presences
from controller.operations.prove_readiness import age, keep_proofs
from controller.operations.signed_keys import signed_serial
from controller.storage import bell, events, outbox, places, tables
from controller.storage.database import Database
from controller.storage.insert_or_ignore import upsert
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.state import Diagnosis, Hello, Presence, Proof, State, Telemetry

MOST_LOSSES = 20

SEEN_LATELY_MS = 60_000
"""Of a box that is heard of again after so long, screens are told."""

_SHOWN = ("bytes_held", "bytes_wanted", "silenced", "under_voltage", "plan_until")

Said = State | Hello | Telemetry | CommandAck | Proof | Diagnosis | Presence


@dataclass(frozen=True, slots=True)
class Observation:
    """One statement of one box about itself; what people act on was signed by it."""

    device_id: str
    said: Said


def observe_devices(
    database: Database, observations: Sequence[Observation], now: datetime
) -> frozenset[str]:
    """Keep a batch of statements; a death counts only for the newest (boot, conn) pair.

    Gives the boxes that must be shut out from now on: two machines speak in their name.
    """
    now_ms = to_ms(now)
    hellos: dict[str, Hello] = {}
    steps: list[tuple[str, CommandAck]] = []
    proofs: dict[str, Proof] = {}
    diagnoses: list[tuple[str, Diagnosis]] = []
    presences = [(o.device_id, o.said) for o in observations if isinstance(o.said, Presence)]
    with database.write() as session:
        known = _known(session, {o.device_id for o in observations})
        heard = keep_presences(session, presences, now)
        shown = {device_id: _shown(reported, now_ms) for device_id, reported in known.items()}
        for seen in observations:
            reported = known.get(seen.device_id)
            if reported is None:
                continue
            match seen.said:
                case State():
                    _note_state(reported, seen.said, now_ms)
                case Hello():
                    if seen.said.losses:
                        bell.ring(session, bell.TROUBLE)
                    _note_hello(reported, seen.said, now_ms)
                    hellos[seen.device_id] = seen.said
                case Telemetry():
                    if turned_bad(reported.telemetry, seen.said):
                        bell.ring(session, bell.TROUBLE)
                    _note_telemetry(reported, seen.said, now_ms)
                case CommandAck():
                    steps.append((seen.device_id, seen.said))
                case Proof():
                    before = proofs.get(seen.device_id, seen.said)
                    proofs[seen.device_id] = max(before, seen.said, key=age)
                case Diagnosis():
                    diagnoses.append((seen.device_id, seen.said))
                case Presence():
                    if heard.newest.get(seen.device_id) is seen.said:
                        _note_presence(reported, seen.said, now_ms)
        session.add_all(known.values())
        news = [i for i in sorted(known) if _shown(known[i], now_ms) != shown[i]]
        events.tell_all(session, "device", ({"id": i} for i in news), now_ms)
        _note_steps(session, steps, now_ms)
        keep_proofs(session, proofs, now_ms)
        keep_diagnoses(session, diagnoses, now_ms)
        _answer(session, hellos, now)
    return heard.apart


def _known(session: Session, ids: set[str]) -> dict[str, tables.ReportedState]:
    """Reported states of the enrolled boxes among `ids`; of strangers, and of boxes that are kept
    apart, nothing is believed.
    """
    believed = select(tables.Device.id).where(
        col(tables.Device.id).in_(ids), col(tables.Device.quarantined_ms).is_(None)
    )
    known = {i: tables.ReportedState(device_id=i, seen_ms=0) for i in session.exec(believed)}
    rows = select(tables.ReportedState).where(col(tables.ReportedState.device_id).in_(known))
    known.update({row.device_id: row for row in session.exec(rows)})
    return known


def _shown(reported: tables.ReportedState, now_ms: int) -> tuple[object, ...]:
    """What screens show of a box: a heartbeat that changes none of it is no news to them.

    A province has 300 heartbeats a second.
    """
    telemetry: Mapping[str, Any] = reported.telemetry
    on_air: Mapping[str, Any] = telemetry.get("on_air") or {}
    return (
        reported.online,
        now_ms - reported.seen_ms > SEEN_LATELY_MS,
        reported.agent,
        reported.rules,
        reported.desired,
        reported.held,
        reported.lacking,
        reported.clock_source,
        tuple(reported.losses),
        on_air.get("play"),
        on_air.get("position_ms"),
        *(telemetry.get(name) for name in _SHOWN),
    )


def _note_state(reported: tables.ReportedState, state: State, now_ms: int) -> None:
    if (state.boot, state.conn) < (reported.boot, reported.conn):
        return
    reported.boot, reported.conn, reported.online = state.boot, state.conn, state.online
    if state.online:
        reported.seen_ms = now_ms


def _note_presence(reported: tables.ReportedState, presence: Presence, now_ms: int) -> None:
    """What is signed counts whatever was said before: somebody else may have said a later pair."""
    reported.boot, reported.conn, reported.online = presence.boot, presence.conn, True
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
    reported.losses = list(hello.losses[:MOST_LOSSES])


def _note_telemetry(reported: tables.ReportedState, telemetry: Telemetry, now_ms: int) -> None:
    if telemetry.boot < reported.boot:
        return
    reported.seen_ms = now_ms
    if telemetry.disk_errors is not None:
        counted, known = telemetry.disk_errors, reported.disk_errors_known
        # A new card counts from zero.
        reported.disk_errors_known = counted if known is None else min(counted, known)
    reported.telemetry = msgspec.to_builtins(telemetry)
    if telemetry.desired >= reported.desired:
        reported.desired, reported.lacking = telemetry.desired, telemetry.lacking


def _answer(session: Session, hellos: Mapping[str, Hello], now: datetime) -> None:
    """Send again what boxes do not hold yet: their desired state, and commands still alive."""
    if not hellos:
        return
    now_ms, told_keys = to_ms(now), signed_serial(session)
    ahead = {did: Ahead(keys=h.keys) for did, h in hellos.items() if h.keys > told_keys > 0}
    states = select(
        tables.DesiredState.device_id, tables.DesiredState.serial, tables.DesiredState.sealed
    ).where(col(tables.DesiredState.device_id).in_(hellos))
    for device_id, serial, sealed in session.exec(states):
        if hellos[device_id].desired > serial:
            keys = ahead[device_id].keys if device_id in ahead else None
            ahead[device_id] = Ahead(hellos[device_id].desired, keys)
        if serial > hellos[device_id].desired:
            topic = topics.down(device_id, "desired")
            outbox.put(session, topic, sealed, retain=True, now_ms=now_ms)
    note_ahead(session, ahead, now)
    if answer_placements(session, {did: h.placement for did, h in hellos.items()}, now_ms):
        bell.ring(session, bell.TROUBLE)
    for device_id, command in _unanswered(session, hellos, now_ms):
        outbox.put(
            session,
            topics.down(device_id, "cmd"),
            command.sealed,
            retain=False,
            now_ms=now_ms,
            expires_ms=command.expires_ms,
        )


def _unanswered(
    session: Session, device_ids: Collection[str], now_ms: int
) -> Iterator[tuple[str, tables.SentCommand]]:
    """Commands to these boxes or their units that still live and that they have not answered."""
    living = col(tables.SentCommand.expires_ms) > now_ms
    alive = session.exec(select(tables.SentCommand).where(living)).all()
    if not alive:
        return
    steps = select(tables.CommandStep.command_id, tables.CommandStep.device_id).where(
        col(tables.CommandStep.command_id).in_([command.id for command in alive]),
        col(tables.CommandStep.device_id).in_(device_ids),
    )
    answered = set(session.exec(steps))
    spots = places.spots(session, places.area_tree(session), now_ms)
    for device_id in device_ids:
        spot = spots.get(device_id)
        mine = {device_id, *(spot.unit_ids if spot else ())}
        for command in alive:
            if command.audience in mine and (command.id, device_id) not in answered:
                yield device_id, command


def _note_steps(session: Session, steps: Sequence[tuple[str, CommandAck]], now_ms: int) -> None:
    """Keep steps of commands that were really sent."""
    if not steps:
        return
    ids = {step.id for _, step in steps}
    sent = set(
        session.exec(select(tables.SentCommand.id).where(col(tables.SentCommand.id).in_(ids)))
    )
    rows = [
        {
            "command_id": step.id,
            "device_id": device_id,
            "status": step.status.value,
            "at_ms": min(max(step.at, 0), now_ms * 2),
            "reason": step.reason,
        }
        for device_id, step in steps
        if step.id in sent
    ]
    upsert(session, tables.CommandStep, rows)
    told = (
        {
            "command": row["command_id"],
            "device_id": row["device_id"],
            "status": row["status"],
            "reason": row["reason"],
        }
        for row in rows
    )
    events.tell_all(session, "command", told, now_ms)
