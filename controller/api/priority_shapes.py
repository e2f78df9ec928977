"""Shapes of the questions that colliding ưu tiên bulletins raise."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from controller.api.shapes import Id, Shape
from controller.operations.priority_order import ShownQuestion
from controller.storage.instants import to_utc


class WantsFirst(Shape):
    """A bulletin that wants to be first."""

    id: str
    """Id of the bulletin."""
    title: str
    """Its title."""


class PriorityQuestionOut(Shape):
    """Ưu tiên bulletins that want to be first in one session of a commune."""

    id: str
    """Id of the question."""
    unit: str
    """Id of the commune that is asked."""
    unit_name: str
    """Name of the commune."""
    order: list[WantsFirst]
    """In the order that holds now: the declared default until somebody decides."""
    session: AwareDatetime
    """When the first session begins that they want to open."""
    asked: AwareDatetime
    """When planning met them."""
    decide_by: AwareDatetime
    """The default stands from then on."""
    decided_by: str | None
    """Who decided; empty: the time limit did. Null: it is still open."""
    decided_at: AwareDatetime | None
    """When that was."""
    moot: bool
    """Fewer than two of them can still air: there is nothing left to decide."""

    @staticmethod
    def of(shown: ShownQuestion) -> "PriorityQuestionOut":
        """From the table."""
        question = shown.question
        decided = question.decided_ms
        return PriorityQuestionOut(
            id=question.id,
            unit=question.unit_id,
            unit_name=shown.unit,
            order=[WantsFirst(id=b, title=title) for b, title in shown.titles],
            session=to_utc(question.session_ms),
            asked=to_utc(question.asked_ms),
            decide_by=to_utc(question.decide_by_ms),
            decided_by=None if decided is None else question.decided_by,
            decided_at=None if decided is None else to_utc(decided),
            moot=shown.moot,
        )


class OrderIn(Shape):
    """The order in which they go."""

    order: Annotated[list[Id], Field(min_length=2, max_length=100)]
    """Every bulletin of the question, each once, first one first."""
    again: bool = False
    """Change what a person has decided already."""
