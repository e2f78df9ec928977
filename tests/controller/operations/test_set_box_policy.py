"""What a person sets for one box reaches that box alone, once, and is written down."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlmodel import col, select

from controller.errors import ControllerError, NotFound
from controller.fleet.box_policy import BoxPolicy, DataPlan, Hours, Maintenance
from controller.fleet.status import Status
from controller.operations.set_box_policy import HeldPolicy, set_policy, show_policy
from controller.operations.show_fleet import clusters_now
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Cart
from edge_agent.contract.desired import OffPeak, ReportPolicy
from tests.controller.office import NOW, RULES, Box, Office

AIR = NOW + timedelta(hours=5)
METERED = DataPlan(500, 5, (Hours(time(22), time(5)),))


@pytest.fixture
def boxes(office: Office) -> list[Box]:
    made = office.boxes(2)
    office.scheduled(office.approved(), made, AIR)
    office.publish()
    return made


def put(
    office: Office,
    did: str,
    change: Callable[[BoxPolicy], BoxPolicy],
    now: datetime = NOW,
) -> HeldPolicy:
    return set_policy(office.database, office.authority, RULES, did, change, "Cô Lan", now)


def waiting(office: Office) -> list[str]:
    """Topics of what has not left yet; then they have."""
    with office.database.write() as session:
        rows = session.exec(select(tables.Outbox).where(col(tables.Outbox.sent_ms).is_(None))).all()
        for row in rows:
            row.sent_ms = to_ms(NOW)
            session.add(row)
        return [row.topic for row in rows]


def test_only_that_box_is_told_and_nothing_of_its_plan_changes(
    office: Office, boxes: list[Box]
) -> None:
    mine, other = boxes
    waiting(office)
    before, others = office.desired(mine.did), office.desired(other.did)

    put(office, mine.did, lambda p: replace(p, data=METERED, delay_ms=350, clock_within_s=30))

    assert waiting(office) == [f"loa/v1/d/{mine.did}/dn/desired"]
    after = office.desired(mine.did)
    assert after.serial > before.serial
    assert after.manifest == before.manifest
    assert after.data is not None
    assert after.data.monthly_bytes == 500_000_000
    assert after.data.off_peak == (OffPeak("22:00", "05:00"),)
    assert after.report == ReportPolicy(900, 240)
    assert (after.delay_ms, after.clock_within_s) == (350, 30)
    assert office.desired(other.did) == others


def test_the_same_again_says_nothing(office: Office, boxes: list[Box]) -> None:
    did = boxes[0].did
    put(office, did, lambda p: replace(p, delay_ms=100))
    waiting(office)
    held = put(office, did, lambda p: replace(p, delay_ms=100), NOW + timedelta(hours=1))
    assert waiting(office) == []
    assert (held.set_by, held.set_at) == ("Cô Lan", NOW)


def test_the_next_plan_keeps_what_was_set(office: Office, boxes: list[Box]) -> None:
    put(office, boxes[0].did, lambda p: replace(p, delay_ms=100))
    office.scheduled(office.approved("Họp thôn lúc 8h."), boxes, AIR + timedelta(hours=2))
    office.publish()
    assert office.desired(boxes[0].did).delay_ms == 100
    assert office.desired(boxes[1].did).delay_ms == 0


def test_what_is_not_named_stays(office: Office, boxes: list[Box]) -> None:
    did = boxes[0].did
    put(office, did, lambda p: replace(p, data=METERED))
    held = put(office, did, lambda p: replace(p, delay_ms=5))
    assert held.policy == BoxPolicy(data=METERED, delay_ms=5)
    with office.database.read() as session:
        assert show_policy(session, did) == held
        assert show_policy(session, boxes[1].did) == HeldPolicy(BoxPolicy(), "", None)
        query = select(tables.Event.body).where(tables.Event.kind == "box_policy")
        assert [body["by"] for body in session.exec(query)] == ["Cô Lan", "Cô Lan"]


def test_maintenance_is_told_shown_and_ends_by_itself(office: Office, boxes: list[Box]) -> None:
    did = boxes[0].did
    until = NOW + timedelta(hours=2)
    put(office, did, lambda p: replace(p, maintenance=Maintenance(until, "thay loa", "Cô Lan")))

    told = office.desired(did).maintenance
    assert told is not None
    assert (told.until, told.reason) == (to_ms(until), "thay loa")
    with office.database.read() as session:
        now = {c.device_id: c.status for c in clusters_now(session, NOW)}
        later = {c.device_id: c.status for c in clusters_now(session, until)}
    assert now[did] is Status.MAINTENANCE
    assert now[boxes[1].did] is not Status.MAINTENANCE
    assert later[did] is Status.UNKNOWN

    put(office, did, lambda p: replace(p, maintenance=None))
    assert office.desired(did).maintenance is None


@pytest.mark.parametrize("until", [NOW, NOW - timedelta(hours=1), NOW + timedelta(days=32)])
def test_maintenance_for_ever_or_of_yesterday_is_refused(
    office: Office, boxes: list[Box], until: datetime
) -> None:
    did = boxes[0].did
    waiting(office)
    work = Maintenance(until, "thay loa", "Cô Lan")
    with pytest.raises(ControllerError, match="Bảo trì phải"):
        put(office, did, lambda p: replace(p, maintenance=work, delay_ms=9))
    assert waiting(office) == []
    with office.database.read() as session:
        assert show_policy(session, did).policy == BoxPolicy()


def test_the_known_sound_is_a_cart_that_stands(office: Office, boxes: list[Box]) -> None:
    did = boxes[0].did
    with office.database.write() as session:
        sha = session.exec(select(tables.Asset.sha256)).first() or ""
        cart = Cart(
            id="chuong",
            name="chuong",
            language="vi",
            title="Chuông",
            asset_sha256=sha,
            added_by="Cô Lan",
            added_ms=to_ms(NOW),
        )
        session.add(cart)
    put(office, did, lambda p: replace(p, fallback="chuong"))
    told = office.desired(did).fallback
    assert told is not None
    assert told.sha256 == sha

    with office.database.write() as session:
        session.get_one(Cart, "chuong").removed_ms = to_ms(NOW)
    put(office, did, lambda p: replace(p, delay_ms=1))
    assert office.desired(did).fallback is None
    with pytest.raises(NotFound):
        put(office, did, lambda p: replace(p, fallback="khong-co"))


def test_a_box_that_nobody_knows_has_no_policy(office: Office) -> None:
    with pytest.raises(NotFound):
        put(office, "khongcomaynay"[:12], lambda p: replace(p, delay_ms=1))
