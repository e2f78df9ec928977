"""How a box is whose agent does not run: read from its state folder, which is left as it is."""

import shutil
import sqlite3
import tempfile
from pathlib import Path

from edge_agent import durable
from edge_agent.cache import Shelf, newest_first
from edge_agent.contract.desired import Desired
from edge_agent.contract.state import Telemetry
from edge_agent.contract.types import Unreadable, decode
from edge_agent.health import Health
from edge_agent.plan import Plan, held_until, read_plan
from edge_agent.status.status import Status, next_plays
from edge_agent.tls import certificate_until


def read_stopped(did: str, state_dir: Path, version: str, health: Health, now_ms: int) -> Status:
    """Read what the folder of an agent that does not run tells; changes nothing in it.

    `now_ms` is the clock of the system, which nobody has judged. Raises OSError.
    """
    held = {shelf: _held(state_dir, shelf) for shelf in Shelf}
    desired = _desired(state_dir)
    plan, plan_until, lacking = Plan(), None, 0
    if desired is not None:
        place = state_dir / Shelf.PAGES
        pages = {sha256: place / f"{sha256}{Shelf.PAGES.ending}" for sha256 in held[Shelf.PAGES]}
        plan = read_plan(desired.manifest, pages.get, now_ms, lambda: newest_first(pages.values()))
        plan_until = held_until(desired.manifest, held[Shelf.PAGES], plan.time_zone)
        lacking = sum(asset.sha256 not in held[Shelf.AUDIO] for asset, _ in plan.needed)
        lacking += sum(page.sha256 not in held[Shelf.PAGES] for page in desired.manifest.pages)
    disk = shutil.disk_usage(state_dir)
    telemetry = Telemetry(
        boot=_boot(state_dir),
        at=now_ms,
        desired=desired.serial if desired else 0,
        lacking=lacking,
        bytes_wanted=0,
        bytes_held=0,
        temperature_c=health.temperature_c,
        under_voltage=health.under_voltage,
        disk_free_bytes=disk.free,
        disk_errors=health.disk_errors,
        uptime_s=health.uptime_s,
        disk_total_bytes=disk.total,
        card_worn_percent=health.card_worn_percent,
        plan_until=plan_until,
        spooled=_spooled(state_dir / "spool.sqlite"),
        certificate_until=certificate_until(state_dir),
    )
    return Status(
        did=did,
        running=False,
        version=version,
        time_zone=plan.time_zone,
        now=now_ms,
        telemetry=telemetry,
        next=next_plays(plan.cues, held[Shelf.AUDIO], now_ms),
    )


def _held(state_dir: Path, shelf: Shelf) -> frozenset[str]:
    names = (file.name for file in (state_dir / shelf).glob(f"*{shelf.ending}"))
    return frozenset(name.removesuffix(shelf.ending) for name in names)


def _desired(state_dir: Path) -> Desired | None:
    try:
        stored = durable.read_checked(state_dir / "desired.json")
        return None if stored is None else decode(stored, Desired)
    except (durable.Damaged, Unreadable):
        return None


def _boot(state_dir: Path) -> int:
    try:
        return int(durable.read_checked(state_dir / "boot") or 0)
    except (durable.Damaged, ValueError):
        return 0


def _spooled(file: Path) -> int:
    """Events not yet acknowledged, counted in a copy: reading a database writes beside it."""
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / file.name
        for ending in ("", "-wal"):
            part = file.with_name(file.name + ending)
            if part.exists():
                shutil.copyfile(part, copy.with_name(copy.name + ending))
        if not copy.exists():
            return 0
        db = sqlite3.connect(copy)
        try:
            return int(db.execute("select count(*) from event").fetchone()[0])
        except sqlite3.DatabaseError:
            return 0
        finally:
            db.close()
