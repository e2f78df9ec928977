"""Which voices there are, and which one reads a language: never another language's voice."""

from collections.abc import Sequence

from audio_library.errors import EngineFailed, NoVoiceForLanguage, UnknownVoice, VoiceNotReady
from audio_library.languages import language as language_of
from audio_library.speech.engine import Engine, Voice
from audio_library.speech.espeak import Espeak
from audio_library.speech.gtts import Gtts

ENGINES: tuple[Engine, ...] = (Espeak(), Gtts())
"""In order of preference: what works without a network first."""


def voices(engines: Sequence[Engine] = ENGINES) -> tuple[Voice, ...]:
    return tuple(voice for engine in engines for voice in engine.voices())


def voice_for(
    language: str, preferred: str | None = None, engines: Sequence[Engine] = ENGINES
) -> Voice:
    """The preferred voice, else the first that is ready and works offline, else any ready one.

    Raises UnknownLanguage, NoVoiceForLanguage, UnknownVoice, VoiceNotReady.
    """
    names = language_of(language)
    fitting = [voice for voice in voices(engines) if voice.language == language]
    if not fitting:
        raise NoVoiceForLanguage(language, names.name_vi, names.name_en)
    if preferred is not None:
        wanted = [voice for voice in fitting if voice.id == preferred]
        if not wanted:
            raise UnknownVoice(preferred, language, tuple(voice.id for voice in fitting))
        return _ready(wanted[0])
    by_choice = sorted(fitting, key=lambda voice: (not voice.ready, voice.online))
    return _ready(by_choice[0])


def engine_of(voice: Voice, engines: Sequence[Engine] = ENGINES) -> Engine:
    for engine in engines:
        if engine.name == voice.engine:
            return engine
    raise EngineFailed(voice.engine, "not installed")


def _ready(voice: Voice) -> Voice:
    if voice.missing is not None:
        raise VoiceNotReady(voice.id, voice.missing.vi, voice.missing.en)
    return voice
