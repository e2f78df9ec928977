"""A bundle for a stick: what boxes were told, as it was signed, with every file that it names."""

import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session, col, select

from audio_library.errors import AssetMissing, StoreFull
from audio_library.no_room import is_no_room
from audio_library.store.asset_store import AssetStore
from controller.errors import ControllerError, NotFound
from controller.fleet.authority import Authority
from controller.fleet.bundle_contents import assets_of, own_word
from controller.fleet.keyring import issuer_of
from controller.operations.alert_lists import sealed_lists
from controller.operations.find_unit import find_unit
from controller.operations.find_village import find_village
from controller.operations.signed_keys import current_key_set
from controller.storage import places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from edge_agent.contract import stick as layout
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.manifest import Asset
from edge_agent.contract.trust import Kind

MOST_BYTES = 32 * 10**9
"""What the usual stick holds."""

MOST_BOXES = 1_000
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Chosen:
    """Boxes by their id, by village or by unit; nothing named means all."""

    boxes: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was packed; `lacking` is audio that the store does not hold."""

    boxes: tuple[str, ...]
    files: int
    bytes: int
    lacking: tuple[str, ...]


@dataclass(slots=True)
class _Load:
    """What goes into a bundle: messages by name; pages and audio are only named."""

    messages: dict[str, bytes] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    audio: dict[str, Asset] = field(default_factory=dict)
    boxes: list[str] = field(default_factory=list)


def make_bundle(
    database: Database,
    store: AssetStore,
    authority: Authority,
    chosen: Chosen,
    file: Path,
    day: date,
    now: datetime,
    *,
    most_bytes: int = MOST_BYTES,
) -> Bundle:
    """Write a ZIP for these boxes to `file`.

    Raises `NotFound`, `UnknownVillage`, StoreFull, and what says that it is too large or empty.
    """
    with database.write() as session:
        keys = current_key_set(session, authority, now)
        alerts = sealed_lists(session, authority, now)
    with database.read() as session:
        load = _load(session, authority, chosen, day, to_ms(now))
    if keys is not None:
        load.messages[layout.KEYS] = keys
    for scope, sealed in alerts.items():
        name = f"{layout.ALERTS}/{scope}/{issuer_of(authority.root_public)}.jws"
        load.messages[name] = sealed
    total = sum(asset.bytes for asset in load.audio.values())
    if total > most_bytes:
        size = f"{total // 10**6} MB"
        raise _too_large(size, size, f"{most_bytes // 10**6} MB")
    try:
        return _pack(database, load, store, file)
    except OSError as e:
        if is_no_room(e):
            raise StoreFull(total, shutil.disk_usage(file.parent).free) from e
        raise


def _load(session: Session, authority: Authority, chosen: Chosen, day: date, now_ms: int) -> _Load:
    load = _Load()
    load.messages[layout.READ_ME] = layout.READ_ME_TEXT.encode()
    meant = _boxes(session, chosen, day, now_ms)
    if len(meant) > MOST_BOXES:
        raise _too_large(f"{len(meant)} hộp", f"{len(meant)} boxes", str(MOST_BOXES))
    for device_id in meant:
        state = session.get(tables.DesiredState, device_id)
        if state is None:
            continue
        load.boxes.append(device_id)
        place = f"{layout.BOXES}/{device_id}"
        load.messages[f"{place}/{layout.DESIRED}"] = state.sealed
        receipts = _receipts(session, authority, device_id)
        if receipts:
            load.messages[f"{place}/{layout.RECEIPTS}"] = receipts
        _add_files(session, load, state.sealed)
    if not load.boxes:
        raise ControllerError(
            "nothing_to_carry",
            "Chưa hộp nào trong số này được giao lịch. Hãy đợi lập lịch xong rồi làm lại.",
            "None of these boxes was told a plan yet. Wait until planning is done and try again.",
        )
    return load


def _boxes(session: Session, chosen: Chosen, day: date, now_ms: int) -> list[str]:
    """Ids of the boxes that are meant, those that stand somewhere."""
    spots = places.spots(session, places.area_tree(session), now_ms)
    for device_id in chosen.boxes:
        if device_id not in spots:
            raise NotFound("hộp loa", "box", device_id[:80])
    if chosen == Chosen():
        return sorted(spots)
    units = {find_unit(session, unit) for unit in chosen.units}
    villages = {find_village(session, village).id for village in chosen.villages}
    hears = tables.VillageHears
    clusters = set(
        session.exec(select(hears.cluster_id).where(col(hears.unit_id).in_(villages))).all()
    )
    return sorted(
        spot.device_id
        for spot in spots.values()
        if spot.device_id in chosen.boxes
        or spot.cluster_id in clusters
        or not (units | villages).isdisjoint(spot.unit_ids)
    )


def _receipts(session: Session, authority: Authority, device_id: str) -> bytes:
    """Receipts for all that came of a box, one a line."""
    marks = session.exec(
        select(tables.SpoolMark)
        .where(tables.SpoolMark.device_id == device_id, tables.SpoolMark.upto > 0)
        .order_by(col(tables.SpoolMark.upto).desc())
        .limit(layout.MAX_RECEIPTS)
    )
    return receipt_lines(authority.sign(ReportAck(m.spool, m.upto), Kind.ACK) for m in marks)


def receipt_lines(sealed: Iterable[bytes]) -> bytes:
    """Receipts as they stand on a stick."""
    return b"".join(receipt + b"\n" for receipt in sealed)


def _add_files(session: Session, load: _Load, sealed: bytes) -> None:
    word = own_word(sealed)
    assets = [word.fallback] if word.fallback else []
    named = [page.sha256 for page in word.manifest.pages] + [page.sha256 for page in word.phrases]
    named += [word.clips.sha256] if word.clips else []
    for sha256 in named:
        body = _page(session, sha256) if sha256 not in load.pages else None
        if body is not None:
            load.pages.add(sha256)
            assets += assets_of(body)
    load.audio.update({asset.sha256: asset for asset in assets})


def _pack(database: Database, load: _Load, store: AssetStore, file: Path) -> Bundle:
    lacking: list[str] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for name, message in load.messages.items():
            packed.writestr(f"{layout.FOLDER}/{name}", message)
        with database.read() as session:
            for sha256 in sorted(load.pages):
                body = _page(session, sha256)
                if body is not None:
                    packed.writestr(f"{layout.FOLDER}/pages/{sha256}.json.gz", body)
        for sha256 in sorted(load.audio):
            try:
                sound = store.open(sha256)
            except AssetMissing:
                lacking.append(sha256)
                continue
            name = f"{layout.FOLDER}/audio/{sha256}.opus"
            with sound, packed.open(name, "w", force_zip64=True) as member:
                shutil.copyfileobj(sound, member, _CHUNK)
        files = len(packed.namelist())
    return Bundle(tuple(load.boxes), files, file.stat().st_size, tuple(lacking))


def _page(session: Session, sha256: str) -> bytes | None:
    """The packed bytes of a page; None if it was cleared away meanwhile."""
    return session.exec(select(tables.Page.body).where(tables.Page.sha256 == sha256)).first()


def _too_large(vi: str, en: str, most: str) -> ControllerError:
    return ControllerError(
        "bundle_too_large",
        f"Gói này có {vi}, quá {most}. Chưa ghi gì; hãy chọn ít hộp hơn.",
        f"This bundle takes {en}, over {most}. Nothing was written; choose fewer boxes.",
    )
