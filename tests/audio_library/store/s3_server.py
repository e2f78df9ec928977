"""An S3-compatible store on this machine, with one bucket: moto's server in a thread."""

import logging
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moto.server import ThreadedMotoServer

from audio_library.store.address import open_store
from audio_library.store.asset_store import Store

BUCKET = "loa-lang"
SECRET = "khong-ai-duoc-thay"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIALOALANG", "AWS_SECRET_ACCESS_KEY": SECRET}


@dataclass(frozen=True)
class S3Server:
    """Where it listens."""

    endpoint: str

    def address(self, bucket: str = BUCKET) -> str:
        """As LOALANG_BLOB_URL says it."""
        return f"s3://{bucket}/am-thanh?endpoint={self.endpoint}&region=us-east-1"

    def store(
        self, suffix: str = ".opus", max_bytes: int | None = None, bucket: str = BUCKET
    ) -> Store:
        """The store that the controller would open."""
        return open_store(
            self.address(bucket),
            folder=Path("unused"),
            environment=os.environ,
            suffix=suffix,
            max_bytes=max_bytes,
        )

    def empty(self) -> None:
        """Forget everything, and make the bucket."""
        for method, path in (("POST", "/moto-api/reset"), ("PUT", f"/{BUCKET}")):
            asked = urllib.request.Request(self.endpoint + path, method=method, data=b"")
            urllib.request.urlopen(asked, timeout=10).close()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run it; its users need KEYS in the environment."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()
