"""Shapes of the boxes' own program: bundles, and how far each has spread."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from controller.api.shapes import Id
from controller.operations.update_boxes import ShownRollOut
from controller.storage.instants import to_utc
from controller.storage.update_tables import AgentBundle

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AgentBundleOut(BaseModel):
    """A bundle that is kept here."""

    sha256: str
    version: str
    machine: str
    size: int

    @classmethod
    def of(cls, bundle: AgentBundle) -> Self:
        """From its row."""
        return cls(
            sha256=bundle.sha256,
            version=bundle.version,
            machine=bundle.machine,
            size=bundle.size,
        )


class RollOutIn(BaseModel):
    """Which bundle goes where: one box, or a unit by id, official code or name.

    `share_percent` of the boxes go first, at least one.
    """

    bundle: Sha256
    to: Annotated[str, Field(min_length=1, max_length=200)]
    share_percent: Annotated[int, Field(ge=1, le=100)] = 10


class RollOutChangeIn(BaseModel):
    """Stop it, or let it run on after it was held."""

    state: Literal["stopped", "running"]


class RollOutBoxOut(BaseModel):
    """How far one box has come."""

    device: Id
    first: bool
    state: str
    reason: str


class RollOutOut(BaseModel):
    """A version on its way to boxes."""

    id: str
    bundle: AgentBundleOut
    to: str
    state: str
    why: str
    made_by: str
    made_at: datetime
    boxes: list[RollOutBoxOut]

    @classmethod
    def of(cls, shown: ShownRollOut) -> Self:
        """From what the operation shows."""
        row = shown.roll_out
        return cls(
            id=row.id,
            bundle=AgentBundleOut.of(shown.bundle),
            to=row.audience,
            state=row.state,
            why=row.why,
            made_by=row.made_by,
            made_at=to_utc(row.made_ms),
            boxes=[
                RollOutBoxOut(
                    device=box.device_id,
                    first=box.wave == 0,
                    state=box.state,
                    reason=box.reason,
                )
                for box in shown.boxes
            ],
        )
