"""A version spreads box by box: a few first, no further than they prove it to be healthy."""

import io
import tarfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from controller.errors import ControllerError
from controller.operations.agent_bundles import bring_bundle, bundle_file
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.update_boxes import (
    ShownRollOut,
    begin_roll_out,
    change_roll_out,
    push_roll_outs,
    show_roll_outs,
)
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract import envelope
from edge_agent.contract.commands import AckStatus, Command, CommandAck, Update
from edge_agent.contract.state import CacheState, Clock, ClockSource, Hello, SpoolRange, State
from edge_agent.contract.types import decode
from tests.controller.office import NOW, Box, Office

MINUTE = timedelta(minutes=1)


def packed(file: Path, version: str = "0.2.0", *, head: str = "BUNDLE") -> Path:
    """A file that looks like a bundle to the office."""
    told = f"format=1\nversion={version}\nmachine=aarch64\n".encode()
    with tarfile.open(file, "w:gz") as bundle:
        member = tarfile.TarInfo(head)
        member.size = len(told)
        bundle.addfile(member, io.BytesIO(told))
    return file


def hear(office: Office, box: Box, said: State | Hello | CommandAck, now: datetime) -> None:
    observe_devices(office.database, [Observation(box.did, said)], now)


def come(office: Office, box: Box, version: str, now: datetime) -> None:
    """The box is online, as that version."""
    hello = Hello(
        boot=1,
        conn=1,
        agent=version,
        rules=1,
        capabilities=("update",),
        desired=0,
        keys=0,
        cache=CacheState(0, 0, "0" * 64),
        spool=SpoolRange("s", 1, 0),
        clock=Clock(ClockSource.NTP),
    )
    hear(office, box, State(1, 1, online=True), now)
    hear(office, box, hello, now)


def answer(office: Office, box: Box, status: AckStatus, now: datetime, reason: str = "") -> None:
    order = orders(office, box)[-1]
    hear(office, box, CommandAck(order.id, status, to_ms(now), reason), now)


def orders(office: Office, box: Box) -> list[Command]:
    with office.database.read() as session:
        sent = session.exec(
            select(tables.SentCommand)
            .where(tables.SentCommand.audience == box.did)
            .order_by(tables.SentCommand.issued_ms)  # type: ignore[arg-type]
        ).all()
    key = office.authority
    return [decode(_payload(key, row.sealed), Command) for row in sent]


def _payload(_authority: object, sealed: bytes) -> bytes:
    return envelope._from_base64(sealed.split(b".")[1])


def states(office: Office) -> dict[str, str]:
    with office.database.read() as session:
        (shown,) = show_roll_outs(session)
    return {box.device_id: box.state for box in shown.boxes}


def roll_out(office: Office, tmp_path: Path, to: str, share: int = 10) -> ShownRollOut:
    bundle = bring_bundle(
        office.database, tmp_path / "agents", packed(tmp_path / "b.tar.gz"), "Cô Lan", NOW
    )
    return begin_roll_out(office.database, bundle.sha256, to, share, "Cô Lan", NOW)


@pytest.fixture
def boxes(office: Office) -> list[Box]:
    made = office.boxes(3)
    for box in made:
        come(office, box, "0.1.0", NOW)
    return made


@pytest.fixture
def province(office: Office, boxes: list[Box]) -> str:
    """A unit that all of the boxes stand in."""
    with office.database.read() as session:
        (top,) = session.exec(select(tables.Unit).where(tables.Unit.parent_id == None))  # noqa: E711
    return top.id


