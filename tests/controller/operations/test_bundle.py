"""What goes on a stick is what boxes were told; what comes back is believed no more than a wire."""

import contextlib
import hashlib
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from audio_library.store.filesystem import FilesystemStore
from controller.errors import ControllerError, NotFound
from controller.operations.bundle import Bundle, Chosen, make_bundle
from controller.operations.record_playback import Received, record_playback
from controller.operations.take_bundle import (
    MOST_MEMBERS,
    MOST_UNPACKED_BYTES,
    BoxTaken,
    BundleTooLarge,
    take_bundle,
)
from controller.storage import tables
from edge_agent.contract import envelope
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.report import PlaybackEvent, Report
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, decode, encode
from tests.controller.office import NOW, Box, Office
from tests.controller.operations.test_record_playback import full_play

DAY = NOW.date()
SPOOL = "a1b2"


def pack(folder: Path, members: Mapping[str, bytes]) -> Path:
    file = folder / "back.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return file


def sealed(box: Box, *events: PlaybackEvent, key: Ed25519PrivateKey | None = None) -> bytes:
    report = Report(SPOOL, tuple(msgspec.Raw(encode(event)) for event in events))
    signer = key or box.key
    return envelope.seal(encode(report), kind=Kind.REPORT, kid=box.did, key=signer)


def make(office: Office, chosen: Chosen) -> tuple[Bundle, zipfile.ZipFile]:
    store = FilesystemStore(office.folder / "audio")
    file = office.folder / "out.zip"
    bundle = make_bundle(office.database, store, office.authority, chosen, file, DAY, NOW)
    return bundle, zipfile.ZipFile(file)


def take(office: Office, members: Mapping[str, bytes]) -> tuple[BoxTaken, ...]:
    return take_bundle(office.database, office.authority, pack(office.folder, members), NOW)


@pytest.fixture
def boxes(office: Office) -> list[Box]:
    """Two boxes with a programme each, as they were told."""
    made = office.boxes(2)
    office.scheduled(office.approved(), made, NOW + timedelta(hours=1))
    office.publish()
    return made


def test_a_bundle_holds_what_was_signed_and_every_page_by_its_hash(
    office: Office, boxes: list[Box]
) -> None:
    bundle, packed = make(office, Chosen())
    with packed:
        names = set(packed.namelist())
        for box in boxes:
            with office.database.read() as session:
                told = session.get_one(tables.DesiredState, box.did).sealed
            assert packed.read(f"loalang/boxes/{box.did}/desired.jws") == told
            for page in office.desired(box.did).manifest.pages:
                body = packed.read(f"loalang/pages/{page.sha256}.json.gz")
                assert hashlib.sha256(body).hexdigest() == page.sha256
    assert {"loalang/keys.jws", "loalang/DOC-TOI.txt"} < names
    assert bundle.boxes == tuple(sorted(box.did for box in boxes))
    # The office of this test only names its audio.
    assert len(bundle.lacking) == 1


def test_audio_is_carried_once_for_all_boxes(office: Office, boxes: list[Box]) -> None:
    with office.database.read() as session:
        (spoken,) = session.exec(select(tables.Script.pinned_spoken)).all()
    sound = office.folder / "sound"
    # What the office of this test names its audio by.
    sound.write_bytes(f"{spoken}audio".encode())
    sha256 = FilesystemStore(office.folder / "audio").put(sound)
    bundle, packed = make(office, Chosen())
    with packed:
        assert packed.namelist().count(f"loalang/audio/{sha256}.opus") == 1
        assert packed.read(f"loalang/audio/{sha256}.opus") == sound.read_bytes()
    assert bundle.lacking == ()


@pytest.mark.parametrize("by", ["boxes", "villages", "units"])
def test_one_box_is_chosen_by_its_id_its_village_or_a_unit(
    office: Office, boxes: list[Box], by: str
) -> None:
    wanted = boxes[1]
    name = wanted.did if by == "boxes" else wanted.village.village_id
    chosen = Chosen(**{by: (name,)})
    bundle, packed = make(office, chosen)
    packed.close()
    assert bundle.boxes == (wanted.did,)


def test_a_box_that_is_not_known_is_refused(office: Office, boxes: list[Box]) -> None:
    with pytest.raises(NotFound):
        make(office, Chosen(boxes=("zzzzzzzzzzzz",)))


def test_a_bundle_larger_than_a_stick_is_refused_before_anything_is_written(
    office: Office, boxes: list[Box]
) -> None:
    store, file = FilesystemStore(office.folder / "audio"), office.folder / "out.zip"
    with pytest.raises(ControllerError, match="bundle takes") as refused:
        make_bundle(
            office.database,
            store,
            office.authority,
            Chosen(),
            file,
            DAY,
            NOW,
            most_bytes=1_000,
        )
    assert refused.value.code == "bundle_too_large"
    assert not file.exists()


def test_records_are_taken_once_and_receipted(office: Office, boxes: list[Box]) -> None:
    box = boxes[0]
    member = f"loalang/back/{box.did}/{SPOOL}-1-2.jws"
    report = {member: sealed(box, *full_play(1, "p1"))}

    (first,) = take(office, report)
    (again,) = take(office, report)

    assert (first.new, first.doubled, first.refused) == (2, 0, [])
    assert (again.new, again.doubled) == (0, 2)
    with office.database.read() as session:
        assert len(session.exec(select(tables.AsRun)).all()) == 1
    (receipt,) = first.receipts
    opened = envelope.open_sealed(receipt, kind=Kind.ACK, key_for=office.authority.public_key)
    assert decode(opened.payload, ReportAck) == ReportAck(SPOOL, 2)
    # A stick made afterwards carries the receipt as well.
    _, packed = make(office, Chosen(boxes=(box.did,)))
    with packed:
        (line,) = packed.read(f"loalang/boxes/{box.did}/ack.jws").split()
    assert line == receipt


