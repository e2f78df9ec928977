"""A TCP proxy on loopback that counts what it carries."""

import contextlib
import socket
import threading
from dataclasses import dataclass

SEGMENT = 1_448
"""What a packet of 1,500 bytes holds beside IP, TCP and its timestamps."""

HEAD_BYTES = 40
HANDSHAKE_PACKETS = 7
"""Three to open a connection, four to close it."""


@dataclass
class Metered:
    """Bytes and connections of one proxy."""

    bytes: int = 0
    packets: int = 0

    def with_tcp(self) -> int:
        """With 40 bytes of TCP and IP a packet, whole ones as far as there are."""
        return self.bytes + HEAD_BYTES * self.packets


class Meter:
    """Carries connections to `to_port` of this machine and counts both ways."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.seen = Metered()
        threading.Thread(target=self._stand, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _stand(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = socket.create_connection(("127.0.0.1", self._to_port))
                self._count(0, HANDSHAKE_PACKETS)
                for one, other in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := one.recv(65_536):
                segments = -(-len(block) // SEGMENT)
                # Every second packet is acknowledged, and the last of a block.
                self._count(len(block), segments + (segments + 1) // 2)
                other.sendall(block)
            other.shutdown(socket.SHUT_WR)

    def _count(self, size: int, packets: int) -> None:
        with self._lock:
            self.seen.bytes += size
            self.seen.packets += packets
