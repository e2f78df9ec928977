"""Password, ACL and configuration files of the embedded broker, made from the device table."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from edge_agent.contract import topics
from edge_agent.contract.types import MAX_PAYLOAD_BYTES

CONTROLLER_USER = "controller"

ACL = f"""\
user {CONTROLLER_USER}
topic readwrite {topics.PREFIX}/#

pattern write {topics.PREFIX}/d/%u/up/#
pattern read {topics.PREFIX}/d/%u/dn/#
pattern read {topics.PREFIX}/g/+/dn/#
pattern read {topics.PREFIX}/c/#
"""


def write_private(path: Path, content: str) -> None:
    """Replace a file at once, readable by its owner alone."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-", delete=False) as f:
        temporary = Path(f.name)
        f.write(content)
        f.flush()
        os.fsync(f.fileno())
    temporary.replace(path)


def write_users(folder: Path, hashes: Mapping[str, str]) -> None:
    """Write the password file (user → mosquitto hash) and the ACL."""
    write_private(folder / "passwd", "".join(f"{user}:{h}\n" for user, h in hashes.items()))
    write_private(folder / "acl", ACL)


def write_configuration(folder: Path, host: str, port: int) -> Path:
    """Write mosquitto's configuration; gives its path."""
    path = folder / "mosquitto.conf"
    lines = [
        f"listener {port} {host}",
        "allow_anonymous false",
        f"password_file {folder / 'passwd'}",
        f"acl_file {folder / 'acl'}",
        # Without it a box with its own password could take another box's client id.
        "use_username_as_clientid true",
        "persistence false",
        "max_queued_messages 100000",
        "max_inflight_messages 100",
        f"max_packet_size {MAX_PAYLOAD_BYTES + 1024}",
        "log_dest stdout",
        "log_type error",
        "log_type warning",
    ]
    if os.geteuid() == 0:
        # Otherwise it drops to its own user and cannot read the private files.
        lines.append("user root")
    write_private(path, "\n".join(lines) + "\n")
    return path
