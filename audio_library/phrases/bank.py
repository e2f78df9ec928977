"""What one language can say now: words by phrase, and the sound of those that have one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audio_library.phrases.catalogue import catalogue


@dataclass(frozen=True, slots=True)
class Sound:
    """The mastered audio of one phrase."""

    asset_sha256: str
    bytes: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Bank:
    """`words` by phrase id, as set by a person or the Vietnamese default; `sounds` of those words.

    `orders` holds the language's own patterns by sentence, as they are written.
    """

    language: str
    words: Mapping[str, str]
    sounds: Mapping[str, Sound] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)


def words_of(
    language: str, own: Mapping[str, str], places_vi: Mapping[str, str]
) -> Mapping[str, str]:
    """What was set for the language; only Vietnamese has words for all that nobody set."""
    if language != "vi":
        return dict(own)
    return {**{p.id: p.vi for p in catalogue().values()}, **places_vi, **own}


def needed_phrases(places: Mapping[str, str]) -> tuple[str, ...]:
    """What a language must be able to say in any emergency of these places, in catalogue order."""
    return (*(p.id for p in catalogue().values() if p.needed), *places)
