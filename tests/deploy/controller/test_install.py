"""The office's installer, which is its updater, with stand-ins for systemd and the controller.

The real ones stand in tests/bench/installed_debian.py (a whole Debian) and test_confined.py.
"""

import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
CODE = ("audio_library", "schedules", "edge_agent", "controller")

# What uv would do for minutes: a version whose program is the one under test.
UV = f"""\
#!/bin/sh
case $1 in
--version) echo uv 1.0 ;;
venv) for folder; do :; done; mkdir -p "$folder/bin" ;;
pip)
    while [ "$1" != --python ]; do shift; done
    folder=$(dirname "$2")
    printf '#!/bin/sh\\nexec {sys.executable} "$@"\\n' >"$folder/python"
    cp program "$folder/loalang"
    chmod +x "$folder/python" "$folder/loalang"
    ;;
esac
"""
SMALL = f'#!/bin/sh\nexec {sys.executable} {HERE / "small_office.py"} "$@"\n'


class Machine:
    """A folder that stands for a Debian, and a tree to install from."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "machine"
        self.root.mkdir()
        self.tree = folder / "tree"
        self.tree.mkdir()
        shutil.copytree(ROOT / "deploy" / "controller", self.tree / "deploy" / "controller")
        for name in ("README.md", "LICENSE", "pyproject.toml"):
            shutil.copy(ROOT / name, self.tree)
        (self.tree / "constraints.txt").write_text("uv==1.0\n")
        bring = f'mkdir -p "$2/bin"\ncat >"$2/bin/uv" <<\'END\'\n{UV}END\nchmod +x "$2/bin/uv"\n'
        (self.tree / "deploy" / "bring_uv.sh").write_text(bring)
        for name in (*CODE, "controller/cli"):
            (self.tree / name).mkdir()
        # What the installer imports of a version that it has built.
        for name in ("__init__.py", "app.py", "cli/__init__.py", "cli/serve.py"):
            (self.tree / "controller" / name).touch()
        self.program(SMALL)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = self.root / "etc" / "loalang" / "controller.env"
        settings.parent.mkdir(parents=True)
        self.data = self.root / "var" / "lib" / "loalang-controller" / "data"
        settings.write_text(f"LOALANG_DATA_DIR={self.data}\nLOALANG_HTTP_PORT={self.port}\n")
        self.systemctl = folder / "systemctl"
        fake = HERE / "systemctl.py"
        self.systemctl.write_text(f'#!/bin/sh\nexec {sys.executable} {fake} {self.root} "$@"\n')
        self.systemctl.chmod(0o755)

    def program(self, text: str) -> None:
        """What the next version runs; another text is another version."""
        (self.tree / "program").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        (self.tree / "controller" / "version").write_text(digest)

    def install(self, *options: str, within_s: int = 30) -> subprocess.CompletedProcess[str]:
        """Run the installer, as whoever runs the tests."""
        return subprocess.run(
            ["sh", "deploy/controller/install.sh", "--root", str(self.root), *options],
            cwd=self.tree,
            env=os.environ
            | {
                "LOALANG_SYSTEMCTL": str(self.systemctl),
                "LOALANG_HEALTHY_WITHIN_S": str(within_s),
                "LOALANG_STAYS_S": "0.3",
                "PYTHONPATH": str(self.tree),
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def current(self) -> str:
        """Name of the version that is used."""
        link = self.root / "opt" / "loalang-controller" / "current"
        return link.readlink().name

    def answers(self) -> bool:
        """Whether the controller does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except OSError:
            return False

    def accounts(self) -> list[str]:
        """Names in its database."""
        with closing(sqlite3.connect(self.data / "loalang.sqlite3")) as database:
            return [name for (name,) in database.execute("select name from account")]

    def switch_off(self) -> None:
        """End what the stand-in for systemd started."""
        subprocess.run([str(self.systemctl), "stop", "loalang.service"], check=True)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.switch_off()


def picture(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its inode and time of change, but for what a running controller writes."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if not path.is_relative_to(folder / "var") and path.name not in ("asked", "journal")
    }


