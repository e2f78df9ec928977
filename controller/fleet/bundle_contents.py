"""What a box was told, read back from what was signed, and the audio that its pages name. Pure."""

import base64
import zlib

import msgspec

from edge_agent.contract.alert import ClipPage
from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import MAX_PAGE_BYTES, Asset, DayPage
from edge_agent.contract.phrase_index import PhrasePage
from edge_agent.contract.types import decode


def own_word(sealed: bytes) -> Desired:
    """The word inside an envelope of one's own making; its signature is the box's business."""
    payload = sealed.split(b".")[1]
    return decode(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)), Desired)


def assets_of(page: bytes) -> list[Asset]:
    """All audio that a packed day page, phrase page or page of clips names."""
    data = zlib.decompressobj(wbits=31).decompress(page, MAX_PAGE_BYTES)
    found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    if "phrases" in found:
        return list(msgspec.json.decode(data, type=PhrasePage).phrases.values())
    if "clips" in found:
        clips = msgspec.json.decode(data, type=ClipPage).clips
        return [asset for clip in clips for said in clip.spoken for asset in said.assets]
    cues = msgspec.json.decode(data, type=DayPage).cues
    named = [asset for cue in cues for asset in (cue.asset, cue.fallback)]
    return [asset for asset in named if asset is not None]
