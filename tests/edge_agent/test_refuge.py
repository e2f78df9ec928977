"""Where the state stands when the card takes nothing: in memory, and of nobody else."""

import shutil
from pathlib import Path

import pytest

from edge_agent import refuge
from edge_agent.errors import StateUnwritable
from tests.edge_agent.test_selftest import settings


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "memory"
    place.mkdir()
    monkeypatch.setattr(refuge, "MEMORY", place)
    return place


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """The state folder of a box that has lived."""
    card = tmp_path / "card"
    for shelf in ("audio", "pages"):
        (card / shelf).mkdir(parents=True)
    (card / "audio" / ("a" * 64 + ".opus")).write_bytes(b"sound")
    (card / "audio" / ("b" * 64 + ".opus.part")).write_bytes(b"so")
    for name in ("desired.json", "spool.sqlite", "spool.sqlite-wal"):
        (card / name).write_bytes(b"x")
    return card


def test_a_card_that_takes_something_is_kept_and_no_refuge_beside_it(
    card: Path, memory: Path
) -> None:
    chosen = settings(card)
    assert refuge.enter(chosen) == chosen == refuge.find(chosen)
    assert refuge.losses(chosen) == ()


def test_what_is_small_is_copied_and_sound_is_pointed_to(
    card: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refuge, "_takes_nothing", lambda _card: True)
    moved = refuge.enter(settings(card))
    state = Path(moved.state_dir)
    assert (state.parent, state.stat().st_mode & 0o777) == (memory, 0o700)
    assert {file.name for file in state.iterdir()} == {"desired.json", "audio", "pages"}
    (sound,) = (state / "audio").iterdir()
    assert (sound.is_symlink(), sound.read_bytes()) == (True, b"sound")
    assert refuge.losses(moved) == ("card read-only",)
    room_mb = shutil.disk_usage(memory).total // 1_000_000
    assert moved.disk_reserve_mb >= room_mb // 2, "the player needs memory too"
    (state / "desired.json").write_bytes(b"newer")
    assert refuge.enter(settings(card)) == moved == refuge.find(settings(card))
    assert (state / "desired.json").read_bytes() == b"newer", "it lasts over another start"


def test_a_folder_that_others_may_enter_is_not_gone_into(
    card: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refuge, "_takes_nothing", lambda _card: True)
    state = Path(refuge.enter(settings(card)).state_dir)
    state.chmod(0o777)
    with pytest.raises(StateUnwritable):
        refuge.enter(settings(card))
    assert refuge.find(settings(card)) == settings(card)
