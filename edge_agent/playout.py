"""Carries out decisions on the one player of the box and spools what came of them.

One play has the air; a second one may speak over it while the first goes on low.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import replace as with_

from msgspec.structs import replace

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache, Shelf
from edge_agent.clock import Reading
from edge_agent.contract.commands import AckStatus
from edge_agent.contract.manifest import Cue, Rank
from edge_agent.contract.report import EventKind, Heard, PlaybackEvent
from edge_agent.contract.state import OnAir
from edge_agent.decide import RULES, Act, Candidate, Current, Decision, Skip
from edge_agent.errors import PlayerUnusable
from edge_agent.log_setup import note
from edge_agent.past import PastState
from edge_agent.plan import NEAR_MS
from edge_agent.player import Ended, Player, PlayerEvent, Position, Ready, Started
from edge_agent.slot import STREAM_DEAD, Phase, Slot, outcome
from edge_agent.spool import Spool
from edge_agent.streams import Streams

log = logging.getLogger("edge_agent.playout")

RELEASE_MS = 1_000
"""The player is told the instant this long before, and keeps it by itself."""

AT_ONCE_MS = 60
"""What is due now is released this far ahead, so that the command arrives in time."""

LOAD_WITHIN_MS = 8_000
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
KEEP_POSITION_AT_MOST_MS = 15_000
"""How much sound a power cut may forget: one page is written to the disk each time.

Of what has sounded long it may forget a sixtieth: a relay of a day would wear the card.
"""

DUCK_BEFORE_MS = 300
"""What is spoken over begins to sink this long before the first word."""

AWAKE_MS = 1_000
"""A sound card is still awake so long after a sound: what follows needs no silence before it."""

LONGEST_TAIL_MS = 1_000
"""A player may tell the end of a file so long before its last sample is heard."""

FADE_MS = 200
RAMP_MS = 1_000
"""How long a change of loudness takes: below or after a voice, or by the hour's profile."""

FAINT_DB = -18.0
"""An ear at the horn may miss what is played softer than this."""

REMEMBERED_MS = NEAR_MS + 12 * 3_600_000
"""An occurrence is remembered this long after it could last have sounded.

That is longer than the plan looks back: what it still names must not be taken for unheard.
"""

_EMERGENCIES = (Rank.EMERGENCY_LIVE, Rank.EMERGENCY_RECORDED)
_MAX_REASON = 200
PREEMPTED = "preempted"
STREAM_BACK = "stream_back"


Progress = Callable[[str, AckStatus, str], None]
"""Told the cue's id, how far it has come, and why."""


