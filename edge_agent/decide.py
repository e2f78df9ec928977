"""What a box does now: play this, play on, or be silent, and why. Pure.

The controller asks the same function what a village will hear. A cue carries its rules as data;
here they are obeyed. At most one sound is heard in full: a second one goes on low below it while
the first ducks it, and only on a box whose player can mix.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from edge_agent.contract.alert import Alert, Severity
from edge_agent.contract.commands import Command, Play
from edge_agent.contract.desired import QuietHours, VolumeStep
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank, Stream
from edge_agent.contract.report import Source
from edge_agent.past import MAX_STARTS, Past, PastState
from edge_agent.rounds import Turn, Voiced, active_alerts, cue_of, is_of, next_turn

RULES = 4
"""Number of this set of rules, said in hello and copied into every as-run event."""

LEAD_MS = 5_000
"""A play is decided this long before its instant, so that the player can be loaded."""

HANDOVER_MS = 400
"""What is cut at an instant falls silent this much earlier: the player has to load the next."""

REPLAN_MS = 60_000
"""Decide again after this time at the latest, whatever happens."""

END_GRACE_MS = 1_000
"""A sound that should be over by now is given this much to end by itself."""

MAX_PIECES = 100
"""A relay begins this often at most: each turn of its stream and of its fallback is a start."""

MIN_RELAY_MS = 1_000
"""For less than this a relay does not sound any more."""

DUCK_DB = -12.0
"""So much lower sounds what is spoken over."""

KNOWN_SOUND_EVERY_MS = 600_000
"""The known sound, for a cue of which nothing is held, sounds at most this often."""

LENGTH_REACHED = "length_reached"
"""What sounds has had the length on air that its cue gives it: it ends, it is not cut off."""

RELAY = "relay"
RELAY_UNPROVED = "relay_unproved"
"""A stream over a line on which nobody proves who speaks, let in by an exception."""

FALLBACK = "fallback"
"""Other audio sounds: the cue's own is not held, or its stream gives no sound."""

LOCAL_ALERT = "local_alert"
"""Somebody at the box raised an alert: it needs no trusted clock."""

DUCKING = "ducking"
"""It sounds over another, which goes on low meanwhile."""

_RANKS = {rank: place for place, rank in enumerate(Rank)}
_SEVERITIES = {severity: place for place, severity in enumerate(Severity)}
_EMERGENCIES = (Rank.EMERGENCY_LIVE, Rank.EMERGENCY_RECORDED)