@pytest.mark.needs("shellcheck")
@pytest.mark.parametrize("script", ["install.sh", "loalang"])
def test_shellcheck_finds_nothing(script: str) -> None:
    found = subprocess.run(
        ["shellcheck", str(ROOT / "deploy" / "controller" / script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""


def test_a_second_run_changes_nothing(machine: Machine) -> None:
    first = machine.install()
    assert first.returncode == 0, first.stderr
    assert "quantri  " in first.stdout, "the first password is said to who installs"
    assert machine.answers()
    before = picture(machine.root)
    again = machine.install()
    assert again.returncode == 0, again.stderr
    assert picture(machine.root) == before
    assert "quantri  " not in again.stdout
    assert machine.accounts() == ["quantri"]


def test_a_version_that_does_not_start_is_seen_on_a_copy(machine: Machine) -> None:
    machine.install()
    first, pid = machine.current(), (machine.root / "pid").read_text()
    machine.program('#!/bin/sh\n[ "$1" = --help ] || exit 3\n')
    refused = machine.install()
    assert refused.returncode == 1
    assert "không có gì bị thay đổi" in refused.stderr
    assert machine.current() == first
    assert machine.answers()
    assert (machine.root / "pid").read_text() == pid, "the old one never stopped"


def test_a_version_that_spoils_the_database_and_hangs_is_taken_back(machine: Machine) -> None:
    """It starts on the copy; for real it changes the schema, loses accounts and answers nobody."""
    machine.install()
    first = machine.current()
    machine.program(on_the_copy_only(spoil(machine, "update alembic_version set version_num='m2'")))
    taken_back = machine.install(within_s=1)
    assert taken_back.returncode == 1
    assert "Đã quay về bản" in taken_back.stderr
    assert machine.current() == first
    assert machine.answers()
    assert machine.accounts() == ["quantri"], "the database of before is back"
    (failed,) = machine.data.parent.glob("failed-*")
    assert (failed / "loalang.sqlite3").exists(), "and nothing was deleted"

    machine.program(SMALL + "# better\n")
    better = machine.install()
    assert better.returncode == 0, better.stderr
    assert machine.current() != first
    assert machine.accounts() == ["quantri"]


def test_what_boxes_told_a_version_that_hangs_stays_if_the_old_one_can_read_it(
    machine: Machine,
) -> None:
    machine.install()
    machine.program(on_the_copy_only(spoil(machine, "insert into account values ('report')")))
    assert machine.install(within_s=1).returncode == 1
    assert machine.answers()
    assert machine.accounts() == ["report"]
    assert list(machine.data.parent.glob("failed-*")) == []


def spoil(machine: Machine, statement: str) -> str:
    """A line of shell that does to the database what a bad version does."""
    path = machine.data / "loalang.sqlite3"
    code = f"import sqlite3; d = sqlite3.connect('{path}'); d.execute('delete from account'); "
    return f'{sys.executable} -c "{code} d.execute(\\"{statement}\\"); d.commit()"'


def on_the_copy_only(line: str) -> str:
    """A program that serves on the copy, else does `line` and hangs."""
    return (
        f'#!/bin/sh\n[ "$1" = serve ] || exit 0\n'
        f'case "$LOALANG_DATA_DIR" in */trial) '
        f"exec {sys.executable} {HERE / 'small_office.py'} serve ;; esac\n"
        f"{line}\nexec sleep 60\n"
    )


def test_the_command_takes_the_settings_of_the_service(tmp_path: Path) -> None:
    settings, program, command = (tmp_path / name for name in ("env", "program", "loalang"))
    settings.write_text("LOALANG_DATA_DIR=/srv/data\n")
    program.write_text('#!/bin/sh\necho "$LOALANG_DATA_DIR $*"\n')
    program.chmod(0o755)
    text = (ROOT / "deploy" / "controller" / "loalang").read_text("utf-8")
    for standing, here in (
        ("/etc/loalang/controller.env", settings),
        ("/opt/loalang-controller/current/bin/loalang", program),
    ):
        assert standing in text
        text = text.replace(standing, str(here))
    command.write_text(text, "utf-8")
    done = subprocess.run(
        ["sh", str(command), "backup", "a file"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "/srv/data backup a file\n"


def test_half_a_tree_is_refused_before_anything_is_touched(machine: Machine) -> None:
    (machine.tree / "constraints.txt").unlink()
    before = picture(machine.root)
    done = machine.install()
    assert done.returncode == 1
    assert "không phải mã nguồn" in done.stderr
    assert picture(machine.root) == before


@pytest.mark.parametrize(
    "options", [["--public"], ["--public", "a b"], ["--with", "$(id)"], ["-x"]]
)
def test_a_wrong_option_is_refused(machine: Machine, options: list[str]) -> None:
    done = machine.install(*options)
    assert done.returncode == 1
    assert done.stderr.startswith("✗ ")
    assert not (machine.root / "opt").exists()


def test_a_version_that_cannot_be_built_leaves_nothing(machine: Machine) -> None:
    machine.program("#!/bin/sh\nexit 1\n")
    done = machine.install()
    assert done.returncode == 1
    assert list((machine.root / "opt/loalang-controller/versions").iterdir()) == []
    assert not (machine.root / "opt/loalang-controller/current").exists()
