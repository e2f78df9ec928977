"""What a fault that was injected did to plays and events."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: how often injected, how often the box came through as it should."""

    fault: str
    injected: int
    survived: int
    lost: int = 0
    doubled: int = 0
    note: str = ""
    bound_to_lose: int = 0
    """So much of it no box could keep."""

    @property
    def clean(self) -> bool:
        """Whether all came through, nothing was doubled, and lost only what had to be."""
        return (self.survived, self.doubled) == (self.injected, 0) and (
            self.lost == self.bound_to_lose
        )


def table(rows: Iterable[Row]) -> str:
    """The rows for a person, in columns."""
    head = ("fault", "injected", "survived", "lost", "doubled", "note")
    lines = [head, *((r.fault, r.injected, r.survived, r.lost, r.doubled, r.note) for r in rows)]
    texts = [[str(cell) for cell in line] for line in lines]
    widths = [max(len(line[at]) for line in texts) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in texts
    )
