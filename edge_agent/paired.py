"""What a box was given at pairing: who it is, whom it believes, where its office is.

All of it is laid ready in a folder of its own and taken up at once, at the start of a run: a power
cut finds either the old identity or the new one. A box that speaks for another id from then on
keeps its plan, its history and its unsent reports.
"""

import logging
import shutil
import time
from pathlib import Path

import msgspec

from edge_agent import durable, identity
from edge_agent.contract.types import Address, ClockMs, DeviceId, Unreadable, decode, encode
from edge_agent.errors import BadIdentity
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.paired")

PAIRED_FILE, CA_FILE, CERTIFICATE_FILE = "paired.json", "ca.pem", "certificate.pem"
_COPY_FILE = "paired.copy.json"
"""Without its papers a box is silent: a rotten page of the card must not do that."""

SPOOL_FILE = "spool.sqlite"
_READY, _ASIDE = "pairing.ready", "pairing.new"
_OF_THE_OFFICE = ("keys.json", "alerts.json", "desired.json")
"""Words of an office that another root did not sign."""

_OF_THE_BOX = ("placement.json",)
"""Words to this id alone."""

_ORDER = (identity.KEY_FILE, CA_FILE, CERTIFICATE_FILE, _COPY_FILE, PAIRED_FILE)
"""The last one says that all were taken up."""


class Paired(msgspec.Struct, frozen=True):
    """The box's papers; addresses in order of preference, `placement` sealed by the root."""

    did: DeviceId
    root_public_key: str
    placement: str
    brokers: tuple[Address, ...]
    offices: tuple[Address, ...]
    sources: tuple[Address, ...]
    at: ClockMs
    pairing: str = ""
    """The open half of the code by which it was paired."""


def read(state_dir: Path) -> Paired | None:
    """The papers of this box; None if it was never paired by a code. Raises `BadIdentity`."""
    wrong: Exception | None = None
    for path in (state_dir / PAIRED_FILE, state_dir / _COPY_FILE):
        try:
            papers = _read(path)
        except (durable.Damaged, Unreadable, OSError) as e:
            note(log, "papers_damaged", level=logging.ERROR, file=str(path), error=str(e))
            wrong = e
        else:
            if papers is not None:
                return papers
    if wrong is not None:
        where = state_dir / PAIRED_FILE
        raise BadIdentity(
            f"Không đọc được {where}: {wrong}. Lịch và tiếng trên thẻ vẫn còn; hãy ghép nối lại.",
            f"Cannot read {where}: {wrong}. Plan and audio were kept; pair the box again.",
        ) from wrong
    return None


def lay_ready(
    state_dir: Path, papers: Paired, *, key_pem: bytes, ca_pem: str, certificate_pem: str
) -> None:
    """Keep what the office gave, whole or not at all, for the next start. Raises OSError."""
    aside, ready = state_dir / _ASIDE, state_dir / _READY
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    durable.write(aside / identity.KEY_FILE, key_pem)
    durable.write(aside / CA_FILE, ca_pem.encode())
    durable.write(aside / CERTIFICATE_FILE, certificate_pem.encode())
    for name in (_COPY_FILE, PAIRED_FILE):
        durable.write_checked(aside / name, encode(papers))
    durable.move(aside, ready)


def take_up(state_dir: Path, *, did: str = "", root: str = "") -> bool:
    """Be who the papers that lie ready say; False if none do. What is cut off is done again.

    `did` and `root` are what a box went by that was never paired by a code. Raises `StateBusy`
    while an agent runs there, and OSError.
    """
    ready = state_dir / _READY
    if not ready.is_dir():
        return False
    with identity.claim(state_dir):
        if (ready / PAIRED_FILE).exists():
            _become(state_dir, _before(state_dir) or (did, root))
            for name in _ORDER:
                if (ready / name).exists():
                    durable.move(ready / name, state_dir / name)
        shutil.rmtree(ready)
        durable.sync_folder(state_dir)
    return True


def _read(path: Path) -> Paired | None:
    stored = durable.read_checked(path)
    return None if stored is None else decode(stored, Paired)


def _before(state_dir: Path) -> tuple[str, str] | None:
    """Id and root of the papers that it had; None for those that cannot be read."""
    try:
        old = _read(state_dir / PAIRED_FILE)
    except (durable.Damaged, Unreadable):
        return None
    return None if old is None else (old.did, old.root_public_key)


def _become(state_dir: Path, before: tuple[str, str]) -> None:
    """Forget what was said to another box, or by another office; a new spool for what waits."""
    new = _read(state_dir / _READY / PAIRED_FILE)
    if new is None or before[0] == new.did:
        return
    same_office = before[1] == new.root_public_key
    for name in _OF_THE_BOX if same_office else (*_OF_THE_OFFICE, *_OF_THE_BOX):
        (state_dir / name).unlink(missing_ok=True)
    if (state_dir / SPOOL_FILE).exists():
        from edge_agent.spool import Spool

        spool = Spool(state_dir / SPOOL_FILE, time.time_ns() // 1_000_000, expected=True)
        spool.begin_another(0)
        spool.close()
    note(log, "paired_anew", did=new.did, office_kept=same_office)
