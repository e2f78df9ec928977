"""A sound that somebody brings as a cart, a jingle or a song: checked and made ready for air."""

import tempfile
from pathlib import Path

from audio_library.mastering.in_child import master_in_child
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing, Preset
from audio_library.recording.check import check_music
from audio_library.recording.errors import RecordingTooLong
from audio_library.speech.engine import FLAC, Speech

LONGEST_CLIP_S = 900
"""A song, a piece of gongs: what is longer is a programme of its own."""


def master_clip(
    path: Path,
    out: Path,
    *,
    preset: Preset = Preset.HORN,
    longest_s: int = LONGEST_CLIP_S,
) -> Mastered:
    """Master all of a brought file to `out`, whole or not at all.

    Raises what `check_music` and `master_in_child` raise, and RecordingTooLong.
    """
    with tempfile.TemporaryDirectory(prefix=".clip-", dir=out.parent) as folder:
        kept = Path(folder) / "sound.flac"
        measured = check_music(path, kept)
        if measured.duration_ms > longest_s * 1000:
            raise RecordingTooLong(longest_s)
        # Only the container's own header counts: the rate is for raw samples.
        return master_in_child(Speech(kept, FLAC, 0), out, preset=preset, dressing=Dressing.BARE)
