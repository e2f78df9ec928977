"""Opus in Ogg (RFC 3533, 7845): its packets, and a stream written from packets. Pure.

Times are samples at 48 kHz, in which Opus counts whatever it was made from.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

RATE = 48_000
MAX_PACKETS = 50_000
"""A quarter of an hour in packets of 20 ms."""
LONGEST_PACKET = 61_440
"""Bytes: no packet of one stream is longer (RFC 7845, 6), and one page holds it."""

_PAGE = struct.Struct("<4sBBqIIIB")
_HEAD = struct.Struct("<8sBBHIhB")
_TAGS = struct.pack("<8sI7sI", b"OpusTags", 7, b"loalang", 0)
_BEGINS, _ENDS = 2, 4
_LONGEST = 5_760
_SERIAL = 0x4C4F41
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_FRAMES = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
"""Samples of one frame, by the configuration that a packet names."""


class NotOpus(ValueError):
    """These bytes are no stream of mono Opus that can be read."""


@dataclass(frozen=True, slots=True)
class Opus:
    """A mono stream: the first `skip` samples of its packets are not heard, then `length` are."""

    packets: tuple[bytes, ...]
    skip: int
    length: int


def read_opus(data: bytes) -> Opus:
    """Read one whole logical stream. Raises `NotOpus`."""
    packets: list[bytes] = []
    open_, last = b"", 0
    for granule, segments, body in _pages(data):
        at = 0
        for size in segments:
            open_ += body[at : at + size]
            at += size
            if len(open_) > LONGEST_PACKET:
                raise NotOpus("too long a packet")
            if size < 255:
                packets.append(open_)
                open_ = b""
        if granule >= 0:
            last = granule
        if len(packets) > MAX_PACKETS:
            raise NotOpus("too many packets")
    if open_ or len(packets) < 3 or len(packets[0]) < _HEAD.size:
        raise NotOpus("cut, or without sound")
    magic, version, channels, skip, _rate, gain, mapping = _HEAD.unpack(packets[0][: _HEAD.size])
    if magic != b"OpusHead" or version >> 4 or packets[1][:8] != b"OpusTags":
        raise NotOpus("not Opus")
    if (channels, gain, mapping) != (1, 0, 0):
        raise NotOpus("not plain mono")
    length = last - skip
    if not 0 < length <= sum(map(samples, packets[2:])) - skip:
        raise NotOpus("its length does not fit its packets")
    return Opus(tuple(packets[2:]), skip, length)


def write_opus(stream: Opus) -> bytes:
    """Write a stream: the same stream gives the same bytes."""
    head = _HEAD.pack(b"OpusHead", 1, 1, stream.skip, RATE, 0, 0)
    pages = [_page(0, _BEGINS, 0, (head,)), _page(1, 0, 0, (_TAGS,))]
    batch: list[bytes] = []
    laced = granule = 0
    for packet in stream.packets:
        laces = len(packet) // 255 + 1
        if laced + laces > 255:
            pages.append(_page(len(pages), 0, granule, batch))
            batch, laced = [], 0
        batch.append(packet)
        laced += laces
        granule += samples(packet)
    pages.append(_page(len(pages), _ENDS, stream.skip + stream.length, batch))
    return b"".join(pages)


def samples(packet: bytes) -> int:
    """How long a packet sounds, by its first bytes (RFC 6716, 3.1). Raises `NotOpus`."""
    if not packet:
        raise NotOpus("an empty packet")
    code = packet[0] & 3
    if code == 3 and len(packet) < 2:
        raise NotOpus("a cut packet")
    length = _FRAMES[packet[0] >> 3] * (1, 2, 2, packet[1] & 63 if code == 3 else 0)[code]
    if not 0 < length <= _LONGEST:
        raise NotOpus("a packet of no length")
    return length


def _pages(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Granule, sizes of segments, and content of each page. Raises `NotOpus`."""
    at = 0
    while at < len(data):
        if len(data) - at < _PAGE.size:
            raise NotOpus("a cut page")
        magic, version, _flags, granule, _serial, _number, _sum, count = _PAGE.unpack_from(data, at)
        begins = at + _PAGE.size + count
        segments = data[at + _PAGE.size : begins]
        at = begins + sum(segments)
        if magic != b"OggS" or version or len(segments) < count or at > len(data):
            raise NotOpus("not a page of Ogg")
        yield granule, segments, data[begins:at]


def _page(number: int, flags: int, granule: int, packets: Sequence[bytes]) -> bytes:
    laces = b"".join(b"\xff" * (len(p) // 255) + bytes((len(p) % 255,)) for p in packets)
    page = _PAGE.pack(b"OggS", 0, flags, granule, _SERIAL, number, 0, len(laces))
    page += laces + b"".join(packets)
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _checksum(page: bytes) -> int:
    """The CRC of Ogg is that of zlib with every byte, and the sum, in mirrored order of bits."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
