"""Shapes of importing an iCalendar file."""

from typing import Self

from controller.api.shapes import Shape
from controller.operations.import_calendar import Fate, Imported


class EventOut(Shape):
    """One event of the file and what becomes of it."""

    uid: str
    """Its UID in the file."""
    title: str
    """Its title."""
    fate: Fate
    """`new`, `changed`, `unchanged` or `refused`."""
    programme: str | None
    """Id of the programme that it is; null where it was refused or only looked at as new."""
    quiet_ok: str
    """The reason in the file for airing outside the airtime law; empty: none."""
    vi: str
    """Why it was refused, in Vietnamese; empty where it was not."""
    en: str
    """The same in English."""


class UnreadOut(Shape):
    """A part of the file that could not be read."""

    where: str
    """UID of the event, or the place in the file."""
    vi: str
    """What is wrong with it, in Vietnamese."""
    en: str
    """The same in English."""


class ImportOut(Shape):
    """What an iCalendar file held and what became of it."""

    kept: bool
    """It was kept; false: it was only looked at."""
    new: int
    """Programmes that were not known."""
    changed: int
    """Programmes that the file changes."""
    unchanged: int
    """Programmes that the file has as they stand."""
    refused: int
    """Events that cannot be programmes here."""
    events: list[EventOut]
    """Every event, in the order of the file."""
    unread: list[UnreadOut]
    """What could not be read at all."""

    @classmethod
    def of(cls, imported: Imported) -> Self:
        """As the API says it."""
        return cls(
            kept=imported.kept,
            new=imported.count(Fate.NEW),
            changed=imported.count(Fate.CHANGED),
            unchanged=imported.count(Fate.UNCHANGED),
            refused=imported.count(Fate.REFUSED),
            events=[
                EventOut(
                    uid=each.uid,
                    title=each.title,
                    fate=each.fate,
                    programme=each.planned.programme.id
                    if each.planned and (imported.kept or each.fate is not Fate.NEW)
                    else None,
                    quiet_ok=(each.planned.programme.quiet_ok or "") if each.planned else "",
                    vi=each.vi,
                    en=each.en,
                )
                for each in imported.events
            ],
            unread=[
                UnreadOut(where=each.uid_or_place, vi=each.vi, en=each.en)
                for each in imported.unread
            ],
        )