class Playout:
    """Load, release, watch, lower, cut; `started` is on disk before sound."""

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
        preroll_ms: int = 0,
    ) -> None:
        self._player = player
        self._amplifier = amplifier
        self._spool = spool
        self._cache = cache
        self._streams = streams
        self._boot = boot
        self._progress = progress
        self._preroll_ms = preroll_ms
        self._base: Slot | None = None
        self._above: Slot | None = None
        self._failures: dict[str, int] = {}
        self._retry_at_mono_ms = 0
        self._tail_mono_ms = -AWAKE_MS
        self.desired_serial = 0
        self.delay_ms = 0
        self.known_sound_ms: int | None = None

    @property
    def idle(self) -> bool:
        """Whether the player holds nothing."""
        return self._base is None

    @property
    def audio(self) -> frozenset[str]:
        """Hashes of the files that the player holds."""
        return frozenset(s.candidate.asset.sha256 for s in self._slots if not s.candidate.stream)

    def current(self, now: Reading) -> Current | None:
        """What has the air, for the next decision."""
        top = self._top
        return None if top is None else top.current(now.mono_ms)

    def under(self, now: Reading) -> Current | None:
        """What goes on low below that, for the next decision."""
        under = self._under
        return None if under is None else under.current(now.mono_ms)

    def on_air(self) -> OnAir | None:
        """What sounds now, for telemetry; of two the upper."""
        sounding = (slot for slot in self._slots if slot.phase is Phase.SOUNDING)
        slot = next(iter(sorted(sounding, key=lambda slot: slot is self._base)), None)
        if slot is None:
            return None
        whole_ms = slot.candidate.from_ms + slot.length_ms()
        position = min(slot.candidate.from_ms + slot.position_ms, whole_ms)
        return OnAir(slot.play, slot.candidate.cue.id, position, whole_ms)

    def apply(self, decision: Decision, now: Reading) -> None:
        """Take one step towards `decision`."""
        for skip in decision.skipped:
            self.give_up(skip, now)
        for slot in self._slots:
            self._watch(slot, now)
        match decision.act:
            case Act.PLAY if decision.play is not None:
                self._bring(decision, decision.play, now)
            case Act.KEEP:
                self._unload_all()
                self._amplifier.need(now.mono_ms)
            case _:
                self._unload_all()
                self._silence(decision, now)
        under = self._under
        if decision.cut_under and under is not None:
            then = _after_silence(under.candidate.cue, decision.cut_under)
            self._cut(under, decision.cut_under, now, then=then)
        self._blend(decision, now)
        if self.idle and decision.act is not Act.PLAY:
            self._amplifier.rest(now.mono_ms)

    def waits_ms(self, decision: Decision, now: Reading) -> tuple[int, ...]:
        """After how many ms `decision` needs another step."""
        waits = []
        prepared, over = self._prepared, self._above
        if prepared is not None and prepared.phase is Phase.READY:
            waits.append(decision.at_ms - _ahead_ms(prepared) - now.utc_ms)
        elif prepared is None and decision.act is Act.PLAY and self._has_room(decision):
            waits.append(self._retry_at_mono_ms - now.mono_ms)
        if decision.cut_at_ms is not None and self._top is not None:
            waits.append(decision.cut_at_ms - now.utc_ms)
        turns = [self._tail_mono_ms - now.mono_ms]
        if over is not None and over.phase is Phase.RELEASED:
            turns.append(over.at_ms - DUCK_BEFORE_MS - now.utc_ms)
        waits += [in_ms for in_ms in turns if in_ms > 0]
        return tuple(max(MIN_WAIT_MS, wait) for wait in waits)

    def heard(self, event: PlayerEvent, now: Reading) -> None:
        """Take an event of the player."""
        slot = next((slot for slot in self._slots if slot.play == event.play), None)
        if slot is None:
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
                if event.ms - slot.kept_ms >= _keep_every(event.ms):
                    slot.kept_ms = event.ms
                    self._spool.sounded(slot.play, event.ms)
            case Ended():
                self._ended(slot, event, now)

    def stop(self, cue: str | None, reason: str, now: Reading) -> bool:
        """Stop what is on air, or only `cue` of it; False if that is not on air."""
        named = [s for s in self._slots if s.on_air and cue in (None, s.candidate.cue.id)]
        for slot in named:
            self._cut(slot, reason, now, then=PastState.DONE)
        return bool(named)

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
        self._unload_all()
        for slot in self._slots:
            self._cut(slot, "agent_stopped", now, then=PastState.INTERRUPTED)

    def end_farewell(self, now: Reading) -> None:
        """Spool what the player did not end in time, and switch off."""
        for slot in self._slots:
            self._ended(slot, Ended(slot.play, slot.position_ms, "stopped"), now)
        self._player.close()
        self._amplifier.off()

    @property
    def _slots(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in (self._base, self._above) if slot is not None)

    @property
    def _prepared(self) -> Slot | None:
        """What is loaded or loads, and has not been let go."""
        return next((slot for slot in self._slots if not slot.on_air), None)

    @property
    def _top(self) -> Slot | None:
        """What has the air."""
        return next((slot for slot in reversed(self._slots) if slot.on_air), None)

    @property
    def _under(self) -> Slot | None:
        """What goes on low below what has the air."""
        return self._base if self._above is not None and self._above.on_air else None

    def _has_room(self, decision: Decision) -> bool:
        """Whether one more may be loaded now: beside what sounds only to speak over it."""
        return self._base is None or (decision.over and self._above is None)

    def _bring(self, decision: Decision, play: Candidate, now: Reading) -> None:
        """Make room for `play`, load it, let it go."""
        prepared = self._prepared
        if prepared is not None and not prepared.candidate.sounds_like(play):
            self._unload(prepared)
        if decision.cut_at_ms is not None and now.utc_ms >= decision.cut_at_ms:
            for slot in self._slots:
                stays = decision.over and slot is self._base
                if not slot.on_air or stays:
                    continue
                if slot.candidate.cue.id == play.cue.id:
                    self._cut(slot, STREAM_BACK, now, then=PastState.OPEN)
                else:
                    self._cut(slot, PREEMPTED, now, then=PastState.INTERRUPTED)
        prepared = self._prepared
        if prepared is None:
            if self._has_room(decision):
                self._load(play, decision, now)
        elif prepared.phase is Phase.READY and (prepared is self._base or decision.over):
            self._release(prepared, decision, now)

    def _silence(self, decision: Decision, now: Reading) -> None:
        top = self._top
        if top is None or decision.cut_at_ms is None or now.utc_ms < decision.cut_at_ms:
            return
        then = _after_silence(top.candidate.cue, decision.reason)
        self._cut(top, decision.reason, now, then=then)

    def _blend(self, decision: Decision, now: Reading) -> None:
        """Bring what sounds to its loudness: the upper one in full, what is below it low."""
        top, under, over = self._top, self._under, self._above
        if decision.act is Act.KEEP and top is not None:
            rises = top.told_db < top.gain_db
            top.gain_db = decision.gain_db
            if not rises:
                self._turn(top, decision.gain_db, RAMP_MS)
            elif now.mono_ms >= self._tail_mono_ms:
                self._turn(top, decision.gain_db, FADE_MS)
        if under is None or over is None or now.utc_ms < over.at_ms - DUCK_BEFORE_MS:
            return
        if decision.over or decision.act is Act.KEEP:
            self._turn(under, decision.under_gain_db, FADE_MS)

    def _turn(self, slot: Slot, gain_db: float, over_ms: int) -> None:
        if abs(gain_db - slot.told_db) > 0.05:
            slot.told_db = gain_db
            self._player.set_gain(slot.play, gain_db, over_ms=over_ms)

    def _load(self, candidate: Candidate, decision: Decision, now: Reading) -> None:
        cue, sha256 = candidate.cue, candidate.asset.sha256
        if now.mono_ms < self._retry_at_mono_ms:
            return
        if candidate.stream is None and not self._cache.is_sound(Shelf.AUDIO, sha256):
            note(log, "audio_rotten", level=logging.ERROR, sha256=sha256, cue=cue.id)
            return
        play = secrets.token_hex(8)
        gain_db, from_ms = decision.gain_db, candidate.from_ms
        silent_ms = max(0, decision.at_ms - now.utc_ms) + now.mono_ms - self._tail_mono_ms
        asleep = self._base is None and silent_ms > AWAKE_MS
        preroll_ms = self._preroll_ms if asleep else 0
        slot = Slot(play, candidate, gain_db, Phase.LOADING, now.mono_ms, gain_db, preroll_ms)
        self._amplifier.need(now.mono_ms)
        path = self._cache.path(Shelf.AUDIO, sha256)
        try:
            if candidate.stream is not None:
                self._player.tune(slot.play, candidate.stream.url, gain_db=gain_db)
            else:
                self._player.load(
                    play, path, gain_db=gain_db, from_ms=from_ms, preroll_ms=preroll_ms
                )
        except PlayerUnusable as e:
            self._failed_to_load(slot, str(e), now)
            return
        if self._base is None:
            self._base = slot
        else:
            self._above = slot
        note(log, "play_loading", cue=cue.id, play=slot.play)

    def _unload_all(self) -> None:
        prepared = self._prepared
        if prepared is not None:
            self._unload(prepared)

    def _unload(self, slot: Slot) -> None:
        self._player.stop(slot.play)
        self._leave(slot)
        note(log, "play_unloaded", cue=slot.candidate.cue.id, play=slot.play)

    def _leave(self, slot: Slot) -> None:
        """The player does not hold it any more; what was above it has the air alone."""
        if slot is self._base:
            self._base, self._above = self._above, None
        elif slot is self._above:
            self._above = None

    def _release(self, slot: Slot, decision: Decision, now: Reading) -> None:
        cue = slot.candidate.cue
        # What has just ended may still sound from its player's buffer.
        tail_ms = self._tail_mono_ms - now.mono_ms
        wake_ms = max(tail_ms, self._amplifier.need(now.mono_ms))
        if slot is self._above:
            wake_ms = max(wake_ms, DUCK_BEFORE_MS)
        at = max(decision.at_ms, now.utc_ms + max(wake_ms, AT_ONCE_MS + slot.preroll_ms))
        if at - now.utc_ms > max(_ahead_ms(slot), wake_ms + AT_ONCE_MS):
            return
        slot.candidate = _begun_at(at, decision, slot.candidate)
        too_late = at > cue.latest_start and not slot.candidate.resumed
        if too_late or at + slot.length_ms() > min(cue.latest_end, cue.valid_until):
            return
        slot.gain_db = decision.gain_db
        self._turn(slot, decision.gain_db, 0)
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
        if slot.candidate.is_known_sound:
            self.known_sound_ms = at
        slot.enter(Phase.RELEASED, now.mono_ms)
        self._player.play_at(slot.play, at_system_ms / 1000)
        note(log, "play_released", cue=cue.id, play=slot.play, start=at, reason=decision.reason)

    def _started(self, slot: Slot, at_system_ms: int, now: Reading) -> None:
        if slot.started_mono_ms is not None or slot.event is None:
            return
        # The system's clock may have been stepped since the player looked at it.
        ago_ms = min(max(0, now.system_ms - at_system_ms), now.mono_ms - slot.since_mono_ms)
        slot.started_mono_ms = slot.moved_mono_ms = now.mono_ms - ago_ms
        slot.event = replace(
            slot.event, wall=now.system_ms - ago_ms, mono=now.mono_ms - ago_ms, clock=now.clock
        )
        self._spool.started(slot.event)
        if slot.phase is Phase.RELEASED:
            slot.enter(Phase.SOUNDING, now.mono_ms)
        cue = slot.candidate.cue
        late_ms = now.utc_ms - ago_ms - slot.at_ms
        note(log, "play_started", cue=cue.id, play=slot.play, late_ms=late_ms)
        self._progress(cue.id, AckStatus.STARTED, "")

    def _cut(self, slot: Slot, reason: str, now: Reading, *, then: PastState) -> None:
        if slot.phase is Phase.STOPPING:
            return
        slot.stop_reason, slot.then = reason, then
        slot.enter(Phase.STOPPING, now.mono_ms)
        self._player.stop(slot.play)

    def _ended(self, slot: Slot, ended: Ended, now: Reading) -> None:
        cue = slot.candidate.cue
        played_ms = min(ended.played_ms, slot.length_ms())
        self._leave(slot)
        if slot.started_mono_ms is not None:
            over_mono_ms = slot.started_mono_ms + ended.played_ms
            tail_ms = over_mono_ms - now.mono_ms if ended.reason == "eof" else 0
            self._tail_mono_ms = now.mono_ms + min(max(0, tail_ms), LONGEST_TAIL_MS)
        if not slot.on_air:
            self._failed_to_load(slot, ended.error or ended.reason, now)
            return
        if slot.candidate.stream is not None and slot.phase is not Phase.STOPPING:
            self._streams.died(slot.candidate.stream.url, ended.error or ended.reason, now)
        kind, reason, state = outcome(slot, ended, played_ms)
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

    def _failed_to_load(self, slot: Slot, error: str, now: Reading) -> None:
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

    def _watch(self, slot: Slot, now: Reading) -> None:
        """End what the player does not bring to an end."""
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
            self._player.abandon(slot.play)
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
            delay_ms=self.delay_ms,
            source=candidate.source,
            alert=candidate.alert,
        )


