"""The shape of each audio file, for screens: worked out once, in a child process, and kept."""

import json
import shutil
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from audio_library.errors import StoreFull
from audio_library.mastering.in_child import peaks_in_child
from audio_library.no_room import is_no_room
from audio_library.store.asset_store import AssetStore

TIMEOUT_S = 60.0


class Waveforms:
    """JSON files beside the audio, named by its hash; the folder may be emptied at any time."""

    def __init__(self, store: AssetStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        # Each takes a core for a second an hour of sound: one after the other.
        self._one = threading.Lock()

    def of(self, sha256: str) -> bytes:
        """JSON for the screen; raises AssetMissing, NotAnAssetName, StoreFull, AudioUnreadable"""
        with self._store.open(sha256) as sound, self._one:
            kept = _whole(self._folder / f"{sha256}.json")
            if kept is not None:
                return kept
            try:
                return self._make(sound, sha256)
            except OSError as error:
                if is_no_room(error):
                    raise StoreFull from error
                raise

    def _make(self, sound: BinaryIO, sha256: str) -> bytes:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=".", dir=self._folder) as name:
            copy = Path(name) / "sound"
            with copy.open("wb") as file:
                shutil.copyfileobj(sound, file)
            found = peaks_in_child(copy, timeout_s=TIMEOUT_S)
            content = json.dumps(found, separators=(",", ":")).encode()
            made = Path(name) / "peaks.json"
            made.write_bytes(content)
            made.replace(self._folder / f"{sha256}.json")
        return content


def _whole(kept: Path) -> bytes | None:
    """What was kept; None if nothing was, or if a power cut left only a part of it."""
    try:
        content = kept.read_bytes()
        json.loads(content)
    except (FileNotFoundError, ValueError):
        return None
    return content
