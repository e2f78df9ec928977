"""Far days wait for their night; until then they only lose what must not air any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from audio_library.bulletin import State
from controller.operations.zone_inputs import Loaded
from controller.storage.instants import to_ms, to_utc
from controller.storage.zone_days import DayCue, DayPlan
from schedules.recurrence import occurrences


@dataclass(frozen=True, slots=True)
class Standing:
    """All that stands now in a zone, and the starts (ms UTC) of its sessions by local day."""

    loaded: Loaded
    zone: ZoneInfo
    starts: Mapping[tuple[str, date], set[int]]

    def day(self, start_ms: int) -> date:
        """The local day on which a session begins."""
        return to_utc(start_ms).astimezone(self.zone).date()


def standing(loaded: Loaded, zone: ZoneInfo, since: datetime, until: datetime) -> Standing:
    """When the programmes of a zone have sessions that start in [since, until)."""
    inputs = loaded.inputs
    starts: dict[tuple[str, date], set[int]] = {}
    found = Standing(loaded, zone, starts)
    for each in inputs.standing:
        for occurrence in occurrences(each.programme, since, until, inputs.calendar):
            start = to_ms(occurrence.start_utc)
            starts.setdefault((each.programme.id, found.day(start)), set()).add(start)
    return found


def relieved(stored: DayPlan, stands: Standing) -> DayPlan:
    """A day without what was cancelled, withdrawn, edited or lost its sound."""
    lost = _cancelled(stored, stands)
    cues = tuple(
        each
        for each in stored.cues
        if (each.programme_id, each.session_ms) not in lost and _may_air(each, stands.loaded)
    )
    return msgspec.structs.replace(stored, cues=cues)


def begun_before(stored: DayPlan, midnight: datetime, stands: Standing) -> tuple[DayCue, ...]:
    """What is left on a day of sessions that began before its midnight."""
    began = to_ms(midnight)
    return tuple(each for each in relieved(stored, stands).cues if each.session_ms < began)


def _cancelled(stored: DayPlan, stands: Standing) -> set[tuple[str, int]]:
    """Sessions of a day that stand no more, as (programme, start).

    One that only moves within its day stays where it was till night, as whatever is new waits.
    """
    kept: dict[tuple[str, date], set[int]] = {}
    for each in stored.cues:
        day = stands.day(each.session_ms)
        kept.setdefault((each.programme_id, day), set()).add(each.session_ms)
    lost: set[tuple[str, int]] = set()
    for (programme, day), starts in kept.items():
        now = stands.starts.get((programme, day), set())
        moved = len(now - starts)
        lost.update((programme, start) for start in sorted(starts - now)[moved:])
    return lost


def _may_air(each: DayCue, loaded: Loaded) -> bool:
    """Its sound is there, its stream is let, and its bulletin is approved and valid."""
    if each.cue.asset.sha256 not in loaded.assets:
        return False
    relays = loaded.inputs.shelf.relays.values()
    if each.cue.stream is not None and all(r.url != each.cue.stream.url for r in relays):
        return False
    if not each.bulletin_id:
        return True
    bulletin = loaded.bulletins.get(each.bulletin_id)
    return (
        bulletin is not None
        and bulletin.state is State.APPROVED
        and each.cue.start < to_ms(bulletin.valid_until)
    )
