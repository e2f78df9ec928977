"""Pairing: an invitation for a cluster, a box that proves its code, a person who decides."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import convert, to_builtins
from sqlalchemy import update
from sqlmodel import Session, col, or_, select

from controller.errors import ControllerError
from controller.fleet.authority import Authority, device_public
from controller.fleet.certificates import CertificateAuthority
from controller.operations.asked_work import ask_for_plan
from controller.operations.box_certificates import issue_certificate
from controller.operations.devices import (
    act,
    require_cluster,
    require_room,
    retire_all,
    settle_trust,
)
from controller.operations.enrol_device import enrol
from controller.operations.services import BoxAddresses, Services
from controller.operations.touched import zones_of_cluster
from controller.storage import events, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from controller.storage.trust_tables import Pairing
from edge_agent.contract import pairing as wire
from edge_agent.contract.trust import public_to_text
from edge_agent.contract.types import Unreadable, decode, encode

SHORTEST, USUAL, LONGEST = timedelta(minutes=5), timedelta(minutes=60), timedelta(hours=48)
MOST_FAILURES = 5
COLLECT_MS = 3_600_000
"""What was approved waits at least so long for a box that lost its power meanwhile."""

OPEN, ASKED, APPROVED, DONE, REFUSED, SPENT = (
    "open",
    "asked",
    "approved",
    "done",
    "refused",
    "spent",
)
_ALIVE = (OPEN, ASKED, APPROVED)
M = TypeVar("M", wire.Ask, wire.Poll)
R = TypeVar("R")


class PairingRefused(ControllerError):
    """A box, or who decides about it, is told no; `code` says why."""


@dataclass(frozen=True, slots=True)
class Face:
    """What this office shows to a box before and after it is taken in."""

    authority: Authority
    ca: CertificateAuthority
    addresses: BoxAddresses


def office_face(given: Services, code: str | None = None) -> Face:
    """The office as boxes are to know it; `code` opens a locked root. Raises `ControllerError`."""
    if given.ca is None:
        raise PairingRefused(
            "no_certificates",
            "Văn phòng này chưa bật TLS của mình (LOALANG_TLS=own) nên không ghép nối bằng mã "
            "được. Để dùng thử: `loalang add-box`.",
            "This office runs without its own TLS (LOALANG_TLS=own) and cannot pair by code. To "
            "try it out: `loalang add-box`.",
        )
    return Face(given.authority.unlocked(code), given.ca, given.door.addresses())


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code for one box at one cluster; nothing here keeps the code."""

    id: str
    code: str
    cluster: str
    address: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class ShownPairing:
    """An invitation that is not over, and the box that asks by it, if one does."""

    id: str
    state: str
    cluster_id: str
    cluster: str
    made_by: str
    expires: datetime
    asked: datetime | None
    fingerprint: str
    about: wire.About
    standing: tuple[str, ...]


def invite(
    database: Database, office: Face, cluster_id: str, life: timedelta, who: str, now: datetime
) -> Invitation:
    """Make a code for the box at a cluster; one that no box has used yet counts no more."""
    if not SHORTEST <= life <= LONGEST:
        raise PairingRefused(
            "wrong_life",
            f"Mã ghép nối sống từ {_minutes(SHORTEST)} đến {_minutes(LONGEST)} phút.",
            f"A pairing code lives from {_minutes(SHORTEST)} to {_minutes(LONGEST)} minutes.",
        )
    now_ms, expires = to_ms(now), now + life
    with database.read() as session:
        code = wire.Code(_free_id(session, now_ms), _letters(wire.SECRET_LETTERS))
    key = wire.stretch(code)
    with database.write() as session:
        cluster = require_cluster(session, cluster_id)
        over = update(Pairing).where(col(Pairing.expires_ms) <= now_ms)
        session.exec(over.values(secret="", placement="", certificate=""))
        for row in session.exec(
            select(Pairing).where(
                Pairing.cluster_id == cluster_id, col(Pairing.state).in_((OPEN, ASKED))
            )
        ):
            if row.state == ASKED and row.expires_ms > now_ms:
                raise PairingRefused(
                    "pairing_waits",
                    f"Một máy đang chờ duyệt ở {cluster.name} (mã {row.id}). Hãy duyệt hoặc từ "
                    "chối máy đó trước.",
                    f"A box waits for its approval at {cluster.name} (code {row.id}). Approve or "
                    "refuse it first.",
                )
            _end(session, row, SPENT, now_ms)
        session.merge(
            Pairing(
                id=code.id,
                secret=key.hex(),
                cluster_id=cluster_id,
                state=OPEN,
                made_by=who,
                made_ms=now_ms,
                expires_ms=to_ms(expires),
            )
        )
        _tell(session, code.id, OPEN, who, now_ms)
    address = next(iter(office.addresses.offices), "")
    return Invitation(code.id, wire.write_code(code), cluster.name, address, expires)


