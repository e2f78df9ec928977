"""What a paired box holds, and the servers of its office, made by the office's own authority."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.fleet.certificates import BOX_LIFE, CertificateAuthority, open_ca
from edge_agent import identity, tls
from tests.edge_agent.office import DID

TODAY = datetime.now(UTC)


class Papers:
    """An authority, and one box's key and certificate in `state`, issued `age` ago."""

    def __init__(
        self,
        folder: Path,
        *,
        age: timedelta = timedelta(0),
        ca: CertificateAuthority | None = None,
        name: str = "papers",
    ) -> None:
        self.ca = ca or open_ca(folder / "ca", TODAY - timedelta(days=3_000))
        self.state = folder / name
        self.state.mkdir(parents=True, exist_ok=True)
        self.key = identity.create_key(self.state)
        tls.ca_path(self.state).write_text(self.ca.pem)
        self.issue(age)

    def issue(self, age: timedelta, did: str = DID) -> str:
        """Give the box another certificate."""
        issued = self.ca.box_certificate(did, self.key.public_key(), TODAY - age)
        tls.certificate_path(self.state).write_text(issued.pem)
        return issued.pem


@contextlib.contextmanager
def https_server(
    ca: CertificateAuthority, *, age: timedelta = timedelta(0), name: str = "127.0.0.1"
) -> Iterator[int]:
    """Shakes hands on loopback with whoever comes, as `name`, certified `age` ago; the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ca.server_files((name,), TODAY - age))
    server = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        while True:
            try:
                come, _ = server.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), context.wrap_socket(come, server_side=True) as met:
                met.recv(1)

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


ENDED = BOX_LIFE + timedelta(days=1)
