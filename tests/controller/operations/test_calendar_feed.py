"""A phone's calendar of a unit: concrete events, UIDs that stay, an address that can be closed."""

import re
from datetime import datetime, timedelta

import pytest
from icalendar import Calendar

from controller.errors import NotFound
from controller.operations.calendar_feed import (
    feed_text,
    make_feed,
    revoke_feed,
    show_feeds,
    subscription,
)
from controller.operations.change_occurrence import cancel_occurrence, move_occurrence
from controller.operations.save_programme import cancel_programme, save_programme
from controller.storage.schedule_tables import CalendarFeed
from tests.controller.office import NOW, RULES, Office
from tests.controller.operations.test_save_programme import draft

WEDNESDAY = datetime(2026, 8, 12, 17)


def text(office: Office, token: str, now: datetime = NOW) -> bytes:
    with office.database.read() as session:
        found = subscription(session, token, RULES, now)
    return feed_text(found)


def events(office: Office, token: str, now: datetime = NOW) -> dict[str, tuple[datetime, datetime]]:
    """Start and end of every event of a feed, by UID, as a phone's library reads them."""
    read = Calendar.from_ical(text(office, token, now))
    return {str(e["UID"]): (e["DTSTART"].dt, e["DTEND"].dt) for e in read.walk("VEVENT")}


def strictly(feed: bytes) -> None:
    """RFC 5545 as the strictest phone reads it: lines, escapes, and what an event must have."""
    assert feed.endswith(b"\r\n")
    lines = feed[:-2].split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert all(len(line) <= 75 for line in lines)
    whole = feed.decode().replace("\r\n ", "").splitlines()
    assert (whole[0], whole[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert sum(line.startswith("PRODID:") for line in whole) == 1
    assert "VERSION:2.0" in whole
    assert re.search(r"\nREFRESH-INTERVAL;VALUE=DURATION:PT\d+H\n", "\n".join(whole))
    parts = "\n".join(whole).split("BEGIN:VEVENT\n")[1:]
    for part in parts:
        given = [line.split(":", 1)[0].split(";", 1)[0] for line in part.split("\n") if line]
        for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE"):
            assert given.count(name) == 1, (name, part)
        for line in part.split("\n"):
            name, _, value = line.partition(":")
            if name in ("DTSTAMP", "DTSTART", "DTEND"):
                assert re.fullmatch(r"\d{8}T\d{6}Z", value), line
            if name == "SUMMARY":
                assert not re.search(r"(?<!\\)[;,]", value), line


def subscribed(office: Office) -> tuple[str, str]:
    """A programme every evening, and a feed of its commune: (its id, token)."""
    wanted = draft(office.boxes(1), title="Bản tin; chiều, “thử”: " + "rất dài " * 12)
    saved = save_programme(office.database, wanted, "Cô Lan", NOW, RULES)
    _, token = make_feed(office.database, "23500", "Cô Lan", NOW)
    return saved.planned.programme.id, token


def test_every_airing_to_come_is_an_event_of_its_own(office: Office) -> None:
    _, token = subscribed(office)

    found = events(office, token)

    strictly(text(office, token))
    assert len(found) == 180
    assert min(start for start, _ in found.values()).isoformat() == "2026-08-10T10:00:00+00:00"


def test_uids_stay_through_moves_and_time_and_what_is_cancelled_vanishes(office: Office) -> None:
    mine, token = subscribed(office)
    before = events(office, token)
    uid = next(u for u, (start, _) in before.items() if start.day == 12 and start.month == 8)

    later = WEDNESDAY + timedelta(hours=2)
    move_occurrence(office.database, mine, WEDNESDAY, later, "Anh Tú", NOW, RULES)
    moved = events(office, token)
    assert moved.keys() == before.keys()
    assert moved[uid][0] - before[uid][0] == timedelta(hours=2)

    cancel_occurrence(office.database, mine, WEDNESDAY, "Anh Tú", NOW, RULES)
    assert before.keys() - events(office, token).keys() == {uid}
    week_on = events(office, token, NOW + timedelta(days=7))
    assert len(week_on.keys() & before.keys()) == 179

    cancel_programme(office.database, mine, "Anh Tú", NOW)
    assert events(office, token) == {}


def test_its_version_changes_only_when_its_text_does(office: Office) -> None:
    mine, token = subscribed(office)

    def version(now: datetime = NOW) -> str:
        with office.database.read() as session:
            return subscription(session, token, RULES, now).version

    assert version() == version(NOW + timedelta(hours=3))
    assert text(office, token) == text(office, token, NOW + timedelta(hours=3))
    first = version()
    assert version(NOW + timedelta(days=1)) != first
    cancel_occurrence(office.database, mine, WEDNESDAY, "Anh Tú", NOW, RULES)
    assert version() != first


def test_a_unit_elsewhere_hears_nothing_of_it(office: Office) -> None:
    subscribed(office)
    _, other = make_feed(office.database, "23455", "Cô Lan", NOW)

    assert events(office, other) == {}


def test_an_address_is_kept_only_as_a_hash_and_can_be_closed(office: Office) -> None:
    _, token = subscribed(office)
    with office.database.read() as session:
        (feed,) = show_feeds(session)
        row = session.exec(CalendarFeed.__table__.select()).one()  # type: ignore[attr-defined]
    assert token not in repr(row)
    assert feed.revoked_at is None

    revoke_feed(office.database, feed.id, "Anh Tú", NOW)
    revoke_feed(office.database, feed.id, "Anh Tú", NOW)

    with pytest.raises(NotFound), office.database.read() as session:
        subscription(session, token, RULES, NOW)
    with pytest.raises(NotFound), office.database.read() as session:
        subscription(session, "x" * 32, RULES, NOW)
    for wrong in ("", feed.id[:4], "%", "không"):
        with pytest.raises(NotFound):
            revoke_feed(office.database, wrong, "Anh Tú", NOW)
