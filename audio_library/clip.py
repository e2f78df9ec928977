"""A sound that somebody brings as a cart, a jingle or a song: checked and made ready for air."""

import tempfile
from pathlib import Path

from audio_library.mastering.in_child import master_in_child
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing, Preset
from audio_library.recording.check import check_recording
from audio_library.recording.errors import RecordingTooLong
from audio_library.recording.sound_judge import refuse_silent
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
    """Master a brought file to `out`, whole or not at all; its silent ends are cut off.

    Raises what `check_recording` and `master_in_child` raise; of the reasons for which a voice is
    unfit only TakeSilent.
    """
    with tempfile.TemporaryDirectory(prefix=".clip-", dir=out.parent) as folder:
        kept = Path(folder) / "sound.flac"
        measured = check_recording(path, kept, unfit=refuse_silent)
        if measured.duration_ms > longest_s * 1000:
            raise RecordingTooLong(longest_s)
        # Only the container's own header counts: the rate is for raw samples.
        return master_in_child(Speech(kept, FLAC, 0), out, preset=preset, dressing=Dressing.BARE)
