"""Which voices there are, and which read a language: never another language's voice."""

from collections.abc import Sequence
from pathlib import Path

from audio_library.errors import EngineFailed, NoVoiceForLanguage, UnknownVoice, VoiceNotReady
from audio_library.languages import language as language_of
from audio_library.speech.edge import EdgeTts
from audio_library.speech.engine import Engine, Voice
from audio_library.speech.espeak import Espeak
from audio_library.speech.gtts import Gtts
from audio_library.speech.kept_answers import KeptAnswers
from audio_library.speech.mms import Mms
from audio_library.speech.piper import Piper
from audio_library.speech.third_party import third_party_engines

ENGINES: tuple[Engine, ...] = (Espeak(), EdgeTts(), Gtts())
"""What speaks without any setting: in order of preference."""


def engines(
    *,
    voices_dir: Path | None = None,
    kept_dir: Path | None = None,
    online: bool = False,
    mms: bool = False,
    also: Sequence[Engine] = (),
) -> tuple[Engine, ...]:
    """Those given, then ours, then those of other packages; in order of preference.

    `voices_dir` holds voice files, `kept_dir` what online voices answered; online ones are listed
    but speak only with `online`, MMS only with `mms`: the administrator's word.
    """
    kept = KeptAnswers(kept_dir) if kept_dir is not None else None
    by_file: tuple[Engine, ...] = ()
    if voices_dir is not None:
        by_file = (Piper(voices_dir), Mms(voices_dir, accepted=mms))
    own = (
        *also,
        *by_file,
        Espeak(),
        EdgeTts(allowed=online, kept=kept),
        Gtts(allowed=online, kept=kept),
    )
    return (*own, *third_party_engines({engine.name for engine in own}, online=online))


def voices(engines: Sequence[Engine] = ENGINES) -> tuple[Voice, ...]:
    return tuple(voice for engine in engines for voice in engine.voices())


def candidates(
    language: str, preference: Sequence[str] = (), engines: Sequence[Engine] = ENGINES
) -> tuple[Voice, ...]:
    """Ready voices of exactly that language, in the order to try them.

    The preferred ones as ordered, then those that work offline, then online ones; each in the
    order of the engines. A preferred voice that is gone or not ready is passed over. Raises
    UnknownLanguage, NoVoiceForLanguage (there is none), VoiceNotReady (none is ready).
    """
    names = language_of(language)
    fitting = [voice for voice in voices(engines) if voice.language == language]
    if not fitting:
        raise NoVoiceForLanguage(language, names.name_vi, names.name_en)
    ready = [voice for voice in fitting if voice.ready]
    if not ready:
        return (_ready(fitting[0]),)
    place = {voice: number for number, voice in reversed(list(enumerate(preference)))}
    last = len(preference)
    return tuple(sorted(ready, key=lambda voice: (place.get(voice.id, last), voice.online)))


def voice_for(
    language: str, preferred: str | None = None, engines: Sequence[Engine] = ENGINES
) -> Voice:
    """The voice that a person named, which is taken or refused; else the first candidate.

    Raises UnknownLanguage, NoVoiceForLanguage, UnknownVoice, VoiceNotReady.
    """
    if preferred is None:
        return candidates(language, engines=engines)[0]
    names = language_of(language)
    fitting = {voice.id: voice for voice in voices(engines) if voice.language == language}
    if not fitting:
        raise NoVoiceForLanguage(language, names.name_vi, names.name_en)
    if preferred not in fitting:
        ready = tuple(voice.id for voice in fitting.values() if voice.ready)
        raise UnknownVoice(preferred, language, ready)
    return _ready(fitting[preferred])


def engine_of(voice: Voice, engines: Sequence[Engine] = ENGINES) -> Engine:
    """The engine that speaks with this voice; raises EngineFailed if it is gone."""
    for engine in engines:
        if engine.name == voice.engine:
            return engine
    raise EngineFailed(voice.engine, "not installed")


def _ready(voice: Voice) -> Voice:
    if voice.missing is not None:
        raise VoiceNotReady(voice.id, voice.missing.vi, voice.missing.en)
    return voice
