"""One box on a fake clock: the true `decide`, carried out by a player that never fails. Pure.

All instants are true time in ms UTC; a clock that steps is seen only by the box.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from edge_agent.contract.alert import Alert
from edge_agent.contract.manifest import Cue, Rank
from edge_agent.decide import (
    LEAD_MS,
    LENGTH_REACHED,
    Act,
    Candidate,
    Current,
    Decision,
    Policy,
    Situation,
    decide,
    length_on_air,
)
from edge_agent.past import Past, PastState
from edge_agent.rounds import voiced
from schedules.as_run import Outcome

BOOT_MS = 40_000
"""From the return of power to the first decision."""

STRETCH_MS = 3 * 3_600_000

NO_POWER = "no_power"
PAGE_MISSING = "page_missing"
KILL_SWITCH, MAINTENANCE = "kill_switch", "maintenance"
CLOCK_UNTRUSTED = "clock_untrusted"
CLOCK_WRONG = "clock_wrong"
AUDIO_MISSING = "audio_missing"
STREAM_DEAD, STREAM_BACK = "stream_dead", "stream_back"

_EMERGENCIES = (Rank.EMERGENCY_LIVE, Rank.EMERGENCY_RECORDED)
_IDLE = ("nothing_due", "no_plan")


@dataclass(frozen=True, slots=True)
class Span:
    """From `from_ms` up to but not at `until_ms`."""

    from_ms: int
    until_ms: int

    def holds(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms < self.until_ms

    def meets(self, from_ms: int, until_ms: int) -> bool:
        """It has an instant of [from_ms, until_ms] in it."""
        return self.from_ms <= until_ms and from_ms < self.until_ms


@dataclass(frozen=True, slots=True)
class ClockStep:
    """While `span` lasts the box believes a clock that is `by_ms` ahead (negative: behind)."""

    span: Span
    by_ms: int


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. A box without network holds what it had, and relays are dead.

    Without an RTC a box that starts knows the time only from the network.

    `never_held` are hashes of audio that never arrives; `alerts` arrive when the network is there.
    """

    network: tuple[Span, ...] = ()
    power: tuple[Span, ...] = ()
    clock: tuple[Span, ...] = ()
    steps: tuple[ClockStep, ...] = ()
    kill_switch: tuple[Span, ...] = ()
    maintenance: tuple[Span, ...] = ()
    alerts: tuple[Alert, ...] = ()
    never_held: frozenset[str] = frozenset()
    has_rtc: bool = False


NO_FAULTS, PLAIN = Faults(), Policy()


@dataclass(frozen=True, slots=True)
class Sent:
    """A cue, and when the box was first told of it."""

    cue: Cue
    published_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """One sound, or one that was given up; `reason` is the box's own word.

    `fault` names what was wrong while it was due. A sound that was cut and taken up again is two,
    and so is each turn of a relay's stream and of what sounds in its place. What goes on low while
    another speaks over it is one.
    """

    cue: Cue
    at_ms: int
    sounded_ms: int
    outcome: Outcome
    reason: str
    gain_db: float = 0.0
    fault: str = ""


def replay_box(
    sent: Iterable[Sent],
    since_ms: int,
    until_ms: int,
    faults: Faults = NO_FAULTS,
    policy: Policy = PLAIN,
) -> tuple[Heard, ...]:
    """All that a box airs and gives up in [since_ms, until_ms), every cue at least once."""
    return tuple(_Box(tuple(sent), faults, policy).run(since_ms, until_ms))


@dataclass(frozen=True, slots=True)
class _Playing:
    candidate: Candidate
    from_ms: int
    ends_ms: int
    reason: str
    gain_db: float


@dataclass(frozen=True, slots=True)
class _World:
    """What a box has and knows between two instants at which anything changes."""

    cues: tuple[Cue, ...]
    held: frozenset[str]
    alerts: tuple[Alert, ...]
    clock_trusted: bool
    ahead_ms: int
    policy: Policy
    dead_streams: frozenset[str]


