"""What is lacking today, one line for what several languages lack alike."""

from collections.abc import Iterable
from dataclasses import dataclass

from controller.operations.lack_line import About, LackLine


@dataclass(frozen=True, slots=True)
class Lacking:
    """The most urgent line of its kind, and the other languages that lack the same."""

    line: LackLine
    also: tuple[str, ...]


def gathered(lines: Iterable[LackLine]) -> tuple[Lacking, ...]:
    """In the order of the first of each kind."""
    alike: dict[tuple[str, ...], list[LackLine]] = {}
    for line in lines:
        of = line.subject if line.about in (About.BULLETIN, About.BOX) else ""
        key = (line.about.value, line.code, of)
        alike.setdefault(key, []).append(line)
    return tuple(
        Lacking(first, tuple(line.language for line in others if line.language))
        for first, *others in alike.values()
    )
