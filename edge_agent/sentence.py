"""A sentence from phrases: their files joined into one, without decoding a single sample. Pure.

Between phrases stand packets of silence in another mode of Opus, so that a decoder begins every
phrase as if it were the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from edge_agent.ogg import RATE, Opus, read_opus, samples, write_opus

PAUSES_MS: Mapping[str, int] = MappingProxyType({"": 120, ",": 220, "|": 350})
"""After a phrase, by the mark that follows it: the same as on paper in the office."""

MAX_PHRASES = 200
MAX_BYTES = 8_000_000
MAX_LENGTH_MS = 600_000

_SILENCE = tuple(bytes((toc, 0xFF, 0xFE)) for toc in (0xF8, 0xF0, 0xE8, 0xE0))
"""Silence of 20, 10, 5 and 2.5 ms."""


class Unsayable(ValueError):
    """This cannot be made into one sound."""


@dataclass(frozen=True, slots=True)
class Word:
    """One phrase and the pause after it, in ms."""

    phrase: str
    pause_ms: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """An Ogg/Opus file and how long it sounds."""

    data: bytes
    duration_ms: int


def words(say: str) -> tuple[Word, ...]:
    """Read a sentence of the wire; no pause after its last phrase. Raises `Unsayable`."""
    found: list[Word] = []
    for token in say.split():
        if token in PAUSES_MS:
            if found:
                longest = max(found[-1].pause_ms, PAUSES_MS[token])
                found[-1] = Word(found[-1].phrase, longest)
        else:
            found.append(Word(token, PAUSES_MS[""]))
    if not 0 < len(found) <= MAX_PHRASES:
        raise Unsayable(f"{len(found)} phrases")
    found[-1] = Word(found[-1].phrase, 0)
    return tuple(found)


def join(said: Sequence[Word], files: Mapping[str, bytes]) -> Sentence:
    """Say the phrases one after the other: the same files give the same bytes.

    Raises `Unsayable` if it would be too much, and `NotOpus` for what is no plain mono Opus.
    """
    if sum(len(files[word.phrase]) for word in said) > MAX_BYTES:
        raise Unsayable(f"over {MAX_BYTES} bytes")
    streams = {phrase: read_opus(files[phrase]) for phrase in {word.phrase for word in said}}
    skip = streams[said[0].phrase].skip
    packets: list[bytes] = []
    begins, laid, ends = skip, 0, skip
    for word in said:
        stream = streams[word.phrase]
        pause = _silence(begins - stream.skip - laid)
        laid += sum(map(samples, pause))
        ends = laid + stream.skip + stream.length
        laid += sum(map(samples, stream.packets))
        packets += (*pause, *stream.packets)
        begins += stream.length + word.pause_ms * RATE // 1000
        if (ends - skip) * 1000 > MAX_LENGTH_MS * RATE:
            raise Unsayable(f"over {MAX_LENGTH_MS} ms")
    length = ends - skip
    return Sentence(write_opus(Opus(tuple(packets), skip, length)), length * 1000 // RATE)


def _silence(length: int) -> list[bytes]:
    """Packets of silence that last `length` samples, or up to 2.5 ms less."""
    packets: list[bytes] = []
    for packet in _SILENCE:
        many, length = divmod(max(0, length), samples(packet))
        packets += [packet] * many
    return packets
