"""The words that will be heard, for a text as it is written, with what was changed where."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from audio_library.wording.dialect import Dialect
from audio_library.wording.letters import FOREIGN_LETTERS, NARROW, OTHER_SCRIPTS
from audio_library.wording.lexicon import NO_LEXICON, Lexicon
from audio_library.wording.rule import Place, Said, Start
from audio_library.wording.rules import PLAIN, NamedRule, rules_at

VERSION = "2"
"""Goes up with every change of a rule or lexicon that can change a reading."""

LEXICON = "lexicon"
_THEN = re.compile(r"\d++\s*+(\S?)")
_PARTING = frozenset(",;:")


@dataclass(frozen=True, slots=True)
class Span:
    """`written` at [start, end) of the text is heard as `spoken`; empty: it is not read."""

    written: str
    spoken: str
    start: int
    end: int
    rule: str
    """Whose reading it is: the module of the rule, or `lexicon`."""


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


def spoken_form(
    text: str,
    language: str = "vi",
    *,
    lexicon: Lexicon = NO_LEXICON,
    dialect: Dialect = Dialect.NORTH,
) -> SpokenForm:
    """How the text is read. Total, deterministic; expects one spelling (`script.check_text`).

    The lexicon overrides every rule. Only Vietnamese is put into words: other languages come
    through unchanged, for a person to read.
    """
    if language != "vi":
        return SpokenForm(text)
    readings = list(_readings(text.translate(NARROW), lexicon, dialect))
    spans = tuple(_apart(text, [span for span, _ in readings]))
    doubts = tuple(
        replace(doubt, written=text[doubt.start : doubt.end].strip())
        for _, doubt in readings
        if doubt is not None
    )
    return SpokenForm(_rebuilt(text, spans), spans, doubts + tuple(_foreign(text, spans)))


def wording_version(lexicon: Lexicon = NO_LEXICON, dialect: Dialect = Dialect.NORTH) -> str:
    """Pinned with every approval: a reading may change only where this does."""
    parts = [VERSION]
    if dialect is not Dialect.NORTH:
        parts.append(dialect.value)
    if lexicon.digest:
        parts.append(f"lexicon.{lexicon.digest}")
    return "+".join(parts)


def _readings(text: str, lexicon: Lexicon, dialect: Dialect) -> Iterator[tuple[Span, Doubt | None]]:
    position = 0
    for start, end, spoken in lexicon.found_in(text):
        yield from _by_rules(text, position, start, dialect)
        yield Span(text[start:end], spoken, start, end, LEXICON), None
        position = end
    yield from _by_rules(text, position, len(text), dialect)


def _by_rules(
    text: str, position: int, stop: int, dialect: Dialect
) -> Iterator[tuple[Span, Doubt | None]]:
    """Left to right; at each place the first rule that holds."""
    before: Start | None = None
    while position < stop:
        kind = _kind(text[position])
        found = None
        if kind is not before or kind is Start.OTHER:
            pattern = PLAIN[kind]
            plain = pattern.match(text, position, stop) if pattern is not None else None
            if plain is not None:
                before, position = kind, plain.end()
                continue
            then = _THEN.match(text, position) if kind is Start.DIGIT else None
            rules = rules_at(kind, text[position], then[1] if then else "")
            found = _first(rules, text, position, stop)
        if found is None:
            before, position = kind, position + 1
            continue
        rule, end, said = found
        span = Span(text[position:end], dialect.said(said.spoken), position, end, rule)
        doubt = None
        if said.doubt is not None:
            doubt = Doubt(span.written.strip(), position, end, *said.doubt)
        yield span, doubt
        before, position = None, end


def _first(
    rules: tuple[NamedRule, ...], text: str, position: int, stop: int
) -> tuple[str, int, Said] | None:
    for name, rule in rules:
        match = rule.pattern.match(text, position, stop)
        if match is None or match.end() == position:
            continue
        said = rule.read(Place(match))
        if said is not None:
            return name, match.end(), said if isinstance(said, Said) else Said(said)
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
        elif (_in_word(last) or last in _PARTING) and _in_word(spoken[0]):
            spoken = f" {spoken}"
        if spoken and not touched and _in_word(spoken[-1]) and _in_word(following):
            spoken = f"{spoken} "
        written = text[span.start : span.end]
        yield Span(written, spoken, span.start, span.end, span.rule)
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


def _foreign(text: str, spans: tuple[Span, ...]) -> Iterator[Doubt]:
    """The first letter that Vietnamese does not have: perhaps the text is in another language."""
    settled = {at for span in spans if span.rule == LEXICON for at in range(span.start, span.end)}
    for letter in FOREIGN_LETTERS.finditer(text):
        if letter.start() not in settled:
            yield Doubt(
                letter[0],
                *letter.span(),
                "Chữ này không có trong tiếng Việt: văn bản có đúng là tiếng Việt không?",
                "This letter is not Vietnamese: is the text really in Vietnamese?",
            )
            break
    read = {at for span in spans for at in range(span.start, span.end)}
    for letter in OTHER_SCRIPTS.finditer(text):
        if letter.start() not in read:
            yield Doubt(
                letter[0],
                *letter.span(),
                "Chữ này không phải chữ La-tinh thường, giọng đọc có thể bỏ qua. Hãy gõ lại.",
                "This is no ordinary Latin letter; a voice may leave it out. Type it anew.",
            )
            return
