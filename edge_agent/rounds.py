"""Alerts as a box says them: which are active, what comes next, how far each has come. Pure."""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from edge_agent.contract.alert import Alert, AlertList, AlertStatus
from edge_agent.contract.manifest import Asset
from edge_agent.past import MAX_STARTS, Past, PastState

DAY_MS = 24 * 3_600_000
GONE_KEPT_MS = 8 * DAY_MS
"""What ended is remembered so long where nobody knows when it would have expired."""

MOST_GONE = 1_000
SIREN = "siren"
NO_WORDS = "zxx"
"""The language of what is no language (ISO 639)."""

_PLACE = re.compile(r"(\d+)\.(siren|\d+\.\d+)\Z")
_NONE: Mapping[str, int] = MappingProxyType({})


class Gone(msgspec.Struct, frozen=True):
    """An alert that ended up to `version`; remembered `until_ms`, when none of it can be left."""

    id: str
    version: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Part:
    """One sound of a round; `name` tells it from the other parts, in every round."""

    name: str
    asset: Asset
    language: str


@dataclass(frozen=True, slots=True)
class Voiced:
    """An alert with what this box says of it in each round, in order.

    `lacks` says what of it cannot be said, and why; while it `waits` more of it is being made.
    """

    alert: Alert
    parts: tuple[Part, ...]
    lacks: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """The next part of an alert: from `start_ms` on, if `left_ms` of sound are enough for it.

    It is said `again` if the box has said anything of this version before.
    """

    part: Part
    round: int
    start_ms: int
    left_ms: int
    again: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one version of an alert has come on this box, and why not further."""

    status: AlertStatus
    round: int = 0
    reason: str = ""


def voiced(alert: Alert) -> Voiced:
    """Say `alert` by the whole audio that it names, and nothing else."""
    parts = (
        Part(f"{place}.{piece}", asset, said.language)
        for place, said in enumerate(alert.spoken)
        for piece, asset in enumerate(said.assets)
    )
    return Voiced(alert, tuple(parts))


def alert_key(alert: Alert) -> str:
    """Name one version of one alert, in at most 100 characters."""
    return f"{alert.id[:80]}.v{alert.version}"


def active_alerts(
    alerts: Iterable[Alert],
    now_ms: int,
    *,
    gone: Mapping[str, int] = _NONE,
    mine: Set[str] | None = None,
) -> tuple[Alert, ...]:
    """Keep what counts of all that is held, in whatever order and however often it came.

    Of each alert the newest version, if it is above the one up to which it is `gone`, not
    expired, not superseded, and for one of the scopes `mine` (None: all are for this box).
    """
    every = [alert for alert in alerts if alert.version > gone.get(alert.id, 0)]
    newest: dict[str, int] = {}
    for alert in every:
        newest[alert.id] = max(alert.version, newest.get(alert.id, 0))
    here: dict[str, Alert] = {}
    for alert in every:
        known = here.get(alert.id)
        if alert.version != newest[alert.id] or not _is_for(alert, mine):
            continue
        if known is None or alert.areas < known.areas:
            here[alert.id] = alert
    superseded = {over for alert in here.values() for over in alert.supersedes}
    active = (
        alert
        for alert in here.values()
        if alert.id not in superseded and alert.issued <= alert.expires > now_ms
    )
    return tuple(sorted(active, key=lambda alert: (alert.issued, alert.id)))


def gone_after(
    gone: Mapping[str, Gone], held: Iterable[AlertList], news: AlertList
) -> dict[str, Gone]:
    """What is known to have ended once `news` are taken; of too many the first to be forgotten."""
    after = {ident: each for ident, each in gone.items() if each.until_ms > news.issued}
    every = [alert for told in held for alert in told.alerts]
    for ended in news.ended:
        known = after.get(ended.id)
        until = [news.issued + GONE_KEPT_MS]
        until += (alert.expires + DAY_MS for alert in every if alert.id == ended.id)
        if known is not None:
            until.append(known.until_ms)
        version = max(ended.version, known.version if known else 0)
        after[ended.id] = Gone(ended.id, version, max(until))
    newest = sorted(after.values(), key=lambda each: each.until_ms)[-MOST_GONE:]
    return {each.id: each for each in newest}


def next_turn(of: Voiced, history: Mapping[str, Past], held: Set[str], now_ms: int) -> Turn | None:
    """Find what comes next of an alert; None when all is said or its sound is used up.

    Rounds go by the rhythm of who issued it, so that all boxes speak at the same time. A box
    that comes late says it once at once, and never makes up for the rounds that it missed. What
    is not held comes after what is.
    """
    if not of.parts:
        return None
    alert, said = of.alert, _said(of.alert, history)
    sound_ms = sum(past.played_ms for pasts in said.values() for past in pasts.values())
    round_, start_ms, open_ = _slot(alert, now_ms), min(alert.issued, now_ms), of.parts
    if said:
        round_ = max(said)
        following = _following(alert, round_, said[round_].values(), now_ms)
        open_ = tuple(part for part in of.parts if _is_open(said[round_].get(part.name)))
        stale = following is not None and _is_stale(alert, said[round_].values(), now_ms)
        if stale or not any(part.asset.sha256 in held for part in open_):
            if following is not None:
                round_, open_ = following, of.parts
                start_ms = alert.issued + following * alert.repeat_s * 1000
            elif not open_:
                return None
    part = min(open_, key=lambda part: part.asset.sha256 not in held)
    left_ms = alert.max_play_s * 1000 - sound_ms
    if part.asset.duration_ms > left_ms:
        return None
    return Turn(part, round_, start_ms, left_ms, bool(said))


def progress(
    of: Voiced,
    history: Mapping[str, Past],
    held: Set[str],
    now_ms: int,
    *,
    on_air: str = "",
    silenced: str = "",
) -> Progress:
    """How far an alert has come, while `on_air` sounds and `silenced` keeps the box silent."""
    alert = of.alert
    place = _place(alert, on_air)
    if place is not None:
        return Progress(AlertStatus.PLAYING, place[0], of.lacks)
    said = _said(alert, history)
    begun = (r for r, pasts in said.items() if any(past.starts for past in pasts.values()))
    heard = max(begun, default=None)
    wordless = of.lacks and not of.waits and all(part.name == SIREN for part in of.parts)
    if heard is not None and wordless and set(said[heard]) == {SIREN}:
        # A siren tells nobody what to do.
        return Progress(AlertStatus.SILENT, heard, silenced or of.lacks)
    turn = next_turn(of, history, held, now_ms)
    if turn is not None and turn.start_ms <= now_ms:
        late = now_ms + turn.part.asset.duration_ms > alert.expires
        lacking = "audio_missing" if turn.part.asset.sha256 not in held else ""
        if silenced:
            return Progress(AlertStatus.SILENT, turn.round, silenced)
        if (lacking or late) and heard != turn.round:
            return Progress(AlertStatus.SILENT, turn.round, lacking or "cannot_end")
        if heard == turn.round and not (lacking or late):
            return Progress(AlertStatus.PLAYING, turn.round, of.lacks)
        if heard is not None:
            return Progress(AlertStatus.DONE, heard, lacking or of.lacks)
        return Progress(AlertStatus.RECEIVED)
    if heard is not None:
        status = AlertStatus.PLAYING if of.waits else AlertStatus.DONE
        return Progress(status, heard, of.lacks)
    if of.waits:
        return Progress(AlertStatus.RECEIVED, reason=silenced)
    return Progress(AlertStatus.SILENT, reason=silenced or of.lacks or "cannot_end")


def cue_of(alert: Alert, turn: Turn) -> str:
    """Name the occurrence of a part in a round, in at most 120 characters."""
    return f"{alert_key(alert)}.{turn.round}.{turn.part.name}"


def is_of(cue: str, alert: Alert) -> bool:
    """Whether `cue` names an occurrence of this version of `alert`."""
    return _place(alert, cue) is not None


def _place(alert: Alert, cue: str) -> tuple[int, str] | None:
    """Round and part that `cue` names, if it is of this version of `alert`."""
    prefix = f"{alert_key(alert)}."
    if not cue.startswith(prefix):
        return None
    found = _PLACE.match(cue, len(prefix))
    return None if found is None else (int(found[1]), found[2])


def _said(alert: Alert, history: Mapping[str, Past]) -> dict[int, dict[str, Past]]:
    """What became of the parts of each round that was begun."""
    rounds: dict[int, dict[str, Past]] = {}
    prefix = f"{alert_key(alert)}."
    # Of many alerts and a long history most are of another: this is all that is looked at of them.
    mine = ((cue, past) for cue, past in history.items() if cue.startswith(prefix))
    for cue, past in mine:
        place = _place(alert, cue)
        if place is not None:
            rounds.setdefault(place[0], {})[place[1]] = past
    return rounds


def _slot(alert: Alert, now_ms: int) -> int:
    """The round whose time is now."""
    if not alert.repeat_s:
        return 0
    return max(0, (now_ms - alert.issued) // (alert.repeat_s * 1000))


def _following(alert: Alert, round_: int, pasts: Iterable[Past], now_ms: int) -> int | None:
    """The round after `round_`: at least half a period after that began, and after its end."""
    if not alert.repeat_s:
        return None
    pasts, period_ms = tuple(pasts), alert.repeat_s * 1000
    earliest = max(round_ + 1, _slot(alert, now_ms))
    over_ms = max(past.at_ms for past in pasts)
    if over_ms > now_ms:
        # The clock was set back: what it said then means nothing now.
        return earliest
    begun_ms = min(past.at_ms - past.played_ms for past in pasts)
    free_ms = max(begun_ms + period_ms // 2, over_ms)
    return max(earliest, -((alert.issued - free_ms) // period_ms))


def _is_stale(alert: Alert, pasts: Iterable[Past], now_ms: int) -> bool:
    """Whether a round was left open so long ago that it is not gone on with."""
    return now_ms - max(past.at_ms for past in pasts) > alert.repeat_s * 1000


def _is_open(past: Past | None) -> bool:
    if past is None:
        return True
    return past.state is PastState.INTERRUPTED and past.starts < MAX_STARTS


def _is_for(alert: Alert, mine: Set[str] | None) -> bool:
    return mine is None or not alert.areas or not mine.isdisjoint(alert.areas)
