"""The tables beside this module: tab-separated, # for comments, a row per entry."""

from importlib import resources


def rows(name: str, columns: int) -> tuple[tuple[str, ...], ...]:
    """Every row of the table, filled up with empty cells to that many columns."""
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    cells = (line.split("\t") for line in lines)
    return tuple(tuple([*row, *[""] * columns][:columns]) for row in cells)
