"""What makes the updater, which is root, install something: the root's word and nothing else."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.cli.update import run
from edge_agent.contract.commands import Command, Reboot, Update
from edge_agent.contract.envelope import seal
from edge_agent.contract.trust import ROOT_KID, Kind
from edge_agent.contract.types import encode
from edge_agent.settings import PlayerSettings, Settings
from edge_agent.update import intake
from edge_agent.update.errors import UpdateRefused
from edge_agent.update.exchange import Patience
from edge_agent.update.layout import Layout
from edge_agent.update.order import Pinned, UpdateOrder, verify
from tests.edge_agent.office import DID, UNIT, Office, encode_raw

NOW = 1_800_000_000_000
BUNDLE = b"all that a version is made of"
UPDATE = Update("0.2.0", hashlib.sha256(BUNDLE).hexdigest(), len(BUNDLE))


@dataclass
class Desk:
    """An office, the pinned root of it, and orders as a box hands them over."""

    office: Office

    def __post_init__(self) -> None:
        self.pinned = Pinned(self.office.root_text)

    def order(
        self, *, keys: int = 1, unit: str = "tinh-51", kind: Kind = Kind.COMMAND, **changes: Any
    ) -> UpdateOrder:
        fields = {
            "id": "u-1",
            "kind": "update",
            "audience": DID,
            "issued": NOW,
            "expires": NOW + 60_000,
            "body": encode_raw(UPDATE),
        }
        command = Command(**(fields | changes))
        return UpdateOrder(
            self.office.sealed(command, kind).decode(),
            self.office.sealed_keys(keys, unit=unit).decode(),
            self.office.placement(),
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Office.open(tmp_path / "files"))


@pytest.mark.parametrize("audience", [DID, UNIT])
def test_an_order_of_the_office_holds_and_is_remembered(desk: Desk, audience: str) -> None:
    found = verify(desk.order(audience=audience, keys=7), desk.pinned, DID)
    assert (found.command, found.update) == ("u-1", UPDATE)
    assert found.pinned == Pinned(desk.office.root_text, 7, NOW)


BAD: dict[str, dict[str, Any]] = {
    "another box": {"audience": "zzzzzz999999"},
    "another unit": {"audience": "xa-khac"},
    "no update": {"kind": "reboot", "body": encode_raw(Reboot())},
    "lives too long": {"expires": NOW + 3_600_000},
    "of a key for another commune": {"unit": "xa-khac"},
    "of a key for its commune alone": {"unit": UNIT},
    "not sealed as an order": {"kind": Kind.TIME},
    "no body": {"body": msgspec.Raw(b"{}")},
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_no_other_order_holds(desk: Desk, name: str) -> None:
    with pytest.raises(UpdateRefused):
        verify(desk.order(**BAD[name]), desk.pinned, DID)


def test_an_order_is_carried_out_once_and_none_before_it(desk: Desk) -> None:
    pinned = verify(desk.order(), desk.pinned, DID).pinned
    for issued in (NOW, NOW - 1, NOW - 500_000):
        with pytest.raises(UpdateRefused, match="older"):
            verify(desk.order(issued=issued, expires=issued + 60_000), pinned, DID)
    assert verify(desk.order(issued=NOW + 1), pinned, DID)


def test_an_older_set_of_keys_does_not_bring_a_revoked_key_back(desk: Desk) -> None:
    pinned = Pinned(desk.office.root_text, keys=5)
    with pytest.raises(UpdateRefused, match="older set of keys"):
        verify(desk.order(keys=4), pinned, DID)


def test_the_agent_cannot_bring_a_root_of_its_own(desk: Desk, tmp_path: Path) -> None:
    forged = Desk(Office.open(tmp_path / "other"))
    with pytest.raises(UpdateRefused, match="signature"):
        verify(forged.order(), desk.pinned, DID)
    command = desk.order()
    root = Ed25519PrivateKey.generate()
    keys = seal(encode(desk.office.keys()), kind=Kind.KEYS, kid=ROOT_KID, key=root).decode()
    with pytest.raises(UpdateRefused, match="signature"):
        verify(msgspec.structs.replace(command, keys=keys), desk.pinned, DID)


@dataclass
class Hands:
    """The agent's folder and the updater's."""

    desk: Desk
    root: Path

    def __post_init__(self) -> None:
        self.state = self.root / "state"
        self.folder = self.state / "update"
        self.folder.mkdir(parents=True)
        self.layout = Layout.below(self.root)
        self.layout.records.mkdir(parents=True)
        self.chosen = Settings(
            did=DID,
            state_dir=str(self.state),
            root_public_key=self.desk.office.root_text,
            placement=self.desk.office.placement(),
            brokers=(),
            player=PlayerSettings("mpv"),
        )

    def hand_over(self, order: UpdateOrder, bundle: bytes = BUNDLE) -> None:
        (self.folder / "order").write_bytes(encode(order))
        (self.folder / "bundle").write_bytes(bundle)

    def take(self) -> None:
        found = intake.take(self.state)
        assert found is not None
        intake.verified(found, self.chosen, self.layout)


@pytest.fixture
def hands(desk: Desk, tmp_path: Path) -> Hands:
    return Hands(desk, tmp_path / "machine")


def test_what_is_taken_is_the_updaters_own_copy(hands: Hands) -> None:
    hands.hand_over(hands.desk.order())
    hands.take()
    assert hands.layout.bundle.read_bytes() == BUNDLE
    assert intake.take(hands.state) is None
    # The same order again, as whoever holds the agent could lay it there.
    hands.hand_over(hands.desk.order())
    with pytest.raises(UpdateRefused, match="older"):
        hands.take()


@pytest.mark.parametrize("bundle", [BUNDLE + b"!", BUNDLE[:-1], b"", BUNDLE[::-1]])
def test_another_bundle_is_not_taken(hands: Hands, bundle: bytes) -> None:
    hands.hand_over(hands.desk.order(), bundle)
    with pytest.raises(UpdateRefused, match="not the one"):
        hands.take()


def test_a_changed_root_in_the_box_is_not_believed_once_one_is_pinned(
    hands: Hands, tmp_path: Path
) -> None:
    hands.layout.keep(Pinned(hands.desk.office.root_text))
    other = Desk(Office.open(tmp_path / "other"))
    hands.chosen = msgspec.structs.replace(hands.chosen, root_public_key=other.office.root_text)
    hands.hand_over(other.order())
    with pytest.raises(UpdateRefused, match="signature"):
        hands.take()


def test_a_box_that_is_paired_again_with_its_office_takes_no_older_order(
    hands: Hands, tmp_path: Path
) -> None:
    def pin(office: Office) -> None:
        config = tmp_path / "agent.toml"
        config.write_text(
            f'did = "{DID}"\nstate_dir = "{hands.state}"\nplacement = "{office.placement()}"\n'
            f'root_public_key = "{office.root_text}"\n[player]\nkind = "mpv"\n'
            '[[brokers]]\nurl = "mqtt://192.0.2.1"\n'
        )
        assert run(config, root=hands.root, version="", pin=True, patience=Patience()) == 0

    pin(hands.desk.office)
    hands.hand_over(hands.desk.order())
    hands.take()
    pin(hands.desk.office)
    hands.hand_over(hands.desk.order())
    with pytest.raises(UpdateRefused, match="older"):
        hands.take()
    other = Office.open(tmp_path / "other")
    pin(other)
    assert hands.layout.recall(Pinned) == Pinned(other.root_text)


def test_no_link_is_followed_and_nothing_waits_for_a_pipe(hands: Hands, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(encode(hands.desk.order()))
    order = hands.folder / "order"
    order.symlink_to(secret)
    assert intake.take(hands.state) is None
    os.mkfifo(order)
    assert intake.take(hands.state) is None
    assert not order.exists()
    assert secret.exists()
    for content in (b"", b"{", b"[" * 500_000, b"x" * 1_000_000):
        order.write_bytes(content)
        with pytest.raises(UpdateRefused):
            hands.take()
        assert not order.exists()