def hear_ask(database: Database, office: Face, payload: bytes, now: datetime) -> bytes:
    """A box asks, and proves that it knows the code; the office proves the same.

    Raises `PairingRefused`. The same box may ask again; another one with the same code may not.
    """
    ask, now_ms = _read(payload, wire.Ask), to_ms(now)

    def take(session: Session, row: Pairing, key: bytes) -> bytes:
        if row.state != OPEN and row.public_key != ask.public_key:
            raise PairingRefused(
                "code_taken",
                "Một máy khác đã dùng mã này và đang chờ duyệt. Nếu không phải máy của anh chị, "
                "hãy báo văn phòng từ chối nó và xin mã mới.",
                "Another box has used this code and waits for its approval. If it is none of "
                "yours, have the office refuse it and give you a new code.",
            )
        _require_clean_key(session, ask.public_key)
        if row.state == OPEN:
            row.state, row.asked_ms = ASKED, now_ms
            _tell(session, row.id, ASKED, "", now_ms)
        row.public_key, row.nonce, row.about = ask.public_key, ask.nonce, to_builtins(ask.about)
        offer = wire.Offer(
            office.authority.root_public, office.ca.pem, _nonce(), expires=row.expires_ms
        )
        return encode(wire.tag_offer(key, ask, offer))

    return _proved(database, ask.id, lambda key, _row: wire.tag_ask(key, ask), ask, take, now_ms)


def hear_poll(
    database: Database, office: Face, pairing_id: str, payload: bytes, now: datetime
) -> bytes:
    """What a person has decided about the box that asks; all of it, if it was approved."""
    poll = _read(payload, wire.Poll)

    def answer(_session: Session, row: Pairing, key: bytes) -> bytes:
        if row.state == APPROVED:
            verdict = wire.Verdict(
                wire.VerdictState.APPROVED,
                device=row.device_id or "",
                placement=row.placement,
                certificate=row.certificate,
                brokers=office.addresses.brokers,
                offices=office.addresses.offices,
                sources=office.addresses.sources,
                root_public_key=office.authority.root_public,
                ca_pem=office.ca.pem,
            )
        else:
            refused = row.state == REFUSED
            verdict = wire.Verdict(
                wire.VerdictState.REFUSED if refused else wire.VerdictState.WAITING
            )
        return encode(wire.tag_verdict(key, _ask(row), poll, verdict))

    return _proved(
        database,
        pairing_id,
        lambda key, row: wire.tag_poll(key, _ask(row), poll),
        poll,
        answer,
        to_ms(now),
    )


def hear_done(database: Database, pairing_id: str, payload: bytes, now: datetime) -> None:
    """The box keeps what it was given: the code is spent."""
    done, now_ms = _read(payload, wire.Poll), to_ms(now)

    def end(session: Session, row: Pairing, _key: bytes) -> None:
        if row.state == APPROVED:
            _end(session, row, DONE, now_ms)

    _proved(
        database,
        pairing_id,
        lambda key, row: wire.tag_done(key, _ask(row), done),
        done,
        end,
        now_ms,
    )


