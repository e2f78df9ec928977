"""make bench: run the scripts beside this one, or those named, and print their rows as a table.

A script prints one JSON object a row: what, ours, baseline, aim, met (texts), ratio (a number or
null). An aim that is missed is a row that says so and why, not a failure.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COLUMNS = ("what", "ours", "baseline", "ratio", "aim", "met")
LIMIT_S = 1800


def rows_of(script: Path) -> list[dict[str, object]]:
    """What one script measured; one row that says so if it failed."""
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        rows.append({"what": script.stem, "ours": f"failed, exit {done.returncode}"})
    return rows


def table(rows: list[dict[str, object]]) -> str:
    """Rows under their headings, each column as wide as its widest cell."""
    cells = [COLUMNS, *(tuple(shown(row.get(column)) for column in COLUMNS) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def shown(value: object) -> str:
    if value is None or value == "":
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def main(names: list[str]) -> int:
    scripts = [
        path
        for path in sorted(HERE.glob("*.py"))
        if not path.stem.startswith("_") and (not names or path.stem in names)
    ]
    rows = [row for script in scripts for row in rows_of(script)]
    print(table(rows))
    return int(any("failed" in str(row["ours"]) for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