class Act(StrEnum):
    """What there is to do."""

    PLAY = "play"
    KEEP = "keep"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cue that may sound, from position `from_ms`, for `limit_ms` of sound at most.

    `alert` is the id of the alert that it speaks for, "" for a cue of the plan or of a command.
    `resumed` was on air before, so that its first instant does not bind it any more.
    It is heard from `stream` if that is given, else from `instead` if that is, else from its own
    audio.
    """

    cue: Cue
    limit_ms: int
    severity: Severity = Severity.EXTREME
    alert: str = ""
    from_ms: int = 0
    resumed: bool = False
    stream: Stream | None = None
    instead: Asset | None = None
    source: Source = Source.PLAN

    @property
    def asset(self) -> Asset:
        """The audio on disk that sounds where no stream does."""
        return self.instead or self.cue.asset

    @property
    def is_known_sound(self) -> bool:
        """Whether it is heard from neither its own audio nor its own fallback."""
        own = (None, self.cue.fallback, *((self.cue.asset,) if self.cue.stream else ()))
        return self.instead not in own

    @property
    def length_ms(self) -> int:
        """How long it sounds if nothing comes between."""
        if self.stream is not None:
            return self.limit_ms
        return min(self.asset.duration_ms - self.from_ms, self.limit_ms)

    def sounds_like(self, other: "Candidate") -> bool:
        """Whether both are one cue, heard from one place."""
        mine = (self.cue.id, self.stream, self.instead)
        return mine == (other.cue.id, other.stream, other.instead)


def ordered(command: Command, play: Play, now_ms: int) -> Candidate:
    """Read a play command as a cue that is due now and named like its command."""
    end = command.expires + play.max_play_ms
    cue = Cue(
        id=command.id,
        asset=play.asset,
        start=min(command.issued, now_ms),
        latest_start=command.expires,
        latest_end=end,
        valid_until=end,
        rank=play.rank,
        enter=play.enter,
        leave=play.leave,
        gain_db=play.gain_db,
        title=play.title,
        language=play.language,
        quiet_ok=play.quiet_ok,
    )
    return Candidate(cue, play.max_play_ms, source=Source.COMMAND)


@dataclass(frozen=True, slots=True)
class Current:
    """What has the player: on air, or released to start at its instant."""

    candidate: Candidate
    played_ms: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for the whole box; `silenced` names the switch that silences everything.

    Nothing that was to start before `history_from_ms` starts: whether it did is not known.
    `command_gain_db` and `volume` lower everything but emergencies; wall times of `volume` are
    in `time_zone`. Where the player cannot seek, what would resume starts again; where it cannot
    mix, what would be ducked is cut. `fallback` is the known sound.
    """

    withdrawn: Set[str] = frozenset()
    silenced: str = ""
    quiet_hours: QuietHours | None = None
    volume: tuple[VolumeStep, ...] = ()
    time_zone: str = "UTC"
    command_gain_db: float = 0.0
    can_seek: bool = True
    history_from_ms: int = 0
    can_mix: bool = False
    fallback: Asset | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision rests on; `cues` are in order of start, `held` are hashes on disk.

    `dead_streams` are addresses that give no sound, until they have proved to give it again.
    `under` is what goes on low below `current`; `known_sound_ms` is when the known sound was
    last begun. `local` is what alerts that were raised at the box say now, also while it sounds.
    """

    now_ms: int
    clock_trusted: bool
    cues: tuple[Cue, ...]
    held: Set[str]
    history: Mapping[str, Past]
    orders: tuple[Candidate, ...] = ()
    alerts: tuple[Voiced, ...] = ()
    current: Current | None = None
    policy: Policy = Policy()
    dead_streams: Set[str] = frozenset()
    under: Current | None = None
    known_sound_ms: int | None = None
    local: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """A cue that will not sound any more, and why."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """PLAY `play` at `at_ms`, KEEP what sounds, or be SILENT, always with a reason.

    What sounds now is cut at `cut_at_ms` if that is given; what goes on low below it stays unless
    `cut_under` says why it must end now. With `over` what sounds is not cut but goes on below
    `play`, at `under_gain_db`. Decide again at `next_deadline_ms`.
    """

    act: Act
    reason: str
    next_deadline_ms: int
    play: Candidate | None = None
    at_ms: int = 0
    gain_db: float = 0.0
    cut_at_ms: int | None = None
    skipped: tuple[Skip, ...] = ()
    over: bool = False
    under_gain_db: float = 0.0
    cut_under: str = ""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A candidate with its earliest instant; blocked by `obstacle` if that is not empty."""

    candidate: Candidate
    at_ms: int
    obstacle: str = ""


