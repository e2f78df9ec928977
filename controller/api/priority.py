"""Which of several ưu tiên bulletins goes first: a person of the commune says so."""

from typing import Annotated

from fastapi import APIRouter, Query

from controller.api.priority_shapes import OrderIn, PriorityQuestionOut
from controller.api.shapes import Id
from controller.doors import Given, Signed
from controller.operations.find_unit import find_unit
from controller.operations.priority_order import decide_order, show_question, show_questions

at = APIRouter(tags=["priority"])


@at.get("/priority-questions")
def get_questions(
    given: Given, who: Signed, unit: Annotated[str | None, Query(max_length=120)] = None
) -> list[PriorityQuestionOut]:
    """What waits for a decision, most urgent first; then what was decided within a week.

    A unit is named by its id, its official code or its name.
    """
    with given.database.read() as session:
        units = None if unit is None else [find_unit(session, unit)]
        shown = show_questions(session, given.clock(), units)
        return [PriorityQuestionOut.of(each) for each in shown]


@at.post("/priority-questions/{question_id}/decision")
def post_decision(question_id: Id, form: OrderIn, given: Given, who: Signed) -> PriorityQuestionOut:
    """Decide the order, until the session begins; your name is kept with it."""
    now = given.clock()
    decide_order(given.database, question_id, form.order, who.name, now, again=form.again)
    with given.database.read() as session:
        return PriorityQuestionOut.of(show_question(session, question_id, now))
