"""What a mastered file is put together from. Knows no decoder, so that anyone may import it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from audio_library.mastering.preset import Dressing
from audio_library.speech.engine import Speech

CHIME_PAUSE_MS = 1_000


@dataclass(frozen=True, slots=True)
class Sound:
    """Unmastered sound and the silence after it, within one part."""

    speech: Speech
    pause_ms: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch that is filtered, levelled and encoded by itself, and the silence after it.

    A part without sounds is the chime. Its packets are made unless the file `packets` exists.
    """

    packets: Path
    sounds: tuple[Sound, ...] = ()
    pause_ms: int = 0


def dressed(speech: Sequence[Part], dressing: Dressing, chime: Path) -> tuple[Part, ...]:
    """The programme around the parts that speak; `chime`: where the chime's packets stand."""
    *first, last = speech
    if dressing is Dressing.BARE:
        return (*first, replace(last, pause_ms=0))
    bell = Part(chime, pause_ms=CHIME_PAUSE_MS)
    return (bell, *first, replace(last, pause_ms=CHIME_PAUSE_MS), Part(chime))


def told(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """For the child, as JSON."""
    return [_plain(asdict(part)) for part in parts]


def understood(parts: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """The child's side of `told`."""
    for part in parts:
        yield Part(
            Path(part["packets"]),
            tuple(
                Sound(
                    Speech(**{**sound["speech"], "path": Path(sound["speech"]["path"])}),
                    sound["pause_ms"],
                )
                for sound in part["sounds"]
            ),
            part["pause_ms"],
        )


def _plain(value: Any) -> Any:
    match value:
        case Path():
            return str(value.absolute())
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
