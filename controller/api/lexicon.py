"""How units read their names, and how they want to be spoken to."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from controller.api.writing_shapes import EntryIn, EntryOut, SpeechIn, SpeechOut, UnitOut
from controller.doors import Given, Signed
from controller.operations.find_unit import find_unit, show_units
from controller.operations.teach_reading import (
    add_reading,
    effective_readings,
    remove_reading,
    show_readings,
)
from controller.operations.unit_speech import LexiconKind, own_speech, set_unit_speech, unit_speech
from controller.storage.instants import to_utc

at = APIRouter(tags=["lexicon"])

Asked = Annotated[str, Query(max_length=300)]


@at.get("/units")
def get_units(given: Given, who: Signed, q: Asked = "") -> list[UnitOut]:
    """Units by name or official code, accents or not; at most 200."""
    with given.database.read() as session:
        return [UnitOut.of(unit) for unit in show_units(session, q)]


@at.get("/lexicon")
def get_lexicon(
    given: Given,
    who: Signed,
    unit: Asked,
    kind: LexiconKind = LexiconKind.READING,
    removed: bool = False,
) -> list[EntryOut]:
    """A unit's own entries; with `removed` also those of the past."""
    with given.database.read() as session:
        found = show_readings(session, find_unit(session, unit), kind, removed=removed)
        return [EntryOut.of(entry) for entry in found]


@at.get("/lexicon/effective")
def get_effective(
    given: Given,
    who: Signed,
    unit: Asked | None = None,
    kind: LexiconKind = LexiconKind.READING,
) -> list[EntryOut]:
    """What holds for a unit: its own entries and those of the units above, the nearer one wins."""
    with given.database.read() as session:
        unit_id = None if unit is None else find_unit(session, unit)
        return [EntryOut.of(entry) for entry in effective_readings(session, unit_id, kind)]


@at.post("/lexicon", status_code=201)
def post_entry(form: EntryIn, given: Given, who: Signed) -> EntryOut:
    """Teach a reading, in place of an older one of the same words; changes nothing on air."""
    with given.database.read() as session:
        unit_id = find_unit(session, form.unit)
    entry = add_reading(
        given.database, unit_id, form.kind, form.written, form.spoken, who.name, given.clock()
    )
    return EntryOut.of(entry)


@at.delete("/lexicon/{entry_id}", status_code=204)
def delete_entry(entry_id: Annotated[int, Path(ge=1, le=2**53)], given: Given, who: Signed) -> None:
    """Read those words by rule again; changes nothing on air."""
    remove_reading(given.database, entry_id, who.name, given.clock())


@at.get("/units/{unit_id}/speech")
def get_speech(unit_id: str, given: Given, who: Signed) -> SpeechOut:
    """How a unit is spoken to, and what of that is its own choice."""
    with given.database.read() as session:
        found = find_unit(session, unit_id)
        holds, own = unit_speech(session, found), own_speech(session, found)
    return SpeechOut(
        unit=found,
        dialect=holds.dialect,
        reader_vouches=holds.reader_vouches,
        own=SpeechIn.model_validate(
            {"dialect": own.dialect, "reader_vouches": own.reader_vouches} if own else {}
        ),
        set_by=own.set_by if own else None,
        set_at=to_utc(own.set_ms) if own else None,
    )


@at.put("/units/{unit_id}/speech")
def put_speech(unit_id: str, form: SpeechIn, given: Given, who: Signed) -> SpeechOut:
    """Choose dialect and whether readers vouch for themselves; changes nothing on air."""
    with given.database.read() as session:
        found = find_unit(session, unit_id)
    set_unit_speech(
        given.database,
        found,
        who.name,
        given.clock(),
        dialect=form.dialect,
        reader_vouches=form.reader_vouches,
    )
    return get_speech(found, given, who)
