"""What is kept whole for emergencies: every phrase of the languages told, and hazard clips."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from edge_agent.contract.alert import Clip, ClipPage
from edge_agent.contract.desired import ClipsRef, PhraseRef
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


@dataclass(frozen=True, slots=True)
class Clips:
    """Hazard clips of the page that is held; `spoiled` if it cannot be read."""

    clips: tuple[Clip, ...] = ()
    spoiled: tuple[str, ...] = ()

    @property
    def audio(self) -> tuple[Asset, ...]:
        """Recorded clips; the others are said in phrases."""
        return tuple(a for clip in self.clips for said in clip.spoken for a in said.assets)


def read_clips(ref: ClipsRef | None, page_file: Callable[[str], Path | None]) -> Clips:
    """Read the page of clips, if it is held; `page_file(sha256)` gives a held page or None."""
    file = None if ref is None else page_file(ref.sha256)
    if ref is None or file is None:
        return Clips()
    try:
        page = msgspec.json.decode(unpacked(file), type=ClipPage)
    except (Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Clips(spoiled=(ref.sha256,))
    return Clips(tuple(map(_in_full, page.clips)))


def _in_full(clip: Clip) -> Clip:
    """The clip with its sentence in each language that says what the first one says."""
    first = next((spoken.say for spoken in clip.spoken if spoken.say), "")
    spoken = (said if said.say or said.assets else replace(said, say=first) for said in clip.spoken)
    return replace(clip, spoken=tuple(spoken))


def read_phrase_page(path: Path) -> PhrasePage:
    """Unpack and read the page of one language. Raises `Unreadable`."""
    try:
        return msgspec.json.decode(unpacked(path), type=PhrasePage)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"phrase page {path.name}: {e}") from e
