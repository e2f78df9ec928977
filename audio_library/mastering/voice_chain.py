"""The filters that a voice goes through before it is brought to level, for each preset.

eSpeak NG is very peaky, hence the phase rotation (allpass) and the fast compressor.
"""

from audio_library.mastering.filters import Filter
from audio_library.mastering.pcm import SAMPLE_RATE
from audio_library.mastering.preset import Preset

_TO_MONO = Filter("aformat", "sample_fmts=flt:channel_layouts=mono")
# By its own filter: FFmpeg 8 cannot choose from a list of rates before a chain of filters.
_TO_RATE = Filter("aresample", str(SAMPLE_RATE))
_ROTATION = Filter("allpass", "f=200:t=q:w=0.7")

_HORN = (
    # Two by two poles: 24 dB an octave. A horn gives nothing below and its driver suffers from it.
    Filter("highpass", "f=280:poles=2"),
    Filter("highpass", "f=280:poles=2"),
    _ROTATION,
    _ROTATION,
    Filter("lowpass", "f=6500:poles=2"),
    Filter("lowpass", "f=6500:poles=2"),
    Filter("equalizer", "f=2800:t=q:w=0.9:g=4"),
    Filter("acompressor", "threshold=-28dB:ratio=5:attack=1:release=60:makeup=1:detection=peak"),
)
_PLAIN = (
    Filter("highpass", "f=120:poles=2"),
    _ROTATION,
    _ROTATION,
    Filter("lowpass", "f=7500"),
    Filter("equalizer", "f=3000:t=q:w=1:g=3"),
    Filter("acompressor", "threshold=-26dB:ratio=4:attack=1:release=60:makeup=1:detection=peak"),
)


def voice_chain(preset: Preset) -> tuple[Filter, ...]:
    """From any sound to mono 16-bit samples at 48 kHz."""
    tone = _HORN if preset is Preset.HORN else _PLAIN
    return (_TO_MONO, _TO_RATE, *tone, Filter("aformat", "sample_fmts=s16:channel_layouts=mono"))
