"""An office that nobody taught can still say an alert: its phrases are made by themselves."""

from datetime import timedelta

from sqlmodel import select

from audio_library.speech.registry import ENGINES
from controller.operations.load_sample import load_sample
from controller.operations.phrase_audio import PHRASE
from controller.operations.prepare_phrases import PhraseWishes
from controller.operations.zone_languages import order_languages
from controller.storage import tables
from tests.controller.office import NOW, RULES, Office


def wished(office: Office) -> list[str]:
    with office.database.read() as session:
        items = session.exec(select(tables.WorkItem).where(tables.WorkItem.kind == PHRASE)).all()
    return sorted({str(item.body["language"]) for item in items})


def test_what_zones_hear_is_made_soon_after_the_start_and_once_a_day(office: Office) -> None:
    load_sample(office.database, 1, law=None)
    with office.database.read() as session:
        (zone,) = session.exec(select(tables.Zone)).all()
    order_languages(office.database, zone.id, ["vi", "sed"], "an", NOW)
    wishes = PhraseWishes(office.database, RULES, ENGINES)
    wishes.look(NOW)
    assert wished(office) == []
    wishes.look(NOW + timedelta(minutes=1))
    assert wished(office) == ["vi"], "nobody can make what only people can say"
    with office.database.write() as session:
        for item in session.exec(select(tables.WorkItem).where(tables.WorkItem.kind == PHRASE)):
            session.delete(item)
    wishes.look(NOW + timedelta(minutes=2))
    assert wished(office) == []
    wishes.look(NOW + timedelta(days=1, minutes=2))
    assert wished(office) == ["vi"]
