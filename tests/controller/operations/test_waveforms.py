"""The shape of an audio file: worked out once, kept, and never of what is not there."""

from pathlib import Path

import pytest

from audio_library.errors import AssetMissing, AudioUnreadable, NotAnAssetName
from audio_library.mastering.opus import packets_of, write_ogg
from audio_library.store.filesystem import FilesystemStore
from controller.operations.waveforms import Waveforms


@pytest.fixture
def store(tmp_path: Path) -> FilesystemStore:
    return FilesystemStore(tmp_path / "audio")


def test_it_is_worked_out_once(store: FilesystemStore, tmp_path: Path) -> None:
    sound = tmp_path / "a.opus"
    write_ogg(packets_of([bytes(96_000)]), 48_000, sound)
    sha256 = store.put(sound)
    waveforms = Waveforms(store, tmp_path / "waveforms")
    assert waveforms.of(sha256).startswith(b'{"duration_ms":1000,"points":[[0,0],')
    (kept,) = (tmp_path / "waveforms").iterdir()
    kept.write_bytes(b"{}")
    assert waveforms.of(sha256) == b"{}"


@pytest.mark.parametrize("left", [b"", b'{"duration_ms":1000,"points":[[0,', bytes(300)])
def test_what_a_power_cut_left_is_worked_out_again(
    store: FilesystemStore, tmp_path: Path, left: bytes
) -> None:
    sound = tmp_path / "a.opus"
    write_ogg(packets_of([bytes(96_000)]), 48_000, sound)
    sha256 = store.put(sound)
    waveforms = Waveforms(store, tmp_path / "waveforms")
    drawn = waveforms.of(sha256)
    (kept,) = (tmp_path / "waveforms").iterdir()
    kept.write_bytes(left)
    assert waveforms.of(sha256) == drawn == kept.read_bytes()


def test_what_is_not_there_has_no_shape(store: FilesystemStore, tmp_path: Path) -> None:
    waveforms = Waveforms(store, tmp_path / "waveforms")
    with pytest.raises(AssetMissing):
        waveforms.of("0" * 64)
    with pytest.raises(NotAnAssetName):
        waveforms.of("../../etc/passwd")


def test_what_is_no_sound_is_said_and_leaves_nothing(
    store: FilesystemStore, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"not sound" * 100)
    sha256 = store.put(tmp_path / "a")
    with pytest.raises(AudioUnreadable):
        Waveforms(store, tmp_path / "waveforms").of(sha256)
    assert list((tmp_path / "waveforms").iterdir()) == []
