"""What a box tells its office of alerts: how far each has come, once, and again when it reconnects.

Shared with the simulated fleet; knows no wire.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Protocol

from edge_agent.contract.alert import Alert, AlertStatus, AlertStep
from edge_agent.past import Past
from edge_agent.rounds import Progress, Voiced, alert_key, is_of, progress

PATIENCE_MS = 5_000
"""What lacks is told only when it has lacked so long."""

STEPS_KEPT = 200
MAX_REASON = 500
_SWITCHES = ("kill_switch", "maintenance", "clock_untrusted")


class Moment(Protocol):
    """What is read of a box's clocks at one moment."""

    @property
    def utc_ms(self) -> int:
        """What the box believes of the time."""

    @property
    def system_ms(self) -> int:
        """What the machine's clock says."""

    @property
    def mono_ms(self) -> int:
        """The monotonic clock."""

    @property
    def trusted(self) -> bool:
        """Whether the time may be believed."""


@dataclass(slots=True)
class _Told:
    """One version of an alert, and what the office was told of it on this connection."""

    alert: Alert
    since_mono_ms: int
    said: Progress | None = None
    is_known: bool = False


class AlertSteps:
    """Tells the office how far each alert has come: each step once, the newest on each connection.

    `say` gives False where nobody listens.
    """

    def __init__(self, say: Callable[[AlertStep], bool], *, boot: int) -> None:
        self._say = say
        self._boot = boot
        self._told: dict[str, _Told] = {}
        self._kept: OrderedDict[str, AlertStep] = OrderedDict()

    @property
    def is_waiting(self) -> bool:
        """Whether something is kept back that may be told soon."""
        return any(told.said is None for told in self._told.values())

    def reconnected(self) -> None:
        """Say again what stands, for it may not have arrived."""
        for told in self._told.values():
            told.said = None
        kept, self._kept = self._kept, OrderedDict()
        for step in kept.values():
            self.tell(step)

    def tell(self, step: AlertStep) -> None:
        """Say a step, or keep it for the next connection: the newest of each alert."""
        self._kept.pop(step.alert, None)
        if not self._say(step):
            self._kept[step.alert] = step
            while len(self._kept) > STEPS_KEPT:
                self._kept.popitem(last=False)

    def look(
        self,
        voiced: tuple[Voiced, ...],
        history: Mapping[str, Past],
        held: Set[str],
        now: Moment,
        *,
        on_air: str,
        silenced: str,
    ) -> None:
        """Say what is new of the alerts; `silenced` keeps the box silent, `on_air` sounds."""
        blocked = silenced or ("" if now.trusted else "clock_untrusted")
        before, self._told = self._told, {}
        for each in voiced:
            key = alert_key(each.alert)
            told = before.pop(key, None) or _Told(each.alert, now.mono_ms)
            self._told[key] = told
            stands = progress(each, history, held, now.utc_ms, on_air=on_air, silenced=blocked)
            # While more is being made, what is known of a round may be half of it.
            half = each.waits and stands.status is AlertStatus.PLAYING
            if not half or is_of(on_air, each.alert):
                self._follow(told, stands, now)
        for told in before.values():
            reason = self._why_ended(told.alert, now)
            self.tell(self._step(told.alert, Progress(AlertStatus.ENDED, reason=reason), now))

    def _follow(self, told: _Told, stands: Progress, now: Moment) -> None:
        silent = stands.status is AlertStatus.SILENT
        if silent and not told.is_known and told.said is None:
            first = Progress(AlertStatus.RECEIVED, reason=stands.reason)
            told.is_known = self._say(self._step(told.alert, first, now))
        lacks = silent and stands.reason not in _SWITCHES
        early = now.mono_ms - told.since_mono_ms < PATIENCE_MS
        if stands == told.said or (lacks and early):
            return
        if self._say(self._step(told.alert, stands, now)):
            told.said, told.is_known = stands, True

    def _why_ended(self, alert: Alert, now: Moment) -> str:
        if any(told.alert.id == alert.id for told in self._told.values()):
            return "updated"
        return "expired" if now.utc_ms >= alert.expires else "ended"

    def _step(self, alert: Alert, stands: Progress, now: Moment) -> AlertStep:
        return AlertStep(
            alert=alert.id,
            version=alert.version,
            status=stands.status,
            at=max(0, now.system_ms),
            boot=self._boot,
            round=stands.round,
            reason=stands.reason[:MAX_REASON],
            hazard=alert.hazard,
        )
