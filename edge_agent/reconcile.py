"""From what is wanted and what is there to what there is to do, each with its reason. Pure."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace

from edge_agent.contract.state import ClockSource, HeldAlerts, OnAir
from edge_agent.stock import Stock, StockAction, Wants, stock_up

HELLO_EVERY_MS = 1_000
TELEMETRY_EVERY_MS = 1_000
PROGRESS_EVERY_MS = 10_000
PROGRESS_PER_HEARTBEAT = 15
"""Mere progress is told as often as the first says, less often where heartbeats are rare."""

RESEND_MS = 15_000
RESEND_AT_MOST_MS = 900_000
"""Reports without a receipt are sent again, less and less often."""

UNANSWERED = 400
"""Without a receipt for so many events no more are sent: a slow line would drown in them."""

VERIFY_BEFORE_MS = 3_600_000
"""Audio is checked on disk once more within this time before it is needed."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Check that a file's bytes still have its hash."""

    sha256: str
    reason: str


@dataclass(frozen=True, slots=True)
class SayHello:
    """Tell the controller what the box holds."""

    reason: str


@dataclass(frozen=True, slots=True)
class SayTelemetry:
    """Tell how the box is."""

    reason: str


@dataclass(frozen=True, slots=True)
class SendReports:
    """Send spooled events above number `after`."""

    after: int
    reason: str


@dataclass(frozen=True, slots=True)
class AskTime:
    """Ask the controller for authenticated time."""

    reason: str


Action = StockAction | Verify | SayHello | SayTelemetry | SendReports | AskTime


@dataclass(frozen=True, slots=True)
class HelloFacts:
    """What a hello says; a change is said again."""

    conn: int
    desired: int
    keys: int
    lacking: int
    digest: str
    spool: str
    source: ClockSource
    losses: tuple[str, ...]
    alerts: tuple[HeldAlerts, ...]
    placement: int = 0


@dataclass(frozen=True, slots=True)
class TelemetryFacts:
    """What of telemetry is worth saying before the next heartbeat.

    `silenced` names what keeps the box silent, `troubles` what is bad with it.
    """

    conn: int
    desired: int
    lacking: int
    bytes_held: int
    on_air: OnAir | None
    silenced: str = ""
    troubles: frozenset[str] = frozenset()

    @property
    def steady(self) -> tuple[object, ...]:
        """All of it that does not change from moment to moment."""
        play = self.on_air.play if self.on_air else ""
        lacks = self.lacking > 0
        return (self.conn, self.desired, lacks, play, self.silenced, self.troubles)


@dataclass(frozen=True, slots=True)
class Observed:
    """What is there; times are ms of the monotonic clock, None = not in this run.

    `repeats` is how often reports were sent again since the last receipt.
    """

    online: bool
    stock: Stock
    verified: Set[str]
    hello: HelloFacts
    telemetry: TelemetryFacts
    acked: int
    last_seq: int
    ask_time_ms: int
    player_idle: bool
    said_hello: HelloFacts | None = None
    hello_at: int | None = None
    said_telemetry: TelemetryFacts | None = None
    telemetry_at: int | None = None
    sent_upto: int = 0
    sent_at: int | None = None
    repeats: int = 0
    asked_at: int | None = None
    has_keys: bool = True


def reconcile(wants: Wants, seen: Observed, now_ms: int, mono_ms: int) -> tuple[Action, ...]:
    """List what there is to do at `now_ms` (UTC; `mono_ms` for intervals), most urgent first."""
    return (
        *_speak(wants, seen, mono_ms),
        *stock_up(wants, seen.stock, now_ms, mono_ms),
        *_verify(wants, seen, now_ms),
    )


def _speak(wants: Wants, seen: Observed, mono_ms: int) -> Iterator[Action]:
    if not seen.online:
        return
    if seen.hello != seen.said_hello:
        fresh = seen.said_hello is None or seen.said_hello.conn != seen.hello.conn
        if fresh or _elapsed(seen.hello_at, mono_ms) >= _hello_every(wants, seen):
            yield SayHello("connected" if fresh else "what it says has changed")
    if seen.acked < seen.last_seq:
        unanswered = seen.sent_upto - seen.acked
        if seen.sent_upto < seen.last_seq and unanswered < (1 if seen.repeats else UNANSWERED):
            yield SendReports(max(seen.sent_upto, seen.acked), "not sent on this connection")
        elif _elapsed(seen.sent_at, mono_ms) >= _resend_every(seen):
            yield SendReports(seen.acked, "not acknowledged in time")
    since = _elapsed(seen.telemetry_at, mono_ms)
    if since >= wants.heartbeat_ms:
        yield SayTelemetry("heartbeat")
    elif seen.telemetry != seen.said_telemetry and since >= _telemetry_every(wants, seen):
        yield SayTelemetry("what it says has changed")
    if seen.has_keys and _elapsed(seen.asked_at, mono_ms) >= seen.ask_time_ms:
        yield AskTime("the clock is compared")


def _resend_every(seen: Observed) -> int:
    return min(RESEND_AT_MOST_MS, RESEND_MS << min(seen.repeats, 10))


def _hello_every(wants: Wants, seen: Observed) -> int:
    """Another file of many that still lack is mere progress."""
    said, would = seen.said_hello, seen.hello
    if said is None or not (said.lacking and would.lacking):
        return HELLO_EVERY_MS
    same = replace(would, lacking=said.lacking, digest=said.digest) == said
    return _progress_every(wants) if same else HELLO_EVERY_MS


def _telemetry_every(wants: Wants, seen: Observed) -> int:
    said = seen.said_telemetry
    if said is None or said.steady != seen.telemetry.steady:
        return TELEMETRY_EVERY_MS
    return _progress_every(wants)


def _progress_every(wants: Wants) -> int:
    return max(PROGRESS_EVERY_MS, wants.heartbeat_ms // PROGRESS_PER_HEARTBEAT)


def _verify(wants: Wants, seen: Observed, now_ms: int) -> Iterator[Action]:
    """One file at a time, and not while the player is busy."""
    if not seen.player_idle:
        return
    for asset, needed_ms in wants.audio:
        due = asset.sha256 not in seen.verified and asset.sha256 not in wants.withdrawn
        if due and asset.sha256 in seen.stock.audio and needed_ms - now_ms <= VERIFY_BEFORE_MS:
            yield Verify(asset.sha256, "needed within the hour")
            return


def _elapsed(since_ms: int | None, mono_ms: int) -> float:
    return float("inf") if since_ms is None else mono_ms - since_ms
