"""Work that may take long, sent out of the agent's thread; its end comes back as an event."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Returned:
    """An errand is over; the agent's thread calls `then`."""

    then: Callable[[], None]


class Send(Protocol):
    """Do `work` elsewhere; `then` gets what it gave, or its OSError, in the agent's thread."""

    def __call__(self, work: Callable[[], T], then: Callable[[T | OSError], None]) -> None:
        """Returns at once."""


def sender(emit: Callable[[Returned], None]) -> Send:
    """Errands in a thread each, which ends with its errand; `emit` is called from there."""

    def send(work: Callable[[], T], then: Callable[[T | OSError], None]) -> None:
        def run() -> None:
            try:
                found: T | OSError = work()
            except OSError as e:
                found = e
            emit(Returned(partial(then, found)))

        threading.Thread(target=run, name="errand", daemon=True).start()

    return send
