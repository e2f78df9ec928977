"""What a box was given at pairing is taken up whole, whenever the power fails."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent import durable, identity, paired
from edge_agent.contract.report import PlaybackEvent
from edge_agent.contract.trust import public_to_text
from edge_agent.contract.types import decode
from edge_agent.errors import BadConfig, BadIdentity, NotPaired, StateBusy
from edge_agent.hardware import read_hardware, read_model
from edge_agent.settings import load
from edge_agent.spool import Spool

OLD, NEW = "oldoldoldold", "newnewnewnew"
GOLDEN = Path(__file__).parents[1] / "contract" / "golden"
KEY = Ed25519PrivateKey.generate()
ROOT = public_to_text(KEY.public_key())


class PowerCut(Exception):
    """Nothing after this happened."""


def papers(did: str, root: str = ROOT) -> paired.Paired:
    return paired.Paired(
        did=did,
        root_public_key=root,
        placement="sealed",
        brokers=("mqtts://loalang.local:8883",),
        offices=("https://loalang.local:8443",),
        sources=("https://loalang.local:8444",),
        at=1,
        pairing="AB12",
    )


def lay_ready(state: Path, did: str, root: str = ROOT) -> bytes:
    pem = identity.to_pem(Ed25519PrivateKey.generate())
    paired.lay_ready(
        state, papers(did, root), key_pem=pem, ca_pem=f"ca of {did}", certificate_pem=did
    )
    return pem


def who(state: Path) -> tuple[str, ...]:
    """Whatever says who the box is."""
    found = paired.read(state)
    files = (identity.KEY_FILE, paired.CA_FILE, paired.CERTIFICATE_FILE)
    return (found.did if found else "", *((state / name).read_text() for name in files))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A paired box with a plan, an unsent report and keys of its office."""
    folder = tmp_path / "state"
    folder.mkdir()
    lay_ready(folder, OLD)
    paired.take_up(folder)
    for name in ("keys.json", "desired.json", "alerts.json", "placement.json"):
        durable.write_checked(folder / name, b"{}")
    spool = Spool(folder / "spool.sqlite", 0)
    event = decode((GOLDEN / "event.json").read_bytes(), PlaybackEvent)
    for _ in range(3):
        spool.started(event)
    spool.forget(spool.id, 1)
    spool.close()
    return folder


@pytest.mark.parametrize("fails_at", range(1, 6))
def test_papers_are_taken_up_whole_whenever_the_power_fails(
    state: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    before, pem = who(state), lay_ready(state, NEW)
    moves, true_move = 0, durable.move

    def move(path: Path, target: Path) -> None:
        nonlocal moves
        moves += 1
        if moves == fails_at:
            raise PowerCut
        true_move(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(durable, "move", move)
        with pytest.raises(PowerCut):
            paired.take_up(state)
    if fails_at == 1:
        assert who(state) == before

    assert paired.take_up(state)
    assert who(state) == (NEW, pem.decode(), f"ca of {NEW}", NEW)
    assert not paired.take_up(state)


def test_a_box_with_a_new_id_keeps_its_plan_its_history_and_its_unsent_reports(
    state: Path,
) -> None:
    old = Spool(state / "spool.sqlite", 0)
    spool_id, waiting = old.id, old.range
    old.close()
    lay_ready(state, NEW)
    paired.take_up(state)

    new = Spool(state / "spool.sqlite", 0)

    assert (waiting.first, waiting.last) == (2, 3)
    assert new.id != spool_id
    assert (new.range.first, new.range.last) == (1, 2)
    assert (state / "desired.json").exists()
    assert (state / "keys.json").exists()
    assert not (state / "placement.json").exists()
    new.close()


def test_what_another_office_said_is_forgotten(state: Path) -> None:
    other = public_to_text(Ed25519PrivateKey.generate().public_key())
    lay_ready(state, NEW, other)
    paired.take_up(state)

    left = {f.name for f in state.glob("*.json")}

    assert left == {"paired.json", "paired.copy.json"}


def test_an_agent_at_work_is_left_as_it_is(state: Path) -> None:
    before = who(state)
    lay_ready(state, NEW)
    with identity.claim(state), pytest.raises(StateBusy):
        paired.take_up(state)

    assert who(state) == before


@pytest.mark.parametrize("damage", ["rotten", "gone"])
def test_a_rotten_page_of_the_card_does_not_take_a_box_its_name(state: Path, damage: str) -> None:
    file = state / paired.PAIRED_FILE
    if damage == "rotten":
        file.write_bytes(b"\0" * file.stat().st_size)
    else:
        file.unlink()

    found = paired.read(state)

    assert found is not None
    assert found.did == OLD


def test_papers_that_rot_twice_are_told_in_both_languages(state: Path) -> None:
    for file in state.glob("paired*"):
        file.write_bytes(b"rotten")

    with pytest.raises(BadIdentity, match=r"ghép nối lại.*pair the box again"):
        paired.read(state)


def write_config(state: Path, *lines: str) -> Path:
    file = state.parent / "agent.toml"
    file.write_text("\n".join((f'state_dir = "{state}"', *lines, "[player]", 'kind = "mpv"')))
    return file


def test_a_paired_box_needs_nothing_of_it_in_its_configuration(state: Path) -> None:
    settings = load(write_config(state))

    assert settings.did == OLD
    assert [b.url for b in settings.brokers] == ["mqtts://loalang.local:8883"]
    assert settings.brokers[0].ca_file == str(state / "ca.pem")
    assert settings.offices == ("https://loalang.local:8443",)


def test_a_blank_box_is_told_to_pair_first(tmp_path: Path) -> None:
    with pytest.raises(NotPaired, match="loalang-agent pair"):
        load(write_config(tmp_path / "state"))


def test_half_an_identity_is_told_by_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="root_public_key, placement, brokers"):
        load(write_config(tmp_path / "state", f'did = "{OLD}"'))


@pytest.mark.parametrize(
    ("name", "content", "tells"),
    [
        ("firmware/devicetree/base/serial-number", "10000000a1b2c3d4\0", True),
        ("class/dmi/id/product_uuid", "4c4c4544-0042-3510-8051-b2c04f4e4d32\n", True),
        ("firmware/devicetree/base/serial-number", "0000000000000000\0", False),
        ("class/dmi/id/board_serial", "Default string\n", False),
        ("class/dmi/id/board_serial", "To Be Filled By O.E.M.\n", False),
    ],
)
def test_a_machine_is_known_by_its_serial_number(
    tmp_path: Path, name: str, content: str, tells: bool
) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text(content)

    told = read_hardware(tmp_path)

    assert bool(told) is tells
    assert content.strip("\0\n") not in told or not told
    assert read_hardware(tmp_path) == told


def test_a_machine_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "firmware/devicetree/base/model"
    file.parent.mkdir(parents=True)
    file.write_text("Raspberry Pi Zero 2 W Rev 1.0\0")

    assert read_model(tmp_path) == "Raspberry Pi Zero 2 W Rev 1.0"
    assert read_model(tmp_path / "nowhere") == ""