class _Box:
    """Used for one replay."""

    def __init__(self, sent: Sequence[Sent], faults: Faults, policy: Policy) -> None:
        self._faults = faults
        self._policy = policy
        self._dark = tuple(replace(p, until_ms=p.until_ms + BOOT_MS) for p in faults.power)
        cut_off = (*faults.network, *self._dark)
        self._untrusted = (*faults.clock, *self._starts_without_time())
        self._cues = [(_first_outside(cut_off, s.published_ms), s.cue) for s in sent]
        self._alerts = [(_first_outside(cut_off, a.issued), a) for a in faults.alerts]
        self._history: dict[str, Past] = {}
        self._base: _Playing | None = None
        self._above: _Playing | None = None
        self._known_sound_ms: int | None = None
        self._heard: list[Heard] = []

    def run(self, since_ms: int, until_ms: int) -> list[Heard]:
        """Live through the time, one stretch in which nothing outside changes after the other."""
        for start, end in pairwise(self._edges(since_ms, until_ms)):
            if _holds(self._dark, start):
                self._lose_power(start)
                continue
            if _holds(self._faults.network, start):
                self._lose_stream(start)
            world = self._world(start)
            now = start
            while now < end:
                now = self._step(world, now, end)
        for playing in self._on_air:
            self._end(playing, playing.ends_ms)
        self._give_up_the_rest(until_ms)
        return sorted(self._heard, key=lambda h: (h.at_ms, h.cue.start, h.cue.id))

    @property
    def _on_air(self) -> tuple[_Playing, ...]:
        """What sounds: one, or what is low and then what speaks over it."""
        return tuple(playing for playing in (self._base, self._above) if playing is not None)

    def _step(self, world: _World, now_ms: int, end_ms: int) -> int:
        """Decide once and act on it; gives the instant of the next decision, at most `end_ms`."""
        for playing in self._on_air:
            if now_ms >= playing.ends_ms:
                self._end(playing, now_ms)
        decision = decide(self._situation(world, now_ms))
        for skip in decision.skipped:
            self._give_up(skip.candidate.cue, now_ms, skip.reason)
        clock_ms = now_ms + world.ahead_ms
        waits = [decision.next_deadline_ms]
        if self._silence_below(decision, now_ms):
            return now_ms
        has_room = self._base is None or (decision.over and self._above is None)
        if decision.play is not None and has_room:
            if decision.at_ms <= clock_ms:
                self._start(decision, decision.play, now_ms, clock_ms)
                return now_ms
            waits.append(decision.at_ms)
        elif decision.cut_at_ms is not None and self._on_air:
            if decision.cut_at_ms <= clock_ms:
                self._cut(decision, now_ms)
                return now_ms
            waits.append(decision.cut_at_ms)
        elif decision.reason in _IDLE and not world.alerts:
            # Nothing is near: the next decision that differs comes with the next cue.
            starts = (c.start for c in world.cues if c.start > clock_ms)
            waits = [next((start - LEAD_MS for start in starts), end_ms + world.ahead_ms)]
        following = min([min(waits) - world.ahead_ms, *(on.ends_ms for on in self._on_air)])
        return min(max(following, now_ms + 1), end_ms)

    def _situation(self, world: _World, now_ms: int) -> Situation:
        on_air = [Current(p.candidate, now_ms - p.from_ms) for p in self._on_air]
        return Situation(
            now_ms=now_ms + world.ahead_ms,
            clock_trusted=world.clock_trusted,
            cues=world.cues,
            held=world.held,
            history=self._history,
            alerts=tuple(map(voiced, world.alerts)),
            current=on_air[-1] if on_air else None,
            policy=world.policy,
            dead_streams=world.dead_streams,
            under=on_air[0] if len(on_air) == 2 else None,
            known_sound_ms=self._known_sound_ms,
        )

    def _world(self, at_ms: int) -> _World:
        known = sorted((c for at, c in self._cues if at <= at_ms), key=lambda c: (c.start, c.id))
        open_ = tuple(c for c in known if not self._is_done(c))
        alerts = tuple(a for at, a in self._alerts if at <= at_ms)
        sounds = {a.sha256 for c in open_ for a in (c.asset, c.fallback) if a is not None}
        sounds |= {s.sha256 for a in alerts for spoken in a.spoken for s in spoken.assets}
        if self._policy.fallback is not None:
            sounds.add(self._policy.fallback.sha256)
        streams = {c.stream.url for c in open_ if c.stream is not None}
        switches = {
            KILL_SWITCH: self._faults.kill_switch,
            MAINTENANCE: self._faults.maintenance,
        }
        silenced = next((name for name, spans in switches.items() if _holds(spans, at_ms)), "")
        return _World(
            open_,
            frozenset(sounds - self._faults.never_held),
            alerts,
            not _holds(self._untrusted, at_ms),
            sum(step.by_ms for step in self._faults.steps if step.span.holds(at_ms)),
            replace(self._policy, silenced=silenced or self._policy.silenced),
            frozenset(streams if _holds(self._faults.network, at_ms) else ()),
        )

    def _edges(self, since_ms: int, until_ms: int) -> list[int]:
        """Instants at which the world changes, the two ends included, in order."""
        faults = self._faults
        steps = (step.span for step in faults.steps)
        silent = (*faults.kill_switch, *faults.maintenance)
        spans = (*self._dark, *self._untrusted, *faults.network, *silent, *steps)
        instants = {at for span in spans for at in (span.from_ms, span.until_ms)}
        instants |= {at for at, _ in (*self._cues, *self._alerts)}
        inside = {at for at in instants if since_ms < at < until_ms}
        # What is over is left behind at every edge, so that no decision looks at a whole week.
        return sorted({*range(since_ms, until_ms, STRETCH_MS), until_ms} | inside)

    def _starts_without_time(self) -> Iterator[Span]:
        """After each return of power, until the network has said the time."""
        for dark in () if self._faults.has_rtc else self._dark:
            known = _first_outside(self._faults.network, dark.until_ms)
            if known > dark.until_ms:
                yield Span(dark.until_ms, known)

    def _start(self, decision: Decision, candidate: Candidate, now_ms: int, clock_ms: int) -> None:
        ends_ms = now_ms + candidate.length_ms
        playing = _Playing(candidate, now_ms, ends_ms, decision.reason, decision.gain_db)
        if self._base is None:
            self._base = playing
        else:
            self._above = playing
        if candidate.is_known_sound:
            self._known_sound_ms = clock_ms

    def _silence_below(self, decision: Decision, now_ms: int) -> bool:
        """End what goes on low if it must; False if it need not."""
        if not decision.cut_under or self._above is None or self._base is None:
            return False
        self._stop(self._base, decision.cut_under, now_ms)
        return True

    def _cut(self, decision: Decision, now_ms: int) -> None:
        """As the box does: what gave way goes on by its rules, what had to stop does not."""
        on_air = self._on_air
        if decision.act is not Act.PLAY:
            self._stop(on_air[-1], decision.reason, now_ms)
            return
        for playing in on_air[1:] if decision.over else on_air:
            if decision.play is not None and decision.play.cue.id == playing.candidate.cue.id:
                self._over(playing, now_ms, Outcome.CUT, STREAM_BACK, PastState.OPEN)
            else:
                self._over(playing, now_ms, Outcome.CUT, "preempted", PastState.INTERRUPTED)

    def _stop(self, playing: _Playing, reason: str, now_ms: int) -> None:
        if reason == LENGTH_REACHED:
            self._end(playing, now_ms)
            return
        emergency = playing.candidate.cue.rank in _EMERGENCIES
        goes_on = emergency and reason in (KILL_SWITCH, MAINTENANCE)
        state = PastState.INTERRUPTED if goes_on else PastState.DONE
        self._over(playing, now_ms, Outcome.CUT, reason, state)

    def _end(self, playing: _Playing, now_ms: int) -> None:
        """It came to its end; a relay goes on until its time is over, whatever it is heard from."""
        cue = playing.candidate.cue
        open_ = cue.stream is not None and now_ms < cue.start + length_on_air(cue)
        state = PastState.OPEN if open_ else PastState.DONE
        self._over(playing, now_ms, Outcome.PLAYED, "", state)

    def _lose_stream(self, now_ms: int) -> None:
        for playing in self._on_air:
            if playing.candidate.stream is not None:
                self._over(playing, now_ms, Outcome.FAILED, STREAM_DEAD, PastState.OPEN)

    def _lose_power(self, now_ms: int) -> None:
        for playing in self._on_air:
            self._over(playing, now_ms, Outcome.INTERRUPTED, NO_POWER, PastState.INTERRUPTED)

    def _over(
        self, playing: _Playing, now_ms: int, outcome: Outcome, reason: str, state: PastState
    ) -> None:
        if playing is self._base:
            self._base, self._above = self._above, None
        else:
            self._above = None
        candidate = playing.candidate
        sounded_ms = now_ms - playing.from_ms
        before = self._history.get(candidate.cue.id)
        self._history[candidate.cue.id] = Past(
            state, candidate.from_ms + sounded_ms, now_ms, (before.starts if before else 0) + 1
        )
        self._note(
            candidate.cue,
            playing.from_ms,
            sounded_ms,
            outcome,
            reason or playing.reason,
            playing.gain_db,
        )

    def _give_up(self, cue: Cue, now_ms: int, reason: str) -> None:
        if cue.id not in self._history:
            self._history[cue.id] = Past(PastState.DONE, at_ms=now_ms, starts=0)
            self._note(cue, now_ms, 0, Outcome.SKIPPED, reason)

    def _give_up_the_rest(self, until_ms: int) -> None:
        """What was due and the box never judged: it was off, or never told, or had no time."""
        for _, cue in self._cues:
            if cue.start < until_ms and cue.id not in self._history:
                self._note(cue, cue.start, 0, Outcome.SKIPPED, self._fault_of(cue) or "not_judged")

    def _note(
        self,
        cue: Cue,
        at_ms: int,
        sounded_ms: int,
        outcome: Outcome,
        reason: str,
        gain_db: float = 0.0,
    ) -> None:
        fault = "" if outcome is Outcome.PLAYED else self._fault_of(cue)
        self._heard.append(Heard(cue, at_ms, sounded_ms, outcome, reason, gain_db, fault))

    def _fault_of(self, cue: Cue) -> str:
        """What of the script kept this cue from its time; "" if nothing did."""
        due = (cue.start, max(cue.start, cue.latest_start))
        arrived = next((at for at, known in self._cues if known.id == cue.id), cue.start)
        faults = (
            (NO_POWER, any(p.meets(*due) for p in self._dark)),
            (PAGE_MISSING, arrived > due[1]),
            (AUDIO_MISSING, cue.asset.sha256 in self._faults.never_held),
            (KILL_SWITCH, any(k.meets(*due) for k in self._faults.kill_switch)),
            (MAINTENANCE, any(m.meets(*due) for m in self._faults.maintenance)),
            (CLOCK_UNTRUSTED, any(u.meets(*due) for u in self._untrusted)),
            (CLOCK_WRONG, any(s.span.meets(*due) for s in self._faults.steps)),
        )
        return next((name for name, holds in faults if holds), "")

    def _is_done(self, cue: Cue) -> bool:
        past = self._history.get(cue.id)
        return past is not None and past.state is PastState.DONE


def _holds(spans: Iterable[Span], at_ms: int) -> bool:
    return any(span.holds(at_ms) for span in spans)


def _first_outside(spans: Iterable[Span], at_ms: int) -> int:
    """The first instant from `at_ms` on that lies in none of the spans."""
    for span in sorted(spans, key=lambda s: s.from_ms):
        if span.holds(at_ms):
            at_ms = span.until_ms
    return at_ms
