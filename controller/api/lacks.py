"""What is lacking today, as one list."""

from typing import Annotated

from fastapi import APIRouter, Query

from controller.api.lacks_shapes import LackOut, LacksOut
from controller.doors import Given, Signed
from controller.operations.show_lacks import show_lacks

at = APIRouter(tags=["lacks"])


@at.get("/lacks")
def get_lacks(
    given: Given, who: Signed, unit: Annotated[str | None, Query(max_length=120)] = None
) -> LacksOut:
    """What stands between what was decided and what will be heard, the most urgent first.

    `unit` is the id or the official code of a province, commune or village; left out: everywhere.
    """
    now = given.clock()
    with given.database.read() as session:
        lines = show_lacks(
            session, unit, now, engines=given.engines, time_zone=given.rules.time_zone
        )
    return LacksOut(at=now, lines=[LackOut.of(line) for line in lines])
