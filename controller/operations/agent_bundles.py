"""Bundles of the boxes' own program: looked into before they are kept, known by their hash."""

import hashlib
import os
import re
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from controller.errors import ControllerError
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.update_tables import AgentBundle

MOST_BYTES = 200_000_000
_MOST_MEMBERS = 1_000
_MOST_HEAD_BYTES = 4_096
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")
_MACHINES = ("aarch64", "x86_64")
_CHUNK = 2**20


class AgentBundleTooLarge(ControllerError):
    """A bundle that no box would take."""

    def __init__(self) -> None:
        super().__init__(
            "agent_bundle_too_large",
            f"Gói phần mềm dài quá {MOST_BYTES // 1_000_000} MB. Chưa lưu gì.",
            f"The bundle is longer than {MOST_BYTES // 1_000_000} MB. Nothing was kept.",
        )


def bring_bundle(
    database: Database, folder: Path, file: Path, by: str, now: datetime
) -> AgentBundle:
    """Keep the bundle in `file` below `folder`, by its hash.

    Raises ControllerError (agent_bundle_unreadable), OSError.
    """
    version, machine = _looked_into(file)
    sha = hashlib.sha256()
    for block in _blocks(file):
        sha.update(block)
    bundle = AgentBundle(
        sha256=sha.hexdigest(),
        version=version,
        machine=machine,
        size=file.stat().st_size,
        brought_by=by,
        brought_ms=to_ms(now),
    )
    _keep(file, folder, bundle.sha256)
    with database.write() as session:
        known = session.get(AgentBundle, bundle.sha256)
        if known is None:
            session.add(bundle)
        return known or bundle


def bundle_file(folder: Path, sha256: str) -> Path | None:
    """Where the bundle with this hash lies; None if there is none."""
    file = folder / sha256
    return file if file.is_file() else None


def _keep(file: Path, folder: Path, name: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = folder / f".{name}.new"
    try:
        with aside.open("wb") as copy:
            for block in _blocks(file):
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
        aside.replace(folder / name)
    finally:
        aside.unlink(missing_ok=True)


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as content:
        while block := content.read(_CHUNK):
            yield block


def _looked_into(file: Path) -> tuple[str, str]:
    """Version and machine that a bundle names; a box looks at everything else in it."""
    try:
        with tarfile.open(file, "r|gz") as packed:
            for member, _ in zip(packed, range(_MOST_MEMBERS), strict=False):
                if member.name != "BUNDLE" or not member.isfile():
                    continue
                content = packed.extractfile(member)
                head = content.read(_MOST_HEAD_BYTES) if content is not None else b""
                lines = head.decode("utf-8").splitlines()
                told = dict(line.partition("=")[::2] for line in lines)
                version, machine = told.get("version", ""), told.get("machine", "")
                if _VERSION.fullmatch(version) and machine in _MACHINES:
                    return version, machine
                break
    except (tarfile.TarError, OSError, EOFError, UnicodeDecodeError) as e:
        raise _unreadable(str(e)) from e
    raise _unreadable("BUNDLE")


def _unreadable(why: str) -> ControllerError:
    return ControllerError(
        "agent_bundle_unreadable",
        f"Tệp này không phải gói loalang-agent, hoặc chưa đủ ({why}). Chưa lưu gì; "
        "hãy làm lại bằng deploy/agent/make-bundle.sh.",
        f"This is no bundle of loalang-agent, or not all of it ({why}). Nothing was kept; make "
        "it again with deploy/agent/make-bundle.sh.",
    )
