"""Tables of trust: who may connect, who asks to, what the root signed. Instants are ms UTC."""

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

SAY_ANEW = ""
"""In place of a digest of what was said: it must be said again, with a newer serial."""


def _big(*, nullable: bool = False, index: bool = False) -> "Column[int]":
    return Column(BigInteger, nullable=nullable, index=index)


class SignedWord(SQLModel, table=True):
    """The newest root-signed word of one name (`keys`, `placement/<did>`), as it was signed."""

    __tablename__ = "signed_word"
    name: str = Field(primary_key=True)
    serial: int = Field(sa_column=_big())
    said_sha256: str
    """Of all that it says but serial and time: unchanged means that nothing is signed anew."""
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    issued_ms: int = Field(sa_column=_big())


class Certificate(SQLModel, table=True):
    """A certificate that was issued to a box; `revoked_ms` puts it on the revocation list."""

    serial: str = Field(primary_key=True)
    """Hexadecimal, as the revocation list names it."""
    device_id: str = Field(foreign_key="device.id", index=True)
    not_before_ms: int = Field(sa_column=_big())
    not_after_ms: int = Field(sa_column=_big(index=True))
    revoked_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    revoked_why: str = ""


class Pairing(SQLModel, table=True):
    """An invitation for one box at one cluster, and what became of it.

    `state`: open, asked, approved, done, refused, spent. `id` is the open half of the code.
    """

    id: str = Field(primary_key=True)
    secret: str
    """What the other half of the code is stretched to; emptied when the invitation is over."""
    cluster_id: str = Field(foreign_key="cluster.id")
    state: str = Field(index=True)
    made_by: str
    made_ms: int = Field(sa_column=_big())
    expires_ms: int = Field(sa_column=_big())
    failures: int = 0
    public_key: str = ""
    about: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What the box said of itself: name, model, hardware, version."""
    nonce: str = ""
    asked_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    decided_by: str | None = None
    decided_ms: int | None = Field(default=None, sa_column=_big(nullable=True))
    device_id: str | None = None
    placement: str = ""
    certificate: str = ""
    """What the box is given; said again until it says that it keeps it, then emptied."""


class BoxRun(SQLModel, table=True):
    """A run of the agent that spoke for a box, as its signed presence said."""

    __tablename__ = "box_run"
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    run: str = Field(primary_key=True)
    boot: int = Field(sa_column=_big())
    conn: int = Field(sa_column=_big())
    hardware: str
    agent: str
    first_ms: int = Field(sa_column=_big())
    last_ms: int = Field(sa_column=_big())

    __table_args__ = (Index("ix_box_run_last", "device_id", "last_ms"),)
