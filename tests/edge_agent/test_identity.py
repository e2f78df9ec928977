"""The box's own key and counters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_agent import identity
from edge_agent.contract.trust import public_from_text, public_to_text
from edge_agent.errors import BadIdentity, StateBusy


def test_init_makes_one_key_that_only_the_owner_reads(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    run = [sys.executable, "-m", "edge_agent", "init", "--state-dir", str(state)]
    first, second = (subprocess.run(run, check=True, capture_output=True) for _ in range(2))
    assert first.stdout == second.stdout
    public = json.loads(first.stdout)["public_key"]
    assert public_to_text(public_from_text(public)) == public
    assert (state / identity.KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700


def test_a_loose_key_is_closed_when_read(tmp_path: Path) -> None:
    key = identity.create_key(tmp_path)
    (tmp_path / identity.KEY_FILE).chmod(0o644)
    assert identity.load_key(tmp_path).private_bytes_raw() == key.private_bytes_raw()
    assert (tmp_path / identity.KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_the_key_is_plain_pem_that_other_programs_read_and_write(tmp_path: Path) -> None:
    made = identity.create_key(tmp_path)
    file = tmp_path / identity.KEY_FILE
    read = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(read, Ed25519PrivateKey)
    assert read.private_bytes_raw() == made.private_bytes_raw()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(read.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    assert identity.load_key(tmp_path).private_bytes_raw() == made.private_bytes_raw()


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    other = X25519PrivateKey.generate()
    written = other.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / identity.KEY_FILE).write_bytes(written)
    with pytest.raises(BadIdentity, match="ed25519"):
        identity.load_key(tmp_path)


@pytest.mark.parametrize("content", [None, b"no key", b"", b"\xff"])
def test_without_a_readable_key_a_person_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / identity.KEY_FILE).write_bytes(content)
    with pytest.raises(BadIdentity, match="loalang-agent init"):
        identity.load_key(tmp_path)


def test_counters_only_grow(tmp_path: Path) -> None:
    file = tmp_path / "boot"
    assert [identity.Counter(file, 0).next() for _ in range(3)] == [1, 2, 3]
    file.write_bytes(b"damaged")
    after = identity.Counter(file, 1_795_000_000)
    assert after.losses == ("boot damaged",)
    assert [after.next(), after.next()] == [1_795_000_001, 1_795_000_002]
    assert identity.Counter(file, 5).next() == 1_795_000_003


def test_the_state_folder_has_one_user(tmp_path: Path) -> None:
    with identity.claim(tmp_path), pytest.raises(StateBusy):
        identity.claim(tmp_path)
    identity.claim(tmp_path).close()


@pytest.mark.parametrize(
    ("arguments", "code", "out"),
    [
        (["version"], 0, "0.1.0"),
        (["--help"], 0, "loalang-agent run"),
        ([], 2, ""),
        (["run", "--config"], 2, ""),
        (["run", "--config", "/nowhere.toml"], 1, ""),
    ],
)
def test_the_command_line(arguments: list[str], code: int, out: str) -> None:
    run = [sys.executable, "-m", "edge_agent", *arguments]
    done = subprocess.run(run, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == code
    assert out in done.stdout
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == (code != 0)


def test_the_version_is_that_of_the_package() -> None:
    import tomllib

    from edge_agent.version import VERSION

    project = Path(__file__).parents[2] / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["version"] == VERSION
