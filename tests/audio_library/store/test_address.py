import subprocess
import sys
from pathlib import Path

import pytest

from audio_library.errors import BadStoreAddress, StoreNotInstalled
from audio_library.store.address import open_store
from audio_library.store.filesystem import FilesystemStore
from audio_library.store.s3 import S3Store

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def opened(address: str, environment: dict[str, str] | None = None) -> object:
    keys = KEYS if environment is None else environment
    return open_store(address, folder=Path("/data/audio"), environment=keys, max_bytes=9)


def test_a_file_address_is_a_folder_of_this_machine() -> None:
    assert opened("file:") == FilesystemStore(Path("/data/audio"), max_bytes=9)
    assert opened("file:///srv/%C3%A2m") == FilesystemStore(Path("/srv/âm"), max_bytes=9)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("s3://loa?endpoint=http://127.0.0.1:9000", "s3://loa/"),
        ("s3://loa/a/b/?endpoint=http://localhost:9000&region=vn-1", "s3://loa/a/b"),
        ("s3://loa/a?endpoint=https://kho.example", "s3://loa/a"),
        ("s3://loa/a?region=ap-southeast-1", "s3://loa/a"),
        ("s3://loa/a?endpoint=http://10.0.0.5:9000&plain_http=yes", "s3://loa/a"),
    ],
)
def test_a_bucket_is_opened_without_asking_anybody(address: str, name: str) -> None:
    store = opened(address)
    assert isinstance(store, S3Store)
    assert (store.address, store.max_bytes) == (name, 9)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ftp://loa", "only"),
        ("", "only"),
        ("file://elsewhere/audio", "in full"),
        ("file:audio", "in full"),
        ("s3://", "name"),
        ("s3://UPPER/x", "name"),
        ("s3://loa/../keys", "prefix"),
        ("s3://loa:99999/x", "form"),
        ("s3://loa?endpont=https://kho.example", "endpont"),
        ("s3://loa?endpoint=kho.example", "https"),
        ("s3://loa?endpoint=http://10.0.0.5:9000", "plain_http"),
        ("s3://loa?endpoint=http://127.0.0.1.kho.example", "plain_http"),
        ("s3://loa?endpoint=https://HIDE:HIDE@kho.example", "without a key"),
        ("s3://HIDE:HIDE@loa/x", "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_repeating_keys(
    address: str, says: str
) -> None:
    with pytest.raises(BadStoreAddress, match=says) as caught:
        opened(address)
    assert "HIDE" not in str(caught.value)


def test_keys_come_from_the_environment_only() -> None:
    with pytest.raises(BadStoreAddress, match="AWS_ACCESS_KEY_ID"):
        opened("s3://loa?region=ap-southeast-1", {})


WITHOUT_OBSTORE = f"""
import sys
from pathlib import Path
sys.modules["obstore"] = None
from audio_library.errors import {StoreNotInstalled.__name__}
from audio_library.store.address import open_store
try:
    open_store("s3://loa", folder=Path(), environment={KEYS})
except StoreNotInstalled as missing:
    print(missing.code)
"""


def test_without_its_part_a_bucket_is_refused_with_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_OBSTORE], capture_output=True, text=True, check=True
    )
    assert done.stdout == "store_not_installed\n"
    assert "loalang[s3]" in str(StoreNotInstalled())
