"""A box or its office was away for long, or comes back older: nobody visits, nothing is lost."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from controller.fleet.keyring import Purpose
from controller.operations.keys import rotate_keys
from controller.operations.load_sample import AT_ANY_HOUR, load_sample
from controller.wiring import utc_now
from tests.attacks.rows import Attempt
from tests.faults.stage import MovableClock
from tests.flows.stage import Stage, staged, until
from tests.flows.test_backup import (
    test_a_paired_box_comes_back_to_a_restored_office_and_the_record_is_whole as backup_restored,
)
from tests.flows.test_faults import virtual
from tests.flows.test_long_away import age_certificate, logged, running_in_1970
from tests.flows.test_pairing import BlankBox, heard, on_duty, paired
from tests.flows.test_restored_office import (
    test_keys_are_rotated_the_box_moved_and_the_database_restored as office_restored,
)


def long_away(folder: Path, days: tuple[int, ...]) -> Attempt:
    """Rotations were missed, the certificate aged or ended, and the clock shows 1970."""
    return asyncio.run(_away(folder, days))


async def _away(folder: Path, days: tuple[int, ...]) -> Attempt:
    took = []
    async with staged(folder, virtual(folder), villages=0, tls=True) as stage:
        (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
        box = BlankBox(folder / "box").write()
        did = await paired(stage, box, village)
        async with box.running():
            await until(lambda: on_duty(stage, did))
        bulletin = await stage.approved("Họp thôn lúc 7h.")
        clock = MovableClock(folder)
        unsure = 0
        for away in days:
            age_certificate(stage, box, did, timedelta(days=away))
            for _ in range(2):
                await asyncio.to_thread(_rotate, stage)
            begun = time.monotonic()
            async with running_in_1970(box, clock):
                await heard(stage, box, village, bulletin)
            took.append(f"{away} days: {time.monotonic() - begun:.0f} s")
            unsure += not _clock_first(box)
    note = f"two rotations missed each time; to the first sound: {', '.join(took)}"
    return Attempt("a box that was long away, no clock", len(days), unsure, 0, note)


def _rotate(stage: Stage) -> None:
    both, keys = (Purpose.OFFICE, Purpose.EMERGENCY), stage.controller.services.authority
    rotate_keys(stage.controller.database, keys, both, "Cô Lan", utc_now(), at_once=True)


def _clock_first(box: BlankBox) -> bool:
    """Whether the time was asked for before anything sounded."""
    told = logged(box)
    trusted = [n for n, e in enumerate(told) if e["action"] == "clock_source" and e["trusted"]]
    sounded = [n for n, e in enumerate(told) if e.get("act") == "play"]
    return bool(trusted and sounded) and trusted[0] < sounded[0]


def older_office(folder: Path) -> Attempt:
    """The database of the office is put back to before a rotation and a move of its box."""
    return _lived(folder, office_restored, "a restored, older controller", "keys, plan, place")


def restored_backup(folder: Path) -> Attempt:
    """The office dies under load; its backup on an empty machine has the boxes back."""
    note = "every as-run there, old and new audio"
    return _lived(folder, backup_restored, "an office that died, from its backup", note)


def _lived(folder: Path, story: Callable[[Path], None], attack: str, note: str) -> Attempt:
    """A story that is told as a test is a row here too."""
    begun = time.monotonic()
    story(folder)
    return Attempt(attack, 1, 0, 0, f"{note}; no visit; {time.monotonic() - begun:.0f} s in all")
