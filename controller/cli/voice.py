"""`loalang say`: the audio library by hand."""

import sys
import tempfile
from pathlib import Path

from audio_library.render import render_speech
from audio_library.script import check_text
from audio_library.speech.registry import voice_for
from audio_library.wording.spoken_form import spoken_form
from controller.operations.voices import engines_here
from controller.settings import Settings


def say(text: str | bytes, language: str, out: Path, voice: str | None) -> None:
    """Read a text into one mastered Ogg/Opus file."""
    words = check_text(text)
    spoken = spoken_form(words, language).text
    settings = Settings()
    engines = engines_here(settings)
    preference = () if voice is None else (voice_for(language, voice, engines).id,)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".loalang-say-", dir=out.parent) as folder:
        rendered = render_speech(
            spoken,
            language,
            out_dir=Path(folder),
            preference=preference,
            engines=engines,
            preset=settings.preset,
        )
        rendered.mastered.path.replace(out)
    if voice is not None and rendered.voice != voice:
        print(
            f"Giọng {voice} không đọc được lần này; {rendered.voice} đọc thay.\n"
            f"{voice} could not speak this time; {rendered.voice} spoke instead.",
            file=sys.stderr,
        )
    m = rendered.mastered
    print(
        f"{out}: {m.duration_ms / 1000:.2f} s, {m.lufs:.1f} LUFS, {m.true_peak_dbtp:.1f} dBTP, "
        f"{m.bytes} bytes, {rendered.voice}, sha256 {m.sha256}"
    )
