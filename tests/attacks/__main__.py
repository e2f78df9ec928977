"""`python -m tests.attacks [names]`: try every attack, or those named; print what came of it."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from controller import log_setup
from tests.attacks import office_attacks, wire_attacks
from tests.attacks.alert_faults import ALERT_FAULTS
from tests.attacks.rows import Attempt, table

ATTACKS: Mapping[str, Callable[[Path], Attempt]] = {
    **ALERT_FAULTS,
    "forged": partial(wire_attacks.forged_messages, messages=100_000, seed=5),
    "other-commune": wire_attacks.other_commune,
    "replay": partial(wire_attacks.replay, seed=5),
    "two-controllers": partial(wire_attacks.two_controllers, commands=10_000, cuts=6, seed=5),
    "replaced-server": wire_attacks.replaced_server,
    "stolen-password": partial(office_attacks.stolen_password, messages=20_000, seed=5),
}
"""Each with its heavy counts; `make test` runs the same functions with small ones."""


def main(names: list[str]) -> int:
    """Run them one after another; 1 if one was not repelled, 2 for an unknown name."""
    unknown = [name for name in names if name not in ATTACKS]
    if unknown:
        print(f"không có / unknown: {', '.join(unknown)}", file=sys.stderr)
        print("\n".join(ATTACKS), file=sys.stderr)
        return 2
    attempts = []
    for name in names or list(ATTACKS):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="loalang-") as folder:
            attempts.append(_try(name, Path(folder)))
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print(table(attempts))
    return 0 if all(attempt.repelled for attempt in attempts) else 1


def _try(name: str, folder: Path) -> Attempt:
    """An attack that broke something is a row too, and the others are still tried."""
    try:
        return ATTACKS[name](folder)
    except (AssertionError, OSError, TimeoutError) as e:
        return Attempt(name, 1, 1, note=str(e).partition("\n")[0] or type(e).__name__)


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main(sys.argv[1:]))
