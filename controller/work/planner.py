"""Plan zones as they fall due: after an edit at once, and each once a night."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from controller.fleet.authority import Authority
from controller.operations.publish_plans import claim_plans, do_plan, give_up
from controller.operations.zone_inputs import PlanRules
from controller.storage import bell, work_items
from controller.storage.database import Database

log = structlog.get_logger()

LOOK_AGAIN_S = 2.0


async def plan_zones(
    database: Database,
    authority: Authority,
    rules: PlanRules,
    bells: bell.BellTower,
    clock: Callable[[], datetime],
) -> None:
    """Claim a few zones at a time and plan them one by one, in a thread, for ever.

    Between two zones the air, the screens and other writers have their turn. A zone that meets a
    defect is tried again, and holds up no other.
    """

    def plan(work: work_items.Claimed) -> None:
        now = clock()
        try:
            do_plan(database, authority, rules, work, now)
        except Exception as e:
            # Whatever it was, it must not hold its zone until the lease ends.
            log.exception("plan_defect", zone=work.key)
            give_up(database, work, f"{type(e).__name__}: {e}"[:300], now)

    with bells.listening(bell.WORK) as listener:
        while True:
            claimed = await asyncio.to_thread(claim_plans, database, clock())
            for work in claimed:
                await asyncio.to_thread(plan, work)
            if not claimed:
                await listener.wait(LOOK_AGAIN_S)
