"""What is set for a box, as the box is told it."""

from datetime import UTC, datetime, time, timedelta

from controller.fleet.box_policy import (
    BoxPolicy,
    DataPlan,
    Hours,
    Maintenance,
    data_budget,
    maintenance_order,
)
from edge_agent.contract.desired import DataBudget, OffPeak, ReportPolicy

NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)


def test_a_box_without_a_budget_speaks_each_minute() -> None:
    policy = BoxPolicy()
    assert data_budget(policy, "Asia/Ho_Chi_Minh") is None
    assert policy.report == ReportPolicy(60, 30)
    assert policy.silent_after_ms == 210_000


def test_a_metered_box_speaks_seldom_and_knows_its_cheap_hours() -> None:
    policy = BoxPolicy(data=DataPlan(500, 5, (Hours(time(22), time(5, 30)),)))
    budget = data_budget(policy, "Asia/Ho_Chi_Minh")
    hours = (OffPeak("22:00", "05:30"),)
    assert budget == DataBudget(500_000_000, "Asia/Ho_Chi_Minh", 5, hours)
    assert policy.report == ReportPolicy(900, 240)
    assert policy.silent_after_ms == 2_940_000


def test_maintenance_that_is_over_is_not_told() -> None:
    work = Maintenance(NOW + timedelta(seconds=1), "thay loa", "Cô Lan")
    policy = BoxPolicy(maintenance=work)
    told = maintenance_order(policy, NOW)
    assert told is not None
    assert (told.until, told.reason) == (round(work.until.timestamp() * 1000), "thay loa")
    assert maintenance_order(policy, work.until) is None
    assert policy.maintained_at(work.until) is None
