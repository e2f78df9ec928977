"""People sign in and out; the first account is made at first start."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import col, select

from controller.access import passwords
from controller.errors import SignInRefused
from controller.operations.ids import new_id
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.tables import Account, SignedIn

FIRST_ACCOUNT = "quantri"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in."""

    account_id: str
    name: str


def enrol_first_account(database: Database, now: datetime) -> tuple[str, str] | None:
    """Make the first account if there is none: (name, password), to be shown once."""
    password = passwords.new_password()
    hashed = passwords.hash_password(password)
    with database.write() as session:
        if session.exec(select(func.count()).select_from(Account)).one():
            return None
        session.add(
            Account(id=new_id(), name=FIRST_ACCOUNT, password_hash=hashed, created_ms=to_ms(now))
        )
    return FIRST_ACCOUNT, password


def sign_in(database: Database, name: str, password: str, now: datetime) -> str:
    """Give a session token; raises `SignInRefused` without saying which part was wrong.

    Takes about 0.1 s on purpose, also for a name that does not exist.
    """
    with database.read() as session:
        account = session.exec(select(Account).where(Account.name == name.strip())).first()
    hashed = account.password_hash if account else _NOBODY
    if not passwords.password_holds(password, hashed) or account is None:
        raise SignInRefused(
            "sign_in_refused",
            "Tên hoặc mật khẩu không đúng.",
            "The name or the password is wrong.",
        )
    token = passwords.new_token()
    now_ms = to_ms(now)
    with database.write() as session:
        session.exec(delete(SignedIn).where(col(SignedIn.expires_ms) < now_ms))
        session.add(
            SignedIn(
                token_sha256=passwords.token_hash(token),
                account_id=account.id,
                created_ms=now_ms,
                expires_ms=now_ms + passwords.SESSION_MS,
            )
        )
    return token


def signed_in(database: Database, token: str, now: datetime) -> Person | None:
    """Who holds this token, if its session still runs."""
    with database.read() as session:
        query = (
            select(Account)
            .join(SignedIn, col(SignedIn.account_id) == col(Account.id))
            .where(
                SignedIn.token_sha256 == passwords.token_hash(token),
                SignedIn.expires_ms > to_ms(now),
            )
        )
        account = session.exec(query).first()
        return Person(account.id, account.name) if account else None


def sign_out(database: Database, token: str) -> None:
    """End a session."""
    with database.write() as session:
        digest = passwords.token_hash(token)
        session.exec(delete(SignedIn).where(col(SignedIn.token_sha256) == digest))


# Hash of a password that nobody has: checking it takes as long as checking a real one.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