def decide(s: Situation) -> Decision:
    """Say what this box does at `s.now_ms`; the same situation gives the same decision."""
    now = s.now_ms
    if not s.clock_trusted:
        return _decide_without_clock(s)
    judged: list[_Judged] = []
    skipped: list[Skip] = []
    for candidate in _candidates(s):
        verdict = _judge(candidate, s)
        if isinstance(verdict, Skip):
            skipped.append(verdict)
        elif verdict is not None:
            judged.append(verdict)
    deadline = min([now + REPLAN_MS, *_deadlines(s, judged)])
    lapsed = tuple(skipped)

    if s.policy.silenced:
        return _silence(s, s.policy.silenced, deadline, lapsed, cut=True)
    below = _fault_of(s.under, s)
    wrong = _fault_of(s.current, s)
    if wrong:
        return replace(_silence(s, wrong, deadline, lapsed, cut=True), cut_under=below)
    ready = [j for j in judged if not j.obstacle and j.at_ms <= now + LEAD_MS]
    winner = min(ready, key=_precedence, default=None)
    if s.current is not None and (winner is None or not _interrupts(winner, s.current)):
        return replace(_keep(s, deadline), skipped=lapsed, cut_under=below)
    if winner is None:
        obstacle = next((j.obstacle for j in judged if j.obstacle and j.at_ms <= now), "")
        return _silence(s, obstacle or ("nothing_due" if s.cues else "no_plan"), deadline, lapsed)
    return replace(_play(winner, s, deadline), skipped=lapsed, cut_under=below)


def _play(winner: _Judged, s: Situation, deadline_ms: int) -> Decision:
    """Bring `winner` on air, and what becomes of what sounds now."""
    play = Decision(
        Act.PLAY,
        _why(winner, s),
        deadline_ms,
        play=winner.candidate,
        at_ms=winner.at_ms,
        gain_db=gain_at(winner.candidate.cue, winner.at_ms, s.policy),
    )
    if s.current is None:
        return play
    handover = max(s.now_ms, winner.at_ms - HANDOVER_MS)
    lowered = s.under or s.current
    if not _ducks(winner.candidate, lowered.candidate, s.policy):
        return replace(play, cut_at_ms=handover)
    return replace(
        play,
        reason=DUCKING if play.reason == "due" else play.reason,
        over=True,
        under_gain_db=_ducked_gain(lowered, winner.at_ms, s.policy),
        cut_at_ms=None if s.under is None else handover,
    )


def length_on_air(cue: Cue) -> int:
    """How long `cue` is to sound, in ms; a fallback that is longer ends there."""
    return cue.asset.duration_ms if cue.play_ms is None else cue.play_ms


def gain_at(cue: Cue, at_ms: int, policy: Policy) -> float:
    """How loud `cue` sounds at `at_ms`, in dB: the hours' profile never lowers an emergency."""
    if cue.rank in _EMERGENCIES:
        return cue.gain_db
    profile = 0.0
    if policy.volume:
        wall = _local(at_ms, policy.time_zone).strftime("%H:%M")
        steps = sorted(policy.volume, key=lambda step: step.since)
        profile = ([steps[-1]] + [step for step in steps if step.since <= wall])[-1].gain_db
    return max(-60.0, cue.gain_db + profile + policy.command_gain_db)


def _decide_without_clock(s: Situation) -> Decision:
    deadline = s.now_ms + REPLAN_MS
    if s.policy.silenced:
        return _silence(s, s.policy.silenced, deadline, (), cut=True)
    below = _timeless_fault(s.under, s)
    wrong = _timeless_fault(s.current, s)
    if wrong:
        return replace(_silence(s, wrong, deadline, (), cut=True), cut_under=below)
    raised = (_Judged(local, s.now_ms) for local in s.local if _may_sound(local, s))
    winner = min(raised, key=_precedence, default=None)
    if winner is not None and (s.current is None or _interrupts(winner, s.current)):
        return replace(_play(winner, s, deadline), cut_under=below)
    if s.current is None:
        return _silence(s, "clock_untrusted", deadline, ())
    return replace(_keep(s, deadline), cut_under=below)


def _may_sound(local: Candidate, s: Situation) -> bool:
    """Whether it does not sound yet and can."""
    sounds = s.current is not None and s.current.candidate.cue.id == local.cue.id
    return not sounds and _sounds(local.asset, s)