def test_others_wait_until_the_first_are_healthy(
    office: Office, boxes: list[Box], province: str, tmp_path: Path
) -> None:
    begun = roll_out(office, tmp_path, province)
    first = next(box for box in boxes if box.did == begun.boxes[0].device_id)
    others = [box for box in boxes if box is not first]
    push_roll_outs(office.database, office.authority, NOW)
    (order,) = orders(office, first)
    body = decode(bytes(order.body), Update)
    assert (order.kind, body.version, body.sha256) == ("update", "0.2.0", begun.bundle.sha256)
    assert bundle_file(tmp_path / "agents", body.sha256) is not None
    assert [orders(office, box) for box in others] == [[], []]

    # Its updater says so, but it has not spoken as the new version yet; or only that.
    answer(office, first, AckStatus.DONE, NOW + MINUTE)
    push_roll_outs(office.database, office.authority, NOW + MINUTE)
    assert [orders(office, box) for box in others] == [[], []]
    come(office, first, "0.2.0", NOW + 2 * MINUTE)
    push_roll_outs(office.database, office.authority, NOW + 2 * MINUTE)
    assert [len(orders(office, box)) for box in others] == [1, 1]

    for box in others:
        come(office, box, "0.2.0", NOW + 3 * MINUTE)
        answer(office, box, AckStatus.DONE, NOW + 3 * MINUTE)
    push_roll_outs(office.database, office.authority, NOW + 4 * MINUTE)
    with office.database.read() as session:
        assert show_roll_outs(session)[0].roll_out.state == "done"


def test_a_first_box_that_goes_back_holds_the_others(
    office: Office, boxes: list[Box], province: str, tmp_path: Path
) -> None:
    begun = roll_out(office, tmp_path, province)
    first = next(box for box in boxes if box.did == begun.boxes[0].device_id)
    push_roll_outs(office.database, office.authority, NOW)
    answer(office, first, AckStatus.FAILED, NOW + MINUTE, "it does not answer")
    for minute in range(2, 200, 40):
        push_roll_outs(office.database, office.authority, NOW + minute * MINUTE)
    assert sum(len(orders(office, box)) for box in boxes) == 1
    with office.database.read() as session:
        held = show_roll_outs(session)[0].roll_out
    assert (held.state, held.why) == ("held", f"{first.did}: it does not answer")

    change_roll_out(office.database, begun.roll_out.id, "running", "Cô Lan", NOW)
    push_roll_outs(office.database, office.authority, NOW + 300 * MINUTE)
    assert len(orders(office, first)) == 2
    change_roll_out(office.database, begun.roll_out.id, "stopped", "Cô Lan", NOW)
    with pytest.raises(ControllerError, match="is over"):
        change_roll_out(office.database, begun.roll_out.id, "running", "Cô Lan", NOW)


def test_a_box_that_is_away_is_told_when_it_comes(
    office: Office, boxes: list[Box], tmp_path: Path
) -> None:
    box = boxes[0]
    hear(office, box, State(1, 1, online=False), NOW)
    roll_out(office, tmp_path, box.did)
    push_roll_outs(office.database, office.authority, NOW)
    assert orders(office, box) == []
    come(office, box, "0.1.0", NOW + MINUTE)
    push_roll_outs(office.database, office.authority, NOW + MINUTE)
    assert len(orders(office, box)) == 1
    # It went away again before it heard; the order has lived its life.
    push_roll_outs(office.database, office.authority, NOW + 20 * MINUTE)
    push_roll_outs(office.database, office.authority, NOW + 21 * MINUTE)
    assert len(orders(office, box)) == 2
    answer(office, box, AckStatus.STARTED, NOW + 22 * MINUTE)
    push_roll_outs(office.database, office.authority, NOW + 600 * MINUTE)
    assert len(orders(office, box)) == 2
    assert states(office) == {box.did: "sent"}


def test_no_box_is_in_two_roll_outs(office: Office, boxes: list[Box], tmp_path: Path) -> None:
    roll_out(office, tmp_path, boxes[0].did)
    with pytest.raises(ControllerError, match="another roll-out"):
        roll_out(office, tmp_path, boxes[0].did)


@pytest.mark.parametrize("content", [b"", b"no tar", None])
def test_what_is_no_bundle_is_not_kept(
    office: Office, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "x"
    if content is None:
        packed(file, head="OTHER")
    else:
        file.write_bytes(content)
    with pytest.raises(ControllerError) as refused:
        bring_bundle(office.database, tmp_path / "agents", file, "Cô Lan", NOW)
    assert refused.value.code == "agent_bundle_unreadable"
    assert not (tmp_path / "agents").exists()
