"""Shapes of the boxes' own program: bundles, and how far each has spread."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field

from controller.api.shapes import Id, Shape
from controller.operations.update_boxes import ShownRollOut
from controller.storage.instants import to_utc
from controller.storage.update_tables import AgentBundle

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AgentBundleOut(Shape):
    """A bundle that is kept here."""

    sha256: str
    """Of the file; it is named and fetched by this."""
    version: str
    """Version of the agent that it holds."""
    machine: str
    """Kind of machine that it is for, such as `aarch64`."""
    size: int
    """In bytes."""

    @classmethod
    def of(cls, bundle: AgentBundle) -> Self:
        """From its row."""
        return cls(
            sha256=bundle.sha256,
            version=bundle.version,
            machine=bundle.machine,
            size=bundle.size,
        )


class RollOutIn(Shape):
    """Which bundle goes where: one box, or a unit by id, official code or name.

    `share_percent` of the boxes go first, at least one.
    """

    bundle: Sha256
    """SHA-256 of a bundle that is kept here."""
    to: Annotated[str, Field(min_length=1, max_length=200)]
    """Id of a box; or a unit by id, official code or name."""
    share_percent: Annotated[int, Field(ge=1, le=100)] = 10
    """How many of the boxes go first."""


class RollOutChangeIn(Shape):
    """Stop it, or let it run on after it was held."""

    state: Literal["stopped", "running"]
    """What is to become of it."""


class RollOutBoxOut(Shape):
    """How far one box has come."""

    device: Id
    """Id of the box."""
    first: bool
    """Whether it goes before the others."""
    state: str
    """`waiting`, `sent`, `done` (it says that the new version is healthy) or `failed`."""
    reason: str
    """Why it failed."""


class RollOutOut(Shape):
    """A version on its way to boxes."""

    id: str
    """Id of this roll-out."""
    bundle: AgentBundleOut
    """What is brought."""
    to: str
    """Box or unit that was named."""
    state: str
    """`running`, `held` (a person has to look), `done` or `stopped`."""
    why: str
    """Why it is held, or who stopped it."""
    made_by: str
    """Who began it."""
    made_at: AwareDatetime
    """When it was begun."""
    boxes: list[RollOutBoxOut]
    """Every box that is meant, those that go first before the others."""

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
