"""A session of carts, a relay and colliding ưu tiên bulletins, from the shelf to the box."""

from datetime import datetime, time, timedelta

import pytest

from audio_library.bulletin import Kind
from audio_library.mastering.mastered import Mastered
from controller.operations.carts import NewCart, keep_cart
from controller.operations.priority_order import decide_order, lapse_questions, show_questions
from controller.operations.relays import add_relay, remove_relay
from controller.storage import programmes
from controller.storage.instants import to_ms
from controller.storage.programmes import Planned
from edge_agent.contract.manifest import Cue
from schedules.shelf import Relay
from schedules.template import PlayByRule, PlayCart, PlayRelay, Template
from schedules.types import CartId, DurationMs, RelayId, ZoneId
from tests.controller.office import NOW, Box, Office
from tests.schedules.plans import programme

MINUTE = DurationMs(60_000)


@pytest.fixture
def box(office: Office) -> Box:
    """A box whose zone has a session of everything at 17:00."""
    (box,) = office.boxes(1)
    for name, unit, language in (
        ("greeting", "dv-23500", "vi"),
        ("closing", "dv-00051", "vi"),
        ("ident", None, "zxx"),
    ):
        sha256 = f"{len(name):064x}"
        made = Mastered(office.folder / name, sha256, 9_000, 5_000, -16.0, -2.5)
        with office.database.write() as session:
            keep_cart(session, NewCart(name, unit, language, name, "tự làm"), made, "Cô Lan", NOW)
    relay = Relay(RelayId("vov1"), "VOV1", "https://phat.example/vov1.m3u8")
    add_relay(office.database, relay, "Cô Lan", NOW)
    slot = programme(
        wall=time(17),
        day=NOW.date(),
        zone_ids=(ZoneId("vung-23500-1"),),
        template=Template(
            (
                PlayCart(CartId("greeting")),
                PlayByRule(),
                PlayRelay(RelayId("vov1"), DurationMs(5 * MINUTE), CartId("ident")),
                PlayCart(CartId("closing")),
            )
        ),
    )
    with office.database.write() as session:
        programmes.add(session, Planned(slot, "uid", 0, "Cô Lan", to_ms(NOW), "Cô Lan", 0))
    return box


def cues(office: Office, box: Box, now: datetime = NOW) -> list[Cue]:
    office.publish(now)
    return [cue for page in office.pages(box.did) for cue in page.cues]


def titles(office: Office, box: Box, now: datetime = NOW) -> list[str]:
    return [cue.title for cue in cues(office, box, now)]


def test_a_session_takes_its_carts_and_its_relay_from_the_shelf(office: Office, box: Box) -> None:
    greeting, relay, closing = cues(office, box)

    assert (greeting.title, closing.title) == ("greeting", "closing")
    assert relay.stream is not None
    assert relay.stream.url == "https://phat.example/vov1.m3u8"
    assert relay.asset.sha256 == f"{len('ident'):064x}"

    remove_relay(office.database, "vov1", "Cô Lan", NOW)
    assert titles(office, box) == []  # nobody is greeted to nothing


def test_two_urgent_bulletins_go_as_the_commune_decides(office: Office, box: Box) -> None:
    first = office.approved("Cảnh báo lũ quét.", kind=Kind.PRIORITY)
    second = office.approved("Tìm trẻ lạc.", kind=Kind.PRIORITY, now=NOW + timedelta(seconds=1))
    assert titles(office, box)[1:3] == ["Cảnh báo lũ quét", "Tìm trẻ lạc"]
    with office.database.read() as session:
        (asked,) = show_questions(session, NOW)
    assert asked.question.bulletins == [first, second]

    decide_order(office.database, asked.question.id, [second, first], "Cô Lan", NOW)

    assert titles(office, box)[1:3] == ["Tìm trẻ lạc", "Cảnh báo lũ quét"]
    with office.database.read() as session:
        (decided,) = show_questions(session, NOW)
    assert (decided.question.id, decided.question.decided_by) == (asked.question.id, "Cô Lan")


def test_what_the_time_limit_decides_changes_nothing_on_the_box(office: Office, box: Box) -> None:
    office.approved("Cảnh báo lũ quét.", kind=Kind.PRIORITY)
    office.approved("Tìm trẻ lạc.", kind=Kind.PRIORITY, now=NOW + timedelta(seconds=1))
    before = titles(office, box)

    assert lapse_questions(office.database, NOW + timedelta(hours=2)) == 1

    assert titles(office, box, NOW + timedelta(hours=2)) == before
    with office.database.read() as session:
        assert len(show_questions(session, NOW)) == 1
