"""From what is wanted and what is there to what there is to do, each with its reason. Pure."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from edge_agent.cache import Shelf, Wanted
from edge_agent.contract.manifest import Asset, PageRef
from edge_agent.contract.state import ClockSource, HeldAlerts, OnAir

FETCHES_AT_ONCE = 2
HELLO_EVERY_MS = 1_000
TELEMETRY_EVERY_MS = 1_000
RESEND_MS = 15_000
ASK_TIME_MS = 1_000
ASK_TIME_SLOWLY_MS = 30_000
ASK_TIME_AGAIN_MS = 15 * 60_000
EAGER_ASKS = 6
VERIFY_BEFORE_MS = 3_600_000
"""Audio is checked on disk once more within this time before it is needed."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Bring a file from one of the sources."""

    wanted: Wanted
    reason: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete a file."""

    shelf: Shelf
    sha256: str
    reason: str


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


Action = Fetch | Forget | Verify | SayHello | SayTelemetry | SendReports | AskTime


@dataclass(frozen=True, slots=True)
class Wants:
    """What the accepted state asks for: pages, audio with the instant of need, what is banned.

    `complete` says that every page is held and read, so that what is not named is not needed;
    `pinned` is audio that something other than the plan needs.
    """

    pages: tuple[PageRef, ...] = ()
    audio: tuple[tuple[Asset, int], ...] = ()
    withdrawn: Set[str] = frozenset()
    pinned: Set[str] = frozenset()
    complete: bool = False
    heartbeat_ms: int = 30_000


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


@dataclass(frozen=True, slots=True)
class TelemetryFacts:
    """What of telemetry is worth saying before the next heartbeat."""

    conn: int
    desired: int
    lacking: int
    bytes_held: int
    on_air: OnAir | None


@dataclass(frozen=True, slots=True)
class Observed:
    """What is there; times are ms of the monotonic clock, None = not in this run."""

    online: bool
    pages: Mapping[str, int]
    audio: Mapping[str, int]
    fetching: Set[str]
    not_before: Mapping[str, int]
    verified: Set[str]
    free_bytes: int
    reserve_bytes: int
    hello: HelloFacts
    telemetry: TelemetryFacts
    acked: int
    last_seq: int
    time_measured: bool
    time_asks: int
    player_idle: bool
    said_hello: HelloFacts | None = None
    hello_at: int | None = None
    said_telemetry: TelemetryFacts | None = None
    telemetry_at: int | None = None
    sent_upto: int = 0
    sent_at: int | None = None
    asked_at: int | None = None
    has_keys: bool = True


def reconcile(wants: Wants, seen: Observed, now_ms: int, mono_ms: int) -> tuple[Action, ...]:
    """List what there is to do at `now_ms` (UTC; `mono_ms` for intervals), most urgent first."""
    return (
        *_speak(wants, seen, mono_ms),
        *_clear(wants, seen),
        *_fetch(wants, seen, mono_ms),
        *_verify(wants, seen, now_ms),
    )


def is_short(seen: Observed, needed_bytes: int = 0) -> bool:
    """Whether `needed_bytes` more would eat into the disk's reserve."""
    return seen.free_bytes - needed_bytes < seen.reserve_bytes


def _speak(wants: Wants, seen: Observed, mono_ms: int) -> Iterator[Action]:
    if not seen.online:
        return
    if seen.hello != seen.said_hello:
        fresh = seen.said_hello is None or seen.said_hello.conn != seen.hello.conn
        if fresh or _elapsed(seen.hello_at, mono_ms) >= HELLO_EVERY_MS:
            yield SayHello("connected" if fresh else "what it says has changed")
    if seen.acked < seen.last_seq:
        if seen.sent_upto < seen.last_seq:
            yield SendReports(max(seen.sent_upto, seen.acked), "not sent on this connection")
        elif _elapsed(seen.sent_at, mono_ms) >= RESEND_MS:
            yield SendReports(seen.acked, "not acknowledged in time")
    since = _elapsed(seen.telemetry_at, mono_ms)
    if since >= wants.heartbeat_ms:
        yield SayTelemetry("heartbeat")
    elif seen.telemetry != seen.said_telemetry and since >= TELEMETRY_EVERY_MS:
        yield SayTelemetry("what it says has changed")
    if seen.has_keys:
        wait = ASK_TIME_MS if seen.time_asks < EAGER_ASKS else ASK_TIME_SLOWLY_MS
        if _elapsed(seen.asked_at, mono_ms) >= (ASK_TIME_AGAIN_MS if seen.time_measured else wait):
            yield AskTime("to compare" if seen.time_measured else "not yet measured")


def _clear(wants: Wants, seen: Observed) -> Iterator[Action]:
    for sha256 in seen.audio:
        if sha256 in wants.withdrawn:
            yield Forget(Shelf.AUDIO, sha256, "withdrawn")
    if not wants.complete:
        return
    named = {page.sha256 for page in wants.pages}
    for sha256 in seen.pages:
        if sha256 not in named:
            yield Forget(Shelf.PAGES, sha256, "not in the plan any more")
    if is_short(seen):
        needed = {asset.sha256 for asset, _ in wants.audio} | wants.pinned | wants.withdrawn
        for sha256 in seen.audio:
            if sha256 not in needed:
                yield Forget(Shelf.AUDIO, sha256, "disk is short and the plan does not need it")


def _fetch(wants: Wants, seen: Observed, mono_ms: int) -> Iterator[Action]:
    room = FETCHES_AT_ONCE - len(seen.fetching)
    for wanted, reason in missing(wants, seen.pages, seen.audio):
        if room <= 0:
            return
        waits = seen.not_before.get(wanted.sha256, 0) > mono_ms
        if wanted.sha256 in seen.fetching or waits or is_short(seen, wanted.size):
            continue
        room -= 1
        yield Fetch(wanted, reason)


def missing(
    wants: Wants, pages: Mapping[str, int], audio: Mapping[str, int]
) -> Iterator[tuple[Wanted, str]]:
    """What is not held, most urgent first: pages by date, then audio by need."""
    for page in sorted(wants.pages, key=lambda page: page.date):
        if pages.get(page.sha256) != page.bytes:
            yield Wanted(Shelf.PAGES, page.sha256, page.bytes), f"page of {page.date} is missing"
    for asset, _ in sorted(wants.audio, key=lambda need: (need[1], need[0].sha256)):
        if asset.sha256 not in wants.withdrawn and audio.get(asset.sha256) != asset.bytes:
            yield Wanted(Shelf.AUDIO, asset.sha256, asset.bytes), "audio is missing"


def _verify(wants: Wants, seen: Observed, now_ms: int) -> Iterator[Action]:
    """One file at a time, and not while the player is busy."""
    if not seen.player_idle:
        return
    for asset, needed_ms in wants.audio:
        due = asset.sha256 not in seen.verified and asset.sha256 not in wants.withdrawn
        if due and asset.sha256 in seen.audio and needed_ms - now_ms <= VERIFY_BEFORE_MS:
            yield Verify(asset.sha256, "needed within the hour")
            return


def _elapsed(since_ms: int | None, mono_ms: int) -> float:
    return float("inf") if since_ms is None else mono_ms - since_ms
