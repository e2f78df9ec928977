"""Is a voice understood? Listeners write down what they heard; the share of right words tells."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from audio_library.errors import NothingToRead
from audio_library.wording.spoken_form import spoken_form

LANGUAGE = "vi"
NATIVES_NEEDED = 5
"""Native listeners who filled in the whole sheet, before a voice counts as judged."""
LONGEST_HEARD = 500
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of the sheet, numbered from 1; `about`: what it tries."""

    number: int
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one listener wrote down of one sentence."""

    voice: str
    listener: str
    native: bool
    sentence: int
    heard: str


@dataclass(frozen=True, slots=True)
class Tally:
    """`share` of the words that native listeners heard right, 0 to 1; None where none listened.

    Only sheets that were filled in to the end count.
    """

    voice: str
    natives: int
    others: int
    share: float | None

    @property
    def judged(self) -> bool:
        return self.natives >= NATIVES_NEEDED


@cache
def sentences() -> tuple[Sentence, ...]:
    """The sheet, in order."""
    text = resources.files(__package__).joinpath("listening_sheet.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(Sentence(n, about, said) for n, (about, said) in enumerate(rows, 1))


def tally(answers: Iterable[Answer]) -> tuple[Tally, ...]:
    """One line a voice, by its id."""
    sheets: defaultdict[str, defaultdict[str, dict[int, Answer]]]
    sheets = defaultdict(lambda: defaultdict(dict))
    for answer in answers:
        sheets[answer.voice][answer.listener][answer.sentence] = answer
    return tuple(_of_voice(voice, sheets[voice].values()) for voice in sorted(sheets))


def unheard(voice: str) -> Tally:
    """The tally of a voice that nobody has listened to."""
    return Tally(voice, 0, 0, None)


def words_right(said: str, heard: str) -> tuple[int, int]:
    """(words heard right, words said): what was misheard, missed or added goes off."""
    expected, written = _words(said), _words(heard)
    return max(0, len(expected) - _distance(expected, written)), len(expected)


def _of_voice(voice: str, sheets: Iterable[dict[int, Answer]]) -> Tally:
    numbers = {sentence.number for sentence in sentences()}
    whole = [sheet for sheet in sheets if numbers <= sheet.keys()]
    native = [sheet for sheet in whole if all(a.native for a in sheet.values())]
    counted = [words_right(s.text, sheet[s.number].heard) for sheet in native for s in sentences()]
    share = sum(r for r, _ in counted) / sum(n for _, n in counted) if counted else None
    return Tally(voice, len(native), len(whole) - len(native), share)


def _words(text: str) -> list[tuple[str, str]]:
    """As they sound: figures in words, no case, no punctuation, the tone wherever it is written."""
    try:
        spoken = spoken_form(text).text
    except NothingToRead:
        return []
    kept = "".join(c if unicodedata.category(c)[0] in "LM" else " " for c in spoken.casefold())
    return [_word(word) for word in kept.split()]


def _word(word: str) -> tuple[str, str]:
    marks = unicodedata.normalize("NFD", word)
    return (
        "".join(c for c in marks if c not in _TONES),
        "".join(sorted(c for c in marks if c in _TONES)),
    )


def _distance(expected: Sequence[object], written: Sequence[object]) -> int:
    """Fewest words to change, drop or add."""
    row = list(range(len(written) + 1))
    for n, one in enumerate(expected, 1):
        diagonal, row[0] = row[0], n
        for m, other in enumerate(written, 1):
            diagonal, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, diagonal + (one != other))
    return row[-1]
