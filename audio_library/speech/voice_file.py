"""What can be told of a voice file without running it: its hash, and that it is whole."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

MAX_JSON_BYTES = 2**20
MAX_FIELDS = 100_000
MAX_MODEL_BYTES = 2**30
"""Half of the memory that a worker may have; real models are 28 to 114 MB."""
MAX_LICENCE_CHARACTERS = 300
_GRAPH, _OPSET = 7, 8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class NotAVoice(Exception):
    """Why a file in the folder of voices cannot speak, for people."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


def sha256_of(path: Path) -> str:
    """Hex digest; counted once as long as size and time of change stay the same."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of bounded size; raises NotAVoice."""
    if not path.is_file():
        raise NotAVoice(f"thiếu tệp {path.name}", f"the file {path.name} is missing")
    with path.open("rb") as file:
        raw = file.read(MAX_JSON_BYTES + 1)
    try:
        value = json.loads(raw) if len(raw) <= MAX_JSON_BYTES else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NotAVoice(f"{path.name} không phải JSON", f"{path.name} is not a JSON object")
    return value


def read_licence(path: Path) -> str:
    """The beginning of what stands in a file beside a voice."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_LICENCE_CHARACTERS).strip()


def check_onnx(path: Path) -> None:
    """Walk the outermost fields of an ONNX model to its very end; raises NotAVoice."""
    if not path.is_file():
        raise NotAVoice(f"thiếu tệp {path.name}", f"the file {path.name} is missing")
    size = path.stat().st_size
    if size > MAX_MODEL_BYTES:
        raise NotAVoice(
            f"{path.name} lớn hơn {MAX_MODEL_BYTES // 2**20} MiB",
            f"{path.name} is larger than {MAX_MODEL_BYTES // 2**20} MiB",
        )
    seen = set()
    with path.open("rb") as file:
        try:
            for _ in range(MAX_FIELDS):
                if file.tell() == size:
                    break
                seen.add(_skip_field(file))
            whole = file.tell() == size and {_GRAPH, _OPSET} <= seen
        except (EOFError, ValueError):
            whole = False
    if not whole:
        raise NotAVoice(
            f"{path.name} không phải mô hình ONNX hoặc bị cụt",
            f"{path.name} is not an ONNX model, or only a part of one",
        )


def _skip_field(file: BinaryIO) -> int:
    key = _varint(file)
    number, wire = key >> 3, key & 7
    if number == 0:
        raise ValueError(wire)
    if wire == _VARINT:
        _varint(file)
    elif wire in (_FIXED64, _FIXED32, _BYTES):
        length = {_FIXED64: 8, _FIXED32: 4}.get(wire) or _varint(file)
        if length > MAX_MODEL_BYTES:
            # No file system knows the place that noise may name.
            raise ValueError(length)
        file.seek(length, 1)
    else:
        raise ValueError(wire)
    return number


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise EOFError
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError(value)
