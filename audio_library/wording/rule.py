"""A rule: where it may start, what it matches, and how that is read in its place."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

_CONTEXT = 200
_GAP = 24
"""As many blanks and marks may part a place from the words before it."""
_UNBOUNDED = re.compile(r"[+*{]")


class Start(Enum):
    """What kind of character a rule's match begins with."""

    DIGIT = "digit"
    LETTER = "letter"
    OTHER = "other"


@dataclass(frozen=True)
class Place:
    """A match in its text, with what stands around it."""

    match: re.Match[str]

    def __getitem__(self, group: int | str) -> str:
        return self.match[group] or ""

    def has(self, group: str) -> bool:
        """Whether the pattern has a group of that name."""
        return group in self.match.re.groupindex

    @cached_property
    def before(self) -> str:
        """Up to 200 characters before the match, lower case."""
        start = self.match.start()
        return self.match.string[max(0, start - _CONTEXT) : start].lower()

    @cached_property
    def after(self) -> str:
        """Up to 200 characters after the match, as written."""
        end = self.match.end()
        return self.match.string[end : end + _CONTEXT]

    @cached_property
    def in_capitals(self) -> bool:
        """A heading: all letters of the line beside the match are capitals."""
        text, start = self.match.string, self.match.start()
        before = text[max(text.rfind("\n", 0, start) + 1, start - _CONTEXT) : start]
        return (before + self.after.partition("\n")[0]).isupper()

    def follows(self, pattern: "re.Pattern[str] | Ending") -> bool:
        """Whether the pattern ends right before the match; write it in lower case, ending in $."""
        if isinstance(pattern, Ending):
            before = self.before
            return pattern.pattern.search(before, max(0, len(before) - pattern.reach)) is not None
        return pattern.search(self.before) is not None

    def precedes(self, pattern: re.Pattern[str]) -> bool:
        """Whether the pattern stands right after the match."""
        return pattern.match(self.after) is not None


@dataclass(frozen=True, slots=True)
class Said:
    """How a place is read; with a doubt (Vietnamese, English) the editor should look at it."""

    spoken: str
    doubt: tuple[str, str] | None = None


Reader = Callable[[Place], Said | str | None]
"""None: the rule does not hold here after all."""


@dataclass(frozen=True, slots=True)
class Rule:
    start: Start
    pattern: re.Pattern[str]
    read: Reader
    first: str = ""
    """The characters that its match can begin with; empty: any of its kind."""
    then: str = ""
    """What can follow the digits that it begins with, but for blanks; empty: anything."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A pattern to end right before a place, and how far before it need be looked for."""

    pattern: re.Pattern[str]
    reach: int


def preceded_by(words: str, between: str = r"[\s:]*") -> Ending:
    """Whole words, alternatives parted by |, right before the place (blanks and : between)."""
    longest = len(words) if "(" in words else max(map(len, words.split("|")))
    reach = _CONTEXT if _UNBOUNDED.search(words) else min(longest + _GAP, _CONTEXT)
    return Ending(re.compile(rf"(?<!\w)(?:{words}){between}$"), reach)


def followed_by(words: str) -> re.Pattern[str]:
    """Whole words, alternatives parted by |, right after the place (blanks between)."""
    return re.compile(rf"\s*(?:{words})(?!\w)", re.IGNORECASE)
