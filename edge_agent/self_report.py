"""What the box says of itself: hello, telemetry and proof, made of what its parts know."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf
from edge_agent.clock import Reading
from edge_agent.contract.state import (
    CacheState,
    HeldAlerts,
    Hello,
    Presence,
    Proof,
    SpoolRange,
    Telemetry,
    Waits,
)
from edge_agent.data_meter import DataMeter
from edge_agent.decide import RULES
from edge_agent.hardware import Presenter
from edge_agent.health import Vitals
from edge_agent.held import HeldStore
from edge_agent.log_setup import note
from edge_agent.plan import held_until
from edge_agent.player import Player
from edge_agent.playout import Playout
from edge_agent.proof import Hashed, Prover
from edge_agent.reconcile import HelloFacts, TelemetryFacts, Verify
from edge_agent.spool import Spool
from edge_agent.status.status import Status, next_plays, title_of
from edge_agent.stock import Wants
from edge_agent.supply import Supply
from edge_agent.uplink import Uplink
from edge_agent.version import VERSION

if TYPE_CHECKING:
    from edge_agent.credentials import Credentials
    from edge_agent.horn import Horn

log = logging.getLogger("edge_agent.self_report")


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts that know something worth saying."""

    did: str
    can_reboot: bool
    can_update: bool
    reserve_bytes: int
    boot: int
    presenter: Presenter
    losses: tuple[str, ...]
    held: HeldStore
    cache: Cache
    spool: Spool
    supply: Supply
    meter: DataMeter
    playout: Playout
    player: Player
    amplifier: Amplifier
    horn: "Horn | None"
    vitals: Vitals
    prover: Prover
    credentials: "Credentials | None"
    uplink: Uplink


class SelfReport:
    """Speaks of the box to its controller; `conn` is the connection on which it does.

    `dropped` counts messages of this run that were not obeyed; `silenced` names what keeps the
    box silent. Since `link_since_ms` (UTC) it is `online`, or is not.
    """

    def __init__(self, sources: Sources) -> None:
        self._s = sources
        self.conn = 0
        self.dropped = 0
        self.silenced = ""
        self.online = False
        self.link_since_ms: int | None = None

    def hello_facts(self, wants: Wants, now: Reading) -> HelloFacts:
        """What a hello would say now."""
        s, held = self._s, self._s.held.held
        inventory = s.supply.inventory(wants)
        return HelloFacts(
            self.conn,
            s.playout.desired_serial,
            held.keys.serial if held.keys else 0,
            len(inventory.lacking),
            inventory.digest,
            s.spool.id,
            now.source,
            s.losses + (("spool.sqlite unwritable",) if s.spool.is_unwritable else ()),
            tuple(HeldAlerts(*key, alerts.serial) for key, alerts in held.alerts.items()),
            held.placement.serial if held.placement else 0,
        )

    def telemetry_facts(self, wants: Wants, now: Reading) -> TelemetryFacts:
        """What telemetry would say now and not only at the next heartbeat."""
        s = self._s
        s.vitals.look(now.mono_ms)
        short = s.cache.free_bytes() < s.reserve_bytes or Waits.DISK_FULL in s.supply.waiting
        others = {"clock": not now.trusted, "disk_full": short}
        return TelemetryFacts(
            self.conn,
            s.playout.desired_serial,
            len(s.supply.inventory(wants).lacking),
            s.supply.held_bytes(wants),
            s.playout.on_air(),
            self.silenced,
            s.vitals.troubles | {name for name, bad in others.items() if bad},
        )

    def say_presence(self, now: Reading) -> None:
        """Tell the controller who speaks on this connection: a copied card is found out by it."""
        s = self._s
        who = s.presenter
        s.uplink.present(Presence(s.boot, self.conn, who.run, now.system_ms, who.hardware, VERSION))

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
            placement=facts.placement,
        )
        s.uplink.hello(hello, facts, now.mono_ms)
        note(log, "hello_said", reason=reason, desired=facts.desired, lacking=facts.lacking)

    def say_telemetry(self, wants: Wants, now: Reading) -> None:
        """Tell the controller how the box is."""
        s, facts = self._s, self.telemetry_facts(wants, now)
        s.uplink.telemetry(self.telemetry(wants, facts, now), facts, now.mono_ms)

    def telemetry(self, wants: Wants, facts: TelemetryFacts, now: Reading) -> Telemetry:
        """How the box is."""
        s, desired = self._s, self._s.held.held.desired
        budget = desired.data if desired else None
        health, unacknowledged = s.vitals.look(now.mono_ms), s.spool.range
        return Telemetry(
            boot=s.boot,
            at=now.system_ms,
            desired=facts.desired,
            lacking=facts.lacking,
            bytes_wanted=s.supply.inventory(wants).wanted_bytes,
            bytes_held=facts.bytes_held,
            on_air=facts.on_air,
            temperature_c=health.temperature_c,
            under_voltage=health.under_voltage,
            disk_free_bytes=s.cache.free_bytes(),
            disk_errors=health.disk_errors,
            signal_dbm=s.vitals.signal_dbm(),
            data_used_bytes=s.meter.used,
            dropped=self.dropped,
            speaker_dbfs=s.horn.level_dbfs if s.horn else None,
            uptime_s=health.uptime_s,
            disk_total_bytes=s.cache.total_bytes(),
            card_worn_percent=health.card_worn_percent,
            data_limit_bytes=budget.monthly_bytes if budget else None,
            plan_until=self.plan_until(),
            silenced=facts.silenced,
            clock=now.clock,
            clock_error_ms=now.error_ms,
            player_restarts=s.player.restarts,
            amplifier_fault=s.amplifier.fault[:200],
            spooled=max(0, unacknowledged.last - unacknowledged.first + 1),
            waits=", ".join(sorted(s.supply.waiting)),
            certificate_until=s.credentials.until_ms if s.credentials else None,
            certificate_trouble=s.credentials.trouble(now) if s.credentials else "",
        )

    def status(self, wants: Wants, faults: tuple[str, ...], now: Reading) -> Status:
        """How the box is, for a person who stands before it."""
        s, plan = self._s, self._s.supply.plan
        facts = self.telemetry_facts(wants, now)
        return Status(
            did=s.did,
            running=True,
            version=VERSION,
            time_zone=plan.time_zone,
            now=now.utc_ms,
            telemetry=self.telemetry(wants, facts, now),
            next=next_plays(plan.cues, s.cache.shelves[Shelf.AUDIO], now.utc_ms),
            on_air=title_of(facts.on_air, plan.cues),
            online=self.online,
            link_since=self.link_since_ms,
            clock_trusted=now.trusted,
            faults=faults,
        )

    def plan_until(self) -> int | None:
        """UTC ms up to which the plan is on disk; None without a plan."""
        s, desired = self._s, self._s.held.held.desired
        if desired is None:
            return None
        pages = s.cache.shelves[Shelf.PAGES]
        return held_until(desired.manifest, pages, s.supply.plan.time_zone)

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
            mono=now.mono_ms,
        )
        if s.uplink.prove(proof):
            s.prover.told(proved)
            note(log, "proof_said", held=len(proof.held), lacking=len(proof.lacking))

    def _capabilities(self) -> tuple[str, ...]:
        player = self._s.player
        always = ("play", "stop", "volume", "test_tone", "diagnose")
        known = {
            "resume": player.can_seek,
            "duck": player.can_mix,
            "reboot": self._s.can_reboot,
            "update": self._s.can_update,
        }
        return (*always, *(name for name, can in known.items() if can))
