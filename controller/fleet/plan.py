"""The plan of one box as the wire says it: pure, the same cues give the same bytes."""

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.contract import manifest
from edge_agent.contract.types import encode
from schedules.cue_sheet import Cue


class PackedPage(NamedTuple):
    """A day page as it travels: gzip JSON and the reference that names it."""

    ref: manifest.PageRef
    packed: bytes


class BoxPlan(NamedTuple):
    """Pages, and the manifest that names them."""

    manifest: manifest.Manifest
    pages: tuple[PackedPage, ...]


def to_ms(at: datetime) -> int:
    """An aware instant as milliseconds since 1970 UTC."""
    return round(at.timestamp() * 1000)


def box_plan(
    cues: Iterable[Cue],
    assets: Mapping[str, manifest.Asset],
    time_zone: str,
    covers: tuple[datetime, datetime],
) -> BoxPlan:
    """Lay the cues of one box into day pages by local date of `time_zone`."""
    zone = ZoneInfo(time_zone)
    wired = sorted((wire_cue(cue, assets) for cue in cues), key=lambda c: (c.start, c.id))
    pages = tuple(
        _packed(manifest.DayPage(day, time_zone, tuple(of_day)))
        for day, of_day in groupby(wired, key=lambda c: _local_date(c.start, zone))
    )
    refs = tuple(page.ref for page in pages)
    said = msgspec.json.encode(refs)
    whole = manifest.Manifest(
        hashlib.sha256(said).hexdigest(), to_ms(covers[0]), to_ms(covers[1]), refs
    )
    return BoxPlan(whole, pages)


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


def _packed(page: manifest.DayPage) -> PackedPage:
    packed = gzip.compress(encode(page), mtime=0)
    digest = hashlib.sha256(packed).hexdigest()
    return PackedPage(manifest.PageRef(page.date, digest, len(packed)), packed)


def _local_date(start_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(start_ms / 1000, zone).date().isoformat()
