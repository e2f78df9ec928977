"""`python -m tests.attacks [names]`: try every attack, or those named; print what came of it."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from controller import log_setup
from tests.attacks import (
    alert_faults,
    away_faults,
    box_attacks,
    office_attacks,
    pairing_attacks,
    wire_attacks,
)
from tests.attacks.rows import Attempt, table

ATTACKS: Mapping[str, Callable[[Path], Attempt]] = {
    **alert_faults.ALERT_FAULTS,
    "box-updating": alert_faults.box_updating,
    "forged": partial(wire_attacks.forged_messages, messages=100_000, seed=5),
    "other-commune": wire_attacks.other_commune,
    "replay": partial(wire_attacks.replay, seed=5),
    "two-controllers": partial(wire_attacks.two_controllers, commands=10_000, cuts=6, seed=5),
    "replaced-server": wire_attacks.replaced_server,
    "older-plan": box_attacks.older_plan,
    "older-trust": box_attacks.older_trust,
    "stolen-password": partial(office_attacks.stolen_password, messages=20_000, seed=5),
    "forged-birth": partial(office_attacks.forged_birth, rounds=5),
    "older-office": away_faults.older_office,
    "backup": away_faults.restored_backup,
    "long-away": partial(away_faults.long_away, days=(60, 120, 500)),
    "guessed-code": partial(pairing_attacks.guessed_code, guesses=5_000, addresses=250),
    "middle-man": pairing_attacks.middle_man,
    "cloned-card": pairing_attacks.cloned_card,
    "revoked": partial(pairing_attacks.revoked_box, messages=1_000),
    "false-servers": pairing_attacks.lying_servers,
    "sticks": partial(box_attacks.evil_sticks, entries=5_000),
    "local-page": partial(box_attacks.local_page, guesses=2_000, requests=10_000, seed=5),
}
"""Each with its heavy counts; `make test` runs small ones, here or beside the part."""


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
