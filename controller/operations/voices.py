"""Voices that this controller may use."""

from collections.abc import Sequence

from audio_library.speech.engine import Engine, Voice
from audio_library.speech.registry import ENGINES, engines, voices


def allowed_engines(*, online: bool) -> tuple[Engine, ...]:
    """Engines that may be used; text leaves the house only where that was allowed."""
    return engines(online=online)


def available_voices(of: Sequence[Engine] = ENGINES) -> tuple[Voice, ...]:
    """Every voice, ready or not."""
    return voices(of)
