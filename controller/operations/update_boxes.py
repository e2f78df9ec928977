"""A new version for boxes: a few first, the others when those are healthy, held when they are not.

A box counts as healthy when it says so by its updater's word and speaks as the new version.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from controller.errors import ControllerError, NotFound
from controller.fleet.authority import Authority
from controller.operations.find_unit import find_unit, inside
from controller.operations.ids import new_id
from controller.operations.order import order_box
from controller.operations.show_boxes import ShownBox, show_boxes
from controller.storage import events, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.update_tables import AgentBundle, RollOut, RollOutBox
from edge_agent.contract.commands import AckStatus, Update

UNREACHED_MS = 3_600_000
"""Boxes of the first wave that are not in touch are not waited for longer than this."""

MOST_FAILED = 0.05
"""Of the later boxes, so many may fail before a person has to look."""

_ENDED_BADLY = (AckStatus.FAILED, AckStatus.REFUSED, AckStatus.SUPERSEDED)
_GOING_ON = (AckStatus.ACCEPTED, AckStatus.STARTED)


@dataclass(frozen=True, slots=True)
class ShownRollOut:
    """A roll-out, what it brings, and its boxes."""

    roll_out: RollOut
    bundle: AgentBundle
    boxes: tuple[RollOutBox, ...]


def begin_roll_out(
    database: Database, sha256: str, audience: str, share_percent: int, by: str, now: datetime
) -> ShownRollOut:
    """Plan the way of a bundle to one box or to all of a unit; the loop sends it.

    `share_percent` of the boxes, at least one, go first: those in touch before others.
    Raises `NotFound`, ControllerError (no_boxes, roll_out_busy).
    """
    with database.write() as session:
        if session.get(AgentBundle, sha256) is None:
            raise NotFound("gói phần mềm", "bundle", sha256)
        boxes = _meant(session, audience, now)
        busy = session.exec(
            select(RollOutBox.device_id)
            .join(RollOut, col(RollOut.id) == col(RollOutBox.roll_out_id))
            .where(
                col(RollOut.state).in_(("running", "held")),
                col(RollOutBox.state).in_(("waiting", "sent")),
                col(RollOutBox.device_id).in_([box.device_id for box in boxes]),
            )
        ).first()
        if busy is not None:
            raise ControllerError(
                "roll_out_busy",
                f"Máy {busy} đang trong một đợt cập nhật khác. Hãy chờ hoặc dừng đợt ấy trước.",
                f"Box {busy} is in another roll-out. Wait for that one or stop it first.",
            )
        made = RollOut(
            id=new_id(),
            sha256=sha256,
            audience=audience,
            state="running",
            made_by=by,
            made_ms=to_ms(now),
        )
        session.add(made)
        session.flush()
        first = max(1, math.ceil(len(boxes) * share_percent / 100))
        in_order = sorted(boxes, key=lambda box: (not box.reported.online, box.device_id))
        for place, box in enumerate(in_order):
            wave = 0 if place < first else 1
            session.add(
                RollOutBox(roll_out_id=made.id, device_id=box.device_id, wave=wave, state="waiting")
            )
        _tell(session, made, now)
        session.flush()
        return _shown(session, made)


def push_roll_outs(database: Database, authority: Authority, now: datetime) -> None:
    """Look at every running roll-out once: take note of answers, send what is due."""
    with database.write() as session:
        running = session.exec(select(RollOut).where(col(RollOut.state) == "running")).all()
        shown = {box.device_id: box for box in show_boxes(session, now)} if running else {}
        for roll_out in running:
            _push(session, authority, roll_out, shown, now)


def show_roll_outs(session: Session, most: int = 20) -> list[ShownRollOut]:
    """The newest roll-outs, the newest first."""
    query = select(RollOut).order_by(col(RollOut.made_ms).desc()).limit(most)
    return [_shown(session, roll_out) for roll_out in session.exec(query)]


def change_roll_out(
    database: Database, roll_out_id: str, state: str, by: str, now: datetime
) -> ShownRollOut:
    """Stop a roll-out, or let one that is held run on (`state` stopped or running).

    Boxes that failed are tried again then. Raises `NotFound`, ControllerError (roll_out_over).
    """
    with database.write() as session:
        roll_out = session.get(RollOut, roll_out_id)
        if roll_out is None:
            raise NotFound("đợt cập nhật", "roll-out", roll_out_id)
        if roll_out.state in ("done", "stopped"):
            raise ControllerError(
                "roll_out_over",
                "Đợt cập nhật này đã kết thúc.",
                "This roll-out is over.",
            )
        roll_out.state = state
        roll_out.why = by if state == "stopped" else ""
        session.add(roll_out)
        if state == "running":
            for box in _boxes(session, roll_out):
                if box.state == "failed":
                    box.state, box.command_id = "waiting", ""
                    session.add(box)
        _tell(session, roll_out, now)
        session.flush()
        return _shown(session, roll_out)


def _meant(session: Session, audience: str, now: datetime) -> list[ShownBox]:
    every = show_boxes(session, now)
    one = [box for box in every if box.device_id == audience]
    if one:
        return one
    below = inside(places.area_tree(session), find_unit(session, audience))
    boxes = [box for box in every if box.cluster.village_id in below]
    if not boxes:
        raise ControllerError("no_boxes", "Ở đó không có máy nào.", "No box stands there.")
    return boxes


def _push(
    session: Session,
    authority: Authority,
    roll_out: RollOut,
    shown: dict[str, ShownBox],
    now: datetime,
) -> None:
    bundle = session.get_one(AgentBundle, roll_out.sha256)
    boxes = _boxes(session, roll_out)
    for box in boxes:
        _note_answer(session, box, shown.get(box.device_id), bundle, now)
    wave = _wave(roll_out, boxes, shown, to_ms(now))
    why = _why_held(boxes)
    if why:
        roll_out.state, roll_out.why = "held", why
    elif all(box.state in ("done", "failed") for box in boxes):
        roll_out.state = "done"
    if roll_out.state != "running":
        session.add(roll_out)
        _tell(session, roll_out, now)
        return
    for box in boxes:
        found = shown.get(box.device_id)
        if box.state == "waiting" and box.wave <= wave and found is not None:
            if not found.reported.online:
                continue
            body = Update(bundle.version, bundle.sha256, bundle.size)
            box.command_id = order_box(
                session, authority, box.device_id, body, roll_out.made_by, now
            )
            box.state = "sent"
            session.add(box)


def _note_answer(
    session: Session,
    box: RollOutBox,
    found: ShownBox | None,
    bundle: AgentBundle,
    now: datetime,
) -> None:
    """Take from the box's own words what became of it."""
    if box.state in ("done", "failed"):
        return
    if found is None:
        box.state, box.reason = "failed", "retired"
    elif found.reported.agent == bundle.version:
        steps = _steps(session, box)
        if not box.command_id or AckStatus.DONE in steps:
            box.state = "done"
    elif box.state == "sent":
        steps = _steps(session, box)
        bad = [status for status in _ENDED_BADLY if status in steps]
        command = session.get(tables.SentCommand, box.command_id)
        over = command is None or to_ms(now) > command.expires_ms
        if bad:
            box.state, box.reason = "failed", steps[bad[0]] or bad[0].value
        elif over and not any(s in steps for s in _GOING_ON):
            # It was not in touch after all: told anew when it is.
            box.state, box.command_id = "waiting", ""
    session.add(box)


