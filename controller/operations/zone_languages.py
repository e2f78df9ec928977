"""The languages of a zone, in the order in which they air."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from audio_library.languages import ordered
from audio_library.writing.sort_key import vietnamese_sort_key
from controller.errors import NotFound
from controller.operations.asked_work import ask_for_plan
from controller.storage import events, places, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms
from schedules.zone import Zone


def show_zones(session: Session) -> list[Zone]:
    """Every zone, as in a word list."""
    return sorted(places.zones(session).values(), key=lambda zone: vietnamese_sort_key(zone.name))


def order_languages(
    database: Database, zone_id: str, languages: Sequence[str], by: str, now: datetime
) -> None:
    """Keep the order and have the plans made anew; raises `UnknownLanguage`, `BadLanguageList`."""
    tags = list(ordered(languages))
    with database.write() as session:
        zone = session.get(tables.Zone, zone_id)
        if zone is None:
            raise NotFound("nơi nghe", "zone", zone_id)
        zone.languages = tags
        session.add(zone)
        ask_for_plan(session, now, [zone_id])
        told: dict[str, object] = {"id": zone_id, "languages": tags, "by": by}
        events.tell(session, "zone", told, to_ms(now))