def approve(
    database: Database,
    office: Face,
    pairing_id: str,
    who: str,
    now: datetime,
    *,
    replace: bool = False,
) -> str:
    """Take the waiting box in at its cluster; gives its id.

    Who stands there is retired if `replace`, and an older life of the same box in any case.
    Raises `NotFound`, `PairingRefused`, and what the authority says while its root is locked.
    """
    now_ms = to_ms(now)
    with database.write() as session:
        row = _decidable(session, pairing_id, now_ms)
        _require_clean_key(session, row.public_key)
        former = _of_key(session, row.public_key)
        standing = require_room(session, row.cluster_id, replace=replace, but=former)
        retire_all(session, {*standing, *former}, "ghép nối lại / paired anew", who, now)
        about = convert(row.about, wire.About)
        enrolled = enrol(
            session,
            office.authority,
            places.area_tree(session),
            row.cluster_id,
            row.public_key,
            now_ms,
            hardware=about.hardware,
        )
        row.certificate = issue_certificate(session, office.ca, enrolled.did, now)
        row.placement, row.device_id = enrolled.placement, enrolled.did
        row.expires_ms = max(row.expires_ms, now_ms + COLLECT_MS)
        _decide(session, row, APPROVED, who, now_ms)
        act(session, enrolled.did, "approved", who, row.id, now_ms)
        settle_trust(session, now_ms)
        ask_for_plan(session, now, zones_of_cluster(session, row.cluster_id))
    return enrolled.did


def refuse(database: Database, pairing_id: str, who: str, now: datetime) -> None:
    """Turn the waiting box away, or take back a code that no box has used."""
    now_ms = to_ms(now)
    with database.write() as session:
        row = _alive(session, pairing_id, now_ms)
        if row is None or row.state == APPROVED:
            raise _gone(pairing_id)
        if row.state == OPEN:
            _end(session, row, SPENT, now_ms)
        _decide(session, row, REFUSED if row.state == ASKED else row.state, who, now_ms)


def show_pairings(session: Session, now: datetime) -> Sequence[ShownPairing]:
    """Invitations that are not over, those that a box asks by first."""
    now_ms = to_ms(now)
    query = (
        select(Pairing, tables.Cluster.name)
        .join(tables.Cluster, col(tables.Cluster.id) == col(Pairing.cluster_id))
        .where(col(Pairing.state).in_(_ALIVE), col(Pairing.expires_ms) > now_ms)
        .order_by(col(Pairing.state), col(Pairing.made_ms))
    )
    return [
        ShownPairing(
            row.id,
            row.state,
            row.cluster_id,
            name,
            row.made_by,
            to_utc(row.expires_ms),
            to_utc(row.asked_ms) if row.asked_ms else None,
            wire.fingerprint(row.public_key) if row.public_key else "",
            convert(row.about, wire.About),
            tuple(sorted(require_room(session, row.cluster_id, replace=True))),
        )
        for row, name in session.exec(query)
    ]


def _proved(
    database: Database,
    pairing_id: str,
    expected: Callable[[bytes, Pairing], wire.Ask | wire.Poll],
    said: wire.Ask | wire.Poll,
    then: Callable[[Session, Pairing, bytes], R],
    now_ms: int,
) -> R:
    """Do `then` if `said` proves the code of that invitation; a wrong proof is counted, and kept.

    An unknown code, a wrong one and one that is over are told by the same words.
    """
    with database.write() as session:
        row = session.get(Pairing, pairing_id, with_for_update=True)
        if row is not None and row.secret and row.expires_ms > now_ms:
            key = bytes.fromhex(row.secret)
            if wire.holds(said, expected(key, row)):
                answer = then(session, row, key)
                session.add(row)
                return answer
            row.failures += 1
            if row.failures >= MOST_FAILURES and row.state != APPROVED:
                _end(session, row, SPENT, now_ms)
            session.add(row)
    raise PairingRefused(
        "wrong_pairing_code",
        "Mã ghép nối sai, đã dùng hoặc đã hết hạn. Chưa có gì thay đổi; hãy xem lại mã, hoặc xin "
        "văn phòng mã mới.",
        "The pairing code is wrong, used or over. Nothing was changed; look at the code again, or "
        "ask the office for a new one.",
    )


