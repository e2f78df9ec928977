"""The plan of one box as the wire says it: pure, the same cues give the same bytes."""

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from edge_agent.contract import manifest
from edge_agent.contract.types import encode
from schedules.cue_sheet import Cue

_LEVEL = 6
"""A day of forty cues in 0.3 ms; the highest level takes twice as long to save 1 %."""


class PackedPage(NamedTuple):
    """A day page as it travels: gzip JSON and the reference that names it."""

    ref: manifest.PageRef
    packed: bytes


def to_ms(at: datetime) -> int:
    """An aware instant as milliseconds since 1970 UTC."""
    return round(at.timestamp() * 1000)


def day_page(day: date, time_zone: str, cues: Iterable[manifest.Cue]) -> PackedPage:
    """One local day of a box, its cues in order of start."""
    ordered = sorted(cues, key=lambda cue: (cue.start, cue.id))
    packed = gzip.compress(
        encode(manifest.DayPage(day.isoformat(), time_zone, tuple(ordered))), _LEVEL, mtime=0
    )
    digest = hashlib.sha256(packed).hexdigest()
    return PackedPage(manifest.PageRef(day.isoformat(), digest, len(packed)), packed)


def whole_plan(
    pages: Iterable[manifest.PageRef], covers: tuple[datetime, datetime]
) -> manifest.Manifest:
    """The manifest that names these pages, oldest first."""
    refs = tuple(sorted(pages, key=lambda ref: ref.date))
    content = hashlib.sha256(msgspec.json.encode(refs)).hexdigest()
    return manifest.Manifest(content, to_ms(covers[0]), to_ms(covers[1]), refs)


def wire_cue(cue: Cue, assets: Mapping[str, manifest.Asset]) -> manifest.Cue:
    """A cue as its box is told it."""
    stream = cue.stream
    return manifest.Cue(
        id=cue.id,
        asset=assets[cue.asset_sha256],
        start=to_ms(cue.start_utc),
        latest_start=to_ms(cue.latest_start),
        latest_end=to_ms(cue.latest_end),
        valid_until=to_ms(cue.valid_until),
        rank=manifest.Rank[cue.rank.name],
        enter=manifest.Enter(cue.enter.value),
        leave=manifest.Leave(cue.leave.value),
        gain_db=cue.gain_db,
        title=cue.title,
        language=cue.language,
        quiet_ok=cue.quiet_ok or "",
        play_ms=cue.play_ms,
        stream=manifest.Stream(stream.url, stream.why_unproved) if stream else None,
        fallback=assets[cue.fallback_sha256] if cue.fallback_sha256 else None,
    )
