"""TLS of the box: whom it believes, and that it has no need of a clock for it."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.clock import Reading

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL: chain, purpose and host are judged, the dates are not."""

MOST_DISTRUST = 3
"""So often in a row a good clock may say that nobody's certificate is in time; then it is asked
no more, for only on a connection it can be told that it is wrong."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a box knows of the time: OpenSSL's clock is right, and no time before this is."""

    wall_is_right: bool
    least_ms: int

    @classmethod
    def of(cls, now: Reading, floor_ms: int) -> "Moment":
        """By one look at the clocks, and by the time floor, which a wrong clock hardly lifts."""
        near = abs(now.utc_ms - now.system_ms) <= now.within_ms
        return cls(now.trusted and near, floor_ms)


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """What the certificate of a box says; in UTC ms."""

    did: str
    not_before_ms: int
    not_after_ms: int

    @property
    def renew_from_ms(self) -> int:
        """Two thirds of its life."""
        return self.not_before_ms + (self.not_after_ms - self.not_before_ms) * 2 // 3


class Outlived(ssl.SSLError):
    """A server's certificate that ended before a time which is past for certain."""


class Tls:
    """Makes contexts for the connections of one box; any thread may ask.

    The agent's thread tells the `moment`, and the hosts that are its office's. The papers of a
    pairing lie in `papers`: the office is known by its pinned authority alone.
    """

    def __init__(self, papers: Path | None = None, floor_ms: int = 0) -> None:
        self._dir = papers
        self._distrust = 0
        self.moment = Moment(False, floor_ms)
        self.office_hosts: frozenset[str] = frozenset()

    def for_broker(self, ca_file: str) -> ssl.SSLContext:
        """Believes `ca_file`, or the machine's authorities without one; a paired box knows its
        office and shows it its own certificate. Raises OSError.
        """
        return self._context(ca_file, own=self._dir is not None and ca_file != "")

    def for_source(self, host: str) -> ssl.SSLContext:
        """For a file: the office is shown the box's certificate, others only what is public."""
        if self._dir is not None and host in self.office_hosts:
            return self._context("", own=True)
        return self._context("", own=False)

    def for_office(self) -> ssl.SSLContext:
        """For the office's door where no certificate is asked for: an ended one shuts none."""
        assert self._dir is not None
        return self._context(str(ca_path(self._dir)), own=False)

    def check(self, sock: object) -> None:
        """After the handshake, before a word is said. Raises `Outlived`."""
        if isinstance(sock, ssl.SSLSocket):
            refuse_outlived(sock, self.moment.least_ms)

    def distrusted(self) -> None:
        """A server was not believed."""
        self._distrust += 1

    def believed(self) -> None:
        """A connection stands."""
        self._distrust = 0

    def _context(self, ca_file: str, *, own: bool) -> ssl.SSLContext:
        trusted = self.moment.wall_is_right and self._distrust < MOST_DISTRUST
        if not own or self._dir is None:
            return context(ca_file, trusted=trusted)
        files = (ca_path(self._dir), certificate_path(self._dir), key_path(self._dir))
        return context(*map(str, files), trusted=trusted)


def context(
    ca_file: str = "", cert_file: str = "", key_file: str = "", *, trusted: bool
) -> ssl.SSLContext:
    """Believe `ca_file` alone ("": the machine's authorities), and show a certificate if given.

    Chain and host are always judged, the dates only by a `trusted` clock. Raises OSError.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        made.load_verify_locations(ca_file)
    else:
        made.load_default_certs()
    if cert_file:
        made.load_cert_chain(cert_file, key_file)
    if not trusted:
        made.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
    return made


def refuse_outlived(sock: ssl.SSLSocket, least_ms: int) -> None:
    """Raises `Outlived` for a server whose certificate ended before `least_ms` (UTC)."""
    until_ms = _dates(sock.getpeercert())[1]
    if until_ms < least_ms:
        raise Outlived(f"the server's certificate ended {(least_ms - until_ms) // 1000} s ago")


def read_certificate(ca_file: Path, cert_file: Path, key_file: Path) -> OwnCertificate:
    """Read a box's certificate as its office would, whatever the time is.

    Raises OSError: it is not for this key, not of this authority, or not for a client.
    """
    # Shown to oneself in memory, it is judged by OpenSSL: a reader of X.509 costs 2 MB.
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert_file, key_file)
    server.load_verify_locations(ca_file)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.load_cert_chain(cert_file, key_file)
    shown = _shown(client, server)
    names = dict(pair for part in shown.get("subject", ()) for pair in part)
    return OwnCertificate(str(names.get("commonName", "")), *_dates(shown))


def read_papers(state_dir: Path) -> OwnCertificate:
    """Read the certificate that a box holds. Raises OSError."""
    papers = (ca_path(state_dir), certificate_path(state_dir), key_path(state_dir))
    return read_certificate(*papers)


def certificate_until(state_dir: Path) -> int | None:
    """When the certificate in a state folder ends, in UTC ms; None without a sound one."""
    try:
        return read_papers(state_dir).not_after_ms
    except OSError:
        return None


def ca_path(state_dir: Path) -> Path:
    """The authority of the office that the box was paired with."""
    return state_dir / "ca.pem"


def certificate_path(state_dir: Path) -> Path:
    """The box's own certificate."""
    return state_dir / "certificate.pem"


def key_path(state_dir: Path) -> Path:
    """The box's own key."""
    return state_dir / "device_key.pem"


def _shown(client: ssl.SSLContext, server: ssl.SSLContext) -> Mapping[str, Any]:
    """What a server learns of the client that shakes its hand."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [here, there]
    while waiting:
        for end in tuple(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    return there.getpeercert() or {}


def _dates(certificate: object) -> tuple[int, int]:
    """From when until when it counts, in UTC ms. Raises `ssl.SSLError` where it says nothing."""
    said = certificate if isinstance(certificate, dict) else {}
    try:
        begin, end = (ssl.cert_time_to_seconds(str(said[n])) for n in ("notBefore", "notAfter"))
    except (KeyError, ValueError) as e:
        raise ssl.SSLError(f"a certificate without dates: {e}") from e
    return begin * 1000, end * 1000
