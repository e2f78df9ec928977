"""What boxes have said of themselves and nobody has kept yet: of each kind the newest."""

import asyncio
from collections.abc import Hashable, Iterator

from controller.operations.observe_devices import Observation, Said
from controller.operations.prove_readiness import age
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.state import Diagnosis, Hello, Presence, Proof, State, Telemetry

MOST_OF_A_BOX = 100
"""Statements of one box; a box that says more loses its own oldest."""

BOXES_AT_ONCE = 500
GATHER_S = 0.020


class Observations:
    """Takes at once whatever is said, for a whole province comes back in one second.

    What a later statement of the same box makes old is never kept: a storm costs as much as there
    are boxes, not as much as they say. Used in one event loop.
    """

    def __init__(self) -> None:
        self._boxes: dict[str, dict[Hashable, Said]] = {}
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._boxes.values()))

    def put(self, seen: Observation) -> None:
        """Take a statement, unless it is older than one of its kind that waits."""
        mine = self._boxes.setdefault(seen.device_id, {})
        key = _key(seen.said)
        before = mine.get(key)
        if before is not None and _age(seen.said) < _age(before):
            return
        # The order in which the newest of each kind were said counts: a death after a hello.
        mine.pop(key, None)
        mine[key] = seen.said
        if len(mine) > MOST_OF_A_BOX:
            del mine[next(iter(mine))]
        self._some.set()

    async def take(self) -> list[Observation]:
        """Wait for some and gather a moment; give all that waits of so many boxes."""
        await self._some.wait()
        await asyncio.sleep(GATHER_S)
        return self.take_now()

    def take_now(self) -> list[Observation]:
        """All that waits of so many boxes; nothing if nobody has said anything."""
        dids = [did for did, _ in zip(self._boxes, range(BOXES_AT_ONCE), strict=False)]
        taken = [Observation(did, said) for did in dids for said in self._forget(did)]
        if not self._boxes:
            self._some.clear()
        return taken

    def _forget(self, did: str) -> Iterator[Said]:
        yield from self._boxes.pop(did).values()


def _key(said: Said) -> Hashable:
    """What a newer statement takes the place of: state of its kind, a step of one command."""
    if isinstance(said, CommandAck):
        return said.id, said.status
    if isinstance(said, Diagnosis):
        return said.command
    if isinstance(said, Presence):
        # Two that speak for one box must both be heard.
        return said.run, said.conn
    return type(said)


def _age(said: Said) -> tuple[int, ...]:
    """Order of two statements of one kind; equal ones come in the order in which they are heard."""
    match said:
        case State() | Hello():
            return said.boot, said.conn
        case Telemetry():
            return (said.boot,)
        case Proof():
            return age(said)
    return ()
