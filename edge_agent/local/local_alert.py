"""Alerts raised at the box itself: for when the storm takes the network, and the clock with it.

Everything is judged on the monotonic clock, so that nothing waits for a trusted one. What is
active stands on the disk and goes on after a restart.
"""

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from edge_agent import durable
from edge_agent.alerts import CLIP_MISSING
from edge_agent.clock import BUILD_FLOOR_MS, Reading
from edge_agent.contract.alert import AlertStatus, AlertStep, Severity
from edge_agent.contract.commands import AckStatus
from edge_agent.contract.manifest import Cue, Enter, Leave, Rank
from edge_agent.contract.report import Source
from edge_agent.contract.types import ClockMs, Counter, Identifier, encode
from edge_agent.decide import Candidate
from edge_agent.log_setup import note
from edge_agent.past import MAX_STARTS, Past, PastState
from edge_agent.rounds import SIREN, Part
from edge_agent.settings import LocalAlertSettings

log = logging.getLogger("edge_agent.local.local_alert")

FILE = "local_alerts.json"
ALL_CLEAR = "all_clear"
TEST = "test"
ONCE = (ALL_CLEAR, TEST)
"""Said once, after whatever is more severe, and never after a siren."""

ALL_CLEAR_WITHIN_MS = 10 * 60_000
"""An all-clear waits so long for what is more severe."""

SAVE_EVERY_MS = 30_000
"""So much of its minutes a power cut may give back to an alert."""

QUIET_AFTER_MS = 60_000
"""A repeat keeps this distance from an alert of the office that says the same."""

MAX_ACTIVE = 100
MAX_STEPS = 40
"""Of so many alerts the office is told when there is a line again."""


class LocalAlert(msgspec.Struct, frozen=True):
    """One alert of this box; instants are ms of the monotonic clock, `raised` is the wall's.

    `until_utc` is told by trusted time where the machine was off meanwhile.
    """

    id: Identifier
    hazard: Annotated[str, Meta(min_length=1, max_length=60)]
    by: Annotated[str, Meta(max_length=40)]
    raised: ClockMs
    until_mono: int
    due_mono: int
    round: Counter = 0
    until_utc: int | None = None
    told_silent: str = ""

    def is_over(self, now: Reading) -> bool:
        """Whether its minutes are gone."""
        by_wall = self.until_utc is not None and now.trusted and now.utc_ms >= self.until_utc
        return by_wall or now.mono_ms >= self.until_mono


class _Kept(msgspec.Struct, frozen=True):
    """The active alerts at `mono_ms` of one run of the machine; `utc_ms` if that was trusted.

    `steps` are the newest that the office may not have heard.
    """

    machine: str
    mono_ms: int
    utc_ms: int | None
    alerts: Annotated[tuple[LocalAlert, ...], Meta(max_length=MAX_ACTIVE)]
    steps: Annotated[tuple[AlertStep, ...], Meta(max_length=MAX_STEPS)] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """The sounds of a round, in order; while it `waits` more of them are being made."""

    parts: tuple[Part, ...] = ()
    waits: bool = False


class Sayings(Protocol):
    """What this box can say of a hazard by itself."""

    def words(self, hazard: str) -> Words:
        """What a round of it is made of now."""

    def title(self, hazard: str) -> tuple[str, str]:
        """Its name in Vietnamese and English."""


