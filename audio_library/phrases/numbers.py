"""A number as phrases: by rule where the rule of the language is known, else only as recorded."""

from audio_library.phrases.catalogue import Category, catalogue, number_id
from audio_library.wording.numbers import LARGEST, cardinal

RULE_KNOWN = frozenset({"vi"})


def number_phrases(n: int, language: str) -> tuple[str, ...]:
    """Ids that say `n`: several in Vietnamese, one whole number in any other language.

    Raises ValueError below 0 and above wording's LARGEST.
    """
    if not 0 <= n <= LARGEST:
        raise ValueError(n)
    if language not in RULE_KNOWN:
        return (number_id(n),)
    return _split(cardinal(n).split(), _vietnamese())


def _vietnamese() -> dict[tuple[str, ...], str]:
    return {
        tuple(phrase.vi.split()): phrase.id
        for phrase in catalogue().values()
        if phrase.category is Category.NUMBER
    }


def _split(words: list[str], known: dict[tuple[str, ...], str]) -> tuple[str, ...]:
    """The reading cut into phrases, each as long as can be."""
    longest = max(map(len, known))
    ids: list[str] = []
    start = 0
    while start < len(words):
        for length in range(longest, 0, -1):
            found = known.get(tuple(words[start : start + length]))
            if found is not None:
                ids.append(found)
                start += length
                break
        else:
            raise ValueError(words[start])
    return tuple(ids)
