"""Carts of the units: which clips a zone may hear, whose they are, and their going."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from controller.errors import NotFound
from controller.operations.asked_work import ask_for_plan
from controller.storage import events, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Cart
from edge_agent.contract.manifest import Asset
from schedules.rundown import Material, MaterialKind
from schedules.types import AssetSha256, CartId, DurationMs, LanguageTag, UtcInstant

NEVER_STALE = UtcInstant(datetime(2100, 1, 1, tzinfo=UTC))
"""A cart airs until somebody removes it; the wire knows no later instant."""

_COLUMNS = (
    col(Cart.name),
    col(Cart.unit_id),
    col(Cart.language),
    col(Cart.title),
    col(Cart.asset_sha256),
    col(Cart.added_by),
    col(tables.Asset.bytes),
    col(tables.Asset.duration_ms),
    col(tables.Asset.media_type),
)


@dataclass(frozen=True, slots=True)
class Carts:
    """What templates may name, and the files of it by hash."""

    materials: Mapping[CartId, tuple[Material, ...]]
    assets: Mapping[str, Asset]


@dataclass(frozen=True, slots=True)
class ShownCart:
    """A clip as an office sees it; `unit` is "" for what the project itself brings."""

    cart: Cart
    unit: str
    duration_ms: int
    bytes: int


def carts_for(session: Session, unit_ids: Sequence[str]) -> Carts:
    """The clips that stand for a place whose units are these, nearest first.

    Of each name, in each language, those of the nearest unit that has any; what the project brings
    comes last. Within a name they stand in the order in which they were added.
    """
    nearness = {unit_id: steps for steps, unit_id in enumerate(unit_ids)}
    query = (
        sa.select(*_COLUMNS)
        .join(tables.Asset, col(tables.Asset.sha256) == col(Cart.asset_sha256))
        .where(
            col(Cart.removed_ms).is_(None),
            or_(col(Cart.unit_id).is_(None), col(Cart.unit_id).in_(unit_ids)),
        )
        .order_by(col(Cart.added_ms), col(Cart.id))
    )
    far = len(nearness)
    rows = session.execute(query).all()
    nearest: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.name, row.language)
        nearest[key] = min(nearness.get(row.unit_id, far), nearest.get(key, far))
    materials: dict[CartId, tuple[Material, ...]] = {}
    assets: dict[str, Asset] = {}
    for row in rows:
        if nearness.get(row.unit_id, far) != nearest[row.name, row.language]:
            continue
        name = CartId(row.name)
        materials[name] = (*materials.get(name, ()), _material(row))
        assets[row.asset_sha256] = Asset(
            row.asset_sha256, row.bytes, row.duration_ms, row.media_type
        )
    return Carts(materials, assets)


def show_carts(session: Session, unit_ids: Sequence[str] | None = None) -> list[ShownCart]:
    """Clips that nobody removed, by name; of these units and of the project, or of everybody."""
    query = (
        select(Cart, tables.Asset, tables.Unit.name)
        .join(tables.Asset, col(tables.Asset.sha256) == col(Cart.asset_sha256))
        .outerjoin(tables.Unit, col(tables.Unit.id) == col(Cart.unit_id))
        .where(col(Cart.removed_ms).is_(None))
        .order_by(col(Cart.name), col(Cart.language), col(Cart.added_ms), col(Cart.id))
    )
    if unit_ids is not None:
        query = query.where(or_(col(Cart.unit_id).is_(None), col(Cart.unit_id).in_(unit_ids)))
    return [
        ShownCart(cart, unit or "", asset.duration_ms, asset.bytes)
        for cart, asset, unit in session.exec(query)
    ]


def remove_cart(database: Database, cart_id: str, by: str, now: datetime) -> None:
    """Take a clip out of every coming session; raises `NotFound`. Removing it twice is once."""
    with database.write() as session:
        cart = session.get(Cart, cart_id)
        if cart is None:
            raise NotFound("đoạn âm thanh", "cart", cart_id)
        if cart.removed_ms is None:
            take_out(session, cart, by, now)
            ask_for_plan(session, now)


def take_out(session: Session, cart: Cart, by: str, now: datetime) -> None:
    """It airs no more; its row stays, so that the log can say what was heard."""
    cart.removed_ms = to_ms(now)
    session.add(cart)
    tell_cart(session, cart, "removed", by, now)


def tell_cart(session: Session, cart: Cart, what: str, by: str, now: datetime) -> None:
    """Let screens know that a cart came or went."""
    body: dict[str, object] = {
        "id": cart.id,
        "name": cart.name,
        "unit": cart.unit_id,
        "what": what,
        "by": by,
    }
    events.tell(session, "cart", body, to_ms(now))


def _material(row: sa.Row[tuple[object, ...]]) -> Material:
    return Material(
        asset_sha256=AssetSha256(row.asset_sha256),
        duration_ms=DurationMs(row.duration_ms),
        title=row.title,
        language=LanguageTag(row.language),
        kind=MaterialKind.CART,
        bulletin_id=None,
        rendition_id=None,
        spoken_sha256=None,
        approved_by=row.added_by,
        valid_until=NEVER_STALE,
    )
