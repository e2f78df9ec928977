import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlmodel import Session

from controller.operations.asked_work import PLAN
from controller.storage import tables, work_items
from controller.storage.bell import BellTower
from controller.storage.database import Database
from controller.work.planner import plan_zones
from tests.controller.office import NOW, RULES, Office

SOON = NOW + timedelta(hours=1)


def until(office: Office, database: Database, reached: Callable[[Session], bool]) -> None:
    """Run the planner until that is so."""
    bells = BellTower()
    office.database.on_ring = bells.ring

    def so() -> bool:
        with office.database.read() as session:
            return reached(session)

    async def run() -> None:
        loop = plan_zones(database, office.authority, RULES, bells, lambda: NOW)
        task = asyncio.ensure_future(loop)
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(so):
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(run())


def test_what_is_asked_for_is_planned(office: Office) -> None:
    boxes = office.boxes(3)
    office.scheduled(office.approved(), boxes, SOON)

    def all_told(session: Session) -> bool:
        return all(session.get(tables.DesiredState, box.did) for box in boxes)

    until(office, office.database, all_told)

    assert all(len(office.pages(box.did)) == 1 for box in boxes)


class Stumbling(Database):
    """A database whose first reading dies."""

    stumbled = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        if not self.stumbled:
            self.stumbled = True
            raise OSError("disk")
        with super().read() as session:
            yield session


def test_a_zone_that_meets_a_defect_holds_up_no_other_and_is_tried_again(office: Office) -> None:
    boxes = office.boxes(2)
    zones = [box.village.cluster_id.replace("cum-", "vung-") for box in boxes]
    stumbling = Stumbling(f"sqlite:///{office.folder / 'loalang.sqlite3'}")

    def over(session: Session) -> bool:
        items = [work_items.find(session, PLAN, zone) for zone in zones]
        return sorted(item.state for item in items if item) == [
            "done",
            "waiting",
        ]

    until(office, stumbling, over)

    with office.database.read() as session:
        (left,) = (
            item
            for zone in zones
            if (item := work_items.find(session, PLAN, zone)) and item.state == "waiting"
        )
    assert "OSError: disk" in (left.error_en or "")
    assert left.due_ms > NOW.timestamp() * 1000
    stumbling.close()
