"""The shape of each audio file, for screens: worked out once, in a child process, and kept."""

import json
import shutil
import tempfile
import threading
from pathlib import Path

from audio_library.mastering.in_child import peaks_in_child
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
        """JSON for the screen; raises AssetMissing, NotAnAssetName, AudioUnreadable, …"""
        kept = self._folder / f"{sha256}.json"
        with self._store.open(sha256) as sound, self._one:
            if kept.is_file():
                return kept.read_bytes()
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(prefix=".", dir=self._folder) as name:
                copy = Path(name) / "sound"
                with copy.open("wb") as file:
                    shutil.copyfileobj(sound, file)
                found = peaks_in_child(copy, timeout_s=TIMEOUT_S)
                made = Path(name) / "peaks.json"
                made.write_text(json.dumps(found, separators=(",", ":")))
                made.replace(kept)
            return kept.read_bytes()
