"""Tables of the boxes' own program: bundles that were brought, and how far each has spread."""

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel


def _big(*, nullable: bool = False) -> "Column[int]":
    return Column(BigInteger, nullable=nullable)


class AgentBundle(SQLModel, table=True):
    """A bundle with which boxes install a version; the file lies beside the database."""

    __tablename__ = "agent_bundle"
    sha256: str = Field(primary_key=True)
    version: str
    machine: str
    size: int = Field(sa_column=_big())
    brought_by: str
    brought_ms: int = Field(sa_column=_big())


class RollOut(SQLModel, table=True):
    """A version on its way to boxes, a few first; `state`: running, held, done, stopped."""

    __tablename__ = "roll_out"
    id: str = Field(primary_key=True)
    sha256: str = Field(foreign_key="agent_bundle.sha256")
    audience: str
    state: str = Field(index=True)
    why: str = ""
    """Why it is held, or who stopped it."""
    made_by: str
    made_ms: int = Field(sa_column=_big())


class RollOutBox(SQLModel, table=True):
    """One box of a roll-out; `state`: waiting, sent, done, failed. Wave 0 goes first."""

    __tablename__ = "roll_out_box"
    roll_out_id: str = Field(primary_key=True, foreign_key="roll_out.id")
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    wave: int
    state: str
    command_id: str = ""
    reason: str = ""
