"""One thing that is lacking, as one sentence, and which of two is more urgent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audio_library.next_step import Step, Who


class About(StrEnum):
    """What a line is about, the nearest to the air first."""

    BULLETIN = "bulletin"
    BOX = "box"
    PHRASES = "phrases"
    VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class LackLine:
    """What is lacking, whom it leaves without, and whose turn it is.

    `vi` and `en` are whole sentences; `code` is stable; `subject` is the id of the bulletin or
    cluster, the language's tag, or the voice.
    """

    about: About
    code: str
    subject: str
    vi: str
    en: str
    step: Step
    villages: tuple[str, ...] = ()
    """Those who will not hear it, as commune/village."""
    language: str | None = None
    emergency: bool = False
    airs_at: datetime | None = None
    """When it would first be heard, None where no time is set."""


def sentence(
    what: tuple[str, str],
    step: Step,
    villages: int,
    airs_at: datetime | None,
) -> tuple[str, str]:
    """Both sentences of a line; `airs_at` in the time zone to be shown."""
    vi, en = (text.strip().rstrip(".") for text in what)
    if villages:
        vi += f"; {villages} làng không nghe được"
        en += f"; {villages} village{'s' if villages > 1 else ''} will not hear it"
    if airs_at is not None:
        vi += f"; phát lúc {airs_at:%H:%M %d/%m/%Y}"
        en += f"; it airs at {airs_at:%Y-%m-%d %H:%M}"
    said_vi = f"; {step.vi}." if step.who is not Who.NOBODY else f" ({step.vi})."
    said_en = f"; {step.en}." if step.who is not Who.NOBODY else f" ({step.en})."
    return vi + said_vi, en + said_en


def most_urgent_first(lines: Iterable[LackLine]) -> tuple[LackLine, ...]:
    """Emergencies first, then what airs soonest, then what has no time yet."""
    places = list(About)
    return tuple(
        sorted(
            lines,
            key=lambda line: (
                not line.emergency,
                line.airs_at is None,
                line.airs_at.timestamp() if line.airs_at else 0.0,
                places.index(line.about),
                line.vi,
            ),
        )
    )
