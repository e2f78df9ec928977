"""What the box says of its plays: seldom again where nobody answers, at once when somebody does."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.spool import Spool
from edge_agent.uplink import Uplink
from tests.edge_agent.fakes import FakeOutlet, FakeTime
from tests.edge_agent.office import DID
from tests.edge_agent.test_spool import play

PLAYS = 100


@pytest.fixture
def outlet() -> FakeOutlet:
    return FakeOutlet()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool.db", FakeTime().system_ms)
    for n in range(PLAYS):
        play(spool, f"{n}")
    return spool


@pytest.fixture
def uplink(outlet: FakeOutlet, spool: Spool) -> Uplink:
    return Uplink(DID, Ed25519PrivateKey.generate(), outlet, spool)


def test_without_a_receipt_one_report_knocks_until_one_comes(
    uplink: Uplink, outlet: FakeOutlet, spool: Spool
) -> None:
    uplink.reports(0, 0)
    assert len(outlet.sent) > 2
    for repeats in (1, 2, 3):
        outlet.sent.clear()
        uplink.reports(0, 15_000)
        assert (len(outlet.sent), uplink.repeats) == (1, repeats)
    spool.forget(spool.id, uplink.sent_upto)
    assert uplink.repeats == 0
    uplink.reports(uplink.sent_upto, 16_000)
    assert len(outlet.sent) > 2


def test_a_controller_that_comes_back_is_told_what_it_missed(
    uplink: Uplink, outlet: FakeOutlet
) -> None:
    uplink.reports(0, 0)
    told = uplink.sent_upto
    uplink.controller_came()
    assert uplink.sent_upto == told
    uplink.reports(0, 15_000)
    uplink.controller_came()
    assert (uplink.sent_upto, uplink.repeats) == (0, 0)
