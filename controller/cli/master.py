"""`loalang master`: any sound file made ready for air."""

import json
import os
import tempfile
from pathlib import Path

from audio_library.mastering.in_child import master_in_child, peaks_in_child
from audio_library.mastering.preset import Dressing, Preset
from audio_library.speech.engine import Speech

TIMEOUT_S = 3_600.0
"""A person waits, and may press Ctrl-C."""
ANY_CONTAINER = "application/octet-stream"


def master(
    source: Path, out: Path, preset: Preset, peaks: Path | None, *, mp3: bool, chime: bool
) -> None:
    """Write `out`, and its waveform as JSON to `peaks`; each whole or not at all."""
    # Said as what it is, and before any folder is made.
    source.open("rb").close()
    made = master_in_child(
        Speech(source, ANY_CONTAINER, 0),
        out,
        preset=preset,
        dressing=Dressing.CHIME if chime else Dressing.BARE,
        mp3=mp3,
        timeout_s=TIMEOUT_S,
    )
    if peaks is not None:
        _write(peaks, json.dumps(peaks_in_child(out), separators=(",", ":")))
    print(
        f"{out}: {made.duration_ms / 1000:.2f} s, {made.lufs:.1f} LUFS, "
        f"{made.true_peak_dbtp:.1f} dBTP, {made.bytes} bytes, sha256 {made.sha256}"
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".peaks-", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
