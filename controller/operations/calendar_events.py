"""A programme as an event of an iCalendar file, and back: nothing of it is lost on the way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlmodel import Session, col, select

from controller.errors import ControllerError, UnknownVillage
from controller.operations.find_village import Village, named
from controller.operations.programme_draft import Draft
from controller.storage import tables
from controller.storage.programmes import Planned, read_template, template_text
from schedules.calendar_file import CalendarEvent
from schedules.precedence import Enter, Leave, Rank
from schedules.template import PlayByRule, Template
from schedules.types import DurationMs

PLACES, TEMPLATE = "X-LOALANG-PLACES", "X-LOALANG-TEMPLATE"
RANK, QUIET_OK, FALLBACK = "X-LOALANG-RANK", "X-LOALANG-QUIET-OK", "X-LOALANG-FALLBACK"
ENTER, LEAVE = "X-LOALANG-ENTER", "X-LOALANG-LEAVE"
EVERYTHING_APPROVED = Template((PlayByRule(),))
LONGEST_UID, MOST_PLACES = 255, 5_000
NO_LENGTH = DurationMs(0)
_Rule = TypeVar("_Rule", Enter, Leave)


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds for an event that does not say it itself."""

    zone_ids: tuple[str, ...] = ()
    template: Template = EVERYTHING_APPROVED


def event_of(planned: Planned) -> CalendarEvent:
    """A programme with all that only Loa Làng knows in properties of our own."""
    p = planned.programme
    own = {
        PLACES: ";".join(p.zone_ids),
        TEMPLATE: template_text(p.template),
        RANK: p.rank.name.lower(),
        QUIET_OK: p.quiet_ok or "",
        FALLBACK: p.fallback or "",
        ENTER: p.enter.value if p.enter else "",
        LEAVE: p.leave.value if p.leave else "",
    }
    return CalendarEvent(
        uid=planned.uid,
        sequence=planned.sequence,
        title=p.title,
        description="",
        timing=p.timing,
        duration_ms=p.duration_ms or NO_LENGTH,
        all_day=False,
        own={name: value for name, value in own.items() if value},
    )


def draft_of_event(
    session: Session, event: CalendarEvent, usual: Usual, known: list[Village]
) -> Draft:
    """What an event asks for. Raises ControllerError (all_day, no_place, uid_too_long,
    bad_own_property, bad_template), UnknownVillage.
    """
    if event.all_day:
        raise ControllerError(
            "all_day",
            f"«{event.title}» là sự kiện cả ngày, không có giờ phát.",
            f"“{event.title}” lasts all day and has no time to air.",
        )
    if len(event.uid) > LONGEST_UID:
        raise ControllerError(
            "uid_too_long",
            f"UID của «{event.title}» dài quá {LONGEST_UID} ký tự.",
            f"The UID of “{event.title}” has more than {LONGEST_UID} characters.",
        )
    own = event.own
    return Draft(
        zone_ids=_places(session, event.own.get(PLACES, ""), known)
        or _located(session, event.location, known)
        or _usual_places(event, usual),
        timing=event.timing,
        template=read_template(own[TEMPLATE]) if TEMPLATE in own else usual.template,
        title=event.title,
        duration_ms=event.duration_ms or None,
        rank=Rank[_one_of(own, RANK, {rank.name for rank in Rank}, "PROGRAMME")],
        quiet_ok=own.get(QUIET_OK, ""),
        enter=_maybe(Enter, own, ENTER),
        leave=_maybe(Leave, own, LEAVE),
        fallback=own.get(FALLBACK, "")[:120],
    )


def _located(session: Session, location: str, known: list[Village]) -> tuple[str, ...]:
    """Zones of a LOCATION that names villages; none where it says something else."""
    try:
        return _places(session, location, known)
    except UnknownVillage:
        return ()


def _places(session: Session, said: str, known: list[Village]) -> tuple[str, ...]:
    """Zones named by id or by the villages that hear them. Raises UnknownVillage."""
    asked = [part.strip() for part in re.split(r"[;\n]", said) if part.strip()]
    found: dict[str, None] = {}
    for some in (asked[start : start + 500] for start in range(0, len(asked[:MOST_PLACES]), 500)):
        ids = set(session.exec(select(tables.Zone.id).where(col(tables.Zone.id).in_(some))))
        for place in some:
            zones = (place,) if place in ids else named(known, place).zone_ids
            found |= dict.fromkeys(zones)
    return tuple(found)


def _usual_places(event: CalendarEvent, usual: Usual) -> tuple[str, ...]:
    if not usual.zone_ids:
        raise ControllerError(
            "no_place",
            f"«{event.title}» không ghi nơi phát. Hãy chọn làng hoặc đơn vị khi nhập.",
            f"“{event.title}” does not say where it airs. Choose villages or a unit to import it.",
        )
    return usual.zone_ids


def _maybe(kind: type[_Rule], own: Mapping[str, str], name: str) -> _Rule | None:
    given = _one_of(own, name, {each.name for each in kind}, "")
    return kind[given] if given else None


def _one_of(own: Mapping[str, str], name: str, allowed: set[str], otherwise: str) -> str:
    given = own.get(name, otherwise).strip().upper()
    if given and given not in allowed:
        listed = ", ".join(sorted(each.lower() for each in allowed))
        raise ControllerError(
            "bad_own_property",
            f"{name} ghi “{given[:40]}”; chỉ nhận: {listed}.",
            f"{name} says “{given[:40]}”; known are: {listed}.",
        )
    return given or otherwise
