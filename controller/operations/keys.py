"""Care for the keys: successors in time, rotation, grants to others, revocation."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, col, func, select

from controller.errors import ControllerError, NotFound, SettingsWrong
from controller.fleet import keyring
from controller.fleet.authority import Authority
from controller.fleet.key_folder import BY_ITSELF, RING, ROOT
from controller.fleet.keyring import DAY_MS, GRANTABLE, OWN, Purpose, Ring, RingKey
from controller.operations.alarms import Trouble, differs, settle
from controller.operations.alert_lists import republish_lists
from controller.operations.find_unit import find_unit
from controller.operations.resign import outdated, resign
from controller.operations.signed_keys import current_key_set, is_signed, signed_serial
from controller.storage import events, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc
from edge_agent.contract.trust import Kind, public_from_text, public_to_text

log = structlog.get_logger()

KEYS = "keys"
"""Kind of the alarms and of the events about keys."""

MOST_DAYS = 400
Wanted = Callable[[Ring, int], tuple[Purpose, ...]]
"""Of which purposes a key is wanted, when the ring stands still."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A grant that somebody asks for: whose key, what it may sign, where, and how long."""

    public: str
    name: str
    kinds: Collection[str]
    units: Collection[str]
    days: int


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key and its state now: signs, next, retired, granted, expired or revoked."""

    key: RingKey
    state: str


@dataclass(frozen=True, slots=True)
class ShownKeys:
    """The ring for people; `told` of `boxes` hold the key set with `serial`."""

    fingerprint: str
    locked: bool
    serial: int
    told: int
    boxes: int
    keys: tuple[ShownKey, ...]


def tend_keys(database: Database, authority: Authority, now: datetime) -> None:
    """Make successors in time, publish what is new, sign anew what an old key signed.

    Without the root it says so in time. Writes only when something changes.
    """
    now_ms = to_ms(now)
    before = authority.kid_for(Kind.ALERT)
    authority.keys.turn(now_ms)
    if authority.kid_for(Kind.ALERT) != before:
        with database.write() as session:
            republish_lists(session, authority, now)
    if _due(authority.keys.ring, now_ms) and authority.root is not None:
        made = _add(authority, _due, BY_ITSELF, now_ms)
        _publish(database, authority, "succeeded", BY_ITSELF, made, now)
    with database.read() as session:
        signed = is_signed(session, authority)
        found = _troubles(authority, now_ms, signed=signed)
        changed = differs(session, KEYS, found)
        sign = not signed and authority.root is not None
    if changed or sign:
        with database.write() as session:
            if sign:
                current_key_set(session, authority, now)
            settle(session, KEYS, found, now_ms)
    _resign_all(database, authority, now)


def refuse_lost_keys(database: Database, folder: Path) -> None:
    """New keys would be strangers to every box: raises `SettingsWrong` where the old ones are gone.

    An office without boxes may begin with new ones.
    """
    if any((folder / name).exists() for name in (RING, ROOT)):
        return
    with database.read() as session:
        boxes = session.exec(select(tables.Device.id).limit(1)).first()
    if boxes is not None:
        raise SettingsWrong(
            "keys_missing",
            f"Trong {folder} không còn khoá nào, mà cơ sở dữ liệu có hộp loa: khoá mới thì không "
            "loa nào nghe. Chưa tạo gì; hãy chạy `loalang keys restore`, hoặc `loalang restore`.",
            f"There are no keys in {folder}, but the database knows boxes: none of them would obey "
            "new keys. Nothing was made; run `loalang keys restore`, or `loalang restore`.",
        )


def show_keys(session: Session, authority: Authority, now: datetime) -> ShownKeys:
    """Every key with its state, oldest first."""
    now_ms, ring, serial = to_ms(now), authority.keys.ring, signed_serial(session)
    signers = {authority.keys.signer(purpose)[0] for purpose in OWN}
    there = select(func.count()).where(col(tables.Device.retired_ms).is_(None))
    told = (
        select(func.count())
        .select_from(tables.ReportedState)
        .join(tables.Device, col(tables.Device.id) == col(tables.ReportedState.device_id))
        .where(col(tables.Device.retired_ms).is_(None), tables.ReportedState.keys >= serial)
    )
    return ShownKeys(
        authority.fingerprint,
        authority.root is None,
        serial,
        session.exec(told).one() if serial else 0,
        session.exec(there).one(),
        tuple(ShownKey(key, _state(key, signers, now_ms)) for key in ring.keys),
    )


def rotate_keys(
    database: Database,
    authority: Authority,
    purposes: Collection[Purpose],
    by: str,
    now: datetime,
    *,
    at_once: bool = False,
) -> tuple[RingKey, ...]:
    """Make a successor for each purpose; `at_once` it signs from now on. Raises `RootLocked`.

    Where one waits already and nothing is urgent, none is made.
    """
    authority.need_root()
    now_ms = to_ms(now)

    def wanted(ring: Ring, _now_ms: int) -> tuple[Purpose, ...]:
        return tuple(p for p in purposes if at_once or len(ring.own(p)) < 2)

    made = _add(authority, wanted, by, now_ms, retire=at_once)
    _publish(database, authority, "rotated", by, made, now)
    return made


def grant_key(
    database: Database, authority: Authority, asked: Asked, by: str, now: datetime
) -> RingKey:
    """Let a key of another office sign some kinds below some units.

    Raises `RootLocked`, `NotFound`, `UnknownVillage` and what says that it cannot be granted.
    """
    authority.need_root()
    now_ms = to_ms(now)
    kinds = _kinds(asked.kinds)
    if not asked.name.strip() or not asked.units or not 1 <= asked.days <= MOST_DAYS:
        raise _cannot_grant(
            f"cần tên, ít nhất một đơn vị, và từ 1 đến {MOST_DAYS} ngày",
            f"it needs a name, at least one unit, and 1 to {MOST_DAYS} days",
        )
    try:
        public = public_to_text(public_from_text(asked.public))
    except ValueError as e:
        raise _cannot_grant("khoá công khai không đúng", "the public key is not one") from e
    with database.read() as session:
        units = tuple(sorted({find_unit(session, unit) for unit in asked.units}))
    with authority.keys.changing() as ring:
        kid = keyring.kid_of(public)
        if ring.find(kid) is not None:
            raise _cannot_grant("khoá này đã có trong vòng khoá", "this key is in the ring already")
        if sum(k.purpose is Purpose.FOREIGN for k in ring.keys) >= keyring.MOST_FOREIGN:
            most = keyring.MOST_FOREIGN
            raise _cannot_grant(f"đã có {most} khoá", f"there are {most} such keys already")
        key = RingKey(
            kid,
            public,
            Purpose.FOREIGN,
            kinds,
            now_ms,
            now_ms + asked.days * DAY_MS,
            units,
            asked.name.strip(),
            by,
        )
        authority.keys.keep(keyring.with_key(ring, key, now_ms), {}, now_ms)
    _publish(database, authority, "granted", by, (key,), now)
    return key


def revoke_key(
    database: Database, authority: Authority, kid: str, why: str, by: str, now: datetime
) -> None:
    """Nothing that this key signs is obeyed any more; an own key has a successor at once.

    Raises `RootLocked`, `NotFound`, and what says that it was revoked already.
    """
    authority.need_root()
    now_ms = to_ms(now)
    with authority.keys.changing() as ring:
        key = ring.find(kid)
        if key is None:
            raise NotFound("khoá", "key", kid)
        if key.revoked_ms is not None:
            raise ControllerError(
                "already_revoked",
                f"Khoá {kid} đã bị thu hồi từ trước. Không có gì thay đổi.",
                f"The key {kid} was revoked before. Nothing was changed.",
            )
        ring = keyring.changed(ring, kid, revoked_ms=now_ms, revoked_by=by, why=why)
        made: dict[str, Ed25519PrivateKey] = {}
        if key.purpose in OWN and not ring.own(key.purpose):
            ring, made = _with_new(ring, (key.purpose,), by, now_ms)
        authority.keys.keep(ring, made, now_ms)
    _publish(database, authority, "revoked", by, (key,), now, why=why)


def _publish(
    database: Database,
    authority: Authority,
    what: str,
    by: str,
    keys: Iterable[RingKey],
    now: datetime,
    *,
    why: str = "",
) -> None:
    """Tell the boxes and the screens, and write down who did it."""
    kids = [key.kid for key in keys]
    log.info(f"keys_{what}", kids=kids, by=by, why=why)
    with database.write() as session:
        current_key_set(session, authority, now)
        # What stands was signed by the key that this may have ended.
        republish_lists(session, authority, now)
        body: dict[str, object] = {"what": what, "keys": kids, "by": by, "why": why}
        events.tell(session, KEYS, body, to_ms(now))
    _resign_all(database, authority, now)


def _resign_all(database: Database, authority: Authority, now: datetime) -> None:
    """Sign anew what a key signed whose turn is over, some boxes at a time."""
    with database.read() as session:
        waiting = outdated(session, authority)
    for some in waiting:
        with database.write() as session:
            resign(session, authority, some, now)


def _due(ring: Ring, now_ms: int) -> tuple[Purpose, ...]:
    within = keyring.SUCCESSOR_MS
    return tuple(p for p in OWN if keyring.needs_successor(ring, p, now_ms, within))


def _add(
    authority: Authority,
    wanted: Wanted,
    by: str,
    now_ms: int,
    *,
    retire: bool = False,
) -> tuple[RingKey, ...]:
    """Make a key for each purpose that is wanted when the ring stands still."""
    with authority.keys.changing() as ring:
        purposes = wanted(ring, now_ms)
        if retire:
            for old in [key for purpose in purposes for key in ring.own(purpose)]:
                ring = keyring.changed(ring, old.kid, retired_ms=now_ms)
        ring, made = _with_new(ring, purposes, by, now_ms)
        authority.keys.keep(ring, made, now_ms)
    return tuple(key for key in ring.keys if key.kid in made)


def _with_new(
    ring: Ring, purposes: Iterable[Purpose], by: str, now_ms: int
) -> tuple[Ring, dict[str, Ed25519PrivateKey]]:
    made: dict[str, Ed25519PrivateKey] = {}
    for purpose in purposes:
        private = Ed25519PrivateKey.generate()
        key = keyring.own_key(private.public_key(), purpose, now_ms, by)
        ring, made[key.kid] = keyring.with_key(ring, key, now_ms), private
    return ring, made


def _kinds(asked: Collection[str]) -> tuple[Kind, ...]:
    kinds = tuple(kind for kind in GRANTABLE if kind.value in asked)
    if not kinds or len(kinds) != len(set(asked)):
        known = ", ".join(kind.value for kind in GRANTABLE)
        raise _cannot_grant(f"chỉ cho ký được: {known}", f"only these can be granted: {known}")
    return kinds


def _state(key: RingKey, signers: Collection[str], now_ms: int) -> str:
    if key.revoked_ms is not None:
        return "revoked"
    if key.not_after_ms <= now_ms:
        return "expired"
    if key.purpose is Purpose.FOREIGN:
        return "granted"
    if key.kid in signers:
        return "signs"
    return "next" if key.standing else "retired"


def _troubles(authority: Authority, now_ms: int, *, signed: bool) -> Mapping[str, Trouble]:
    """What only the root key can mend, while it is closed."""
    if not authority.keys.has_root:
        return {
            "root": Trouble(
                "không còn tệp khoá gốc (keys/root.pem). Loa vẫn phát, tin vẫn ký được; nhưng "
                "không ghép nối và không đổi khoá được. Hãy chạy `loalang keys restore`.",
                "the file of the root key (keys/root.pem) is gone. Boxes go on and orders are "
                "still signed, but none can be paired and no key changed. Run "
                "`loalang keys restore`.",
            )
        }
    if authority.root is not None:
        return {}
    found: dict[str, Trouble] = {}
    if not signed:
        found["unsigned"] = Trouble(
            "vòng khoá đã đổi mà chưa ký được vì khoá gốc đang khoá. Hãy chạy "
            "`loalang keys rotate` và nhập mã khôi phục.",
            "the ring of keys changed and could not be signed, for the root key is locked. Run "
            "`loalang keys rotate` and give the recovery code.",
        )
    for purpose in OWN:
        if keyring.needs_successor(authority.keys.ring, purpose, now_ms, keyring.WARN_MS):
            ends = max((k.not_after_ms for k in authority.keys.ring.own(purpose)), default=now_ms)
            day = f"{to_utc(ends):%d/%m/%Y}"
            found[f"successor/{purpose.value}"] = Trouble(
                f"khoá “{purpose.value}” hết hạn ngày {day}; sau đó loa không nghe lệnh mới. Khoá "
                "gốc đang khoá: hãy chạy `loalang keys rotate` và nhập mã khôi phục.",
                f"the key “{purpose.value}” ends on {day}; boxes obey no new order after that. "
                "The root key is locked: run `loalang keys rotate` and give the recovery code.",
            )
    return found


def _cannot_grant(vi: str, en: str) -> ControllerError:
    return ControllerError(
        "cannot_grant",
        f"Chưa cấp quyền cho khoá: {vi}. Chưa có gì thay đổi.",
        f"The key was not granted anything: {en}. Nothing was changed.",
    )