def _read(payload: bytes, kind: type[M]) -> M:
    try:
        if len(payload) > wire.MAX_MESSAGE_BYTES:
            raise Unreadable(f"{len(payload)} bytes")
        return decode(payload, kind)
    except Unreadable as e:
        raise PairingRefused(
            "pairing_unreadable",
            "Lời chào ghép nối không đúng dạng. Hãy cập nhật phần mềm của máy.",
            f"The pairing message has not the right form ({str(e)[:200]}). Update the box.",
        ) from e


def _ask(row: Pairing) -> wire.Ask:
    """What the box said when it asked last."""
    return wire.Ask(row.id, row.public_key, row.nonce, convert(row.about, wire.About))


def _alive(session: Session, pairing_id: str, now_ms: int) -> Pairing | None:
    row = session.get(Pairing, pairing_id.upper(), with_for_update=True)
    return row if row and row.state in _ALIVE and row.expires_ms > now_ms else None


def _decidable(session: Session, pairing_id: str, now_ms: int) -> Pairing:
    row = _alive(session, pairing_id, now_ms)
    if row is None or row.state == APPROVED:
        raise _gone(pairing_id)
    if row.state == OPEN:
        raise PairingRefused(
            "no_box_waits",
            f"Chưa có máy nào xin ghép nối bằng mã {row.id}. Hãy chạy lệnh ghép nối trên máy.",
            f"No box has asked by code {row.id} yet. Run the pairing command on the box.",
        )
    return row


def _gone(pairing_id: str) -> PairingRefused:
    return PairingRefused(
        "pairing_over",
        f"Không có máy nào chờ duyệt với mã {pairing_id}: mã đã dùng, bị từ chối hoặc hết hạn. "
        "Hãy tạo mã mới.",
        f"No box waits by code {pairing_id}: it was used, refused, or is over. Make a new one.",
    )


def _of_key(session: Session, public_key: str) -> frozenset[str]:
    query = select(tables.Device.id).where(
        tables.Device.public_key == public_key, col(tables.Device.retired_ms).is_(None)
    )
    return frozenset(session.exec(query))


def _require_clean_key(session: Session, public_key: str) -> None:
    """A key that somebody else may hold too is never taken again, nor under another spelling."""
    query = select(tables.Device.id).where(
        tables.Device.public_key == public_key, col(tables.Device.quarantined_ms).is_not(None)
    )
    misspelt = public_to_text(device_public(public_key)) != public_key
    if misspelt or session.exec(query).first() is not None:
        raise PairingRefused(
            "key_not_trusted",
            "Khoá của máy này đã bị thu hồi hoặc cách ly. Hãy ghép nối với khoá mới: thêm --anew.",
            "The key of this box was revoked or is in quarantine. Pair with a new key: add --anew.",
        )


def _decide(session: Session, row: Pairing, state: str, who: str, now_ms: int) -> None:
    row.state, row.decided_by, row.decided_ms = state, who, now_ms
    session.add(row)
    _tell(session, row.id, state, who, now_ms)


def _end(session: Session, row: Pairing, state: str, now_ms: int) -> None:
    row.state, row.secret, row.placement, row.certificate = state, "", "", ""
    session.add(row)
    _tell(session, row.id, state, "", now_ms)


def _tell(session: Session, pairing_id: str, state: str, who: str, now_ms: int) -> None:
    events.tell(session, "pairing", {"id": pairing_id, "state": state, "by": who}, now_ms)


def _free_id(session: Session, now_ms: int) -> str:
    """An id that no living invitation has; those that are over are forgotten for it."""
    while True:
        drawn = _letters(wire.ID_LETTERS)
        taken = select(Pairing.id).where(
            Pairing.id == drawn,
            or_(col(Pairing.state).in_(_ALIVE), col(Pairing.expires_ms) > now_ms),
        )
        if session.exec(taken).first() is None:
            return drawn


def _letters(count: int) -> str:
    return "".join(secrets.choice(wire.ALPHABET) for _ in range(count))


def _nonce() -> str:
    return secrets.token_hex(16)


def _minutes(span: timedelta) -> int:
    return span // timedelta(minutes=1)
