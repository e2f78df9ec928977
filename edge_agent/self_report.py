"""What the box says of itself: hello, telemetry and proof, made of what its parts know."""

import hashlib
import logging
from dataclasses import dataclass

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.clock import Reading
from edge_agent.contract.state import (
    CacheState,
    HeldAlerts,
    Hello,
    Proof,
    SpoolRange,
    Telemetry,
)
from edge_agent.decide import RULES
from edge_agent.health import read_health
from edge_agent.held import HeldStore
from edge_agent.log_setup import note
from edge_agent.player import Player
from edge_agent.playout import Playout
from edge_agent.proof import Hashed, Prover
from edge_agent.reconcile import HelloFacts, TelemetryFacts, Verify, Wants, missing
from edge_agent.spool import Spool
from edge_agent.supply import Supply
from edge_agent.uplink import Uplink
from edge_agent.version import VERSION

log = logging.getLogger("edge_agent.self_report")


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts that know something worth saying."""

    boot: int
    losses: tuple[str, ...]
    held: HeldStore
    cache: Cache
    spool: Spool
    supply: Supply
    playout: Playout
    player: Player
    prover: Prover
    uplink: Uplink


class SelfReport:
    """Speaks of the box to its controller; `conn` is the connection on which it does.

    `dropped` counts messages of this run that were not obeyed.
    """

    def __init__(self, sources: Sources) -> None:
        self._s = sources
        self.conn = 0
        self.dropped = 0

    def lacking(self, wants: Wants) -> list[Wanted]:
        """What is wanted and not on disk, most urgent first."""
        shelves = self._s.cache.shelves
        return [wanted for wanted, _ in missing(wants, shelves[Shelf.PAGES], shelves[Shelf.AUDIO])]

    def hello_facts(self, wants: Wants, now: Reading) -> HelloFacts:
        """What a hello would say now."""
        s, held = self._s, self._s.held.held
        return HelloFacts(
            self.conn,
            s.playout.desired_serial,
            held.keys.serial if held.keys else 0,
            len(self.lacking(wants)),
            self._digest(wants),
            s.spool.id,
            now.source,
            s.losses,
            tuple(HeldAlerts(*key, alerts.serial) for key, alerts in held.alerts.items()),
        )

    def telemetry_facts(self, wants: Wants) -> TelemetryFacts:
        """What telemetry would say now and not only at the next heartbeat."""
        _, held_bytes = self._bytes(wants)
        return TelemetryFacts(
            self.conn,
            self._s.playout.desired_serial,
            len(self.lacking(wants)),
            held_bytes,
            self._s.playout.on_air(),
        )

    def say_hello(self, wants: Wants, now: Reading, reason: str) -> None:
        """Tell the controller what the box is and holds."""
        s, facts, unacknowledged = self._s, self.hello_facts(wants, now), self._s.spool.range
        hello = Hello(
            boot=s.boot,
            conn=facts.conn,
            agent=VERSION,
            rules=RULES,
            capabilities=self._capabilities(),
            desired=facts.desired,
            keys=facts.keys,
            cache=CacheState(len(s.cache.shelves[Shelf.AUDIO]), facts.lacking, facts.digest),
            spool=SpoolRange(facts.spool, unacknowledged.first, unacknowledged.last),
            clock=now.clock,
            losses=facts.losses,
            alerts=facts.alerts,
        )
        s.uplink.hello(hello, facts, now.mono_ms)
        note(log, "hello_said", reason=reason, desired=facts.desired, lacking=facts.lacking)

    def say_telemetry(self, wants: Wants, now: Reading) -> None:
        """Tell the controller how the box is."""
        s, facts = self._s, self.telemetry_facts(wants)
        wanted, held = self._bytes(wants)
        health = read_health()
        telemetry = Telemetry(
            boot=s.boot,
            at=now.system_ms,
            desired=facts.desired,
            lacking=facts.lacking,
            bytes_wanted=wanted,
            bytes_held=held,
            on_air=facts.on_air,
            temperature_c=health.temperature_c,
            under_voltage=health.under_voltage,
            disk_free_bytes=s.cache.free_bytes(),
            data_used_bytes=s.supply.received_bytes,
            dropped=self.dropped,
        )
        s.uplink.telemetry(telemetry, facts, now.mono_ms)

    def prove(self, files: Hashed, now: Reading) -> None:
        """Tell what was found on the disk; what is rotten there is thrown away and fetched."""
        s = self._s
        proved = s.prover.hashed(files)
        if proved is None:
            return
        for sha256 in proved.lacking & s.cache.shelves[Shelf.AUDIO].keys():
            # Looked at again, for it may have been fetched meanwhile.
            s.supply.verify(Verify(sha256, "its proof failed"))
        proof = Proof(
            boot=s.boot,
            at=now.system_ms,
            desired=s.playout.desired_serial,
            until=proved.until_ms,
            held=tuple(sorted(proved.held)),
            lacking=tuple(sorted(proved.lacking)),
        )
        if s.uplink.prove(proof):
            s.prover.told(proved)
            note(log, "proof_said", held=len(proof.held), lacking=len(proof.lacking))

    def _capabilities(self) -> tuple[str, ...]:
        return ("play", "stop", "volume", *(("resume",) if self._s.player.can_seek else ()))

    def _bytes(self, wants: Wants) -> tuple[int, int]:
        """Bytes that the plan asks for, and how many of them are on disk."""
        audio = [a for a, _ in wants.audio if a.sha256 not in wants.withdrawn]
        wanted = sum(page.bytes for page in wants.pages) + sum(asset.bytes for asset in audio)
        lacking = self.lacking(wants)
        return wanted, wanted - sum(w.size - self._s.cache.part_bytes(w) for w in lacking)

    def _digest(self, wants: Wants) -> str:
        """Name the set of held audio that the plan needs: SHA-256 of its sorted hashes."""
        audio = self._s.cache.shelves[Shelf.AUDIO]
        held = sorted(asset.sha256 for asset, _ in wants.audio if asset.sha256 in audio)
        return hashlib.sha256("\n".join(held).encode()).hexdigest()
