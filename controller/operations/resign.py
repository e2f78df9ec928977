"""Desired states outlive the key that signed them: they are signed anew, and say the same."""

import base64
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from controller.fleet.authority import Authority
from controller.fleet.bundle_contents import own_word
from controller.operations.asked_work import PLAN
from controller.storage import outbox, tables
from controller.storage.instants import to_ms
from controller.storage.serials import next_serial
from controller.storage.trust_tables import SAY_ANEW
from edge_agent.contract import topics
from edge_agent.contract.trust import Kind

AT_ONCE = 200
"""Boxes of one transaction: nobody else waits long for their turn to write."""

_HEAD_BYTES = 300
"""More than the header of any envelope takes."""


class _Header(msgspec.Struct, frozen=True):
    kid: str


def outdated(session: Session, authority: Authority) -> Sequence[Sequence[str]]:
    """Boxes whose word is of a key that signs no more, some at a time.

    Those whose plan is being made anew, as after a restored backup, wait for it.
    """
    state = tables.DesiredState
    heads = (
        select(state.device_id, func.substr(col(state.sealed), 1, _HEAD_BYTES))
        .where(state.said_sha256 != SAY_ANEW, col(state.device_id).not_in(_being_planned()))
        .order_by(col(state.device_id))
    )
    kid = authority.kid
    found = [device_id for device_id, head in session.exec(heads) if signed_by(head) != kid]
    return [found[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE)]


def resign(
    session: Session, authority: Authority, device_ids: Sequence[str], now: datetime
) -> None:
    """Sign what these boxes were told last with the key whose turn it is, and send it."""
    now_ms = to_ms(now)
    for device_id in device_ids:
        state = session.get(tables.DesiredState, device_id, with_for_update=True)
        if state is None or signed_by(state.sealed) == authority.kid:
            continue
        serial = next_serial(session, f"desired/{device_id}", now_ms)
        word = msgspec.structs.replace(own_word(state.sealed), serial=serial, issued=now_ms)
        state.serial, state.issued_ms = serial, now_ms
        state.sealed = authority.sign(word, Kind.DESIRED)
        session.add(state)
        topic = topics.down(device_id, "desired")
        outbox.put(session, topic, state.sealed, retain=True, now_ms=now_ms)


def _being_planned() -> SelectOfScalar[str]:
    installed, item = tables.Installation, tables.WorkItem
    return (
        select(installed.device_id)
        .join(tables.ZoneCluster, col(tables.ZoneCluster.cluster_id) == col(installed.cluster_id))
        .join(item, col(item.key) == col(tables.ZoneCluster.zone_id))
        .where(
            col(installed.until_ms).is_(None),
            item.kind == PLAN,
            col(item.state).in_(("waiting", "working")),
        )
    )


def signed_by(sealed: bytes) -> str:
    """Name of the key that an envelope of one's own making names."""
    header = sealed.partition(b".")[0]
    return msgspec.json.decode(
        base64.urlsafe_b64decode(header + b"=" * (-len(header) % 4)), type=_Header
    ).kid
