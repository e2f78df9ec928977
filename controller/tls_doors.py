"""The office's own TLS: its names, its files, and the contexts of the doors that stand on them."""

import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from controller.fleet.certificates import CertificateAuthority, RevokedSerial

MOST_TOLD = 8
"""A box takes no more addresses of one kind."""
RENEWED_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files of one server: its authority, its own certificate and key, and what was revoked."""

    ca: Path
    certificate: Path
    key: Path
    crl: Path


class TlsDoors:
    """The door of people and the door of boxes, and the files that the broker's stands on.

    `renew` may be called while they serve: each new connection goes by the newest files.
    """

    def __init__(
        self,
        ca: CertificateAuthority,
        names: Callable[[], Sequence[str]],
        revoked: Sequence[RevokedSerial],
        now: datetime,
    ) -> None:
        self._ca = ca
        self._names = names
        self._answers_to = tuple(names())
        self._written = now
        self.files = self._write(revoked, now)
        self.people = _server_context()
        self.boxes = _server_context()
        self.boxes.verify_mode = ssl.CERT_REQUIRED
        self.boxes.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        self.boxes.load_verify_locations(self.files.ca)
        self._load()

    def renew(self, revoked: Sequence[RevokedSerial], now: datetime) -> None:
        """Write the list of the revoked anew, and the server's certificate when it is time."""
        self._answers_to = tuple(self._names())
        self._write(revoked, now)
        self._written = now
        self._load()

    def is_due(self, now: datetime) -> bool:
        """Whether a day has gone since they were written, the clock was set back, or this machine
        is called otherwise: a router may give it another address.
        """
        fresh = timedelta(0) <= now - self._written < RENEWED_EVERY
        return not fresh or tuple(self._names()) != self._answers_to

    def _write(self, revoked: Sequence[RevokedSerial], now: datetime) -> TlsFiles:
        certificate, key = self._ca.server_files(self._answers_to, now)
        self._ca.crl(revoked, now)
        return TlsFiles(self._ca.ca_path, certificate, key, self._ca.crl_path)

    def _load(self) -> None:
        # Of two lists OpenSSL goes by the newer one; `crl` sees to it that there is one.
        self.boxes.load_verify_locations(self.files.crl)
        for context in (self.people, self.boxes):
            context.load_cert_chain(self.files.certificate, self.files.key)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def told_names(hostnames: str) -> tuple[str, ...]:
    """What others call this machine: as a person said, else its addresses and its name."""
    said = tuple(name for each in hostnames.split(",") if (name := each.strip()))
    return tuple(dict.fromkeys(said or _found_names()))[:MOST_TOLD]


def certified_names(hostnames: str) -> tuple[str, ...]:
    """What its servers answer to: as others call it, and as it calls itself."""
    return tuple(dict.fromkeys((*told_names(hostnames), "localhost", "127.0.0.1", "::1")))


def netloc(name: str) -> str:
    """A name as it stands in an address: an IPv6 address in brackets."""
    return f"[{name}]" if ":" in name else name


def _found_names() -> tuple[str, ...]:
    name = socket.gethostname()
    local = name if "." in name else f"{name}.local"
    return (*_own_addresses(), local, name)


def _own_addresses() -> tuple[str, ...]:
    """The addresses from which this machine would speak to others; nothing is sent."""
    found = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((far, 9))
            except OSError:
                continue
            found.append(probe.getsockname()[0])
    return tuple(found)