def _keep(s: Situation, deadline_ms: int) -> Decision:
    assert s.current is not None
    return Decision(
        Act.KEEP,
        "on_air",
        deadline_ms,
        gain_db=gain_at(s.current.candidate.cue, s.now_ms, s.policy),
        under_gain_db=0.0 if s.under is None else _ducked_gain(s.under, s.now_ms, s.policy),
    )


def _silence(
    s: Situation, reason: str, deadline_ms: int, skipped: tuple[Skip, ...], *, cut: bool = False
) -> Decision:
    cut_at = s.now_ms if cut and s.current is not None else None
    silenced = reason if s.policy.silenced and s.under is not None else ""
    return Decision(
        Act.SILENT, reason, deadline_ms, cut_at_ms=cut_at, skipped=skipped, cut_under=silenced
    )


def _ducks(candidate: Candidate, lowered: Candidate, policy: Policy) -> bool:
    """Whether `candidate` speaks over what is on air; a voice of an emergency stands alone."""
    return (
        policy.can_mix
        and candidate.cue.enter is Enter.DUCK
        and candidate.cue.rank not in _EMERGENCIES
        and candidate.cue.id != lowered.cue.id
    )


def _ducked_gain(current: Current, at_ms: int, policy: Policy) -> float:
    return max(-60.0, gain_at(current.candidate.cue, at_ms, policy) + DUCK_DB)


def _candidates(s: Situation) -> Iterator[Candidate]:
    """Everything that could matter before the next decision and is not over."""
    playing = {on.candidate.cue.id for on in (s.current, s.under) if on is not None}
    horizon = s.now_ms + LEAD_MS + REPLAN_MS
    for cue in s.cues:
        if cue.start > horizon:
            break
        past = s.history.get(cue.id)
        may_begin = cue.id not in playing or _gives_way(cue, s)
        if may_begin and (past is None or _can_go_on(cue, past)):
            yield _planned(cue, past, s)
    for order in s.orders:
        past = s.history.get(order.cue.id)
        if order.cue.id not in playing and (past is None or _can_go_on(order.cue, past)):
            yield _continued(order, past, s.policy)
    for each in _active(s):
        turn = next_turn(each, s.history, s.held, s.now_ms)
        if turn is not None and cue_of(each.alert, turn) not in playing:
            yield _said_by(each.alert, turn)
    yield from (local for local in s.local if _may_sound(local, s))


def _planned(cue: Cue, past: Past | None, s: Situation) -> Candidate:
    """Choose what a cue of the plan is heard from: stream, own audio, fallback, known sound."""
    if cue.stream is not None:
        return _relayed(cue, cue.stream, past, s)
    whole = Candidate(cue, length_on_air(cue))
    if cue.asset.sha256 not in s.held:
        instead = next((asset for asset in _spares(cue, s) if _sounds(asset, s)), None)
        if instead is not None:
            return replace(whole, instead=instead, resumed=past is not None)
    return _continued(whole, past, s.policy)


def _spares(cue: Cue, s: Situation) -> Iterator[Asset]:
    """What may sound for `cue` when its own audio cannot; the known sound only now and then."""
    if cue.fallback is not None:
        yield cue.fallback
    last, known = s.known_sound_ms, s.policy.fallback
    often = last is not None and abs(max(s.now_ms, cue.start) - last) < KNOWN_SOUND_EVERY_MS
    if known is not None and cue.rank is not Rank.FILLER and not often:
        yield known


def _relayed(cue: Cue, stream: Stream, past: Past | None, s: Situation) -> Candidate:
    """A relay has its place in time: however late it begins, it ends when it should."""
    left_ms = max(0, cue.start + length_on_air(cue) - max(s.now_ms, cue.start))
    again = past is not None or (s.current is not None and s.current.candidate.cue.id == cue.id)
    relay = Candidate(cue, left_ms, resumed=again, stream=stream)
    if _is_alive(stream, s):
        return relay
    audio = (cue.asset, *_spares(cue, s))
    instead = next((asset for asset in audio if _sounds(asset, s)), None)
    return relay if instead is None else replace(relay, stream=None, instead=instead)


