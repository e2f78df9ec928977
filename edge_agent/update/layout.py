"""Where the versions of the agent stand on a machine, and what the updater keeps."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from edge_agent import durable
from edge_agent.contract.types import encode
from edge_agent.update.errors import UpdateFailed
from edge_agent.update.order import Pinned

T = TypeVar("T", bound=msgspec.Struct)


class Result(msgspec.Struct, frozen=True):
    """How an order ended; `order` is the SHA-256 of its bytes, "" of what a person asked for."""

    order: str
    version: str
    status: Literal["done", "failed"]
    reason: str = ""


class UnderWay(msgspec.Struct, frozen=True):
    """From the moment the new version is let run until it is known to be healthy or left again."""

    order: str
    old: str
    new: str
    was_online: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """`home` holds the versions, `records` what the updater remembers; both are root's."""

    home: Path
    records: Path

    @classmethod
    def below(cls, root: Path) -> "Layout":
        """Of the system that stands at `root`."""
        return cls(root / "opt/loalang-agent", root / "var/lib/loalang-update")

    @property
    def snapshot(self) -> Path:
        """The state as the last version left it."""
        return self.records / "snapshot"

    @property
    def bundle(self) -> Path:
        """The updater's own copy of what it installs."""
        return self.records / "bundle.tar.gz"

    def version(self, version: str) -> Path:
        """Folder of a version."""
        return self.home / "versions" / version

    def program(self, version: str) -> Path:
        """Command of a version."""
        return self.version(version) / "bin" / "loalang-agent"

    def installer(self, version: str) -> Path:
        """Installer of a version."""
        return self.version(version) / "deploy" / "install.sh"

    def named(self, link: Literal["current", "trusted"]) -> str:
        """The version that runs, or the last one known to be healthy. Raises `UpdateFailed`."""
        try:
            return (self.home / link).readlink().name
        except OSError as e:
            raise UpdateFailed(
                f"Ở {self.home} chưa cài loalang-agent: {e}. Hãy chạy install.sh trước.",
                f"No loalang-agent is installed in {self.home}: {e}. Run install.sh first.",
            ) from e

    def trust(self, version: str) -> None:
        """From now on this version is the one to go back to."""
        aside = self.home / "trusted.new"
        aside.unlink(missing_ok=True)
        aside.symlink_to(Path("versions") / version)
        aside.replace(self.home / "trusted")
        durable.sync_folder(self.home)

    def keep(self, word: UnderWay | Result | Pinned) -> None:
        """Write one of the records. The result is for everybody to read."""
        file = self.records / _FILES[type(word)]
        durable.write_checked(file, encode(word))
        file.chmod(0o644 if isinstance(word, Result) else 0o600)

    def recall(self, kind: type[T]) -> T | None:
        """Read one of the records; None if there is none that is whole."""
        return read_record(self.records / _FILES[kind], kind)

    def forget_under_way(self) -> None:
        """It is known how it ended."""
        (self.records / _FILES[UnderWay]).unlink(missing_ok=True)
        durable.sync_folder(self.records)


_FILES: dict[type[msgspec.Struct], str] = {
    UnderWay: "under-way",
    Result: "result",
    Pinned: "pinned",
}


def read_result(records: Path) -> Result | None:
    """How the last order ended, for the agent."""
    return read_record(records / _FILES[Result], Result)


def read_record(file: Path, kind: type[T]) -> T | None:
    """Read a checked record; None if there is none that is whole and readable."""
    try:
        stored = durable.read_checked(file)
        return None if stored is None else msgspec.json.decode(stored, type=kind)
    except (OSError, durable.Damaged, msgspec.MsgspecError):
        return None


def order_hash(order: bytes) -> str:
    """What an order is known by."""
    return hashlib.sha256(order).hexdigest()


def open_folder(folder: Path) -> int:
    """A handle of a folder that is not ours; no symbolic link is followed. Raises OSError."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
