"""The plan as read from its day pages: cues that are near, and all audio that it needs."""

import contextlib
import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.contract.manifest import MAX_PAGE_BYTES, Asset, Cue, DayPage, Manifest
from edge_agent.contract.types import Unreadable
from edge_agent.inbox import knows_zone

NEAR_MS = 36 * 3_600_000
"""Cues that start within this time are held in memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Near cues in order of start; every asset with the instant when it is next needed.

    `spoiled` are the hashes of pages that are held but cannot be read.
    """

    cues: tuple[Cue, ...] = ()
    needed: tuple[tuple[Asset, int], ...] = ()
    time_zone: str = "UTC"
    spoiled: tuple[str, ...] = ()


def read_plan(
    manifest: Manifest,
    page_file: Callable[[str], Path | None],
    now_ms: int,
    older: Callable[[], Iterable[Path]] = tuple,
) -> Plan:
    """Read what is held of `manifest`; `page_file(sha256)` gives a held page or None.

    Of a day whose page lacks, the first page of it among `older` holds: those of plans before,
    newest first.
    """
    cues: list[Cue] = []
    needed: dict[Asset, int] = {}
    spoiled: list[str] = []
    time_zone = "UTC"
    for page in _pages(manifest, page_file, older, spoiled):
        time_zone = page.time_zone
        for cue in page.cues:
            if not manifest.covers_from <= cue.start < manifest.covers_until:
                continue
            if min(cue.latest_end, cue.valid_until) >= now_ms:
                for asset in named(cue):
                    needed[asset] = min(cue.start, needed.get(asset, cue.start))
            if now_ms - NEAR_MS <= cue.start <= now_ms + NEAR_MS:
                cues.append(cue)
    return Plan(
        tuple(sorted(cues, key=lambda cue: (cue.start, cue.id))),
        tuple(needed.items()),
        time_zone,
        tuple(spoiled),
    )


def _pages(
    manifest: Manifest,
    page_file: Callable[[str], Path | None],
    older: Callable[[], Iterable[Path]],
    spoiled: list[str],
) -> Iterator[DayPage]:
    """One page a day, as few as possible in memory; names those that are `spoiled`."""
    lacking: set[str] = set()
    for ref in manifest.pages:
        file = page_file(ref.sha256)
        try:
            page = None if file is None else read_page(file)
        except Unreadable:
            spoiled.append(ref.sha256)
            page = None
        if page is None:
            lacking.add(ref.date)
        else:
            yield page
    for file in older() if lacking else ():
        with contextlib.suppress(Unreadable):
            page = read_page(file)
            if page.date in lacking:
                lacking.remove(page.date)
                yield page


def held_until(manifest: Manifest, held: Container[str], time_zone: str) -> int:
    """UTC ms up to which the pages on disk tell the plan: the first day that lacks ends it."""
    zone = ZoneInfo(time_zone)
    lacking = (page.date for page in manifest.pages if page.sha256 not in held)
    first = min(lacking, default=None)
    if first is None:
        return manifest.covers_until
    begins = datetime.combine(date.fromisoformat(first), time.min, zone)
    return min(max(round(begins.timestamp() * 1000), manifest.covers_from), manifest.covers_until)


def named(cue: Cue) -> tuple[Asset, ...]:
    """All audio that may sound in `cue`."""
    return (cue.asset,) if cue.fallback is None else (cue.asset, cue.fallback)


def read_page(path: Path) -> DayPage:
    """Unpack and read a day page. Raises `Unreadable`."""
    data = unpacked(path)
    try:
        page = msgspec.json.decode(data, type=DayPage)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"day page {path.name}: {e}") from e
    if not knows_zone(page.time_zone):
        raise Unreadable(f"day page {path.name}: time zone {page.time_zone[:50]!r}")
    return page


def unpacked(path: Path) -> bytes:
    """Unpack a page of at most MAX_PAGE_BYTES. Raises `Unreadable`."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(path.read_bytes(), MAX_PAGE_BYTES)
    except (zlib.error, OSError) as e:
        raise Unreadable(f"page {path.name}: {e}") from e
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise Unreadable(f"page {path.name} is cut or over {MAX_PAGE_BYTES} bytes")
    return data