def _begun_at(at_ms: int, decision: Decision, loaded: Candidate) -> Candidate:
    """The candidate as it is let go: a relay that begins late is shorter, for its end is fixed."""
    fresh = decision.play or loaded
    if fresh.cue.stream is None:
        return fresh
    return with_(fresh, limit_ms=max(0, fresh.limit_ms - (at_ms - decision.at_ms)))


def _ahead_ms(slot: Slot) -> int:
    """How long before its instant the player is told of it."""
    return max(RELEASE_MS, slot.preroll_ms + AT_ONCE_MS)


def _after_silence(cue: Cue, reason: str) -> PastState:
    """What a switch silences of an emergency is taken up again; everything else is over."""
    switched = reason in ("kill_switch", "maintenance")
    return PastState.INTERRUPTED if switched and cue.rank in _EMERGENCIES else PastState.DONE


def _noticed(ended: Ended, gain_db: float) -> Heard:
    """What an ear noticed; that it missed what was turned down far proves nothing."""
    faint = ended.heard is Heard.NO and gain_db < FAINT_DB
    return Heard.UNKNOWN if faint else ended.heard


def _keep_until(cue: Cue) -> int:
    return max(cue.latest_end, cue.valid_until, cue.latest_start) + REMEMBERED_MS


def _keep_every(sounded_ms: int) -> int:
    """After how much more sound the position is brought to the disk."""
    return min(KEEP_POSITION_AT_MOST_MS, max(KEEP_POSITION_MS, sounded_ms // 60))
