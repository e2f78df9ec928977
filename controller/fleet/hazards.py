"""Which hazards there are, how grave each is taken to be, and what is said of it by default."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from controller.errors import NotFound
from edge_agent.contract.alert import Severity

ALL_CLEAR = "all_clear"
TEST = "test"
"""Words of a clip that name no hazard."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard of the phrase bank; `instructions` are phrase ids, `why` says why these."""

    word: str
    en: str
    severity: Severity
    instructions: tuple[str, ...]
    why: str

    @property
    def phrase(self) -> str:
        return f"hazard.{self.word}"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds of siren before each round, and minutes between two rounds."""

    siren_s: int
    repeat_minutes: int


RHYTHMS: Mapping[Severity, Rhythm] = MappingProxyType(
    {
        Severity.EXTREME: Rhythm(10, 10),
        Severity.SEVERE: Rhythm(10, 15),
        Severity.MODERATE: Rhythm(0, 30),
        Severity.MINOR: Rhythm(0, 60),
    }
)
"""What no one chose otherwise; a repeated alert says the time of its issue again."""

_GRAVEST_FIRST = tuple(Severity)
_OF_LEVEL: Mapping[str, Severity] = MappingProxyType(
    {
        "level.0": Severity.MINOR,
        "level.1": Severity.MINOR,
        "level.2": Severity.MODERATE,
        "level.3": Severity.SEVERE,
        "level.4": Severity.EXTREME,
        "level.5": Severity.EXTREME,
    }
)
"""As CAP grades the five levels of disaster risk."""


@cache
def hazards() -> Mapping[str, Hazard]:
    """Every hazard by its word, the gravest first."""
    text = resources.files(__package__).joinpath("hazards.tsv").read_text("utf-8")
    lines = (line.split("\t") for line in text.splitlines() if line and line[0] != "#")
    return MappingProxyType(
        {
            word: Hazard(
                word,
                en,
                Severity(severity),
                tuple(f"instruction.{each}" for each in instructions.split(",") if each),
                why,
            )
            for word, en, severity, instructions, why in lines
        }
    )


def hazard(word: str) -> Hazard:
    """The hazard of that word, `hazard.` before it or not; raises `NotFound`."""
    found = hazards().get(word.removeprefix("hazard."))
    if found is None:
        raise NotFound("hiểm hoạ", "hazard", word[:80])
    return found


def severity_of(of: Hazard, levels: tuple[str, ...]) -> Severity:
    """The graver of what the hazard is by itself and what its level says."""
    said = (_OF_LEVEL[level] for level in levels if level in _OF_LEVEL)
    return min((of.severity, *said), key=_GRAVEST_FIRST.index)
