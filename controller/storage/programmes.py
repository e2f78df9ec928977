"""Programmes between their table rows and the values of `schedules`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session, col, delete, select

from controller.errors import ControllerError, NotFound
from controller.storage.schedule_tables import (
    Programme as Row,
)
from controller.storage.schedule_tables import (
    ProgrammeBulletin,
    ProgrammeChange,
    ProgrammeZone,
)
from schedules.precedence import Enter, Leave, Rank
from schedules.programme import Programme
from schedules.template import Template
from schedules.timing import Timing
from schedules.types import CartId, DurationMs, ProgrammeId, ZoneId

_timing = TypeAdapter(Timing)
_template = TypeAdapter(Template)


@dataclass(frozen=True, slots=True)
class Planned:
    """A programme with its name in calendars, and who made and changed it when."""

    programme: Programme
    uid: str
    sequence: int
    created_by: str
    created_ms: int
    changed_by: str
    changed_ms: int
    cancelled_ms: int | None = None

    @property
    def bulletin_ids(self) -> tuple[str, ...]:
        """Bulletins that a person chose for it, in order."""
        return self.programme.template.chosen


def standing(session: Session) -> dict[str, Planned]:
    """Every programme that is not cancelled, by id, oldest first."""
    query = select(Row).where(col(Row.cancelled_ms).is_(None))
    rows = session.exec(query.order_by(col(Row.created_ms), col(Row.id))).all()
    return {each.programme.id: each for each in _values(session, rows)}


def standing_at(session: Session, zone_id: str) -> dict[str, Planned]:
    """Every programme of one zone that is not cancelled, by id, oldest first.

    For planning alone: the zone stands in it as if it were its only one, since a programme of a
    province would bring thousands of others to each of them.
    """
    query = (
        select(Row)
        .join(ProgrammeZone, col(ProgrammeZone.programme_id) == col(Row.id))
        .where(ProgrammeZone.zone_id == zone_id, col(Row.cancelled_ms).is_(None))
        .order_by(col(Row.created_ms), col(Row.id))
    )
    return {row.id: _value(row, (ZoneId(zone_id),)) for row in session.exec(query)}


def standing_in(session: Session, zone_ids: Iterable[str]) -> list[Planned]:
    """Every programme that is not cancelled and airs in one of these zones, oldest first."""
    mine: set[str] = set()
    for some in _few(list(zone_ids)):
        query = select(ProgrammeZone.programme_id).where(col(ProgrammeZone.zone_id).in_(some))
        mine.update(session.exec(query.distinct()))
    rows: list[Row] = []
    for some in _few(sorted(mine)):
        stands = select(Row).where(col(Row.id).in_(some), col(Row.cancelled_ms).is_(None))
        rows += session.exec(stands)
    return _values(session, sorted(rows, key=lambda row: (row.created_ms, row.id)))


def load(session: Session, programme_id: str) -> Planned:
    """One programme, also a cancelled one; raises `NotFound`."""
    return _values(session, [_row(session, programme_id)])[0]


def find(session: Session, programme_id: str) -> Planned | None:
    """One programme, also a cancelled one; None if there is none."""
    row = session.get(Row, programme_id)
    return _values(session, [row])[0] if row else None


def load_by_uid(session: Session, uid: str) -> Planned | None:
    """The programme of that iCalendar UID, also a cancelled one; None if there is none."""
    found = session.exec(select(Row).where(Row.uid == uid)).first()
    return _values(session, [found])[0] if found else None


def add(session: Session, planned: Planned, what: str = "created") -> None:
    """Keep a new programme with its zones and bulletins, as its first version."""
    session.add(Row(id=planned.programme.id, **_columns(planned)))
    session.flush()
    _point(session, planned)
    _note(session, planned, what)


def replace_with(session: Session, planned: Planned, what: str) -> Planned:
    """Keep a changed programme under its id, as the next version. Raises `NotFound`.

    Gives back what was kept: the stored maker, and a sequence above the stored one; its own, if
    that is greater still.
    """
    row = _row(session, planned.programme.id)
    kept = replace(
        planned,
        uid=row.uid,
        sequence=max(planned.sequence, row.sequence + 1),
        created_by=row.created_by,
        created_ms=row.created_ms,
    )
    row.sqlmodel_update(_columns(kept))
    session.add(row)
    for index in (ProgrammeZone, ProgrammeBulletin):
        session.exec(delete(index).where(col(index.programme_id) == row.id))
    _point(session, kept)
    _note(session, kept, what)
    return kept


def versions(session: Session, programme_id: str) -> list[ProgrammeChange]:
    """All that a programme ever was, oldest first."""
    query = select(ProgrammeChange).where(ProgrammeChange.programme_id == programme_id)
    return list(session.exec(query.order_by(col(ProgrammeChange.sequence))))


def version(session: Session, programme_id: str, sequence: int) -> ProgrammeChange:
    """A programme as it was once. Raises `NotFound`."""
    found = session.get(ProgrammeChange, (programme_id, sequence))
    if found is None:
        raise NotFound("phiên bản", "version", f"{programme_id}/{sequence}")
    return found


def programme_of(version: ProgrammeChange) -> Programme:
    """The programme as that version had it."""
    body = version.body
    zones = body["zones"]
    assert isinstance(zones, list)
    return _programme(version.programme_id, body, [ZoneId(zone) for zone in zones])


def template_text(template: Template) -> str:
    """A template as JSON in one line."""
    return _template.dump_json(template).decode()


def read_template(text: str | bytes) -> Template:
    """The template that such a text says. Raises ControllerError (bad_template)."""
    try:
        return _template.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])[:80] or "JSON"
        raise ControllerError(
            "bad_template",
            f"Khuôn chương trình chưa đúng ở “{where}”. Chưa lưu gì của mục này.",
            f"The template is wrong at “{where}”: {first['msg'][:120]}. Nothing of it was kept.",
        ) from error


def _row(session: Session, programme_id: str) -> Row:
    row = session.get(Row, programme_id)
    if row is None:
        raise NotFound("chương trình", "programme", programme_id)
    return row


def _columns(planned: Planned) -> dict[str, Any]:
    return {
        "uid": planned.uid,
        "sequence": planned.sequence,
        "created_by": planned.created_by,
        "created_ms": planned.created_ms,
        "changed_by": planned.changed_by,
        "changed_ms": planned.changed_ms,
        "cancelled_ms": planned.cancelled_ms,
        **_body(planned.programme),
    }


def _body(programme: Programme) -> dict[str, object]:
    return {
        "title": programme.title,
        "rank": programme.rank.name,
        "timing": _timing.dump_python(programme.timing, mode="json"),
        "template": _template.dump_python(programme.template, mode="json"),
        "duration_ms": programme.duration_ms,
        "enter": programme.enter.value if programme.enter else "",
        "leave": programme.leave.value if programme.leave else "",
        "fallback": programme.fallback or "",
        "quiet_ok": programme.quiet_ok or "",
    }


def _point(session: Session, planned: Planned) -> None:
    """Write the indexes of zones and named bulletins."""
    programme = planned.programme
    for zone_id in dict.fromkeys(programme.zone_ids):
        session.add(ProgrammeZone(programme_id=programme.id, zone_id=zone_id))
    for position, bulletin_id in enumerate(programme.template.chosen):
        session.add(
            ProgrammeBulletin(programme_id=programme.id, position=position, bulletin_id=bulletin_id)
        )


def _note(session: Session, planned: Planned, what: str) -> None:
    session.add(
        ProgrammeChange(
            programme_id=planned.programme.id,
            sequence=planned.sequence,
            what=what,
            body={**_body(planned.programme), "zones": list(planned.programme.zone_ids)},
            by=planned.changed_by,
            at_ms=planned.changed_ms,
        )
    )


def _values(session: Session, rows: Sequence[Row]) -> list[Planned]:
    zones: dict[str, list[ZoneId]] = {}
    for z in _zones_of(session, [row.id for row in rows]):
        zones.setdefault(z.programme_id, []).append(ZoneId(z.zone_id))
    return [_value(row, zones.get(row.id, ())) for row in rows]


def _value(row: Row, zones: Sequence[ZoneId]) -> Planned:
    return Planned(
        _programme(row.id, row.model_dump(), zones),
        row.uid,
        row.sequence,
        row.created_by,
        row.created_ms,
        row.changed_by,
        row.changed_ms,
        row.cancelled_ms,
    )


def _zones_of(session: Session, ids: Sequence[str]) -> Iterable[ProgrammeZone]:
    query = select(ProgrammeZone).order_by(col(ProgrammeZone.zone_id))
    for some in _few(ids):
        yield from session.exec(query.where(col(ProgrammeZone.programme_id).in_(some)))


def _few(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """As many at a time as any database takes in one question."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def _programme(programme_id: str, body: dict[str, object], zones: Sequence[ZoneId]) -> Programme:
    length = body["duration_ms"]
    enter, leave, quiet_ok = str(body["enter"]), str(body["leave"]), str(body["quiet_ok"])
    fallback = str(body["fallback"])
    return Programme(
        id=ProgrammeId(programme_id),
        title=str(body["title"]),
        zone_ids=tuple(zones),
        timing=_timing.validate_python(body["timing"]),
        template=_template.validate_python(body["template"]),
        duration_ms=DurationMs(length) if isinstance(length, int) else None,
        rank=Rank[str(body["rank"])],
        quiet_ok=quiet_ok or None,
        enter=Enter(enter) if enter else None,
        leave=Leave(leave) if leave else None,
        fallback=CartId(fallback) if fallback else None,
    )
