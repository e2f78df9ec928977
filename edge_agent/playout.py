"""Carries out decisions on the one player of the box and spools what came of them."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_
from enum import StrEnum

from msgspec.structs import replace

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf
from edge_agent.clock import Reading
from edge_agent.contract.commands import AckStatus
from edge_agent.contract.manifest import Cue, Leave, Rank
from edge_agent.contract.report import EventKind, Heard, PlaybackEvent
from edge_agent.contract.state import OnAir
from edge_agent.decide import (
    FALLBACK,
    LENGTH_REACHED,
    RULES,
    Act,
    Candidate,
    Current,
    Decision,
    PastState,
    Skip,
)
from edge_agent.errors import PlayerUnusable
from edge_agent.log_setup import note
from edge_agent.player import Ended, Player, PlayerEvent, Position, Ready, Started
from edge_agent.spool import Spool
from edge_agent.streams import Streams

log = logging.getLogger("edge_agent.playout")

RELEASE_MS = 1_000
"""The player is told the instant this long before, and keeps it by itself."""

AT_ONCE_MS = 60
"""What is due now is released this far ahead, so that the command arrives in time."""

LOAD_WITHIN_MS = 15_000
START_WITHIN_MS = 5_000
STOP_WITHIN_MS = 3_000
OVERRUN_MS = 5_000
OPEN_WITHIN_MS = 4_000
"""A stream is opened this long: where it cannot be, its audio still begins in time."""

STALLED_MS = 3_500
"""A stream without sound for this long is dead; players tell its position each second."""

MIN_WAIT_MS = 20
TRIES = 3
RETRY_MS = 1_000
KEEP_POSITION_MS = 1_000
"""How much sound a power cut may forget: one page is written to the disk each time."""

SHORT_MS = 1_500
"""A file that ends this much before its length was cut."""

FAINT_DB = -18.0
"""An ear at the horn may miss what is played softer than this."""

REMEMBERED_MS = 24 * 3_600_000
"""An occurrence is remembered this long after it could last have sounded."""

_EMERGENCIES = (Rank.EMERGENCY_LIVE, Rank.EMERGENCY_RECORDED)
_MAX_REASON = 200
PREEMPTED = "preempted"
STREAM_BACK = "stream_back"
STREAM_DEAD = "stream_dead"


class Phase(StrEnum):
    """How far the play in the player has come."""

    LOADING = "loading"
    READY = "ready"
    RELEASED = "released"
    SOUNDING = "sounding"
    STOPPING = "stopping"


_ON_AIR = (Phase.RELEASED, Phase.SOUNDING, Phase.STOPPING)


@dataclass(slots=True)
class _Slot:
    """The play that the player holds."""

    play: str
    candidate: Candidate
    gain_db: float
    phase: Phase
    since_mono_ms: int
    at_ms: int = 0
    started_mono_ms: int | None = None
    position_ms: int = 0
    kept_ms: int = 0
    moved_mono_ms: int = 0
    stop_reason: str = ""
    then: PastState = PastState.DONE
    reason: str = ""
    event: PlaybackEvent | None = None

    def enter(self, phase: Phase, mono_ms: int) -> None:
        self.phase, self.since_mono_ms = phase, mono_ms

    def sound_ms(self, mono_ms: int) -> int:
        """Sound given until `mono_ms`, by the monotonic clock."""
        return 0 if self.started_mono_ms is None else max(0, mono_ms - self.started_mono_ms)

    def length_ms(self) -> int:
        return self.candidate.length_ms


Progress = Callable[[str, AckStatus, str], None]
"""Told the cue's id, how far it has come, and why."""


