"""What is kept whole for emergencies: the audio of every phrase of the languages told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent.contract.desired import PhraseRef
from edge_agent.contract.manifest import Asset
from edge_agent.contract.phrase_index import PhrasePage
from edge_agent.contract.types import Unreadable
from edge_agent.plan import unpacked


@dataclass(frozen=True, slots=True)
class Phrases:
    """Audio of all phrases of the pages that are held; `spoiled` of them cannot be read."""

    audio: tuple[Asset, ...] = ()
    spoiled: tuple[str, ...] = ()


def read_phrases(refs: Iterable[PhraseRef], page_file: Callable[[str], Path | None]) -> Phrases:
    """Read what is held of these pages; `page_file(sha256)` gives a held page or None."""
    audio: dict[str, Asset] = {}
    spoiled: list[str] = []
    for ref in refs:
        file = page_file(ref.sha256)
        if file is None:
            continue
        try:
            page = read_phrase_page(file)
        except Unreadable:
            spoiled.append(ref.sha256)
            continue
        audio.update({asset.sha256: asset for asset in page.phrases.values()})
    return Phrases(tuple(audio[sha256] for sha256 in sorted(audio)), tuple(spoiled))


def read_phrase_page(path: Path) -> PhrasePage:
    """Unpack and read the page of one language. Raises `Unreadable`."""
    try:
        return msgspec.json.decode(unpacked(path), type=PhrasePage)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"phrase page {path.name}: {e}") from e
