"""What will be read of a text, and what to ask its writer: old letters, another language."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from audio_library.wording.dialect import Dialect
from audio_library.wording.letters import FOREIGN_LETTERS
from audio_library.wording.spoken_form import Doubt, Span, SpokenForm
from audio_library.writing.language_guard import Judgement, Verdict, judge
from audio_library.writing.legacy_font import Proposal, applied, proposal
from controller.operations.unit_speech import UnitSpeech

DIALECTS_VI: Mapping[Dialect, str] = MappingProxyType(
    {
        Dialect.NORTH: "miền Bắc",
        Dialect.CENTRAL: "miền Trung",
        Dialect.SOUTH: "miền Nam",
    }
)
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class ChangedWord:
    """One word in old letters and in today's; `after` is None where nobody knows it."""

    before: str
    after: str | None
    sure: bool
    times: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """A text of one language as it will be heard."""

    language: str
    spoken: SpokenForm
    pieces: tuple[tuple[str, Span | None], ...]
    proposal: Proposal | None
    changed: tuple[ChangedWord, ...]
    """Every word that the proposal touches, in their order."""
    judgement: Judgement
    dialect: str

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What to look at; a letter of another language only if the language is not asked about."""
        asked = self.judgement.verdict is not Verdict.FITS
        return tuple(
            doubt
            for doubt in self.spoken.warnings
            if not (asked and FOREIGN_LETTERS.fullmatch(doubt.written))
        )


def reading_of(speech: UnitSpeech, text: str, language: str) -> Reading:
    """Expects a text as `check_text` lets it in; raises UnknownLanguage."""
    spoken = speech.read(text, language)
    proposed = proposal(text, language)
    return Reading(
        language,
        spoken,
        tuple(pieces(spoken, text)),
        proposed,
        tuple(_counted(text, proposed)) if proposed else (),
        judge(text, language),
        DIALECTS_VI[speech.dialect],
    )


def pieces(spoken: SpokenForm, written: str) -> Iterator[tuple[str, Span | None]]:
    """What is heard, piece by piece, each with the span that it is a reading of, if it is one."""
    position = 0
    for span in spoken.spans:
        if span.start > position:
            yield written[position : span.start], None
        yield span.spoken, span
        position = span.end
    if position < len(written):
        yield written[position:], None


def _counted(text: str, proposed: Proposal) -> Iterator[ChangedWord]:
    """Each word once, with how often it stands there."""
    found: dict[ChangedWord, int] = {}
    for word in _touched(text, proposed):
        found[word] = found.get(word, 0) + 1
    for word, times in found.items():
        yield replace(word, times=times)


def _touched(text: str, proposed: Proposal) -> Iterator[ChangedWord]:
    for match in _WORD.finditer(text):
        start, end = match.span()
        changes = [
            replace(c, start=c.start - start, end=c.end - start)
            for c in proposed.changes
            if start <= c.start < end
        ]
        unknown = any(start <= mark.start < end for mark in proposed.unexplained)
        if changes or unknown:
            after = applied(match[0], changes) if changes else None
            yield ChangedWord(match[0], after, not unknown and all(c.sure for c in changes))
