"""Take a box into the fleet: its public key, its place, its way to the broker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from controller.access.passwords import hash_box_password, new_box_password
from controller.errors import NotFound
from controller.fleet.authority import Authority, device_public
from controller.operations.asked_work import ask_for_plan
from controller.operations.ids import new_id
from controller.operations.placements import place
from controller.operations.touched import zones_of_cluster
from controller.storage import places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from schedules.area import AreaTree


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a box needs to know once; the password is stored nowhere here."""

    did: str
    password: str
    root_public: str
    placement: str


def enrol_device(
    database: Database, authority: Authority, cluster_id: str, public_key: str, now: datetime
) -> Enrolled:
    """Enrol the box that holds `public_key` at a cluster; who stood there before is relieved."""
    return enrol_devices(database, authority, [(cluster_id, public_key)], now)[0]


def enrol_devices(
    database: Database, authority: Authority, asked: Sequence[tuple[str, str]], now: datetime
) -> tuple[Enrolled, ...]:
    """Enrol the boxes of these (cluster, public key) pairs, all or none, in their order."""
    now_ms = to_ms(now)
    with database.write() as session:
        tree = places.area_tree(session)
        enrolled = tuple(
            _with_password(session, authority, tree, cluster_id, public_key, now_ms)
            for cluster_id, public_key in asked
        )
        touched = (zones_of_cluster(session, cluster_id) for cluster_id, _ in asked)
        ask_for_plan(session, now, frozenset[str]().union(*touched))
    return enrolled


def enrol(
    session: Session,
    authority: Authority,
    tree: AreaTree,
    cluster_id: str,
    public_key: str,
    now_ms: int,
    *,
    password: str = "",
    hardware: str = "",
) -> Enrolled:
    """Enrol one box at a cluster within a transaction; without a password it has a certificate.

    Raises `NotFound`, `SettingsWrong`.
    """
    device_public(public_key)
    did = new_id()
    cluster = session.get(tables.Cluster, cluster_id)
    if cluster is None:
        raise NotFound("cụm loa", "cluster", cluster_id)
    relieve(session, col(tables.Installation.cluster_id) == cluster_id, now_ms)
    session.add(
        tables.Device(
            id=did,
            public_key=public_key,
            password_hash=hash_box_password(password) if password else "",
            enrolled_ms=now_ms,
            hardware=hardware,
        )
    )
    session.flush()
    session.add(tables.Installation(device_id=did, cluster_id=cluster_id, from_ms=now_ms))
    placement = place(session, authority, did, cluster.unit_id, tree, now_ms).decode()
    return Enrolled(did, password, authority.root_public, placement)


def relieve(session: Session, where: ColumnElement[bool], now_ms: int) -> None:
    """Whoever stands there stands nowhere from now on."""
    standing = select(tables.Installation).where(where, col(tables.Installation.until_ms).is_(None))
    for installed in session.exec(standing):
        installed.until_ms = now_ms
        session.add(installed)


def _with_password(
    session: Session,
    authority: Authority,
    tree: AreaTree,
    cluster_id: str,
    public_key: str,
    now_ms: int,
) -> Enrolled:
    password = new_box_password()
    return enrol(session, authority, tree, cluster_id, public_key, now_ms, password=password)


def broker_accounts(session: Session) -> Mapping[str, str]:
    """Password hash of every box that may connect with one, by id."""
    query = select(tables.Device).where(
        col(tables.Device.retired_ms).is_(None),
        col(tables.Device.quarantined_ms).is_(None),
        tables.Device.password_hash != "",
    )
    return {device.id: device.password_hash for device in session.exec(query)}


def device_keys(session: Session) -> Mapping[str, str]:
    """Public key of every enrolled box that was not revoked, by id.

    What a box signed before it was retired still counts; see `quarantined` for the rest.
    """
    revoked = col(tables.Device.retired_ms).is_not(None) & (
        col(tables.Device.quarantined_ms).is_not(None)
    )
    return {d.id: d.public_key for d in session.exec(select(tables.Device).where(~revoked))}


def quarantined(session: Session) -> frozenset[str]:
    """Boxes of which nothing is believed: their reports are kept aside."""
    query = select(tables.Device.id).where(col(tables.Device.quarantined_ms).is_not(None))
    return frozenset(session.exec(query))
