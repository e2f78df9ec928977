"""The words that will be heard, for a text as it is written, with what was changed where."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from audio_library.wording.rule import Place, Rule, Said, Start
from audio_library.wording.rules import RULES

VERSION = "1"
"""Goes up with every change of a rule or lexicon that can change a reading."""

_FOREIGN_LETTERS = frozenset("ƀɃčČĕĔĭĬŏŎŭŬ\u0306")


@dataclass(frozen=True, slots=True)
class Span:
    """`written` at [start, end) of the text is heard as `spoken`; empty: it is not read."""

    written: str
    spoken: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reading that a person should look at before approving."""

    written: str
    start: int
    end: int
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class SpokenForm:
    """What is outside the spans is heard as it is written. Spans are in order and apart."""

    text: str
    spans: tuple[Span, ...] = ()
    warnings: tuple[Doubt, ...] = ()


def spoken_form(text: str, language: str = "vi") -> SpokenForm:
    """How the text is read. Total, deterministic; expects one spelling (`script.check_text`).

    Only Vietnamese is put into words: other languages come through unchanged, for a person to read.
    """
    if language != "vi":
        return SpokenForm(text)
    readings = list(_readings(text))
    spans = tuple(_apart(text, [span for span, _ in readings]))
    doubts = tuple(doubt for _, doubt in readings if doubt is not None)
    return SpokenForm(_rebuilt(text, spans), spans, doubts + tuple(_foreign(text)))


def _readings(text: str) -> Iterator[tuple[Span, Doubt | None]]:
    """Left to right; at each place the first rule that holds."""
    position = 0
    before: Start | None = None
    while position < len(text):
        kind = _kind(text[position])
        found = None
        if kind is not before or kind is Start.OTHER:
            found = _first(RULES[kind], text, position)
        if found is None:
            before, position = kind, position + 1
            continue
        end, said = found
        span = Span(text[position:end], said.spoken, position, end)
        doubt = None
        if said.doubt is not None:
            doubt = Doubt(span.written.strip(), position, end, *said.doubt)
        yield span, doubt
        before, position = None, end


def _first(rules: tuple[Rule, ...], text: str, position: int) -> tuple[int, Said] | None:
    for rule in rules:
        match = rule.pattern.match(text, position)
        if match is None or match.end() == position:
            continue
        said = rule.read(Place(match))
        if said is not None:
            return match.end(), said if isinstance(said, Said) else Said(said)
    return None


def _kind(character: str) -> Start:
    category = unicodedata.category(character)
    if category[0] in "LM":
        return Start.LETTER
    return Start.DIGIT if category == "Nd" and character.isascii() else Start.OTHER


def _apart(text: str, spans: list[Span]) -> Iterator[Span]:
    """The spans, with blanks where reading or leaving out would run two words together."""
    last = ""
    end_before = 0
    for index, (span, following) in enumerate(zip(spans, _heard_after(text, spans), strict=True)):
        if span.start > end_before:
            last = text[span.start - 1]
        spoken = span.spoken
        touched = index + 1 < len(spans) and spans[index + 1].start == span.end
        if not spoken:
            spoken = " " if _in_word(last) and _in_word(following) else ""
        elif _in_word(last) and _in_word(spoken[0]):
            spoken = f" {spoken}"
        if spoken and not touched and _in_word(spoken[-1]) and _in_word(following):
            spoken = f"{spoken} "
        yield Span(span.written, spoken, span.start, span.end)
        last = spoken[-1:] or last
        end_before = span.end


def _heard_after(text: str, spans: list[Span]) -> list[str]:
    """For each span the first character that is heard after it."""
    heard: list[str] = []
    next_start, next_heard = len(text), ""
    for span in reversed(spans):
        heard.append(next_heard if span.end == next_start else text[span.end])
        next_start, next_heard = span.start, span.spoken[:1] or heard[-1]
    return heard[::-1]


def _in_word(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LMN"


def _rebuilt(text: str, spans: tuple[Span, ...]) -> str:
    parts: list[str] = []
    position = 0
    for span in spans:
        parts += (text[position : span.start], span.spoken)
        position = span.end
    return "".join([*parts, text[position:]])


def _foreign(text: str) -> Iterator[Doubt]:
    """The first letter that Vietnamese does not have: perhaps the text is in another language."""
    for position, letter in enumerate(text):
        if letter in _FOREIGN_LETTERS:
            yield Doubt(
                letter,
                position,
                position + 1,
                "Chữ này không có trong tiếng Việt: văn bản có đúng là tiếng Việt không?",
                "This letter is not Vietnamese: is the text really in Vietnamese?",
            )
            return
