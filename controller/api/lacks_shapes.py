"""Shapes of what is lacking."""

from datetime import datetime
from typing import Self

from audio_library.next_step import Who
from controller.api.shapes import Shape
from controller.operations.lack_line import About, LackLine


class LackOut(Shape):
    """One thing that is lacking."""

    about: About
    """What it is about."""
    code: str
    """Stable name of the lack: those of a bulletin's readiness, `not_scheduled`, `no_box`,
    `plan_not_held`, `audio_not_held`, `phrases` or `voice_not_ready`."""
    subject: str
    """Id of the bulletin or cluster, tag of the language, or id of the voice."""
    vi: str
    """All of it in one sentence, in Vietnamese."""
    en: str
    """The same in English."""
    who: Who
    """Whose turn it is."""
    who_vi: str
    """The same in Vietnamese."""
    todo_vi: str
    """What they do next, in Vietnamese, without a full stop."""
    todo_en: str
    """The same in English."""
    language: str | None
    """BCP 47 tag, where it is about one language."""
    villages: list[str]
    """Villages that will not hear it, as `commune/village`."""
    emergency: bool
    """It is an emergency."""
    airs_at: datetime | None
    """When it would first be heard."""

    @classmethod
    def of(cls, line: LackLine) -> Self:
        """As the API says it."""
        return cls(
            about=line.about,
            code=line.code,
            subject=line.subject,
            vi=line.vi,
            en=line.en,
            who=line.step.who,
            who_vi=line.step.who.title_vi,
            todo_vi=line.step.vi,
            todo_en=line.step.en,
            language=line.language,
            villages=list(line.villages),
            emergency=line.emergency,
            airs_at=line.airs_at,
        )


class LacksOut(Shape):
    """Everything that is lacking."""

    at: datetime
    """As of when."""
    lines: list[LackOut]
    """The most urgent first; empty: nothing is lacking."""
