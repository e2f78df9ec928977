"""What the local page shows: asked of the agent, which alone knows and decides."""

from typing import Annotated, Literal

import msgspec


class Raisable(msgspec.Struct, frozen=True):
    """A clip that can be raised; it sounds in `languages`, and lacks the audio of `lacking`."""

    hazard: str
    vi: str
    en: str
    languages: tuple[str, ...]
    lacking: tuple[str, ...] = ()

    @property
    def sounds(self) -> bool:
        """Whether anything of it can be heard now."""
        return bool(self.languages)


class Active(msgspec.Struct, frozen=True):
    """A local alert that is on; `round` counts what was said of it, from 0."""

    id: str
    hazard: str
    vi: str
    en: str
    minutes_left: int
    round: int
    sounding: bool


class LocalState(msgspec.Struct, frozen=True):
    """How it stands with local alerts; `silenced` names the switch that keeps the box silent."""

    did: str
    hazards: tuple[Raisable, ...]
    all_clear: Raisable | None
    active: tuple[Active, ...]
    silenced: str
    minutes: int
    repeat_minutes: int
    siren_s: int


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of the agent by the page, `by` name."""

    do: Literal["state", "raise", "all_clear"]
    hazard: Annotated[str, msgspec.Meta(max_length=60)] = ""
    by: Annotated[str, msgspec.Meta(max_length=40)] = "desk"
