"""What messages change of what the box holds, whether they come by the link or on a stick."""

import logging

from edge_agent.clock import BoxClock, Reading
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import AlertList
from edge_agent.contract.desired import Desired
from edge_agent.contract.trust import KeySet, Placement
from edge_agent.held import HeldStore
from edge_agent.inbox import Accepted, Dropped, Inbox
from edge_agent.log_setup import note
from edge_agent.spool import Spool
from edge_agent.supply import Supply
from edge_agent.version import VERSION

log = logging.getLogger("edge_agent.intake")


class Intake:
    """Judges messages, and keeps what is state: keys, place, alerts, desired state, receipts."""

    def __init__(
        self, inbox: Inbox, held: HeldStore, clock: BoxClock, spool: Spool, supply: Supply
    ) -> None:
        self._inbox = inbox
        self._held = held
        self._clock = clock
        self._spool = spool
        self._supply = supply

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes that may speak to this box."""
        return self._inbox.scopes(self._held.held)

    def receive(self, topic: str, payload: bytes, now: Reading) -> Accepted | Dropped:
        """Obey a message, as far as it is state. Raises OSError if the disk does not take it."""
        trusted_ms = now.utc_ms if now.trusted else None
        message = self._inbox.read(topic, payload, self._held.held, trusted_ms)
        match message:
            case KeySet():
                self._held.take_keys(message)
                note(log, "keys_accepted", serial=message.serial)
            case Placement():
                self._held.take_placement(message)
                note(log, "placement_accepted", serial=message.serial, units=message.units)
            case Desired():
                self._take_desired(message)
            case AlertList():
                # It may be another office's: when that says it was issued proves no time.
                self._held.take_alerts(message)
                note(log, "alerts_accepted", issuer=message.issuer, active=len(message.alerts))
            case ReportAck():
                if self._spool.forget(message.spool, message.upto):
                    note(log, "report_acknowledged", upto=message.upto)
        return message

    def _take_desired(self, desired: Desired) -> None:
        self._held.take_desired(desired)
        self._clock.lift_floor(desired.issued)
        self._supply.changed()
        note(log, "desired_accepted", serial=desired.serial, pages=len(desired.manifest.pages))
        if _version(desired.minimum_agent) > _version(VERSION):
            note(log, "agent_too_old", level=logging.WARNING, minimum=desired.minimum_agent)


def _version(text: str) -> tuple[int, ...]:
    """Read "1.2.3" for comparison; what is no number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in text.split("."))
