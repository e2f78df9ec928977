"""What a message changes of what the box holds, and what it may never change."""

from pathlib import Path
from typing import cast

from edge_agent.contract import topics
from edge_agent.contract.alert import AlertList
from edge_agent.contract.trust import Kind
from edge_agent.held import HeldStore
from edge_agent.inbox import Inbox, open_placement
from edge_agent.intake import Intake
from edge_agent.spool import Spool
from edge_agent.supply import Supply
from tests.edge_agent.office import DID, FAR, UNIT, Office
from tests.edge_agent.test_clock import NTP, Bench


def test_an_alert_of_whatever_office_says_nothing_about_the_time(tmp_path: Path) -> None:
    bench, office = Bench(tmp_path), Office.open(tmp_path / "files")
    now = bench.clock.read()
    assert not now.trusted
    root = office.root.public_key()
    intake = Intake(
        Inbox(root, open_placement(office.placement(), DID, root)),
        HeldStore(tmp_path),
        bench.clock,
        Spool(tmp_path / "spool.sqlite", now.utc_ms),
        cast(Supply, None),
    )
    intake.receive(topics.CONTROLLER_KEYS, office.sealed_keys(), now)
    told = AlertList("province", UNIT, FAR, FAR, ())
    topic = topics.group_alert(UNIT, "province")
    assert intake.receive(topic, office.sealed(told, Kind.ALERT), now) == told
    bench.clock.save()
    again = bench.again()
    bench.vouched = NTP
    assert again.read().trusted, "one alert from a wrong clock mutes a box for ever"
