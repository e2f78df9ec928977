"""Tables of boxes beyond their plan. As in `tables`: instants are whole milliseconds UTC."""

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel


def _big() -> "Column[int]":
    return Column(BigInteger, nullable=False)


class BoxPolicy(SQLModel, table=True):
    """What a person set for one box: data budget, delay, maintenance; `body` as `fleet` has it."""

    __tablename__ = "box_policy"
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    body: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    set_by: str
    set_ms: int = Field(sa_column=_big())


class BoxDiagnosis(SQLModel, table=True):
    """The last diagnosis of a box, with the last lines of its log."""

    __tablename__ = "box_diagnosis"
    device_id: str = Field(primary_key=True, foreign_key="device.id")
    command_id: str
    received_ms: int = Field(sa_column=_big())
    body: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
