"""`loalang voices install` against a publisher on this machine, and against its faults."""

import hashlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audio_library.child_process import run_child
from audio_library.errors import (
    DownloadBroken,
    DownloadRefused,
    HashNotAccepted,
    LicenceNotAccepted,
)
from audio_library.speech.catalogue import PUBLISHER, Entry, catalogue
from audio_library.speech.download import Part, download
from audio_library.speech.install import Consent, entry_named, install
from audio_library.speech.piper import Piper
from tests.audio_library.speech.publisher import Publisher, publishing
from tests.audio_library.speech.tiny_models import piper_voice

ENTRY = Entry("vi_VN-tiny-low", "vi", "vi/vi_VN/tiny/low", 1, "", "recordings X, CC BY 4.0")
MODEL = "/vi/vi_VN/tiny/low/vi_VN-tiny-low.onnx"
YES = Consent(licence=True, trust_first=True)


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    model = piper_voice(tmp_path / "published")
    with publishing(ENTRY, model.read_bytes(), Path(f"{model}.json").read_bytes()) as at:
        yield at


def sha256(publisher: Publisher) -> str:
    return hashlib.sha256(publisher.files[MODEL]).hexdigest()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def test_a_voice_is_brought_and_speaks(tmp_path: Path, publisher: Publisher) -> None:
    folder, steps = tmp_path / "voices", []
    made = install(
        ENTRY, folder, YES, told=lambda d, t: steps.append((d, t)), publisher=publisher.url
    )
    size = len(publisher.files[MODEL])
    assert (made.bytes, made.sha256, made.fresh) == (size, sha256(publisher), True)
    assert steps[0] == (0, size)
    assert steps[-1] == (size, size)
    names = ["vi_VN-tiny-low.licence.txt", "vi_VN-tiny-low.onnx", "vi_VN-tiny-low.onnx.json"]
    assert left_in(folder) == names
    (voice,) = (v for v in Piper(folder).voices() if v.ready)
    assert voice.licence == ENTRY.licence
    assert Piper(folder).speak(["Xin chào."], voice, into=tmp_path / "o", timeout_s=30)
    again = install(ENTRY, folder, Consent(), publisher="http://127.0.0.1:9")
    assert not again.fresh


def test_nothing_is_asked_for_before_the_licence_is_accepted(
    tmp_path: Path, publisher: Publisher
) -> None:
    with pytest.raises(LicenceNotAccepted, match=r"CC BY 4\.0"):
        install(ENTRY, tmp_path / "v", Consent(trust_first=True), publisher=publisher.url)
    assert publisher.asked == []
    assert left_in(tmp_path / "v") == []


def test_an_unknown_hash_is_shown_and_must_be_accepted(
    tmp_path: Path, publisher: Publisher
) -> None:
    folder = tmp_path / "v"
    with pytest.raises(HashNotAccepted) as shown:
        install(ENTRY, folder, Consent(licence=True), publisher=publisher.url)
    assert shown.value.sha256 == sha256(publisher)
    assert "--accept-hash" in shown.value.vi
    assert not any(v.ready for v in Piper(folder).voices())
    consent = Consent(licence=True, sha256=shown.value.sha256.upper())
    assert install(ENTRY, folder, consent, publisher=publisher.url).fresh
    assert publisher.asked[-1][1], "what had come was not asked for again"


@pytest.mark.parametrize("known", ["by the catalogue", "by the person"])
def test_another_hash_is_refused_and_not_kept(
    tmp_path: Path, publisher: Publisher, known: str
) -> None:
    expected = "0" * 64
    entry = replace(ENTRY, sha256=expected) if known == "by the catalogue" else ENTRY
    consent = replace(YES, sha256="" if entry.sha256 else expected)
    with pytest.raises(DownloadRefused, match="SHA-256"):
        install(entry, tmp_path / "v", consent, publisher=publisher.url)
    assert ".vi_VN-tiny-low.onnx.part" not in left_in(tmp_path / "v")
    assert not any(v.ready for v in Piper(tmp_path / "v").voices())


