"""Carts of the units: which clips a zone may hear, whose they are, and their going."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import Select

from audio_library.cart import Figure, Spoken
from audio_library.mastering.mastered import MEDIA_TYPE, Mastered
from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import ask_for_plan
from controller.operations.ids import new_id
from controller.operations.touched import zones_naming
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


ONE_CLIP = frozenset(each.value for each in (*Figure, *Spoken))
"""Names of which a unit has one clip a language; any other name may be a collection of many."""


@dataclass(frozen=True, slots=True)
class NewCart:
    """A clip to be: whose sound it is stands in `source`; `unit_id` None: the project's own."""

    name: str
    unit_id: str | None
    language: str
    title: str
    source: str


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
    query = _shown().where(col(Cart.removed_ms).is_(None))
    if unit_ids is not None:
        query = query.where(or_(col(Cart.unit_id).is_(None), col(Cart.unit_id).in_(unit_ids)))
    return [_show(*row) for row in session.exec(query)]


def load_cart(session: Session, cart_id: str) -> ShownCart:
    """One clip, also a removed one; raises `NotFound`."""
    found = session.exec(_shown().where(col(Cart.id) == cart_id)).first()
    if found is None:
        raise _not_found(cart_id)
    return _show(*found)


def keep_cart(session: Session, asked: NewCart, made: Mastered, by: str, now: datetime) -> Cart:
    """Put a clip on the shelf, its file being in the store, and plan the zones that name it.

    Of a name that is one clip it takes the place of the older one in that language. The same sound
    is not kept twice.
    """
    query = select(Cart).where(
        col(Cart.name) == asked.name,
        col(Cart.unit_id) == asked.unit_id,
        col(Cart.language) == asked.language,
        col(Cart.removed_ms).is_(None),
    )
    for there in session.exec(query):
        if there.asset_sha256 == made.sha256:
            return there
        if asked.name in ONE_CLIP:
            _take_out(session, there, by, now)
    session.merge(
        tables.Asset(
            sha256=made.sha256,
            bytes=made.bytes,
            duration_ms=made.duration_ms,
            media_type=MEDIA_TYPE,
            lufs=made.lufs,
            true_peak_dbtp=made.true_peak_dbtp,
            created_ms=to_ms(now),
        )
    )
    session.flush()
    cart = Cart(
        id=new_id(),
        name=asked.name,
        unit_id=asked.unit_id,
        language=asked.language,
        title=asked.title,
        asset_sha256=made.sha256,
        source=asked.source,
        added_by=by,
        added_ms=to_ms(now),
    )
    session.add(cart)
    _tell(session, cart, "added", by, now)
    ask_for_plan(session, now, zones_naming(session, cart.name, cart.unit_id))
    return cart


def remove_cart(database: Database, cart_id: str, by: str, now: datetime) -> None:
    """Take a clip out of every coming session. Removing it twice is once.

    Raises NotFound, ControllerError: built_in_cart.
    """
    with database.write() as session:
        cart = session.get(Cart, cart_id)
        if cart is None:
            raise _not_found(cart_id)
        if cart.unit_id is None:
            raise ControllerError(
                "built_in_cart",
                f"“{cart.title}” đi kèm chương trình nên không gỡ được. Hãy thêm đoạn riêng của "
                f"đơn vị với tên {cart.name}: đoạn ấy sẽ thay.",
                f"“{cart.title}” comes with the program and cannot be removed. Add a clip of the "
                f"unit's own under the name {cart.name}: it takes its place.",
            )
        if cart.removed_ms is None:
            _take_out(session, cart, by, now)
            ask_for_plan(session, now, zones_naming(session, cart.name, cart.unit_id))


def _take_out(session: Session, cart: Cart, by: str, now: datetime) -> None:
    cart.removed_ms = to_ms(now)
    session.add(cart)
    _tell(session, cart, "removed", by, now)


def _tell(session: Session, cart: Cart, what: str, by: str, now: datetime) -> None:
    body: dict[str, object] = {
        "id": cart.id,
        "name": cart.name,
        "unit": cart.unit_id,
        "what": what,
        "by": by,
    }
    events.tell(session, "cart", body, to_ms(now))


def _shown() -> Select[Cart, tables.Asset, str]:
    return (
        select(Cart, tables.Asset, tables.Unit.name)
        .join(tables.Asset, col(tables.Asset.sha256) == col(Cart.asset_sha256))
        .outerjoin(tables.Unit, col(tables.Unit.id) == col(Cart.unit_id))
        .order_by(col(Cart.name), col(Cart.language), col(Cart.added_ms), col(Cart.id))
    )


def _show(cart: Cart, asset: tables.Asset, unit: str | None) -> ShownCart:
    return ShownCart(cart, unit or "", asset.duration_ms, asset.bytes)


def _not_found(cart_id: str) -> NotFound:
    return NotFound("đoạn âm thanh", "cart", cart_id[:80])


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
