"""The page of hazard clips, as a box reads it."""

import gzip
import hashlib
from pathlib import Path

import pytest

from edge_agent.contract.alert import Clip, ClipPage, Spoken
from edge_agent.contract.desired import ClipsRef
from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import encode
from edge_agent.phrases import Clips, read_clips

RECORDED = Asset("a" * 64, 1_000, 900)


def read(folder: Path, data: bytes) -> Clips:
    file = folder / "page"
    file.write_bytes(data)
    ref = ClipsRef(hashlib.sha256(data).hexdigest(), max(1, len(data)))
    return read_clips(ref, lambda _sha256: file)


def test_a_language_that_says_what_the_first_says_says_it_in_full(tmp_path: Path) -> None:
    spoken = (
        Spoken("vi", say="link.warning hazard.storm"),
        Spoken("bdq"),
        Spoken("sed", (RECORDED,)),
        Spoken("jra", say="hazard.storm link.warning"),
    )
    page = gzip.compress(encode(ClipPage((Clip("storm", spoken, "Bão", "Storm"),))), mtime=0)
    found = read(tmp_path, page)
    (clip,) = found.clips
    assert [said.say for said in clip.spoken] == [
        "link.warning hazard.storm",
        "link.warning hazard.storm",
        "",
        "hazard.storm link.warning",
    ]
    assert found.audio == (RECORDED,)


@pytest.mark.parametrize("data", [b"", b"rubbish", gzip.compress(b'{"clips": [{}]}', mtime=0)])
def test_a_page_that_cannot_be_read_is_spoiled_and_holds_nothing(
    tmp_path: Path, data: bytes
) -> None:
    found = read(tmp_path, data)
    assert found.spoiled
    assert found.clips == ()
