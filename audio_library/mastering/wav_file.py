"""A WAV file of 16-bit mono samples that can be read at any moment, even of a killed writer."""

import struct
from pathlib import Path
from types import TracebackType
from typing import Self

from audio_library.mastering.pcm import BYTES_PER_SAMPLE, SAMPLE_RATE

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM, _MONO = 1, 1


class WavFile:
    """The header tells the length as of the last `settle`; closing settles."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._bytes = 0
        self._file.write(_header(0))

    @property
    def samples(self) -> int:
        return self._bytes // BYTES_PER_SAMPLE

    def write(self, samples: bytes) -> None:
        self._file.write(samples)
        self._bytes += len(samples)

    def settle(self) -> None:
        self._file.flush()
        self._file.seek(0)
        self._file.write(_header(self._bytes))
        self._file.flush()
        self._file.seek(0, 2)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if not self._file.closed:
            self.settle()
            self._file.close()


def _header(data_bytes: int) -> bytes:
    return _HEADER.pack(
        *(b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, _PCM, _MONO, SAMPLE_RATE),
        *(SAMPLE_RATE * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 8 * BYTES_PER_SAMPLE),
        *(b"data", data_bytes),
    )