def _steps(session: Session, box: RollOutBox) -> dict[str, str]:
    step = tables.CommandStep
    query = select(step.status, step.reason).where(
        step.command_id == box.command_id, step.device_id == box.device_id
    )
    return dict(session.exec(query).all())


def _wave(
    roll_out: RollOut, boxes: Sequence[RollOutBox], shown: dict[str, ShownBox], now_ms: int
) -> int:
    """How far the roll-out may go: to the second wave once the first is known to be healthy."""
    first = [box for box in boxes if box.wave == 0]
    unheard = [box for box in first if box.state != "done"]
    if not unheard:
        return 1
    away = all(
        (found := shown.get(box.device_id)) is None or not found.reported.online for box in unheard
    )
    proved = any(box.state == "done" for box in first)
    return 1 if proved and away and now_ms - roll_out.made_ms > UNREACHED_MS else 0


def _why_held(boxes: Sequence[RollOutBox]) -> str:
    failed = [box for box in boxes if box.state == "failed" and box.reason != "retired"]
    early = any(box.wave == 0 for box in failed)
    if not early and len(failed) <= max(1.0, MOST_FAILED * len(boxes)):
        return ""
    return f"{failed[0].device_id}: {failed[0].reason}"[:300]


def _boxes(session: Session, roll_out: RollOut) -> list[RollOutBox]:
    query = select(RollOutBox).where(RollOutBox.roll_out_id == roll_out.id)
    return sorted(session.exec(query), key=lambda box: (box.wave, box.device_id))


def _shown(session: Session, roll_out: RollOut) -> ShownRollOut:
    bundle = session.get_one(AgentBundle, roll_out.sha256)
    return ShownRollOut(roll_out, bundle, tuple(_boxes(session, roll_out)))


def _tell(session: Session, roll_out: RollOut, now: datetime) -> None:
    told: dict[str, object] = {"id": roll_out.id, "state": roll_out.state, "why": roll_out.why}
    events.tell(session, "roll_out", told, to_ms(now))