class Playout:
    """One sound at a time: load, release, watch, cut; `started` is on disk before sound."""

    def __init__(
        self,
        *,
        player: Player,
        amplifier: Amplifier,
        spool: Spool,
        cache: Cache,
        streams: Streams,
        boot: int,
        progress: Progress,
    ) -> None:
        self._player = player
        self._amplifier = amplifier
        self._spool = spool
        self._cache = cache
        self._streams = streams
        self._boot = boot
        self._progress = progress
        self._slot: _Slot | None = None
        self._failures: dict[str, int] = {}
        self._retry_at_mono_ms = 0
        self.desired_serial = 0

    @property
    def idle(self) -> bool:
        """Whether the player holds nothing."""
        return self._slot is None

    def current(self, now: Reading) -> Current | None:
        """What has the player, for the next decision."""
        slot = self._slot
        if slot is None or slot.phase not in _ON_AIR:
            return None
        return Current(slot.candidate, slot.sound_ms(now.mono_ms))

    def on_air(self) -> OnAir | None:
        """What sounds now, for telemetry."""
        slot = self._slot
        if slot is None or slot.phase is not Phase.SOUNDING:
            return None
        whole_ms = slot.candidate.from_ms + slot.length_ms()
        position = min(slot.candidate.from_ms + slot.position_ms, whole_ms)
        return OnAir(slot.play, slot.candidate.cue.id, position, whole_ms)

    def apply(self, decision: Decision, now: Reading) -> None:
        """Take one step towards `decision`."""
        for skip in decision.skipped:
            self.give_up(skip, now)
        self._watch(now)
        slot = self._slot
        due = decision.cut_at_ms is not None and now.utc_ms >= decision.cut_at_ms
        if decision.act is Act.PLAY and decision.play is not None:
            if slot is not None and not slot.candidate.sounds_like(decision.play):
                if slot.phase not in _ON_AIR:
                    self._unload(slot)
                elif due and slot.candidate.cue.id == decision.play.cue.id:
                    self._cut(slot, STREAM_BACK, now, then=PastState.OPEN)
                elif due:
                    self._cut(slot, PREEMPTED, now, then=PastState.INTERRUPTED)
            if self._slot is None:
                self._load(decision.play, decision.gain_db, now)
            elif self._slot.phase is Phase.READY:
                self._release(self._slot, decision, now)
        elif decision.act is Act.KEEP and slot is not None:
            self._amplifier.need(now.mono_ms)
            if abs(decision.gain_db - slot.gain_db) > 0.05:
                slot.gain_db = decision.gain_db
                self._player.set_gain(slot.play, slot.gain_db)
        elif slot is not None and slot.phase not in _ON_AIR:
            self._unload(slot)
        elif slot is not None and due:
            emergency = slot.candidate.cue.rank in _EMERGENCIES
            silenced = decision.reason in ("kill_switch", "maintenance")
            then = PastState.INTERRUPTED if emergency and silenced else PastState.DONE
            self._cut(slot, decision.reason, now, then=then)
        if self._slot is None and decision.act is not Act.PLAY:
            self._amplifier.rest(now.mono_ms)

    def waits_ms(self, decision: Decision, now: Reading) -> tuple[int, ...]:
        """After how many ms `decision` needs another step."""
        slot = self._slot
        if slot is None:
            retry_ms = max(MIN_WAIT_MS, self._retry_at_mono_ms - now.mono_ms)
            return (retry_ms,) if decision.act is Act.PLAY else ()
        if decision.cut_at_ms is not None and slot.phase in _ON_AIR:
            return (max(MIN_WAIT_MS, decision.cut_at_ms - now.utc_ms),)
        if slot.phase is Phase.READY:
            return (max(MIN_WAIT_MS, decision.at_ms - RELEASE_MS - now.utc_ms),)
        return ()

    def heard(self, event: PlayerEvent, now: Reading) -> None:
        """Take an event of the player."""
        slot = self._slot
        if slot is None or event.play != slot.play:
            return
        match event:
            case Ready():
                if slot.phase is Phase.LOADING:
                    slot.enter(Phase.READY, now.mono_ms)
            case Started():
                self._started(slot, round(event.at_unix * 1000), now)
            case Position():
                if event.ms > slot.position_ms:
                    slot.moved_mono_ms = now.mono_ms
                slot.position_ms = event.ms
                if event.ms - slot.kept_ms >= KEEP_POSITION_MS:
                    slot.kept_ms = event.ms
                    self._spool.sounded(slot.play, event.ms)
            case Ended():
                self._ended(slot, event, now)

    def stop(self, cue: str | None, reason: str, now: Reading) -> bool:
        """Stop what is on air, or only if it is `cue`; False if that is not on air."""
        slot = self._slot
        if slot is None or (cue is not None and slot.candidate.cue.id != cue):
            return False
        if slot.phase not in _ON_AIR:
            return False
        self._cut(slot, reason, now, then=PastState.DONE)
        return True

    def give_up(self, skip: Skip, now: Reading) -> bool:
        """Spool that a cue will not sound; False if it was already on air or given up."""
        if skip.candidate.cue.id in self._spool.history:
            return False
        event = self._event(EventKind.SKIPPED, skip.candidate, secrets.token_hex(8), now)
        self._over(replace(event, reason=skip.reason), skip.candidate, PastState.DONE, 0, now)
        cue = skip.candidate.cue
        note(log, "cue_skipped", cue=cue.id, reason=skip.reason)
        self._progress(cue.id, AckStatus.FAILED, skip.reason)
        return True

    def begin_farewell(self, now: Reading) -> None:
        """Stop everything because the agent ends."""
        slot = self._slot
        if slot is None:
            return
        if slot.phase in _ON_AIR:
            self._cut(slot, "agent_stopped", now, then=PastState.INTERRUPTED)
        else:
            self._unload(slot)

    def end_farewell(self, now: Reading) -> None:
        """Spool what the player did not end in time, and switch off."""
        slot = self._slot
        if slot is not None and slot.phase in _ON_AIR:
            self._ended(slot, Ended(slot.play, slot.position_ms, "stopped"), now)
        self._player.close()
        self._amplifier.off()

    def _load(self, candidate: Candidate, gain_db: float, now: Reading) -> None:
        cue, sha256 = candidate.cue, candidate.asset.sha256
        if now.mono_ms < self._retry_at_mono_ms:
            return
        if candidate.stream is None and not self._cache.is_sound(Shelf.AUDIO, sha256):
            note(log, "audio_rotten", level=logging.ERROR, sha256=sha256, cue=cue.id)
            return
        slot = _Slot(secrets.token_hex(8), candidate, gain_db, Phase.LOADING, now.mono_ms)
        self._amplifier.need(now.mono_ms)
        path = self._cache.path(Shelf.AUDIO, sha256)
        try:
            if candidate.stream is not None:
                self._player.tune(slot.play, candidate.stream.url, gain_db=gain_db)
            else:
                self._player.load(slot.play, path, gain_db=gain_db, from_ms=candidate.from_ms)
        except PlayerUnusable as e:
            self._failed_to_load(slot, str(e), now)
            return
        self._slot = slot
        note(log, "play_loading", cue=cue.id, play=slot.play)

    def _unload(self, slot: _Slot) -> None:
        self._player.stop(slot.play)
        self._slot = None
        note(log, "play_unloaded", cue=slot.candidate.cue.id, play=slot.play)

    def _release(self, slot: _Slot, decision: Decision, now: Reading) -> None:
        cue, wake_ms = slot.candidate.cue, self._amplifier.need(now.mono_ms)
        at = max(decision.at_ms, now.utc_ms + max(wake_ms, AT_ONCE_MS))
        if at - now.utc_ms > max(RELEASE_MS, wake_ms + AT_ONCE_MS):
            return
        slot.candidate = _begun_at(at, decision, slot.candidate)
        too_late = at > cue.latest_start and not slot.candidate.resumed
        if too_late or at + slot.length_ms() > min(cue.latest_end, cue.valid_until):
            return
        if decision.gain_db != slot.gain_db:
            slot.gain_db = decision.gain_db
            self._player.set_gain(slot.play, slot.gain_db)
        at_system_ms = at - now.utc_ms + now.system_ms
        event = self._event(EventKind.STARTED, slot.candidate, slot.play, now)
        slot.reason = decision.reason
        slot.event = replace(
            event,
            wall=at_system_ms,
            mono=now.mono_ms + at - now.utc_ms,
            gain_db=slot.gain_db,
            reason=slot.reason,
        )
        self._spool.release(slot.event, _keep_until(cue), from_ms=slot.candidate.from_ms)
        slot.at_ms = at
        slot.enter(Phase.RELEASED, now.mono_ms)
        self._player.play_at(slot.play, at_system_ms / 1000)
        note(log, "play_released", cue=cue.id, play=slot.play, start=at, reason=decision.reason)

    def _started(self, slot: _Slot, at_system_ms: int, now: Reading) -> None:
        if slot.started_mono_ms is not None or slot.event is None:
            return
        slot.started_mono_ms = now.mono_ms - (now.system_ms - at_system_ms)
        slot.moved_mono_ms = slot.started_mono_ms
        slot.event = replace(slot.event, wall=at_system_ms, mono=slot.started_mono_ms)
        self._spool.started(slot.event)
        if slot.phase is Phase.RELEASED:
            slot.enter(Phase.SOUNDING, now.mono_ms)
        cue = slot.candidate.cue
        late_ms = at_system_ms - now.system_ms + now.utc_ms - slot.at_ms
        note(log, "play_started", cue=cue.id, play=slot.play, late_ms=late_ms)
        self._progress(cue.id, AckStatus.STARTED, "")

    def _cut(self, slot: _Slot, reason: str, now: Reading, *, then: PastState) -> None:
        if slot.phase is Phase.STOPPING:
            return
        slot.stop_reason, slot.then = reason, then
        slot.enter(Phase.STOPPING, now.mono_ms)
        self._player.stop(slot.play)

    def _ended(self, slot: _Slot, ended: Ended, now: Reading) -> None:
        cue = slot.candidate.cue
        played_ms = min(ended.played_ms, slot.length_ms())
        self._slot = None
        if slot.phase not in _ON_AIR:
            self._failed_to_load(slot, ended.error or ended.reason, now)
            return
        if slot.candidate.stream is not None and slot.phase is not Phase.STOPPING:
            self._streams.died(slot.candidate.stream.url, ended.error or ended.reason, now)
        kind, reason, state = _outcome(slot, ended, played_ms)
        event = self._event(kind, slot.candidate, slot.play, now)
        event = replace(
            event,
            played_ms=played_ms,
            gain_db=slot.gain_db,
            reason=reason[:_MAX_REASON],
            heard=_noticed(ended, slot.gain_db),
            heard_dbfs=ended.heard_dbfs,
        )
        self._over(event, slot.candidate, state, slot.candidate.from_ms + played_ms, now)
        note(
            log, "play_over", cue=cue.id, play=slot.play, outcome=kind, ms=played_ms, reason=reason
        )
        status = AckStatus.DONE if kind is EventKind.ENDED else AckStatus.FAILED
        self._progress(cue.id, status, reason or kind)

    def _failed_to_load(self, slot: _Slot, error: str, now: Reading) -> None:
        cue, stream = slot.candidate.cue, slot.candidate.stream
        if stream is not None:
            self._streams.died(stream.url, error, now)
            event = self._event(EventKind.FAILED, slot.candidate, slot.play, now)
            said = replace(event, reason=f"{STREAM_DEAD}: {error}"[:_MAX_REASON])
            self._over(said, slot.candidate, PastState.OPEN, slot.candidate.from_ms, now)
            return
        failures = self._failures[cue.id] = self._failures.get(cue.id, 0) + 1
        self._retry_at_mono_ms = now.mono_ms + RETRY_MS
        note(log, "play_failed", level=logging.ERROR, cue=cue.id, error=error, tries=failures)
        if failures < TRIES:
            return
        del self._failures[cue.id]
        event = replace(
            self._event(EventKind.FAILED, slot.candidate, slot.play, now),
            reason=error[:_MAX_REASON],
        )
        state = PastState.INTERRUPTED if cue.rank in _EMERGENCIES else PastState.DONE
        self._over(event, slot.candidate, state, slot.candidate.from_ms, now)
        self._progress(cue.id, AckStatus.FAILED, error)

    def _watch(self, now: Reading) -> None:
        """End what the player does not bring to an end."""
        slot = self._slot
        if slot is None:
            return
        in_phase_ms = now.mono_ms - slot.since_mono_ms
        silent = ""
        streaming = slot.candidate.stream is not None
        load_within_ms = OPEN_WITHIN_MS if streaming else LOAD_WITHIN_MS
        if slot.phase is Phase.LOADING and in_phase_ms > load_within_ms:
            silent = "stream does not answer" if streaming else "player does not load"
        elif (
            streaming
            and slot.phase is Phase.SOUNDING
            and now.mono_ms - slot.moved_mono_ms > STALLED_MS
        ):
            silent = "stream has stalled"
        elif slot.phase is Phase.RELEASED and now.utc_ms > slot.at_ms + (
            STALLED_MS if streaming else START_WITHIN_MS
        ):
            silent = "player does not start"
        elif slot.phase is Phase.STOPPING and in_phase_ms > STOP_WITHIN_MS:
            silent = "player does not stop"
        elif (
            slot.phase is Phase.SOUNDING
            and slot.sound_ms(now.mono_ms) > slot.length_ms() + OVERRUN_MS
        ):
            silent = "player does not end"
        if silent:
            note(log, "player_stuck", level=logging.ERROR, play=slot.play, error=silent)
            self._player.close()
            self._ended(slot, Ended(slot.play, slot.position_ms, "error", silent), now)

    def _over(
        self,
        event: PlaybackEvent,
        candidate: Candidate,
        state: PastState,
        position_ms: int,
        now: Reading,
    ) -> None:
        self._failures.pop(candidate.cue.id, None)
        self._spool.over(
            event,
            state,
            position_ms=position_ms,
            at_ms=now.utc_ms,
            keep_until_ms=_keep_until(candidate.cue),
        )

    def _event(
        self, kind: EventKind, candidate: Candidate, play: str, now: Reading
    ) -> PlaybackEvent:
        cue = candidate.cue
        return PlaybackEvent(
            seq=1,
            kind=kind,
            play=play,
            cue=cue.id,
            asset_sha256=candidate.asset.sha256,
            wall=now.system_ms,
            mono=now.mono_ms,
            boot=self._boot,
            clock=now.clock,
            planned=cue.start,
            duration_ms=max(0, candidate.from_ms + candidate.length_ms),
            rank=cue.rank,
            rules=RULES,
            desired=self.desired_serial,
            gain_db=cue.gain_db,
            title=cue.title,
            language=cue.language,
        )


