"""The store that an address names: `file:`, `file:///folder` or `s3://bucket/prefix?endpoint=…`."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from audio_library.errors import BadStoreAddress, StoreNotInstalled
from audio_library.store.asset_store import Store
from audio_library.store.filesystem import FilesystemStore

KEY_SOURCES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Where keys may come from; asking a cloud's own machine service hangs in an office."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[\w!.*'()/-]{0,512}")


def open_store(
    address: str,
    *,
    folder: Path,
    environment: Mapping[str, str],
    suffix: str = ".opus",
    max_bytes: int | None = None,
) -> Store:
    """Open it without asking the network; `file:` alone is `folder`.

    Raises BadStoreAddress, which never repeats a key that stood in the address, and
    StoreNotInstalled.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise BadStoreAddress("địa chỉ viết sai dạng", "the address has the wrong form") from None
    match parts.scheme:
        case "file":
            return FilesystemStore(_folder(parts, folder), suffix, max_bytes)
        case "s3":
            return _bucket(parts, environment, suffix, max_bytes)
    raise BadStoreAddress("chỉ nhận “file:” hoặc “s3:”", "only “file:” and “s3:” are known")


def _folder(parts: SplitResult, default: Path) -> Path:
    if parts.netloc or parts.query or (parts.path and not parts.path.startswith("/")):
        raise BadStoreAddress(
            "thư mục phải viết đủ từ gốc, ví dụ file:///srv/am-thanh",
            "a folder is written in full, for example file:///srv/audio",
        )
    return Path(unquote(parts.path)) if parts.path else default


def _bucket(
    parts: SplitResult, environment: Mapping[str, str], suffix: str, max_bytes: int | None
) -> Store:
    if "@" in parts.netloc:
        raise BadStoreAddress(
            "không ghi khoá trong địa chỉ; đặt AWS_ACCESS_KEY_ID và AWS_SECRET_ACCESS_KEY",
            "no key may stand in it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    prefix = unquote(parts.path).strip("/")
    if not _BUCKET.fullmatch(parts.netloc):
        raise BadStoreAddress("tên thùng chứa không hợp lệ", "the bucket's name is not valid")
    if not _PREFIX.fullmatch(prefix) or ".." in prefix or "//" in prefix:
        raise BadStoreAddress("tên thư mục trong thùng không hợp lệ", "the prefix is not valid")
    chosen = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := set(chosen) - {"endpoint", "region", "plain_http"}:
        listed = ", ".join(sorted(unknown))[:80]
        raise BadStoreAddress(f"không có mục “{listed}”", f"it has no setting “{listed}”")
    if not any(environment.get(name) for name in KEY_SOURCES):
        raise BadStoreAddress(
            "thiếu khoá: đặt AWS_ACCESS_KEY_ID và AWS_SECRET_ACCESS_KEY",
            "the key is missing: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    endpoint = chosen.get("endpoint")
    try:
        from audio_library.store.s3 import S3Store, open_bucket
    except ModuleNotFoundError as absent:
        if absent.name != "obstore":
            raise
        raise StoreNotInstalled from None
    bucket = open_bucket(
        parts.netloc,
        prefix,
        endpoint=endpoint,
        region=chosen.get("region"),
        plain_http=endpoint is not None and _is_plain(endpoint, chosen.get("plain_http") == "yes"),
    )
    return S3Store(bucket, f"s3://{parts.netloc}/{prefix}", suffix, max_bytes)


def _is_plain(endpoint: str, plain_http: bool) -> bool:
    """Whether it is http; refused for another machine unless `plain_http` says that it is meant."""
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise BadStoreAddress(
            "endpoint phải là địa chỉ https://…, không kèm khoá",
            "the endpoint must be an https://… address without a key",
        )
    if parts.scheme == "http" and not (plain_http or _is_this_machine(parts.hostname)):
        raise BadStoreAddress(
            "endpoint không mã hoá (http:) chỉ dùng trên chính máy này; "
            "nếu mạng riêng đã kín, thêm &plain_http=yes",
            "an endpoint without encryption (http:) is for this machine only; "
            "on a closed network of your own add &plain_http=yes",
        )
    return parts.scheme == "http"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
