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

    @property
    def clean(self) -> bool:
        """Whether everything came through and nothing was lost or doubled."""
        return (self.survived, self.lost, self.doubled) == (self.injected, 0, 0)


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
