"""What sounds at a simulated box: the true `decide`, carried out by a player that never fails.

Knows no disk and no wire: events go to `note`, steps of orders to `progress`. Sound is measured on
the monotonic clock, so a system clock that steps neither cuts nor repeats anything.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass

import msgspec

from controller.simulator.clock import Reading
from edge_agent.contract.commands import AckStatus
from edge_agent.contract.manifest import Cue, Rank
from edge_agent.contract.report import EventKind, PlaybackEvent
from edge_agent.contract.state import OnAir
from edge_agent.decide import (
    FALLBACK,
    LENGTH_REACHED,
    RULES,
    Candidate,
    Current,
    Decision,
    Policy,
    Situation,
    decide,
    length_on_air,
)
from edge_agent.past import Past, PastState
from edge_agent.rounds import Voiced

RELEASE_MS = 1_000
"""The player is told the instant this long before, and keeps it by itself."""

KEPT_EVERY_MS = 1_000
"""How much sound a power cut may forget."""

STEPS_AT_ONCE = 8
"""So many decisions at one instant: a cut, what follows it, and what is skipped on the way."""

REMEMBERED_MS = 24 * 3_600_000
_EMERGENCIES = (Rank.EMERGENCY_LIVE, Rank.EMERGENCY_RECORDED)
_SILENCERS = ("kill_switch", "maintenance")


@dataclass(frozen=True, slots=True)
class Scene:
    """All of a decision that the stage does not know by itself."""

    cues: tuple[Cue, ...]
    held: Set[str]
    alerts: tuple[Voiced, ...]
    policy: Policy
    serial: int
    delay_ms: int = 0


@dataclass(slots=True)
class _Playing:
    """What has the player: released, or sounding once its start was told."""

    play: str
    candidate: Candidate
    gain_db: float
    reason: str
    starts_mono: int
    serial: int
    told: PlaybackEvent | None = None
    cut_mono: int | None = None
    """When the power went."""

    @property
    def ends_mono(self) -> int:
        return self.starts_mono + self.candidate.length_ms

    def sounded_ms(self, mono_ms: int) -> int:
        return min(max(0, mono_ms - self.starts_mono), self.candidate.length_ms)


class Stage:
    """One sound at a time."""

    def __init__(
        self,
        boot: int,
        note: Callable[[PlaybackEvent], None],
        progress: Callable[[str, AckStatus, str], None],
    ) -> None:
        self.boot = boot
        self._note = note
        self._progress = progress
        self._plays = 0
        self._playing: _Playing | None = None
        self._known_sound_ms: int | None = None
        self._keep_until: dict[str, int] = {}
        self.history: dict[str, Past] = {}
        self.orders: dict[str, Candidate] = {}
        self.due_mono = 0
        """When there is something to do again, on the monotonic clock."""

    @property
    def on_air(self) -> bool:
        """Whether something sounds, or is released to."""
        return self._playing is not None

    def position(self, mono_ms: int) -> OnAir | None:
        """What sounds now and how far it has come."""
        playing = self._playing
        if playing is None or playing.told is None:
            return None
        candidate = playing.candidate
        at = candidate.from_ms + playing.sounded_ms(mono_ms)
        whole = candidate.from_ms + candidate.length_ms
        return OnAir(playing.play, candidate.cue.id, at, whole)

    def step(self, scene: Scene, now: Reading) -> None:
        """Bring what sounds up to now, then decide and carry it out."""
        for _ in range(STEPS_AT_ONCE):
            self._catch_up(now)
            decision = decide(self._situation(scene, now))
            for skip in decision.skipped:
                self._give_up(skip.candidate, skip.reason, scene.serial, now)
            if not self._carry_out(decision, scene, now):
                return
        self.due_mono = now.mono_ms + 1

    def stop(self, cue: str | None, cues: tuple[Cue, ...], serial: int, now: Reading) -> bool:
        """Stop what sounds, or give up the order or cue named; False if there is no such."""
        reason = "stopped_by_command"
        if self._playing is not None and cue in (None, self._playing.candidate.cue.id):
            self._cut(reason, PastState.DONE, now)
            return True
        if cue is None:
            return False
        planned = (Candidate(c, length_on_air(c)) for c in cues if c.id == cue)
        waiting = self.orders.get(cue) or next(planned, None)
        return waiting is not None and self._give_up(waiting, reason, serial, now)

    def power_cut(self, now: Reading) -> None:
        """Silence; only what is on the disk is known afterwards."""
        if self._playing is not None:
            self._playing.cut_mono = now.mono_ms
        self.orders.clear()

    def recover(self, boot: int, now: Reading) -> None:
        """After a boot: what was released and never ended is told as interrupted."""
        self.boot, playing = boot, self._playing
        if playing is None:
            return
        sounded = playing.sounded_ms(playing.cut_mono or playing.starts_mono)
        sounded -= sounded % KEPT_EVERY_MS
        if playing.told is None:
            playing.told = self._started(playing, now)
        self._over(EventKind.INTERRUPTED, "agent_died", PastState.INTERRUPTED, sounded, now)

    def forget(self, now_ms: int) -> None:
        """Drop occurrences that nothing can bring back any more."""
        for cue in [c for c, until in self._keep_until.items() if until < now_ms]:
            del self._keep_until[cue]
            self.history.pop(cue, None)

    def _situation(self, scene: Scene, now: Reading) -> Situation:
        playing = self._playing
        current = None
        if playing is not None:
            current = Current(playing.candidate, playing.sounded_ms(now.mono_ms))
        return Situation(
            now_ms=now.utc_ms,
            clock_trusted=now.trusted,
            cues=scene.cues,
            held=scene.held,
            history=self.history,
            orders=tuple(self.orders.values()),
            alerts=scene.alerts,
            current=current,
            policy=scene.policy,
            known_sound_ms=self._known_sound_ms,
        )

    def _catch_up(self, now: Reading) -> None:
        """Tell that a released play has begun, and that one has come to its end."""
        playing = self._playing
        if playing is None:
            return
        if playing.told is None and now.mono_ms >= playing.starts_mono:
            playing.told = self._started(playing, now)
            self._note(playing.told)
            self._progress(playing.candidate.cue.id, AckStatus.STARTED, "")
        if now.mono_ms >= playing.ends_mono:
            self._end(playing, now)

    def _carry_out(self, decision: Decision, scene: Scene, now: Reading) -> bool:
        """Do what is decided; whether to decide once more at this instant."""
        waits = [decision.next_deadline_ms - now.utc_ms]
        playing = self._playing
        if playing is None and decision.play is not None:
            until_start = decision.at_ms + scene.delay_ms - now.utc_ms
            if until_start <= RELEASE_MS:
                self._release(decision, decision.play, max(0, until_start), scene, now)
                return True
            waits.append(until_start - RELEASE_MS)
        elif playing is not None and decision.cut_at_ms is not None:
            if decision.cut_at_ms <= now.utc_ms:
                self._obey_cut(playing, decision, now)
                return True
            waits.append(decision.cut_at_ms - now.utc_ms)
        if playing is not None:
            edge = playing.starts_mono if playing.told is None else playing.ends_mono
            waits.append(edge - now.mono_ms)
        self.due_mono = now.mono_ms + max(1, min(waits))
        return False

    def _release(
        self, decision: Decision, candidate: Candidate, wait_ms: int, scene: Scene, now: Reading
    ) -> None:
        self._plays += 1
        if candidate.instead is not None and candidate.instead == scene.policy.fallback:
            self._known_sound_ms = now.utc_ms + wait_ms
        self._playing = _Playing(
            f"{self.boot}-{self._plays}",
            candidate,
            decision.gain_db,
            decision.reason,
            now.mono_ms + wait_ms,
            scene.serial,
        )

    def _obey_cut(self, playing: _Playing, decision: Decision, now: Reading) -> None:
        cue = playing.candidate.cue
        if decision.play is not None:
            same = decision.play.cue.id == cue.id
            if same:
                self._cut("stream_back", PastState.OPEN, now)
            else:
                self._cut("preempted", PastState.INTERRUPTED, now)
        elif decision.reason == LENGTH_REACHED:
            self._end(playing, now)
        else:
            goes_on = cue.rank in _EMERGENCIES and decision.reason in _SILENCERS
            state = PastState.INTERRUPTED if goes_on else PastState.DONE
            self._cut(decision.reason, state, now)

    def _cut(self, reason: str, state: PastState, now: Reading) -> None:
        if self._playing is not None:
            sounded = self._playing.sounded_ms(now.mono_ms)
            self._over(EventKind.CUT, reason, state, sounded, now)

    def _end(self, playing: _Playing, now: Reading) -> None:
        """It came to its end; of a relay the rest of its time may still be to fill."""
        candidate = playing.candidate
        reason = FALLBACK if candidate.instead is not None else ""
        if candidate.stream is not None:
            reason = playing.reason
        state = PastState.OPEN if candidate.cue.stream is not None else PastState.DONE
        self._over(EventKind.ENDED, reason, state, candidate.length_ms, now)

    def _over(
        self, kind: EventKind, reason: str, state: PastState, sounded_ms: int, now: Reading
    ) -> None:
        playing, self._playing = self._playing, None
        if playing is None:
            return
        candidate, cue = playing.candidate, playing.candidate.cue
        before = self.history.get(cue.id)
        starts = (before.starts if before else 0) + 1
        self._remember(cue, Past(state, candidate.from_ms + sounded_ms, now.utc_ms, starts))
        late_ms = max(0, now.mono_ms - playing.ends_mono) if kind is EventKind.ENDED else 0
        event = self._event(kind, playing.play, candidate, playing.serial, now, -late_ms)
        self._note(
            msgspec.structs.replace(
                event, gain_db=playing.gain_db, played_ms=sounded_ms, reason=reason
            )
        )
        self.orders.pop(cue.id, None)
        status = AckStatus.DONE if kind is EventKind.ENDED else AckStatus.FAILED
        self._progress(cue.id, status, reason)

    def _give_up(self, candidate: Candidate, reason: str, serial: int, now: Reading) -> bool:
        cue = candidate.cue
        self.orders.pop(cue.id, None)
        if cue.id in self.history:
            return False
        self._remember(cue, Past(PastState.DONE, at_ms=now.utc_ms, starts=0))
        self._plays += 1
        play = f"{self.boot}-{self._plays}"
        event = self._event(EventKind.SKIPPED, play, candidate, serial, now)
        self._note(msgspec.structs.replace(event, reason=reason))
        self._progress(cue.id, AckStatus.FAILED, reason)
        return True

    def _remember(self, cue: Cue, past: Past) -> None:
        self.history[cue.id] = past
        last = max(cue.latest_end, cue.valid_until, cue.latest_start)
        self._keep_until[cue.id] = last + REMEMBERED_MS

    def _started(self, playing: _Playing, now: Reading) -> PlaybackEvent:
        """As it began, which may be a moment ago."""
        ago = playing.starts_mono - now.mono_ms
        candidate = playing.candidate
        event = self._event(EventKind.STARTED, playing.play, candidate, playing.serial, now, ago)
        return msgspec.structs.replace(event, gain_db=playing.gain_db, reason=playing.reason)

    def _event(
        self,
        kind: EventKind,
        play: str,
        candidate: Candidate,
        serial: int,
        now: Reading,
        ago_ms: int = 0,
    ) -> PlaybackEvent:
        cue = candidate.cue
        return PlaybackEvent(
            seq=1,
            kind=kind,
            play=play,
            cue=cue.id,
            asset_sha256=candidate.asset.sha256,
            wall=max(0, now.system_ms + ago_ms),
            mono=max(0, now.mono_ms + ago_ms),
            boot=self.boot,
            clock=now.clock,
            planned=cue.start,
            duration_ms=max(0, candidate.from_ms + candidate.length_ms),
            rank=cue.rank,
            rules=RULES,
            desired=serial,
            gain_db=cue.gain_db,
            title=cue.title,
            language=cue.language,
            source=candidate.source,
            alert=candidate.alert,
        )
