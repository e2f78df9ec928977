"""The installer of the box, run into a folder: whole or not at all, and twice the same."""

import gzip
import io
import os
import platform
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.agent import wheels

DEPLOY = Path(__file__).parents[3] / "deploy" / "agent"
HERE = platform.machine()


def make_bundle(wheel_folder: Path, out: Path, machine: str = HERE) -> Path:
    made = subprocess.run(
        [
            *("sh", str(DEPLOY / "make-bundle.sh"), "--machine", machine),
            *("--wheels", str(wheel_folder), "--out", str(out)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(made.stdout.split()[1])


def install(
    root: Path, *words: str, path: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the installer; programs in `path` come before the machine's."""
    before = f"{path}:" if path else ""
    return subprocess.run(
        ["sh", str(DEPLOY / "install.sh"), "--root", str(root), *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": before + os.environ["PATH"]},
    )


def everything(root: Path) -> dict[str, tuple[int, int]]:
    """Every file with its inode and time of change: what is written anew gets others."""
    found = (path for path in root.rglob("*") if path.is_file() or path.is_symlink())
    return {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for path in found
        if "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that is whole, but has nothing of what the agent needs."""
    folder = tmp_path_factory.mktemp("small")
    wheels.loalang(folder, "7.1.0")
    return make_bundle(folder, folder)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    packed = tmp_path / "wheels"
    packed.mkdir()
    wheels.repack(packed)
    wheels.loalang(packed, "7.1.0")
    bundle = make_bundle(packed, tmp_path)
    root = tmp_path / "root"
    root.mkdir()
    first = install(root, str(bundle))
    assert first.returncode == 0, first.stderr
    assert "Xong: loalang-agent 7.1.0" in first.stderr
    program = root / "opt/loalang-agent/current/bin/loalang-agent"
    said = subprocess.run([str(program), "version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "7.1.0"
    config = root / "etc/loalang/agent.toml"
    refused = subprocess.run(
        [str(program), "status", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pair" in refused.stderr

    config.write_text(config.read_text() + "\n# of a person\n")
    before = everything(root)
    second = install(root, str(bundle))
    assert second.returncode == 0, second.stderr
    assert "nothing was changed" in second.stderr
    assert everything(root) == before


def test_the_same_wheels_make_the_same_bundle(small: Path, tmp_path: Path) -> None:
    assert make_bundle(small.parent, tmp_path).read_bytes() == small.read_bytes()


def test_a_version_that_cannot_be_laid_down_leaves_what_stands(small: Path, tmp_path: Path) -> None:
    root, fake = tmp_path / "root", tmp_path / "bin"
    root.mkdir()
    fake.mkdir()
    (fake / "python3").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    (fake / "python3").chmod(0o755)
    done = install(root, str(small), path=fake)
    assert done.returncode == 1
    assert "broken" in done.stderr
    assert "could not be laid down" in done.stderr
    assert [path for path in root.rglob("*") if path.is_file()] == []


def repacked(bundle: Path, target: Path, change: Callable[[tarfile.TarFile], None]) -> Path:
    """The same bundle with something more in it."""
    plain = io.BytesIO(gzip.decompress(bundle.read_bytes()))
    with tarfile.open(fileobj=plain, mode="a") as packed:
        change(packed)
    target.write_bytes(gzip.compress(plain.getvalue()))
    return target


def with_file(name: str, **fields: object) -> Callable[[tarfile.TarFile], None]:
    def change(packed: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        for field, value in fields.items():
            setattr(info, field, value)
        info.size = 0 if fields else 3
        packed.addfile(info, io.BytesIO(b"abc"))

    return change


FOREIGN = {
    "another file": (with_file("wheels/evil.whl"), "no manifest names"),
    "above": (with_file("../evil"), "foreign names"),
    "absolute": (with_file("/evil"), "foreign names"),
    "link": (with_file("wheels/a", type=tarfile.SYMTYPE, linkname="/etc"), "foreign files"),
    "device": (with_file("wheels/a", type=tarfile.CHRTYPE), "foreign files"),
    "replaced": (with_file("deploy/install.sh"), "a hash is wrong"),
}


@pytest.mark.parametrize("kind", sorted(FOREIGN))
def test_a_bundle_that_was_touched_leaves_nothing(small: Path, tmp_path: Path, kind: str) -> None:
    change, why = FOREIGN[kind]
    bad = repacked(small, tmp_path / "bad.tar.gz", change)
    root = tmp_path / "root"
    root.mkdir()
    done = install(root, str(bad))
    assert done.returncode == 1
    assert why in done.stderr
    assert list(root.iterdir()) == []


def test_half_a_bundle_and_what_is_none_leave_nothing(small: Path, tmp_path: Path) -> None:
    whole = small.read_bytes()
    root = tmp_path / "root"
    root.mkdir()
    for content in (whole[: len(whole) // 2], b"", b"not a bundle"):
        file = tmp_path / "x.tar.gz"
        file.write_bytes(content)
        done = install(root, str(file))
        assert done.returncode == 1
        assert "no bundle of loalang-agent" in done.stderr
    missing = install(root, str(tmp_path / "none"))
    assert "there is no such file" in missing.stderr
    assert list(root.iterdir()) == []


def test_a_bundle_of_another_machine_is_refused(small: Path, tmp_path: Path) -> None:
    other = "aarch64" if HERE == "x86_64" else "x86_64"
    root = tmp_path / "root"
    root.mkdir()
    done = install(root, str(make_bundle(small.parent, tmp_path, other)))
    assert done.returncode == 1
    assert f"is for {other}" in done.stderr
    assert list(root.iterdir()) == []


def test_another_system_and_another_user_are_refused(small: Path, tmp_path: Path) -> None:
    bundle = small
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="11"\n')
    done = install(tmp_path, str(bundle))
    assert done.returncode == 1
    assert "12 or 13" in done.stderr
    if os.geteuid() == 0:
        plain = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        script = (DEPLOY / "install.sh").read_text()
        nobody = subprocess.run(
            [*plain, "sh", "-s", "--", "any.tar.gz"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert nobody.returncode == 1
        assert "needs root" in nobody.stderr


def test_no_room_is_said_before_anything_is_written(small: Path, tmp_path: Path) -> None:
    bundle = small
    root = tmp_path / "root"
    (root / "opt").mkdir(parents=True)
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "df").write_text("#!/bin/sh\necho head\necho disk 1 1 1000 99% /\n")
    (fake / "df").chmod(0o755)
    done = install(root, str(bundle), path=fake)
    assert done.returncode == 1
    assert "Only 1000 KB are free" in done.stderr
    assert list((root / "opt").iterdir()) == []
