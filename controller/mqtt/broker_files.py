"""Password, ACL and configuration files of the embedded broker, made from the device table."""

import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.tls_doors import TlsFiles
from edge_agent.contract import topics
from edge_agent.contract.types import MAX_PAYLOAD_BYTES

CONTROLLER_USER = "controller"

# Of any topic below its own a box could leave as many retained messages as memory holds.
_SAYS = "\n".join(f"pattern write {topics.up('%u', word)}" for word in topics.UP_WORDS)

ACL = f"""\
user {CONTROLLER_USER}
topic readwrite {topics.PREFIX}/#
{{shut_out}}
{_SAYS}
pattern read {topics.PREFIX}/d/%u/dn/#
pattern read {topics.PREFIX}/g/+/dn/#
pattern read {topics.PREFIX}/c/#
"""
"""Lines of a user count for that user alone, and `deny` goes before every pattern."""


@dataclass(frozen=True, slots=True)
class TlsListener:
    """Where boxes that hold a certificate connect, and the files that it stands on."""

    host: str
    port: int
    files: TlsFiles


def write_private(path: Path, content: str) -> None:
    """Replace a file at once, readable by its owner alone."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-", delete=False) as f:
        temporary = Path(f.name)
        f.write(content)
        f.flush()
        os.fsync(f.fileno())
    temporary.replace(path)


def write_users(
    folder: Path, hashes: Mapping[str, str], shut_out: Collection[str] = frozenset()
) -> None:
    """Write the password file (user → mosquitto hash) and the ACL.

    Who is shut out can neither say nor hear anything, also on a connection that is open.
    """
    write_private(folder / "passwd", "".join(f"{user}:{h}\n" for user, h in hashes.items()))
    denied = "".join(f"\nuser {user}\ntopic deny #\n" for user in sorted(shut_out))
    write_private(folder / "acl", ACL.format(shut_out=denied))


def write_configuration(folder: Path, host: str, port: int, tls: TlsListener | None = None) -> Path:
    """Write mosquitto's configuration; gives its path."""
    path = folder / "mosquitto.conf"
    lines = [
        f"listener {port} {host}",
        # Without it a box with its own password could take another box's client id.
        "use_username_as_clientid true",
        *(_tls_lines(tls) if tls else ()),
        "allow_anonymous false",
        f"password_file {folder / 'passwd'}",
        f"acl_file {folder / 'acl'}",
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


def _tls_lines(tls: TlsListener) -> tuple[str, ...]:
    """A listener that asks for a certificate; its name is the user's name and client id."""
    return (
        f"listener {tls.port} {tls.host}",
        f"cafile {tls.files.ca}",
        f"certfile {tls.files.certificate}",
        f"keyfile {tls.files.key}",
        f"crlfile {tls.files.crl}",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "tls_version tlsv1.2",
    )
