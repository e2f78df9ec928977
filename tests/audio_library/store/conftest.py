from collections.abc import Iterator

import pytest

from tests.audio_library.store.s3_server import KEYS, S3Server, s3_server


@pytest.fixture(scope="session")
def running_s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def s3(running_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A store with one empty bucket, and its keys in the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    running_s3.empty()
    return running_s3
