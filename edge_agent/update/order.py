"""The order for another version, as the agent hands it to the system's updater.

The updater is root and believes nothing of the agent's: it has its own copy of the root key and
goes by signatures alone, and by no order that is older than one it knows.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta
from msgspec.structs import replace

from edge_agent.contract.commands import MAX_LIFE_MS, Command, CommandKind, Update
from edge_agent.contract.envelope import Untrusted, open_sealed
from edge_agent.contract.trust import ROOT_KID, KeySet, Kind, granted, public_from_text
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode
from edge_agent.inbox import open_placement
from edge_agent.update.errors import UpdateRefused

FOLDER = "update"
"""Below the state folder."""
ORDER = "order"
BUNDLE = "bundle"
MAX_ORDER_BYTES = 3 * MAX_PAYLOAD_BYTES

Sealed = Annotated[str, Meta(max_length=MAX_PAYLOAD_BYTES)]


class UpdateOrder(msgspec.Struct, frozen=True):
    """The signed command, and the root's words that say who may give it, all as they came."""

    command: Sealed
    keys: Sealed
    placement: Sealed


class Pinned(msgspec.Struct, frozen=True):
    """What the updater goes by: the root key, and the newest of each word it has seen."""

    root: str
    keys: int = 0
    issued: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """An order that holds, and what is pinned once it is taken."""

    command: str
    update: Update
    pinned: Pinned


def verify(order: UpdateOrder, pinned: Pinned, did: str) -> Verified:
    """Check an order for the box `did` against the pinned root alone. Raises `UpdateRefused`.

    Time plays no part: no clock need be trusted where serials and instants only go forward.
    """
    try:
        return _verify(order, pinned, did)
    except (Untrusted, Unreadable, ValueError) as e:
        raise refused(f"chữ ký không đúng: {e}", f"its signature does not hold: {e}") from e


def refused(vi: str, en: str) -> UpdateRefused:
    """An order that is not obeyed."""
    return UpdateRefused(
        f"Không nhận lệnh cập nhật: {vi}. Phiên bản đang chạy vẫn như cũ.",
        f"The order to update is refused: {en}. What runs was left as it is.",
    )


def _verify(order: UpdateOrder, pinned: Pinned, did: str) -> Verified:
    root = public_from_text(pinned.root)

    def by_root(kid: str) -> Ed25519PublicKey | None:
        return root if kid == ROOT_KID else None

    opened = open_sealed(order.keys.encode(), kind=Kind.KEYS, key_for=by_root)
    keys = decode(opened.payload, KeySet)
    if keys.serial < pinned.keys:
        raise refused("bộ khoá đã cũ", "an older set of keys")
    placement = open_placement(order.placement, did, root)

    # Who may order a few villages may not become root on their boxes: only who orders them all.
    top = replace(placement, units=placement.units[-1:])

    def granted_key(kid: str) -> Ed25519PublicKey | None:
        return granted(keys, kid, Kind.COMMAND, top, None)

    told = open_sealed(order.command.encode(), kind=Kind.COMMAND, key_for=granted_key)
    command = decode(told.payload, Command)
    if command.kind != CommandKind.UPDATE or command.audience not in (did, *placement.units):
        raise refused("không phải lệnh cập nhật cho hộp này", "no update of this box")
    if not 0 < command.expires - command.issued <= MAX_LIFE_MS:
        raise refused("thời hạn quá dài", "its life is too long")
    if command.issued <= pinned.issued:
        raise refused("lệnh cũ", "an older one was carried out")
    update = decode(bytes(command.body), Update)
    return Verified(command.id, update, Pinned(pinned.root, keys.serial, command.issued))
