"""A stick at a box whose agent is not at work: messages and files, no player and no link."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from edge_agent.cache import Cache
from edge_agent.clock import BoxClock
from edge_agent.contract.alert import Alert
from edge_agent.desk import Answer, Call, Done, Said
from edge_agent.download import Downloader, Fetched
from edge_agent.errand import Returned, Send
from edge_agent.errors import AgentError
from edge_agent.held import HeldStore
from edge_agent.inbox import Accepted, Dropped
from edge_agent.intake import Intake
from edge_agent.rounds import active_alerts
from edge_agent.spool import Spool
from edge_agent.sticks.watch import Box, Sticks
from edge_agent.stock import Wants
from edge_agent.supply import Supply
from edge_agent.uplink import Uplink

TURN_S = 0.2

BenchEvents = SimpleQueue[Returned | Fetched]


@dataclass(frozen=True, slots=True)
class Bench:
    """One visit, worked through in the caller's thread, who holds the state folder's lock."""

    did: str
    intake: Intake
    held: HeldStore
    clock: BoxClock
    spool: Spool
    cache: Cache
    supply: Supply
    uplink: Uplink
    fetcher: Downloader
    send: Send
    events: BenchEvents
    reserve_bytes: int

    def carry(self, op: str, folder: Path) -> Iterator[Answer]:
        """Do `import` or `export` of `folder`. Raises `AgentError`."""
        said: list[Answer] = []
        refused: list[AgentError] = []
        call = Call(
            op,
            {"folder": str(folder)},
            say=lambda vi, en: said.append(Said(vi, en)),
            done=lambda body: said.append(Done(body)),
            failed=refused.append,
        )
        sticks = Sticks(self.did, self._box(), self.send)
        sticks.asked(call, self.clock.read())
        try:
            while not refused:
                self._turn(sticks)
                yield from said
                if said and isinstance(said[-1], Done):
                    return
                said.clear()
            raise refused[0]
        finally:
            self.fetcher.close()
            self.spool.close()

    def _turn(self, sticks: Sticks) -> None:
        try:
            event = self.events.get(timeout=TURN_S)
        except Empty:
            event = None
        now = self.clock.read()
        if isinstance(event, Returned):
            event.then()
        elif event is not None:
            self.supply.fetched(event, now)
            sticks.fetched(event)
        self.supply.read(self.held.held.desired, now)
        sticks.look(now)

    def _box(self) -> Box:
        return Box(
            intake=self.intake,
            receive=self._receive,
            supply=self.supply,
            cache=self.cache,
            spool=self.spool,
            uplink=self.uplink,
            wants=self._wants,
            submit=self.fetcher.submit,
            reserve_bytes=self.reserve_bytes,
        )

    def _receive(self, topic: str, payload: bytes) -> Accepted | Dropped:
        return self.intake.receive(topic, payload, self.clock.read())

    def _wants(self) -> Wants:
        held = self.held.held
        every: tuple[Alert, ...] = tuple(a for told in held.alerts.values() for a in told.alerts)
        gone = {ident: each.version for ident, each in held.gone.items()}
        mine = {self.did, *self.intake.scopes}
        alerts = active_alerts(every, self.clock.read().utc_ms, gone=gone, mine=mine)
        urgent = [asset for alert in alerts for said in alert.spoken for asset in said.assets]
        return self.supply.wants(held.desired, urgent=urgent, pinned=frozenset(), heartbeat_ms=0)