def test_a_broken_line_is_taken_up_where_it_broke(tmp_path: Path, publisher: Publisher) -> None:
    folder, publisher.break_after = tmp_path / "v", 500
    for kept in (500, 1_000):
        with pytest.raises(DownloadBroken) as broken:
            install(ENTRY, folder, YES, publisher=publisher.url)
        assert broken.value.kept == kept
        assert not any(v.ready for v in Piper(folder).voices())
    publisher.break_after = None
    assert install(ENTRY, folder, YES, publisher=publisher.url).sha256 == sha256(publisher)
    assert [r for path, r in publisher.asked if path == MODEL] == ["", "bytes=500-", "bytes=1000-"]


def test_parts_of_two_versions_are_never_joined(tmp_path: Path, publisher: Publisher) -> None:
    folder, publisher.break_after = tmp_path / "v", 500
    with pytest.raises(DownloadBroken):
        install(ENTRY, folder, YES, publisher=publisher.url)
    publisher.break_after, publisher.etag = None, '"two"'
    assert install(ENTRY, folder, YES, publisher=publisher.url).sha256 == sha256(publisher)


def test_without_a_version_a_broken_download_begins_anew(
    tmp_path: Path, publisher: Publisher
) -> None:
    folder, publisher.break_after, publisher.etag = tmp_path / "v", 500, ""
    with pytest.raises(DownloadBroken):
        install(ENTRY, folder, YES, publisher=publisher.url)
    publisher.break_after = None
    assert install(ENTRY, folder, YES, publisher=publisher.url).sha256 == sha256(publisher)


UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from audio_library.errors import StoreFull
from audio_library.speech.catalogue import Entry
from audio_library.speech.install import Consent, install

resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
entry = Entry("vi_VN-tiny-low", "vi", "vi/vi_VN/tiny/low", 1, "", "CC0")
try:
    install(entry, Path(sys.argv[1]), Consent(True, "", True), publisher=sys.argv[2])
except StoreFull as error:
    print(error.code, end="")
"""


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, publisher: Publisher) -> None:
    argv = [sys.executable, "-I", "-c", UNDER_A_LIMIT, str(tmp_path / "v"), publisher.url]
    ended = run_child(argv, given=b"", what="install", timeout_s=30)
    assert (ended.out.decode(), ended.err) == ("store_full", "")
    assert left_in(tmp_path / "v") == []


def test_a_body_without_end_is_cut_off(tmp_path: Path, publisher: Publisher) -> None:
    publisher.endless = True
    with pytest.raises(DownloadRefused, match="larger than 2 MB"):
        install(ENTRY, tmp_path / "v", YES, publisher=publisher.url)
    assert ".vi_VN-tiny-low.onnx.part" not in left_in(tmp_path / "v")


def test_a_file_that_is_not_there(tmp_path: Path, publisher: Publisher) -> None:
    del publisher.files[MODEL]
    with pytest.raises(DownloadRefused, match="404"):
        install(ENTRY, tmp_path / "v", YES, publisher=publisher.url)


@pytest.mark.parametrize("what", ["a page instead", "another language"])
def test_a_voice_that_is_not_one_is_refused(
    tmp_path: Path, publisher: Publisher, what: str
) -> None:
    if what == "a page instead":
        publisher.files[MODEL] = b"<html>Sign in to the network</html>"
    else:
        foreign = publisher.files[f"{MODEL}.json"].replace(b'"family": "vi"', b'"family": "sed"')
        publisher.files[f"{MODEL}.json"] = foreign
    with pytest.raises(DownloadRefused, match=r"ONNX|“sed”"):
        install(ENTRY, tmp_path / "v", YES, publisher=publisher.url)
    assert left_in(tmp_path / "v") == []


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(DownloadBroken, match="refused"):
        install(ENTRY, tmp_path / "v", YES, publisher="http://127.0.0.1:9")


def test_a_silent_publisher_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/a.onnx"
        with pytest.raises(DownloadBroken, match="timed out"):
            download(url, Part.of(tmp_path, "a"), limit=9, told=lambda d, t: None, timeout_s=0.05)


def test_the_catalogue() -> None:
    assert PUBLISHER.startswith("https://")
    for entry in catalogue():
        assert entry_named(entry.name) == entry
        assert entry.licence
        assert entry.sha256 in ("", entry.sha256.lower())
    with pytest.raises(DownloadRefused, match=catalogue()[0].name):
        entry_named("en_US-lessac-medium")