def _begun_at(at_ms: int, decision: Decision, loaded: Candidate) -> Candidate:
    """The candidate as it is let go: a relay that begins late is shorter, for its end is fixed."""
    fresh = decision.play or loaded
    if fresh.cue.stream is None:
        return fresh
    return with_(fresh, limit_ms=max(0, fresh.limit_ms - (at_ms - decision.at_ms)))


def _outcome(slot: _Slot, ended: Ended, played_ms: int) -> tuple[EventKind, str, PastState]:
    """What became of a play that was on air, why, and what may still come of its cue."""
    candidate = slot.candidate
    relayed, stopping = candidate.cue.stream is not None, slot.phase is Phase.STOPPING
    after_end = PastState.OPEN if relayed else PastState.DONE
    if stopping and slot.stop_reason == LENGTH_REACHED:
        return EventKind.ENDED, _heard_as(slot), PastState.DONE
    if stopping and (ended.reason != "eof" or candidate.stream is not None):
        return EventKind.CUT, slot.stop_reason, slot.then
    why = ended.error or ended.reason
    if candidate.stream is not None:
        return EventKind.FAILED, f"{STREAM_DEAD}: {why}", PastState.OPEN
    if ended.reason == "stopped":
        return EventKind.CUT, "stopped_by_player", PastState.DONE
    if ended.reason != "eof":
        dropped = candidate.cue.leave is Leave.DROP
        return EventKind.FAILED, why, PastState.DONE if dropped else PastState.INTERRUPTED
    if played_ms < slot.length_ms() - SHORT_MS:
        return EventKind.FAILED, f"truncated: {played_ms} of {slot.length_ms()} ms", after_end
    return EventKind.ENDED, _heard_as(slot), after_end


def _noticed(ended: Ended, gain_db: float) -> Heard:
    """What an ear noticed; that it missed what was turned down far proves nothing."""
    faint = ended.heard is Heard.NO and gain_db < FAINT_DB
    return Heard.UNKNOWN if faint else ended.heard


def _heard_as(slot: _Slot) -> str:
    """Say of a whole play what else than its own audio sounded, "" if that did."""
    if slot.candidate.instead is not None:
        return FALLBACK
    return slot.reason if slot.candidate.stream is not None else ""


def _keep_until(cue: Cue) -> int:
    return max(cue.latest_end, cue.valid_until, cue.latest_start) + REMEMBERED_MS
