"""Other stations' streams that a programme may relay (tiếp sóng): added, shown, removed."""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from audio_library.script import check_text
from controller.errors import ControllerError, NotFound
from controller.operations.asked_work import ask_for_plan
from controller.operations.sign_in import FIRST_ACCOUNT
from controller.operations.touched import zones_naming
from controller.storage import events
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import RelaySource
from schedules.shelf import Relay
from schedules.types import RelayId

LONGEST_URL = 500
"""As long as the wire lets an address be."""
LONGEST_NAME = 120
LONGEST_REASON = 500

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_PLAIN = re.compile(r"[\x21-\x7e]+")


def relays_of(session: Session) -> Mapping[RelayId, Relay]:
    """Every stream that nobody removed, by the short id that templates name."""
    return {
        RelayId(row.id): Relay(RelayId(row.id), row.name, row.url, row.why_unproved)
        for row in show_relays(session)
    }


def show_relays(session: Session) -> list[RelaySource]:
    """Streams that nobody removed, by id."""
    query = select(RelaySource).where(col(RelaySource.removed_ms).is_(None))
    return list(session.exec(query.order_by(col(RelaySource.id))))


def load_relay(session: Session, relay_id: str) -> RelaySource:
    """One stream that nobody removed; raises `NotFound`."""
    row = session.get(RelaySource, relay_id)
    if row is None or row.removed_ms is not None:
        raise NotFound("nguồn tiếp sóng", "relay", relay_id[:80])
    return row


def shown_address(url: str) -> str:
    """An address for screens and logs: what stands behind `?` may be somebody's key."""
    address, asks, _ = url.partition("?")
    return f"{address}?…" if asks else address


def add_relay(database: Database, relay: Relay, by: str, now: datetime) -> None:
    """Keep a stream under its short id; the same id again gives it a new address.

    A stream without https needs the written reason of the administrator. Raises ControllerError:
    bad_relay_id, bad_relay_address, relay_unproved, not_administrator, name_too_long; EmptyText.
    """
    name = " ".join(check_text(relay.name).split())
    why = " ".join(relay.why_unproved.split())
    if not _ID.fullmatch(relay.relay_id):
        raise _bad_id(relay.relay_id)
    if len(name) > LONGEST_NAME or len(why) > LONGEST_REASON:
        raise _too_long()
    if checked_scheme(relay.url) == "https":
        why = ""
    elif not why:
        raise _unproved()
    elif by != FIRST_ACCOUNT:
        raise _not_administrator()
    with database.write() as session:
        session.merge(
            RelaySource(
                id=relay.relay_id,
                name=name,
                url=relay.url,
                why_unproved=why,
                added_by=by,
                added_ms=to_ms(now),
                removed_ms=None,
            )
        )
        _tell(session, relay.relay_id, "added", by, now)
        ask_for_plan(session, now, zones_naming(session, relay.relay_id))


def remove_relay(database: Database, relay_id: str, by: str, now: datetime) -> None:
    """Take a stream out of every coming session; raises `NotFound`."""
    with database.write() as session:
        row = load_relay(session, relay_id)
        row.removed_ms = to_ms(now)
        session.add(row)
        _tell(session, relay_id, "removed", by, now)
        ask_for_plan(session, now, zones_naming(session, relay_id))


def checked_scheme(url: str) -> str:
    """`https` or `http` of an address that a box can open; raises ControllerError."""
    if len(url) > LONGEST_URL or not _PLAIN.fullmatch(url):
        raise _bad_address(
            "dài quá, hoặc có dấu cách hay chữ có dấu", "is too long or not plain ASCII"
        )
    try:
        parts = urlsplit(url)
        found = bool(parts.hostname) and parts.port != 0
    except ValueError:
        found = False
    if not found:
        raise _bad_address("không có tên máy chủ hay cổng đúng", "has no proper host or port")
    if parts.scheme not in ("https", "http"):
        raise _bad_address("phải bắt đầu bằng https:// hoặc http://", "is not https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise _bad_address("chứa tên và mật khẩu", "has a name and a password in it")
    return parts.scheme


def _tell(session: Session, relay_id: str, what: str, by: str, now: datetime) -> None:
    events.tell(session, "relay", {"id": relay_id, "what": what, "by": by}, to_ms(now))


def _bad_id(asked: str) -> ControllerError:
    return ControllerError(
        "bad_relay_id",
        f"Mã nguồn tiếp sóng “{asked[:40]}” không dùng được. Chưa lưu gì; hãy đặt mã ngắn bằng "
        "chữ thường không dấu, số và gạch nối, ví dụ vov1.",
        f"The relay id “{asked[:40]}” cannot be used. Nothing was kept; choose a short one of "
        "small letters, digits and hyphens, for example vov1.",
    )


def _bad_address(why_vi: str, why_en: str) -> ControllerError:
    return ControllerError(
        "bad_relay_address",
        f"Địa chỉ luồng tiếp sóng {why_vi}. Chưa lưu gì; hãy dùng địa chỉ như "
        "https://may-chu/luong.m3u8.",
        f"The address of the stream {why_en}. Nothing was kept; use one like "
        "https://host/stream.m3u8.",
    )


def _unproved() -> ControllerError:
    return ControllerError(
        "relay_unproved",
        "Luồng http không chứng minh được là của đài nào: ai ở giữa đường cũng chen tiếng vào "
        "được. Chưa lưu gì; hãy dùng https, hoặc người quản trị ghi rõ lý do chấp nhận.",
        "A stream over http does not prove whose it is: anybody on the way can speak in it. "
        "Nothing was kept; use https, or let the administrator write why it is accepted.",
    )


def _not_administrator() -> ControllerError:
    return ControllerError(
        "not_administrator",
        f"Chỉ tài khoản {FIRST_ACCOUNT} được chấp nhận luồng http. Chưa lưu gì.",
        f"Only the account {FIRST_ACCOUNT} may accept a stream over http. Nothing was kept.",
    )


def _too_long() -> ControllerError:
    return ControllerError(
        "name_too_long",
        f"Tên dài quá {LONGEST_NAME} chữ, hoặc lý do dài quá {LONGEST_REASON} chữ. Chưa lưu gì; "
        "hãy viết ngắn hơn.",
        f"The name has more than {LONGEST_NAME} characters, or the reason more than "
        f"{LONGEST_REASON}. Nothing was kept; write less.",
    )
