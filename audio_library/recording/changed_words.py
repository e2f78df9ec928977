"""What differs between the words that were recorded and those that are wanted now."""

from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ChangedWords:
    """Words that were and words that are in their place; either may be empty."""

    before: str
    after: str

    def __str__(self) -> str:
        return f"“{self.before}” → “{self.after}”"


def changed_words(before: str, after: str) -> tuple[ChangedWords, ...]:
    """The first MOST_SHOWN places where the texts differ, word by word, in order."""
    old, new = before.split(), after.split()
    steps = SequenceMatcher(None, old, new, autojunk=len(old) > 2_000).get_opcodes()
    changed = (
        ChangedWords(" ".join(old[a:b]), " ".join(new[c:d]))
        for kind, a, b, c, d in steps
        if kind != "equal"
    )
    return tuple(change for change, _ in zip(changed, range(MOST_SHOWN), strict=False))


def in_short(before: str, after: str, *, longest: int = 120) -> str:
    """The first change, cut to a line."""
    changed = changed_words(before, after)
    if not changed:
        return "…"
    said = str(changed[0])
    return said if len(said) <= longest else f"{said[: longest - 1]}…"
