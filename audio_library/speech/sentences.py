"""Cuts a spoken form where a reader takes breath, so that an edit touches only what it changes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SENTENCE_PAUSE_MS = 360
"""A news reader's breath; eSpeak's own at a full stop is of that length."""
PARAGRAPH_PAUSE_MS = 700
"""Twice that: in the echo between two horns a new subject must be heard as one."""
CLAUSE_PAUSE_MS = 240
"""Between the items of an official sentence, which may run over a page."""
LONGEST_SENTENCE = 240
"""Characters; a longer one is cut at its semicolons."""
SHORTEST_SEGMENT = 60
"""Characters: 4 s of speech. The meter is steady from 3 s on, so less is not levelled alone."""

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE = re.compile(
    r"""(?:\n\s*            # a line is a sentence
        | (?<=[.!?…])\s+     # after its end …
        | (?<=[.!?…]["”’)\]])\s+
        )(?![a-zà-ỹđ\s])    # … and before no small letter: “v.v. và”
    """,
    re.VERBOSE,
)
_CLAUSE = re.compile(r"(?<=;)\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words to be spoken in one breath, and the silence after them."""

    text: str
    pause_ms: int


def sentences(spoken: str) -> tuple[Sentence, ...]:
    """In order; all words of `spoken` and nothing else. What holds no word joins its neighbour."""
    found: list[Sentence] = []
    for paragraph in _PARAGRAPH.split(spoken.strip()):
        said = _with_words(_SENTENCE.split(paragraph.strip()))
        for text in said[:-1]:
            found += _clauses(text, SENTENCE_PAUSE_MS)
        for text in said[-1:]:
            found += _clauses(text, PARAGRAPH_PAUSE_MS)
    return tuple(found)


def in_segments(spoken: str) -> tuple[tuple[Sentence, ...], ...]:
    """Sentences that are levelled together: a short one goes with the one that follows it."""
    grouped = list(_grouped(sentences(spoken)))
    if len(grouped) > 1 and _length(grouped[-1]) < SHORTEST_SEGMENT:
        grouped[-2:] = [grouped[-2] + grouped[-1]]
    return tuple(grouped)


def _grouped(said: tuple[Sentence, ...]) -> Iterator[tuple[Sentence, ...]]:
    group: tuple[Sentence, ...] = ()
    for sentence in said:
        group += (sentence,)
        if _length(group) >= SHORTEST_SEGMENT:
            yield group
            group = ()
    if group:
        yield group


def _clauses(sentence: str, pause_ms: int) -> Iterator[Sentence]:
    cut = _CLAUSE.split(sentence) if len(sentence) > LONGEST_SENTENCE else [sentence]
    clauses = _with_words(cut)
    for clause in clauses[:-1]:
        yield Sentence(clause, CLAUSE_PAUSE_MS)
    yield Sentence(clauses[-1], pause_ms)


def _length(group: tuple[Sentence, ...]) -> int:
    return sum(len(sentence.text) for sentence in group)


def _with_words(pieces: list[str]) -> list[str]:
    said: list[str] = []
    for piece in pieces:
        if said and not _has_word(piece):
            said[-1] = f"{said[-1]} {piece}".rstrip()
        elif said and not _has_word(said[-1]):
            said[-1] = f"{said[-1]} {piece}"
        else:
            said.append(piece)
    return [piece for piece in said if _has_word(piece)]


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)