class LocalAlerts:
    """The alerts of one box; belongs to the agent's thread.

    `tell` says a step to the office, and gives False where nobody listens: then it is kept.
    """

    def __init__(
        self,
        folder: Path,
        settings: LocalAlertSettings,
        sayings: Sayings,
        tell: Callable[[AlertStep], bool],
        *,
        boot: int,
        machine: str,
        now: Reading,
    ) -> None:
        self._file = folder / FILE
        self._settings = settings
        self._sayings = sayings
        self._tell = tell
        self._boot = boot
        self._machine = machine
        self._saved_at_ms = now.mono_ms
        self._quiet_until: dict[str, int] = {}
        self._steps: dict[str, AlertStep] = {}
        self.losses: tuple[str, ...] = ()
        self.active = self._read(now)

    def raise_alert(self, hazard: str, by: str, now: Reading, *, silenced: str = "") -> LocalAlert:
        """Sound `hazard` from now on; one that is active begins anew, with all its minutes."""
        known = next((alert for alert in self.active if alert.hazard == hazard), None)
        until = now.mono_ms + self._settings.minutes * 60_000
        if known is None:
            ident = f"local-{secrets.token_hex(8)}"
            alert = LocalAlert(ident, hazard, by, now.system_ms, until, now.mono_ms)
        else:
            alert = replace(known, by=by, until_mono=until, due_mono=now.mono_ms, until_utc=None)
            alert = replace(alert, round=alert.round + 1)
        self._quiet_until.pop(hazard, None)
        others = (a for a in self.active if a.hazard not in (hazard, ALL_CLEAR))
        note(log, "local_alert_raised", alert=alert.id, hazard=hazard, by=by, silenced=silenced)
        self._say(alert, AlertStatus.RECEIVED, now, silenced)
        self._hold((alert, *others)[:MAX_ACTIVE], now)
        return alert

    def all_clear(self, by: str, now: Reading) -> LocalAlert:
        """End every alert of this box, and say once that the danger is over."""
        note(log, "local_all_clear", by=by, ended=[alert.id for alert in self.active])
        for alert in self.active:
            self._say(alert, AlertStatus.ENDED, now, ALL_CLEAR)
        until = now.mono_ms + ALL_CLEAR_WITHIN_MS
        ident = f"local-{secrets.token_hex(8)}"
        clear = LocalAlert(ident, ALL_CLEAR, by, now.system_ms, until, now.mono_ms)
        self._hold((clear,), now)
        return clear

    def look(self, history: Mapping[str, Past], spoken: str, silenced: str, now: Reading) -> None:
        """Bring the alerts to now; `spoken` is the hazard of which the office's alert sounds."""
        if spoken:
            self._quiet_until[spoken] = now.mono_ms + QUIET_AFTER_MS
        before = self.active
        looked = (self._looked(alert, history, silenced, now) for alert in before)
        after = tuple(alert for alert in looked if alert is not None)
        if after != before or (after and now.mono_ms - self._saved_at_ms >= SAVE_EVERY_MS):
            self._hold(after, now)

    def candidates(self, history: Mapping[str, Past], now: Reading) -> tuple[Candidate, ...]:
        """What each alert says now: the next piece of its round, also while that sounds."""
        found = (self._candidate(alert, history, now) for alert in self.active)
        return tuple(candidate for candidate in found if candidate is not None)

    def progress(self, cue: str, status: AckStatus, now: Reading) -> None:
        """Take word from the playout; other cues are none of ours."""
        alert = next((a for a in self.active if cue.startswith(f"{a.id}.")), None)
        if alert is None or status is not AckStatus.STARTED:
            return
        last = self._steps.get(alert.id)
        if last is None or (last.status, last.round) != (AlertStatus.PLAYING, alert.round):
            self._say(alert, AlertStatus.PLAYING, now)

    def reconnected(self, now: Reading) -> None:
        """Say the newest step of each alert again, for it may not have arrived."""
        steps, self._steps = self._steps, {}
        for step in steps.values():
            self._tell_or_keep(step)
        if self._steps != steps:
            self._hold(self.active, now)

    def _looked(
        self, alert: LocalAlert, history: Mapping[str, Past], silenced: str, now: Reading
    ) -> LocalAlert | None:
        """The alert as it is now; None when it is over."""
        if alert.is_over(now):
            note(log, "local_alert_over", alert=alert.id, hazard=alert.hazard)
            self._say(alert, AlertStatus.ENDED, now, "expired")
            return None
        words = self._sayings.words(alert.hazard)
        why = silenced or ("" if words.parts or words.waits else CLIP_MISSING)
        if why != alert.told_silent:
            alert = replace(alert, told_silent=why)
            if why:
                note(log, "local_alert_silent", alert=alert.id, reason=why)
                self._say(alert, AlertStatus.SILENT, now, why)
        said = [_is_said(alert, part, history) for part in words.parts]
        if said and all(said) and not words.waits:
            self._say(alert, AlertStatus.DONE, now)
            if alert.hazard in ONCE:
                self._say(alert, AlertStatus.ENDED, now)
                return None
            due = self._due_after(words.parts, alert, now)
            return replace(alert, round=alert.round + 1, due_mono=due)
        return alert

    def _due_after(self, parts: tuple[Part, ...], alert: LocalAlert, now: Reading) -> int:
        """When the next round begins; never one that would be cut by the end of the alert."""
        due = now.mono_ms + self._settings.repeat_minutes * 60_000
        ends = due + sum(part.asset.duration_ms for part in parts)
        fits = self._settings.repeat_minutes and ends <= alert.until_mono
        return due if fits else alert.until_mono

    def _candidate(
        self, alert: LocalAlert, history: Mapping[str, Past], now: Reading
    ) -> Candidate | None:
        left_ms = alert.until_mono - now.mono_ms
        parts = self._sayings.words(alert.hazard).parts
        # What a player does not play must not hold up what it does.
        unsaid = sorted(
            (part for part in parts if not _is_said(alert, part, history)),
            key=lambda part: _starts(history.get(_ident(alert, part))),
        )
        # A first round sounds at once, and one that has begun goes on.
        waits = alert.round and not any(_ident(alert, part) in history for part in parts)
        due = max(alert.due_mono, self._quiet_until.get(alert.hazard, 0) if waits else 0)
        if now.mono_ms < due or left_ms <= 0:
            return None
        title = self._sayings.title(alert.hazard)[0]
        for part in unsaid[:1]:
            cue = _cue(alert, part, title, max(now.utc_ms, BUILD_FLOOR_MS), left_ms)
            severity = Severity.MINOR if alert.hazard in ONCE else Severity.EXTREME
            length_ms = part.asset.duration_ms
            return Candidate(cue, length_ms, severity, alert.id, source=Source.LOCAL)
        return None

    def _say(self, alert: LocalAlert, status: AlertStatus, now: Reading, reason: str = "") -> None:
        """Tell the office, but not of an all-clear: that is the end of what it ends."""
        if alert.hazard == ALL_CLEAR:
            return
        self._tell_or_keep(
            AlertStep(
                alert=alert.id,
                version=1,
                status=status,
                at=now.system_ms,
                boot=self._boot,
                round=alert.round,
                reason=reason,
                local=True,
                hazard=alert.hazard,
            )
        )

    def _tell_or_keep(self, step: AlertStep) -> None:
        """An end that was said is done with; anything else may have to be said again."""
        self._steps.pop(step.alert, None)
        if self._tell(step) and step.status is AlertStatus.ENDED:
            return
        self._steps[step.alert] = step
        while len(self._steps) > MAX_STEPS:
            del self._steps[next(iter(self._steps))]

    def _hold(self, alerts: tuple[LocalAlert, ...], now: Reading) -> None:
        """Bring them to the disk; if that takes nothing they sound all the same."""
        self.active, self._saved_at_ms = alerts, now.mono_ms
        try:
            if alerts or self._steps:
                utc = now.utc_ms if now.trusted else None
                steps = tuple(self._steps.values())
                kept = _Kept(self._machine, now.mono_ms, utc, alerts, steps)
                durable.write_checked(self._file, encode(kept))
            else:
                self._file.unlink(missing_ok=True)
        except OSError as e:
            durable.note_unwritten(log, self._file, e)

    def _read(self, now: Reading) -> tuple[LocalAlert, ...]:
        try:
            stored = durable.read_checked(self._file)
            kept = msgspec.json.decode(stored, type=_Kept) if stored else None
        except (durable.Damaged, msgspec.MsgspecError) as e:
            aside = durable.set_aside(self._file)
            self.losses = (f"{self._file.name} damaged",)
            note(log, "state_set_aside", level=logging.ERROR, file=str(aside), error=str(e))
            return ()
        if kept is None:
            return ()
        note(log, "local_alerts_resumed", alerts=[alert.id for alert in kept.alerts])
        self._steps = {step.alert: step for step in kept.steps}
        if kept.machine == self._machine and kept.mono_ms <= now.mono_ms:
            return kept.alerts
        return tuple(_moved(kept, now))