def _gives_way(cue: Cue, s: Situation) -> bool:
    """Whether what sounds is the fallback of `cue`, and its stream is there again."""
    if s.current is None or s.current.candidate.instead is None or cue.stream is None:
        return False
    return _is_alive(cue.stream, s)


def _is_alive(stream: Stream, s: Situation) -> bool:
    excepted = stream.url.startswith("http://") and bool(stream.excepted)
    return (_is_proved(stream) or excepted) and stream.url not in s.dead_streams


def _is_proved(stream: Stream) -> bool:
    return stream.url.startswith("https://")


def _sounds(asset: Asset, s: Situation) -> bool:
    return asset.sha256 in s.held and asset.sha256 not in s.policy.withdrawn


def _is_withdrawn(candidate: Candidate, policy: Policy) -> bool:
    """Whether its words were taken back; those of a relay are not ours to take back."""
    heard = () if candidate.stream is not None else (candidate.asset.sha256,)
    said = () if candidate.cue.stream is not None else (candidate.cue.asset.sha256,)
    return not policy.withdrawn.isdisjoint((*heard, *said))


def _can_go_on(cue: Cue, past: Past) -> bool:
    if past.starts >= (MAX_STARTS if cue.stream is None else MAX_PIECES):
        return False
    if past.state is PastState.OPEN:
        return cue.stream is not None
    return past.state is PastState.INTERRUPTED and cue.leave is not Leave.DROP


def _continued(candidate: Candidate, past: Past | None, policy: Policy) -> Candidate:
    if past is None:
        return candidate
    resumes = candidate.cue.leave is Leave.RESUME and policy.can_seek
    return replace(
        candidate,
        from_ms=min(past.played_ms, candidate.cue.asset.duration_ms) if resumes else 0,
        limit_ms=max(0, candidate.limit_ms - past.played_ms) if resumes else candidate.limit_ms,
        resumed=True,
    )


def _active(s: Situation) -> tuple[Voiced, ...]:
    voiced = {each.alert: each for each in s.alerts}
    return tuple(voiced[alert] for alert in active_alerts(voiced, s.now_ms))


def _said_by(alert: Alert, turn: Turn) -> Candidate:
    cue = Cue(
        id=cue_of(alert, turn),
        asset=turn.part.asset,
        start=turn.start_ms,
        latest_start=alert.expires,
        latest_end=alert.expires,
        valid_until=alert.expires,
        rank=Rank.EMERGENCY_RECORDED,
        enter=Enter.CUT,
        leave=Leave.RESTART,
        gain_db=0.0,
        title=alert.id,
        language=turn.part.language,
    )
    # Whatever a test says of itself, it goes before nothing that is in earnest.
    severity = Severity.MINOR if alert.test else alert.severity
    return Candidate(cue, turn.left_ms, severity, alert.id, resumed=turn.again, source=Source.ALERT)


def _judge(candidate: Candidate, s: Situation) -> _Judged | Skip | None:
    """Give the candidate's instant and obstacle, or that it is over; None = over and told."""
    now, cue, policy = s.now_ms, candidate.cue, s.policy
    at = max(now, cue.start)
    end_by = min(cue.latest_end, cue.valid_until)
    left_ms = candidate.length_ms
    fits = at + left_ms <= end_by and at <= cue.valid_until
    if cue.stream is not None:
        fits = fits and candidate.limit_ms >= MIN_RELAY_MS
    if candidate.resumed:
        if not fits or left_ms <= 0:
            return None
    elif now >= cue.start:
        if _is_withdrawn(candidate, policy):
            return Skip(candidate, "withdrawn")
        if cue.start < policy.history_from_ms and not candidate.alert:
            return Skip(candidate, "history_lost")
        if now > cue.valid_until:
            return Skip(candidate, "expired")
        if now > cue.latest_start:
            return Skip(candidate, _obstacle(candidate, at, left_ms, s) or "missed")
        if not fits:
            return Skip(candidate, _obstacle(candidate, at, left_ms, s) or "cannot_end")
    if _is_withdrawn(candidate, policy) or not fits or at > cue.latest_start:
        obstacle = "withdrawn" if _is_withdrawn(candidate, policy) else "cannot_end"
        if not candidate.resumed or obstacle == "withdrawn":
            return _Judged(candidate, at, obstacle)
    obstacle = _obstacle(candidate, at, left_ms, s)
    return _Judged(candidate, at, "" if obstacle == "superseded" else obstacle)


