"""How much reckoning one piece of work may cost, shared by every walk that is made within it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from schedules.errors import TooMuchToReckon

_BUDGET: "ContextVar[StepBudget | None]" = ContextVar("step_budget", default=None)


class StepBudget:
    """So many days and occurrences may still be looked at."""

    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, steps: int) -> None:
        """Raises `TooMuchToReckon` when nothing is left."""
        self._left -= steps
        if self._left < 0:
            raise TooMuchToReckon


@contextmanager
def within_steps(most: int) -> Iterator[None]:
    """All that is reckoned inside, by whomever, costs no more than so many steps together."""
    token = _BUDGET.set(StepBudget(most))
    try:
        yield
    finally:
        _BUDGET.reset(token)


def step_budget() -> StepBudget | None:
    """What may be spent here; None: there is no bound but that of each walk."""
    return _BUDGET.get()