def _moved(kept: _Kept, now: Reading) -> Iterator[LocalAlert]:
    """What the last run of the machine left: its minutes go on now, as far as anybody knows."""
    for alert in kept.alerts:
        left_ms = alert.until_mono - kept.mono_ms
        yield replace(
            alert,
            until_mono=now.mono_ms + left_ms,
            due_mono=now.mono_ms + alert.due_mono - kept.mono_ms,
            until_utc=alert.until_utc if kept.utc_ms is None else kept.utc_ms + left_ms,
        )


def _is_said(alert: LocalAlert, part: Part, history: Mapping[str, Past]) -> bool:
    past = history.get(_ident(alert, part))
    most = 1 if part.name == SIREN else MAX_STARTS
    return past is not None and (past.state is PastState.DONE or past.starts >= most)


def _starts(past: Past | None) -> int:
    return 0 if past is None else past.starts


def _ident(alert: LocalAlert, part: Part) -> str:
    return f"{alert.id}.{alert.round}.{part.name}"


def _cue(alert: LocalAlert, part: Part, title: str, start_ms: int, left_ms: int) -> Cue:
    """A cue that may begin now and at any moment while its alert lasts."""
    end = start_ms + left_ms + part.asset.duration_ms
    return Cue(
        id=_ident(alert, part),
        asset=part.asset,
        start=start_ms,
        latest_start=end,
        latest_end=end,
        valid_until=end,
        rank=Rank.EMERGENCY_RECORDED,
        enter=Enter.CUT,
        leave=Leave.RESTART,
        gain_db=0.0,
        title=title,
        language=part.language,
    )
