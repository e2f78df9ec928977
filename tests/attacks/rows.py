"""What an attack that was tried came to."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """One line of the table; `obeyed` counts what sounded, was deleted or believed by fraud.

    `lost` counts what should have sounded or been told all the same, and was not.
    """

    attack: str
    tried: int
    obeyed: int
    lost: int = 0
    note: str = ""

    @property
    def repelled(self) -> bool:
        """Whether nothing came of it."""
        return self.tried > 0 and (self.obeyed, self.lost) == (0, 0)


def table(attempts: Iterable[Attempt]) -> str:
    """The attempts for a person, in columns."""
    head = ("attack", "tried", "obeyed", "lost", "note")
    lines = [head, *((a.attack, a.tried, a.obeyed, a.lost, a.note) for a in attempts)]
    texts = [[str(cell) for cell in line] for line in lines]
    widths = [max(len(line[at]) for line in texts) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in texts
    )
