"""Files that survive a power cut."""

from pathlib import Path

import pytest

from edge_agent import durable


def test_what_is_written_is_read_and_is_the_owners_only(tmp_path: Path) -> None:
    file = tmp_path / "state"
    durable.write_checked(file, b"one")
    durable.write_checked(file, b"two\n")
    assert durable.read_checked(file) == b"two\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_no_file_is_no_damage(tmp_path: Path) -> None:
    assert durable.read_checked(tmp_path / "none") is None


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"", bytes.upper]
)
def test_any_change_is_damage(tmp_path: Path, change: "object") -> None:
    file = tmp_path / "state"
    durable.write_checked(file, b"content")
    file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(durable.Damaged):
        durable.read_checked(file)
    kept = durable.set_aside(file)
    assert kept.exists()
    assert not file.exists()
