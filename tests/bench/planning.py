"""A fleet planned from nothing, then one programme edited: how long, how much, and what grows.

BENCH_ZONES zones (3,000 as the issue asks; fewer end sooner), each with a box of its own, in
communes of thirty; each commune has ten programmes a day for fifteen days and two languages. Each
size runs in a process of its own, so that its memory is its own. Seconds are of processor time:
planning is one thread, and a neighbour's work must not count.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _stage import note, tell
from sqlmodel import SQLModel, func, select

from audio_library.rendition import spoken_sha256
from controller import log_setup
from controller.fleet.authority import Authority, open_authority
from controller.operations.asked_work import ask_for_plan
from controller.operations.load_sample import AT_ANY_HOUR
from controller.operations.publish_plans import claim_plans, do_plan
from controller.operations.zone_inputs import PlanRules
from controller.storage import places, programmes, tables
from controller.storage.database import Database, open_database
from controller.storage.insert_or_ignore import insert_or_ignore
from controller.storage.instants import to_ms
from schedules.programme import Programme
from schedules.template import PlayByRule, PlayChosen, Template
from schedules.timing import Timing
from schedules.types import BulletinId, DurationMs, ProgrammeId, ZoneId

ZONES = int(os.environ.get("BENCH_ZONES", "3000"))
EDITS = 5
VILLAGES = 30
"""Villages of a commune: so many zones does an edit touch."""
PROGRAMMES, BULLETINS = 10, 12
NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
NOW_MS = to_ms(NOW)
RULES = PlanRules("Asia/Ho_Chi_Minh", 14, ("http://127.0.0.1:8077",))
SINCE = "2025-07-01"


def planned(database: Database, authority: Authority, now: datetime) -> int:
    """Do what is due, as the planner does; so many zones."""
    zones = 0
    while claimed := claim_plans(database, now):
        for work in claimed:
            do_plan(database, authority, RULES, work, now)
            zones += 1
    return zones


def measure(zones: int) -> dict[str, Any]:
    """Plan so many zones from nothing, then edit programmes of one commune."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "loalang.sqlite3"
        database = open_database(f"sqlite:///{path}", path)
        authority = open_authority(folder / "keys", NOW)
        furnish(database, zones)
        with database.write() as session:
            ask_for_plan(session, NOW)
        began = time.process_time()
        done = planned(database, authority, NOW)
        whole = time.process_time() - began
        assert done == zones
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        edits = [edit(database, authority, number) for number in range(EDITS)]
        with database.read() as session:
            plays = session.exec(select(func.count()).select_from(tables.PlannedPlay)).one()
        size = path.stat().st_size
        database.close()
    return {"whole": whole, "edit": sorted(edits)[EDITS // 2], "rss": rss, "plays": plays} | {
        "bytes": size
    }


def edit(database: Database, authority: Authority, number: int) -> float:
    """Move one programme of the first commune by some minutes; seconds to the last manifest."""
    at = NOW + timedelta(minutes=number + 1)
    began = time.process_time()
    with database.write() as session:
        old = programmes.load(session, f"p-0-{number}")
        moved = old.programme.timing.start + timedelta(minutes=7)
        timing = Timing(moved, RULES.time_zone, rules=("FREQ=DAILY",))
        changed = programmes.Planned(
            programme(0, number, old.programme.zone_ids, timing),
            old.uid,
            old.sequence,
            old.created_by,
            old.created_ms,
            "bench",
            to_ms(at),
        )
        programmes.replace_with(session, changed, "changed")
        ask_for_plan(session, at, changed.programme.zone_ids)
    assert planned(database, authority, at) == VILLAGES
    with database.read() as session:
        newest = session.exec(
            select(func.count()).where(tables.DesiredState.issued_ms == to_ms(at))
        ).one()
    assert newest == VILLAGES
    return time.process_time() - began


def furnish(database: Database, zones: int) -> None:
    """Rows of a province, as enrolment, approval and the workshop leave them."""
    communes = zones // VILLAGES
    with database.write() as session:

        def put(table: type[SQLModel], *rows: dict[str, Any]) -> None:
            insert_or_ignore(session, table, rows)

        unit: dict[str, Any] = {"valid_from": SINCE, "valid_until": None, "predecessors": []}
        put(
            tables.Unit,
            {"id": "tinh", "name": "Tỉnh", "level": "province", "parent_id": None} | unit,
        )
        put(tables.AirtimeRule, {"unit_id": "tinh", "body": places.law_body(AT_ANY_HOUR)})
        for c in range(communes):
            commune = {"id": f"xa-{c}", "name": f"Xã {c}", "level": "commune", "parent_id": "tinh"}
            put(tables.Unit, commune | unit)
            for v in range(VILLAGES):
                put_village(put, unit, f"{c}-{v}", f"xa-{c}")
            for b in range(BULLETINS):
                put_bulletin(put, f"{c}-{b}", f"xa-{c}")
    for c in range(communes):
        with database.write() as session:
            zone_ids = tuple(ZoneId(f"vung-{c}-{v}") for v in range(VILLAGES))
            for p in range(PROGRAMMES):
                start = datetime(2026, 8, 1, 5 + p, 30)
                timing = Timing(start, RULES.time_zone, rules=("FREQ=DAILY",))
                each = programme(c, p, zone_ids, timing)
                planned_one = programmes.Planned(
                    each, f"{each.id}@bench", 0, "bench", NOW_MS - 9**11, "bench", NOW_MS
                )
                programmes.add(session, planned_one)


def put_village(put: Any, unit: dict[str, Any], name: str, commune: str) -> None:
    put(
        tables.Unit,
        {"id": f"thon-{name}", "name": f"Thôn {name}", "level": "village", "parent_id": commune}
        | unit,
    )
    put(
        tables.Cluster,
        {
            "id": f"cum-{name}",
            "name": f"Nhà rông {name}",
            "unit_id": f"thon-{name}",
            "horns": 2,
            "sensitive": False,
            "places": [],
        },
    )
    put(
        tables.Zone,
        {
            "id": f"vung-{name}",
            "name": f"Thôn {name}",
            "unit_id": f"thon-{name}",
            "time_zone": RULES.time_zone,
            "languages": ["vi", "sed"],
        },
    )
    put(
        tables.ZoneCluster,
        {"zone_id": f"vung-{name}", "cluster_id": f"cum-{name}", "valid_from": SINCE},
    )
    did = hashlib.sha256(name.encode()).hexdigest()[:12]
    put(
        tables.Device,
        {"id": did, "public_key": "", "password_hash": "", "enrolled_ms": NOW_MS},
    )
    put(
        tables.Installation,
        {"device_id": did, "cluster_id": f"cum-{name}", "from_ms": NOW_MS - 1},
    )


def put_bulletin(put: Any, name: str, commune: str) -> None:
    put(
        tables.Bulletin,
        {
            "id": f"tin-{name}",
            "title": f"Bản tin {name}",
            "kind": "thuong",
            "topic": "khac",
            "state": "approved",
            "author": "bench",
            "created_ms": NOW_MS - 1,
            "valid_until_ms": to_ms(NOW + timedelta(days=60)),
            "unit_id": commune,
            "editors": [],
            "approved_by": "bench",
            "approved_ms": NOW_MS - 9**10,
        },
    )
    for language in ("vi", "sed"):
        spoken = f"lời {name} {language}"
        sha256 = hashlib.sha256(spoken.encode()).hexdigest()
        put(
            tables.Script,
            {
                "bulletin_id": f"tin-{name}",
                "language": language,
                "text": spoken,
                "pinned_script_sha256": sha256,
                "pinned_spoken": spoken,
                "pinned_wording_version": "1",
            },
        )
        put(
            tables.Asset,
            {
                "sha256": sha256,
                "bytes": 70_000,
                "duration_ms": 20_000,
                "media_type": "audio/ogg",
                "lufs": -16.0,
                "true_peak_dbtp": -2.5,
                "created_ms": NOW_MS,
            },
        )
        put(
            tables.Rendition,
            {
                "language": language,
                "spoken_sha256": spoken_sha256(language, spoken),
                "asset_sha256": sha256,
                "voice": "bench",
                "engine": "bench",
                "created_ms": NOW_MS,
            },
        )


def programme(commune: int, number: int, zones: tuple[ZoneId, ...], timing: Timing) -> Programme:
    """A chosen bulletin, and one by rule: four cues a session."""
    chosen = PlayChosen((BulletinId(f"tin-{commune}-{number}"),))
    return Programme(
        ProgrammeId(f"p-{commune}-{number}"),
        f"Chương trình {number}",
        zones,
        timing,
        Template((chosen, PlayByRule(max_items=1))),
        DurationMs(15 * 60_000),
    )


def run(zones: int) -> dict[str, Any]:
    """`measure` in a process of its own."""
    note(f"planning {zones} zones")
    done = subprocess.run(
        [sys.executable, __file__, str(zones)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    whole = ZONES // VILLAGES * VILLAGES
    half = whole // 2 // VILLAGES * VILLAGES
    small, large = run(half), run(whole)
    tell(
        f"{whole} zones × 15 days × {PROGRAMMES} programmes, from nothing",
        f"{large['whole']:.0f} s, {large['rss'] / 1024:.0f} MB, {large['plays']} plays, "
        f"{large['bytes'] / 2**20:.0f} MB on disk",
        baseline=f"{half} zones: {small['whole']:.0f} s, {small['rss'] / 1024:.0f} MB",
        ratio=large["whole"] / small["whole"],
    )
    tell(
        f"one programme of {VILLAGES} zones edited → last changed manifest",
        f"{large['edit']:.2f} s",
        baseline=f"whole plan {large['whole']:.0f} s",
        ratio=large["edit"] / large["whole"],
        aim="≤ 0.02",
        met=large["edit"] / large["whole"] <= 0.02,
        why=f"an edit touches {VILLAGES} of {whole} zones",
    )
    tell(
        f"the same edit with {whole} zones against {half}",
        f"{large['edit']:.2f} s",
        baseline=f"{small['edit']:.2f} s",
        ratio=large["edit"] / small["edit"],
        aim="about 1.0",
        met=large["edit"] / small["edit"] <= 1.3,
        why="timing noise: an edit reads no zone that it does not touch",
    )
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        sys.exit(main())