def _obstacle(candidate: Candidate, at_ms: int, left_ms: int, s: Situation) -> str:
    """What stands in the way of the candidate now, "" if nothing does."""
    if s.policy.silenced:
        return s.policy.silenced
    if candidate.stream is not None and not _is_alive(candidate.stream, s):
        return "stream_dead"
    if candidate.stream is None and candidate.asset.sha256 not in s.held:
        return "audio_missing"
    if not _may_break_quiet(candidate.cue) and is_quiet(at_ms, at_ms + left_ms, s.policy):
        return "quiet_hours"
    if s.current is not None and not _interrupts(_Judged(candidate, at_ms), s.current):
        return "superseded"
    return ""


def _timeless_fault(on: Current | None, s: Situation) -> str:
    """Why something must stop whatever the time is, "" if it may go on."""
    if on is None:
        return ""
    if _is_withdrawn(on.candidate, s.policy):
        return "withdrawn"
    if _is_ended_here(on.candidate, s) or not _is_told(on.candidate, s.alerts):
        return "alert_ended"
    return _limit(on.candidate) if _over_limit(on) else ""


def _fault_of(on: Current | None, s: Situation) -> str:
    """Why what sounds now must stop at once, "" if it may go on."""
    if on is None:
        return ""
    candidate, cue = on.candidate, on.candidate.cue
    if _is_withdrawn(candidate, s.policy):
        return "withdrawn"
    if candidate.source is Source.LOCAL:
        if _is_ended_here(candidate, s):
            return "alert_ended"
    elif candidate.alert:
        if not _is_told(candidate, _active(s)):
            return "alert_ended"
    elif s.now_ms > min(cue.latest_end, cue.valid_until) + END_GRACE_MS:
        return "expired"
    if _over_limit(on):
        return _limit(candidate)
    if not _may_break_quiet(cue) and is_quiet(s.now_ms, s.now_ms + 1, s.policy):
        return "quiet_hours"
    return ""


def _is_ended_here(candidate: Candidate, s: Situation) -> bool:
    """Whether the alert that was raised at the box has ended, or gone on to its next piece."""
    raised = (local.cue.id for local in s.local)
    return candidate.source is Source.LOCAL and candidate.cue.id not in raised


def _is_told(candidate: Candidate, alerts: tuple[Voiced, ...]) -> bool:
    """Whether `alerts` have the one that it speaks for, if it speaks for one from afar."""
    if candidate.source is not Source.ALERT:
        return True
    return any(is_of(candidate.cue.id, each.alert) for each in alerts)


def _over_limit(current: Current) -> bool:
    candidate = current.candidate
    left_ms = candidate.asset.duration_ms - candidate.from_ms
    endless = candidate.stream is not None or candidate.limit_ms < left_ms
    return endless and current.played_ms >= candidate.limit_ms


def _limit(candidate: Candidate) -> str:
    """Which bound of its sound was reached: the cue's length on air, or that of an order."""
    cue = candidate.cue
    planned = cue.play_ms is not None or cue.stream is not None or candidate.instead is not None
    return LENGTH_REACHED if planned else "limit_reached"


def _weight(candidate: Candidate) -> tuple[int, int]:
    """Place in precedence, lowest first: rank, then how severe an emergency is."""
    emergency = candidate.cue.rank is Rank.EMERGENCY_RECORDED
    return (
        _RANKS[candidate.cue.rank],
        _SEVERITIES[candidate.severity] if emergency else 0,
    )


