"""Whatever was edited, and whenever it was planned: the boxes are told what a fresh plan says."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from audio_library.errors import AudioLibraryError
from controller.errors import ControllerError
from controller.operations.change_occurrence import cancel_occurrence
from controller.operations.programme_draft import Draft, draft_of
from controller.operations.review_bulletin import (
    approve_bulletin,
    edit_bulletin,
    withdraw_bulletin,
)
from controller.operations.save_programme import cancel_programme, save_programme
from controller.operations.zone_inputs import midnight, today
from controller.operations.zone_languages import order_languages
from controller.storage import programmes, tables
from controller.storage.schedule_tables import BoxPage, ZoneDay
from edge_agent.contract.manifest import Cue
from schedules.errors import ScheduleError
from schedules.template import Order, PlayByRule, PlayChosen, Template
from schedules.timing import Timing
from schedules.types import BulletinId
from tests.controller.office import NOW, RULES, Office

BOXES, BULLETINS = 2, 3
TONIGHT = NOW + timedelta(hours=21)
FAR = today(RULES, NOW + timedelta(hours=48)) + timedelta(days=1)

numbers = st.integers(0, 3)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "add by rule", "move", "cancel", "skip", "withdraw", "edit", "approve", "order"]
        ),
        numbers,
        numbers,
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def commune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with villages, boxes, approved bulletins and two daily programmes in each."""
    folder = tmp_path_factory.mktemp("commune")
    office = Office(folder)
    office.boxes(BOXES)
    for number in range(BULLETINS):
        life = NOW + timedelta(days=3 + 5 * number)
        office.approved(f"Bản tin số {number}.", title=f"Tin {number}", valid_until=life)
    desk = Desk(office)
    desk.edit("add", 1, 0, NOW)
    desk.edit("add by rule", 1, 1, NOW)
    office.database.close()
    return folder


@contextmanager
def copied(folder: Path) -> Iterator[Office]:
    """The same office once more."""
    with TemporaryDirectory() as name:
        shutil.copytree(folder, Path(name) / "office")
        office = Office(Path(name) / "office")
        try:
            yield office
        finally:
            office.database.close()


class Desk:
    """Whoever edits: each edit is kept or refused, as the office would."""

    def __init__(self, office: Office) -> None:
        self.office = office
        with office.database.read() as session:
            self.zones = sorted(session.exec(select(tables.Zone.id)))
            self.bulletins = sorted(session.exec(select(tables.Bulletin.id)))

    def edit(self, what: str, first: int, second: int, now: datetime) -> None:
        """Do one edit; a refusal keeps nothing, and is no matter here."""
        database = self.office.database
        bulletin = self.bulletins[first % BULLETINS]
        act: dict[str, Callable[[], object]] = {
            "add": lambda: self._add(first, second, chosen(bulletin), now),
            "add by rule": lambda: self._add(first, second, by_rule(first), now),
            "move": lambda: self._move(first, second, now),
            "cancel": lambda: cancel_programme(database, self._programme(first), "An", now),
            "skip": lambda: cancel_occurrence(
                database,
                self._programme(first),
                datetime(2026, 8, 10, 10 + second, 0) + timedelta(days=2 * second),
                "An",
                now,
                RULES,
            ),
            "withdraw": lambda: withdraw_bulletin(database, bulletin, "Lan", "sai", now),
            "edit": lambda: edit_bulletin(database, bulletin, {"vi": f"Lời {second}."}, "An", now),
            "approve": lambda: self._approve(bulletin, now),
            "order": lambda: order_languages(
                database, self.zones[first % BOXES], ["sed", "vi"][: 1 + second % 2], "An", now
            ),
        }
        with suppress(ControllerError, ScheduleError, AudioLibraryError):
            act[what]()

    def _programme(self, number: int) -> str:
        with self.office.database.read() as session:
            standing = list(programmes.standing(session))
        if not standing:
            raise ControllerError("none", "chưa có", "none yet")
        return standing[number % len(standing)]

    def _add(self, first: int, second: int, template: Template, now: datetime) -> None:
        start = datetime(2026, 8, 10, 10 + second, 0)
        zones = tuple(self.zones) if first % 2 else (self.zones[second % BOXES],)
        draft = Draft(
            zones,
            Timing(start, RULES.time_zone, rules=("FREQ=DAILY",)),
            template,
            title=f"Chương trình {first}{second}",
        )
        save_programme(self.office.database, draft, "An", now, RULES)

    def _move(self, first: int, second: int, now: datetime) -> None:
        programme_id = self._programme(first)
        with self.office.database.read() as session:
            draft = draft_of(programmes.load(session, programme_id).programme)
        start = datetime(2026, 8, 10, 14 + second, 0)
        moved = replace(draft, timing=replace(draft.timing, start=start))
        save_programme(self.office.database, moved, "An", now, RULES, programme_id=programme_id)

    def _approve(self, bulletin: str, now: datetime) -> None:
        approve_bulletin(self.office.database, bulletin, "Lan", now, four_eyes=False)
        self.office.voiced(bulletin)


def chosen(bulletin: str) -> Template:
    return Template((PlayChosen((BulletinId(bulletin),)),))


def by_rule(number: int) -> Template:
    return Template((PlayByRule(order=list(Order)[number % 3], max_items=1 + number % 2),))


def told(office: Office) -> dict[str, list[Cue]]:
    """Every cue that each box is told."""
    with office.database.read() as session:
        boxes = sorted(session.exec(select(tables.Device.id)))
    return {did: [cue for page in office.pages(did) for cue in page.cues] for did in boxes}


def planned_afresh(office: Office, now: datetime) -> dict[str, list[Cue]]:
    """What boxes would be told if nothing had ever been planned but what is on record."""
    with copied(office.folder) as fresh:
        with fresh.database.write() as session:
            for table in (ZoneDay, BoxPage, tables.DesiredState, tables.Page, tables.WorkItem):
                session.exec(delete(table))
        fresh.publish(now)
        return told(fresh)


def before(cues: dict[str, list[Cue]], end: datetime) -> dict[str, list[Cue]]:
    return {
        did: [c for c in some if c.start < end.timestamp() * 1000] for did, some in cues.items()
    }


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=EDITS)
def test_a_plan_after_edits_is_the_plan_from_scratch(
    commune: Path, edits: list[tuple[str, int, int, bool]]
) -> None:
    with copied(commune) as office:
        desk = Desk(office)
        now = NOW
        office.planned(now)
        for what, first, second, plan_now in edits:
            now += timedelta(minutes=1)
            desk.edit(what, first, second, now)
            if plan_now:
                office.planned(now)
        office.planned(now)

        settled = midnight(RULES, FAR)
        assert before(told(office), settled) == before(planned_afresh(office, now), settled)
        office.planned(TONIGHT)
        assert told(office) == planned_afresh(office, TONIGHT)
