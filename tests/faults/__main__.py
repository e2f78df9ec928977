"""`python -m tests.faults [names]`: inject every fault, or those named; print what came of it."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.faults import clock_faults, power_faults
from tests.faults.rows import Row, table

FAULTS: Mapping[str, Callable[[Path], Row]] = {
    "boot-in-1970": clock_faults.boot_in_1970,
    "clock-steps": clock_faults.steps_in_mid_programme,
    "new-years-eve": clock_faults.new_years_eve,
    "kills": partial(power_faults.kills, times=200, seed=5),
    "damaged-spool": power_faults.damaged_spool,
    "read-only-disk": power_faults.read_only_disk,
    "full-disk": power_faults.full_disk,
}
"""Each with its heavy counts; `make test` runs the same functions with small ones."""


def main(names: list[str]) -> int:
    """Run them one after another; 1 if one did not come through clean, 2 for an unknown name."""
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        print(f"không có / unknown: {', '.join(unknown)}", file=sys.stderr)
        print("\n".join(FAULTS), file=sys.stderr)
        return 2
    rows = []
    for name in names or list(FAULTS):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="loalang-") as folder:
            rows.append(_inject(name, Path(folder)))
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print(table(rows))
    return 0 if all(row.clean for row in rows) else 1


def _inject(name: str, folder: Path) -> Row:
    """A fault that a box did not come through is a row too, and the others still run."""
    try:
        return FAULTS[name](folder)
    except AssertionError as e:
        return Row(name, 1, 0, note=str(e).splitlines()[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
