"""The plan of a simulated box as read from the day pages that it holds; pure."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import MAX_PAGE_BYTES, Asset, Cue, DayPage, PageRef
from edge_agent.contract.types import Unreadable, decode

NEAR_MS = 36 * 3_600_000
"""Cues that start within this time are held in memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Near cues in order of start, all audio in order of need, pages still to be fetched."""

    cues: tuple[Cue, ...] = ()
    needed: tuple[Asset, ...] = ()
    lacking: tuple[PageRef, ...] = ()
    time_zone: str = "UTC"


def read_plan(desired: Desired, pages: Mapping[str, DayPage], now_ms: int) -> Plan:
    """Read what is held of the manifest; `pages` are read pages by hash."""
    manifest = desired.manifest
    cues: list[Cue] = []
    needed: dict[Asset, int] = {}
    time_zone = "UTC"
    for ref in manifest.pages:
        page = pages.get(ref.sha256)
        if page is None:
            continue
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
        tuple(sorted(needed, key=lambda asset: (needed[asset], asset.sha256))),
        tuple(ref for ref in manifest.pages if ref.sha256 not in pages),
        time_zone,
    )


def named(cue: Cue) -> tuple[Asset, ...]:
    """All audio that may sound in `cue`."""
    return (cue.asset,) if cue.fallback is None else (cue.asset, cue.fallback)


def unpack_page(packed: bytes) -> DayPage:
    """Unpack and read a day page. Raises `Unreadable`."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(packed, MAX_PAGE_BYTES)
    except zlib.error as e:
        raise Unreadable(f"day page: {e}") from e
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise Unreadable(f"day page is cut or over {MAX_PAGE_BYTES} bytes")
    return decode(data, DayPage)