def _precedence(judged: _Judged) -> tuple[tuple[int, int], int, int, str]:
    """Order of winners: weight; then the newer emergency, or else the earlier cue."""
    cue = judged.candidate.cue
    newer_first = -cue.start if cue.rank is Rank.EMERGENCY_RECORDED else cue.start
    instant = 0 if cue.rank is Rank.EMERGENCY_RECORDED else judged.at_ms
    return (_weight(judged.candidate), instant, newer_first, cue.id)


def _interrupts(judged: _Judged, current: Current) -> bool:
    if judged.candidate.cue.id == current.candidate.cue.id:
        return True
    return (
        _weight(judged.candidate) < _weight(current.candidate)
        and judged.candidate.cue.enter is not Enter.AFTER_ITEM
    )


def _why(winner: _Judged, s: Situation) -> str:
    if winner.candidate.source is Source.LOCAL:
        return LOCAL_ALERT
    if winner.candidate.alert:
        return "alert"
    if winner.candidate.instead is not None:
        return FALLBACK
    if winner.candidate.stream is not None:
        return RELAY if _is_proved(winner.candidate.stream) else RELAY_UNPROVED
    if winner.candidate.resumed:
        return "resume" if winner.candidate.from_ms else "restart"
    if any(winner.candidate.cue.id == order.cue.id for order in s.orders):
        return "ordered"
    return "due"


def _deadlines(s: Situation, judged: list[_Judged]) -> Iterator[int]:
    """Instants after now at which the answer may change."""
    now = s.now_ms
    instants: list[int] = []
    for j in judged:
        cue = j.candidate.cue
        instants += (cue.start - LEAD_MS, cue.start, cue.latest_start + 1, cue.valid_until + 1)
    for on in (s.current, s.under):
        if on is None:
            continue
        candidate, cue = on.candidate, on.candidate.cue
        instants.append(min(cue.latest_end, cue.valid_until) + END_GRACE_MS + 1)
        instants.append(now + max(1, candidate.limit_ms - on.played_ms))
    if s.current is not None:
        instants += (j.at_ms - HANDOVER_MS for j in judged)
    if s.known_sound_ms is not None:
        instants.append(s.known_sound_ms + KNOWN_SOUND_EVERY_MS)
    instants += (each.alert.expires + 1 for each in s.alerts)
    instants += (edge for span in _quiet_spans(now, s.policy) for edge in span)
    return (instant for instant in instants if instant > now)


def _may_break_quiet(cue: Cue) -> bool:
    return cue.rank in _EMERGENCIES or bool(cue.quiet_ok)


def is_quiet(from_ms: int, until_ms: int, policy: Policy) -> bool:
    """Whether quiet hours touch the time between the two instants."""
    return any(
        since < until_ms and from_ms < until
        for at in {from_ms, until_ms}
        for since, until in _quiet_spans(at, policy)
    )


def _quiet_spans(at_ms: int, policy: Policy) -> list[tuple[int, int]]:
    """Quiet hours around `at_ms` as UTC instants; equal ends mean that there are none."""
    quiet = policy.quiet_hours
    if quiet is None or quiet.since == quiet.until:
        return []
    today = _local(at_ms, quiet.time_zone).date()
    spans = []
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        last = day + timedelta(days=1) if quiet.until < quiet.since else day
        spans.append(
            (
                _instant(day, quiet.since, quiet.time_zone),
                _instant(last, quiet.until, quiet.time_zone),
            )
        )
    return spans


def _local(at_ms: int, time_zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(time_zone))


def _instant(day: date, wall: str, time_zone: str) -> int:
    local = datetime.combine(day, time.fromisoformat(wall), ZoneInfo(time_zone))
    return int(local.timestamp() * 1000)
