"""Sound files in a bucket of an S3-compatible store, `prefix/ab/abcdef….opus`."""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

from audio_library.asset import is_sha256, refuse_unless_sha256
from audio_library.errors import (
    AssetDamaged,
    AssetMissing,
    BucketMissing,
    StoreFailed,
    StoreFull,
    StoreRefused,
    StoreUnreachable,
)
from audio_library.store.asset_store import Held

PART_BYTES = 5 * 2**20
"""The smallest part that S3 allows: a slow line carries one within `TIMEOUT`."""
READ_BYTES = 2**20
TIMEOUT = timedelta(seconds=60)
CONNECT_TIMEOUT = timedelta(seconds=5)
TRY_AGAIN_FOR = timedelta(seconds=20)
MOST_RETRIES = 3

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")


@dataclass(frozen=True, slots=True)
class S3Store:
    """`address` names it for people, without secrets; `max_bytes` bounds all that is held."""

    bucket: Bucket
    address: str
    suffix: str = ".opus"
    max_bytes: int | None = None

    def put(self, path: Path, *, sha256: str | None = None) -> str:
        if sha256 is not None:
            refuse_unless_sha256(sha256)
        name = sha256 or _sha256_of(path)
        size = path.stat().st_size
        self._require_room(name, size)
        # The upload becomes an object only when all of it was read: a wrong hash breaks it off.
        parts = _checked(path, name)
        with self._plain_words(needed=size):
            try:
                obstore.put(
                    self.bucket, self._key(name), parts, chunk_size=PART_BYTES, max_concurrency=1
                )
            except FileNotFoundError:
                raise BucketMissing(self.address) from None
        return name

    def open(self, sha256: str) -> BinaryIO:
        size = self._size(sha256)
        if size is None:
            raise AssetMissing(sha256)
        return cast(BinaryIO, io.BufferedReader(_Remote(self, sha256, size), READ_BYTES))

    def exists(self, sha256: str) -> bool:
        return self._size(sha256) is not None

    def delete(self, sha256: str) -> None:
        key = self._key(sha256)
        with self._plain_words():
            try:
                obstore.delete(self.bucket, key)
            except FileNotFoundError as absent:
                self._require_bucket(absent)

    def used_bytes(self) -> int:
        return sum(held.bytes for held in self.held())

    def free_bytes(self) -> int | None:
        return None if self.max_bytes is None else max(0, self.max_bytes - self.used_bytes())

    def held(self) -> Iterator[Held]:
        with self._plain_words():
            for page in obstore.list(self.bucket):
                for found in page:
                    name = found["path"].rpartition("/")[2].removesuffix(self.suffix)
                    if is_sha256(name) and found["path"] == self._key(name):
                        yield Held(name, found["size"], found["last_modified"])

    def forget_unfinished(self, before: datetime) -> None:
        """A rule of the bucket itself ends uploads that nobody finished."""

    def read_range(self, sha256: str, start: int, stop: int) -> bytes:
        """Bytes from `start` to before `stop`, not empty and within the file."""
        with self._plain_words():
            try:
                key = self._key(sha256)
                return bytes(obstore.get_range(self.bucket, key, start=start, end=stop))
            except FileNotFoundError:
                raise AssetMissing(sha256) from None

    def _size(self, sha256: str) -> int | None:
        key = self._key(sha256)
        with self._plain_words():
            try:
                return obstore.head(self.bucket, key)["size"]
            except FileNotFoundError:
                pass
            try:
                # An answer to HEAD has no body to tell a missing bucket from a missing file.
                return obstore.get(self.bucket, key).meta["size"]
            except FileNotFoundError as absent:
                self._require_bucket(absent)
                return None

    def _require_bucket(self, absent: FileNotFoundError) -> None:
        if "NoSuchBucket" in _CODE.findall(str(absent)):
            raise BucketMissing(self.address) from None

    def _require_room(self, name: str, size: int) -> None:
        if self.max_bytes is None or self.exists(name):
            return
        left = max(0, self.max_bytes - self.used_bytes())
        if size > left:
            raise StoreFull(size, left)

    def _key(self, sha256: str) -> str:
        refuse_unless_sha256(sha256)
        return f"{sha256[:2]}/{sha256}{self.suffix}"

    @contextmanager
    def _plain_words(self, needed: int | None = None) -> Iterator[None]:
        """Say a failure for people; the store's own words may hold a key and are dropped."""
        try:
            yield
        except BaseError as error:
            self._say(str(error), needed)

    def _say(self, answer: str, needed: int | None) -> NoReturn:
        status, code = _STATUS.search(answer), _CODE.search(answer)
        number = int(status[1]) if status else None
        if code and code[1] == "NoSuchBucket":
            raise BucketMissing(self.address) from None
        if number in (401, 403) or (code and code[1] in _KEY_IS_WRONG):
            raise StoreRefused(self.address) from None
        if number == 507:
            raise StoreFull(needed) from None
        if number is None or number >= 500 or number == 429:
            raise StoreUnreachable(self.address) from None
        raise StoreFailed(self.address, code[1] if code else str(number)) from None


_KEY_IS_WRONG = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"})


class _Remote(io.RawIOBase):
    """A file in the bucket, read by ranges; `io.BufferedReader` makes them large."""

    def __init__(self, store: S3Store, sha256: str, size: int) -> None:
        self._store, self._sha256, self._size, self._at = store, sha256, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readall(self) -> bytes:
        left = max(0, self._size - self._at)
        content = self._store.read_range(self._sha256, self._at, self._size) if left else b""
        self._at += len(content)
        return content

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        stop = min(self._at + len(into), self._size)
        if stop <= self._at:
            return 0
        content = self._store.read_range(self._sha256, self._at, stop)
        into[: len(content)] = content
        self._at += len(content)
        return len(content)


def open_bucket(
    name: str, prefix: str, *, endpoint: str | None, region: str | None, plain_http: bool
) -> Bucket:
    """A bucket whose keys come from the environment (`AWS_…`); asks nothing of the network."""
    return Bucket(
        name,
        prefix=prefix or None,
        config={
            # Path-style addresses: what every S3-compatible store understands at its endpoint.
            "virtual_hosted_style_request": endpoint is None,
            "disable_bulk_delete": True,
            **({"endpoint": endpoint} if endpoint else {}),
            **({"region": region} if region else {}),
        },
        client_options={
            "allow_http": plain_http,
            "timeout": TIMEOUT,
            "connect_timeout": CONNECT_TIMEOUT,
        },
        retry_config={"max_retries": MOST_RETRIES, "retry_timeout": TRY_AGAIN_FOR},
    )


def _sha256_of(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _checked(path: Path, expected: str) -> Iterator[bytes]:
    """The content in chunks; raises AssetDamaged after the last one if it is not `expected`."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(READ_BYTES):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != expected:
        raise AssetDamaged(expected, digest.hexdigest())
