"""What can go wrong with a store that is elsewhere, and what a person is told of it."""

import http.server
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from obstore.store import S3Store as Bucket

from audio_library.errors import (
    AssetMissing,
    AudioLibraryError,
    BucketMissing,
    StoreFailed,
    StoreFull,
    StoreRefused,
    StoreUnreachable,
)
from audio_library.store.s3 import S3Store
from tests.audio_library.store.s3_server import KEYS, S3Server

NAME = "ab" * 32
ACTS: dict[str, Callable[[S3Store, Path], object]] = {
    "put": lambda store, file: store.put(file),
    "open": lambda store, _: store.open(NAME),
    "exists": lambda store, _: store.exists(NAME),
    "delete": lambda store, _: store.delete(NAME),
    "used_bytes": lambda store, _: store.used_bytes(),
}
ANSWER = (
    "<?xml version='1.0'?><Error><Code>{code}</Code>"
    f"<AWSAccessKeyId>{KEYS['AWS_ACCESS_KEY_ID']}</AWSAccessKeyId></Error>"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.opus"
    path.write_bytes(b"sound")
    return path


def impatient(endpoint: str) -> S3Store:
    """A store that gives up soon, with keys of its own."""
    bucket = Bucket(
        "loa",
        config={
            "endpoint": endpoint,
            "region": "us-east-1",
            "access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
            "secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"],
            "virtual_hosted_style_request": False,
            "disable_bulk_delete": True,
        },
        client_options={"allow_http": True, "timeout": timedelta(seconds=0.3)},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
    )
    return S3Store(bucket, "s3://loa/")


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """A store that answers everything alike."""
    body = ANSWER.format(code=code).encode()

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_any(self) -> None:
            self.send_response(status)
            said = b"" if self.command == "HEAD" else body
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = do_any

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def told(error: AudioLibraryError) -> str:
    """All that a person or a log may see of it."""
    assert error.__suppress_context__ or error.__context__ is None
    return f"{error} {error!r}"


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "InvalidAccessKeyId", StoreRefused),
        (401, "AccessDenied", StoreRefused),
        (404, "NoSuchBucket", BucketMissing),
        (503, "SlowDown", StoreUnreachable),
        (507, "XMinioStorageFull", StoreFull),
        (400, "AuthorizationHeaderMalformed", StoreFailed),
    ],
)
def test_a_refusal_is_told_in_our_words_and_never_repeats_a_key(
    act: str, status: int, code: str, expected: type[AudioLibraryError], file: Path
) -> None:
    with answering(status, code) as endpoint, pytest.raises(expected) as caught:
        ACTS[act](impatient(endpoint), file)
    for secret in KEYS.values():
        assert secret not in told(caught.value)


@pytest.mark.parametrize("act", ACTS)
def test_nobody_at_the_address(act: str, file: Path) -> None:
    with pytest.raises(StoreUnreachable):
        ACTS[act](impatient("http://127.0.0.1:9"), file)


def test_a_store_that_never_answers_is_given_up(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(StoreUnreachable):
        impatient(f"http://127.0.0.1:{silent.getsockname()[1]}").put(file)


def test_an_upload_that_breaks_off_leaves_no_parts_behind(s3: S3Server, tmp_path: Path) -> None:
    large = tmp_path / "large.opus"
    large.write_bytes(bytes(13 * 2**20))
    with pytest.raises(AudioLibraryError):
        s3.store().put(large, sha256=NAME)
    with urllib.request.urlopen(f"{s3.endpoint}/loa-lang?uploads", timeout=10) as answer:
        listed = answer.read().decode()
    assert "ListMultipartUploadsResult" in listed
    assert "<UploadId>" not in listed


def test_what_else_lies_in_the_bucket_is_left_alone(s3: S3Server, file: Path) -> None:
    for path in ("am-thanh/README.txt", f"am-thanh/cd/{NAME}.opus", f"khac/{NAME}.opus"):
        asked = urllib.request.Request(
            f"{s3.endpoint}/loa-lang/{path}", method="PUT", data=b"not ours"
        )
        urllib.request.urlopen(asked, timeout=10).close()
    store = s3.store()
    assert store.used_bytes() == 0
    sha256 = store.put(file)
    assert [held.sha256 for held in store.held()] == [sha256]


def test_a_file_that_vanishes_while_it_is_read_is_no_end_of_the_file(
    s3: S3Server, tmp_path: Path
) -> None:
    large = tmp_path / "large.opus"
    large.write_bytes(bytes(3 * 2**20))
    store = s3.store()
    sha256 = store.put(large)
    with store.open(sha256) as content:
        content.read(10)
        store.delete(sha256)
        content.seek(2 * 2**20)
        with pytest.raises(AssetMissing):
            content.read(10)
