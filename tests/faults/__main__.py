"""`python -m tests.faults [names]`: inject every fault, or those named; print what came of it."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from controller import log_setup
from tests.faults import clock_faults, controller_faults, network_faults, power_faults
from tests.faults.rows import Row, table

FAULTS: Mapping[str, Callable[[Path], Row]] = {
    "boot-in-1970": clock_faults.boot_in_1970,
    "clock-steps": clock_faults.steps_in_mid_programme,
    "new-years-eve": clock_faults.new_years_eve,
    "kills": partial(power_faults.kills, times=200, seed=5),
    "damaged-spool": power_faults.damaged_spool,
    "read-only-disk": power_faults.read_only_disk,
    "read-only-start": power_faults.read_only_start,
    "full-disk": power_faults.full_disk,
    "link-lost": partial(network_faults.link_lost, plays=12),
    "cut-downloads": partial(network_faults.cut_everywhere, seeds=1_000),
    "older-word": network_faults.older_word,
    "broker-killed": partial(network_faults.broker_killed, times=30, seed=5),
    "priorities": partial(network_faults.priorities_collide, times=40, seed=5),
    "data-used-up": network_faults.data_used_up,
    "neighbours": partial(network_faults.neighbours, files=8),
    "long-outage": partial(
        controller_faults.long_outage, minutes=controller_faults.OUTAGE_MIN, cuts=4
    ),
    "office-broker": partial(controller_faults.broker_killed, times=10, seed=5),
    "deleted-bulletin": controller_faults.deleted_bulletin,
    "two-ingesters": partial(controller_faults.two_ingesters, times=20, seed=5),
    "moved-link": partial(controller_faults.moved_link, times=5),
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
    except (AssertionError, OSError) as e:
        return Row(name, 1, 0, note=str(e).partition("\n")[0] or type(e).__name__)


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main(sys.argv[1:]))