def test_what_came_over_the_wire_before_is_not_counted_again(
    office: Office, boxes: list[Box]
) -> None:
    box, events = boxes[0], full_play(1, "p1")
    record_playback(office.database, [Received(box.did, SPOOL, events)], NOW)
    more = (*events, *full_play(3, "p2"))
    (taken,) = take(office, {f"back/{box.did}/{SPOOL}-1-4.jws": sealed(box, *more)})
    assert (taken.new, taken.doubled) == (2, 2)


def test_forged_and_strange_reports_are_refused_with_a_reason_and_hurt_no_other(
    office: Office, boxes: list[Box]
) -> None:
    box, other = boxes
    stranger = Ed25519PrivateKey.generate()
    good = sealed(box, *full_play(1, "p1"))
    taken = {
        each.device_id: each
        for each in take(
            office,
            {
                f"loalang/back/{box.did}/{SPOOL}-1-2.jws": good,
                f"loalang/back/{box.did}/{SPOOL}-3-4.jws": sealed(
                    box, *full_play(3, "p2"), key=stranger
                ),
                f"loalang/back/{box.did}/{SPOOL}-5-6.jws": b"\0" * 300_000,
                # Another box's report in this one's folder.
                f"loalang/back/{other.did}/{SPOOL}-1-2.jws": good,
                f"loalang/back/zzzzzzzzzzzz/{SPOOL}-1-2.jws": good,
                f"../../back/{box.did}/../../../etc/{SPOOL}-1-2.jws": good,
                f"loalang/back/{box.did}/about.json": b"{}",
                "loalang/audio/x.opus": b"x",
            },
        )
    }
    assert (taken[box.did].new, taken[box.did].reports) == (2, 3)
    assert [each.file[-8:] for each in taken[box.did].refused] == ["-3-4.jws", "-5-6.jws"]
    assert [each.why[1] for each in taken[other.did].refused] == [
        "its signature or content is wrong"
    ]
    assert [each.why[1] for each in taken["zzzzzzzzzzzz"].refused] == ["no box of this controller"]
    assert len(taken) == 3


def test_a_member_that_lies_about_its_size_is_not_unpacked(
    office: Office, boxes: list[Box]
) -> None:
    box = boxes[0]
    file = pack(office.folder, {f"back/{box.did}/{SPOOL}-1-2.jws": b"\0" * 10_000_000})
    data = bytearray(file.read_bytes())
    lied = (100).to_bytes(4, "little")
    data = data.replace((10_000_000).to_bytes(4, "little"), lied)
    file.write_bytes(data)
    (taken,) = take_bundle(office.database, office.authority, file, NOW)
    assert (taken.new, len(taken.refused)) == (0, 1)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_bundle_says_so_or_gives_nothing(office: Office, content: bytes) -> None:
    file = office.folder / "x.zip"
    file.write_bytes(content)
    if content.startswith(b"PK"):
        assert take_bundle(office.database, office.authority, file, NOW) == ()
        return
    with pytest.raises(ControllerError) as refused:
        take_bundle(office.database, office.authority, file, NOW)
    assert refused.value.code == "not_a_bundle"


def test_more_members_than_any_stick_has_are_not_even_listed(office: Office) -> None:
    file = office.folder / "x.zip"
    listed = b"PK\x01\x02" + b"\0" * 42
    file.write_bytes(listed * (MOST_MEMBERS + 1))
    with pytest.raises(BundleTooLarge):
        take_bundle(office.database, office.authority, file, NOW)


def test_what_would_unpack_to_more_than_sticks_hold_is_refused(
    office: Office, boxes: list[Box]
) -> None:
    once = MAX_PAYLOAD_BYTES
    claimed = MOST_UNPACKED_BYTES // once + 1
    names = [f"back/{boxes[0].did}/{SPOOL}-{n}-{n}.jws" for n in range(1, claimed + 1)]
    file = pack(office.folder, dict.fromkeys(names, b"x" * 7))
    file.write_bytes(
        file.read_bytes().replace((7).to_bytes(4, "little"), once.to_bytes(4, "little"))
    )
    with pytest.raises(BundleTooLarge):
        take_bundle(office.database, office.authority, file, NOW)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@given(spoiled=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_damage_of_a_zip_does_more_than_spoil_what_it_hit(
    office: Office, boxes: list[Box], method: int, spoiled: list[tuple[int, int]]
) -> None:
    file = office.folder / "back.zip"
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr("đọc tôi.txt", b"")
        for n in (1, 2):
            packed.writestr(f"back/{boxes[0].did}/{SPOOL}-{n}-{n}.jws", b"no report" * 20)
    data = bytearray(file.read_bytes())
    for place, byte in spoiled:
        data[place % len(data)] = byte
    file.write_bytes(data)
    with contextlib.suppress(ControllerError):
        taken = take_bundle(office.database, office.authority, file, NOW)
        assert all(box.new == 0 for box in taken)
