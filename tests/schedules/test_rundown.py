from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schedules.errors import BadDuration, NaiveTime, WrongZone
from schedules.rundown import Lacking, Rundown, build
from schedules.types import BulletinId, DurationMs, UtcInstant, ZoneId
from tests.schedules.plans import (
    BANA,
    SEDANG,
    VI,
    at,
    material,
    on_day,
    programme,
    rundown,
    zone,
)

VACCINE, FIRE = BulletinId("tiem-chung"), BulletinId("chay-rung")
MORNING = programme()


def titles(made: Rundown) -> list[tuple[str | None, str]]:
    return [(item.bulletin_id, item.language) for item in made.items]


def test_bulletins_in_their_order_each_in_the_languages_of_the_zone() -> None:
    materials = {
        FIRE: [material(FIRE, VI), material(FIRE, SEDANG), material(FIRE, BANA)],
        VACCINE: [material(VACCINE, VI), material(VACCINE, BANA)],
    }
    made = build(MORNING, on_day(MORNING), zone(BANA, VI), materials)
    assert titles(made) == [(FIRE, "bdq"), (FIRE, "vi"), (VACCINE, "bdq"), (VACCINE, "vi")]
    assert made.missing == made.expired == ()


def test_a_missing_language_is_listed_and_no_other_takes_its_place() -> None:
    made = build(MORNING, on_day(MORNING), zone(VI, BANA), {VACCINE: [material(VACCINE, VI)]})
    assert titles(made) == [(VACCINE, "vi")]
    assert made.missing == (Lacking(VACCINE, BANA),)


def test_what_is_no_longer_valid_at_the_start_is_listed_as_expired() -> None:
    old = material(VACCINE, VI, valid_until=at(6))
    made = build(MORNING, on_day(MORNING), zone(VI), {VACCINE: [old]})
    assert (made.items, made.missing) == ((), ())
    assert made.expired == (Lacking(VACCINE, VI),)


def test_the_first_material_that_is_still_valid_is_taken() -> None:
    old, fresh = material(valid_until=at(6)), material(valid_until=at(6, 0, 1))
    made = build(MORNING, on_day(MORNING), zone(VI), {VACCINE: [old, fresh, material()]})
    assert made.items == (fresh,)


def test_a_programme_is_not_built_for_a_zone_that_is_not_its_own() -> None:
    with pytest.raises(WrongZone, match="Kon Đao"):
        build(MORNING, on_day(MORNING), zone(VI, zone_id="dak-mar"), {})
    assert (
        build(
            programme(zone_ids=(ZoneId("dak-mar"),)), on_day(MORNING), zone(zone_id="dak-mar"), {}
        ).zone_id
        == "dak-mar"
    )


def test_a_session_is_as_long_as_its_items_and_the_gaps_between() -> None:
    assert rundown(MORNING).duration_ms == 0
    assert rundown(MORNING, material()).duration_ms == 60_000
    assert rundown(MORNING, material(), material(), material()).duration_ms == 182_000


def test_material_has_a_length_and_a_true_end_of_validity() -> None:
    with pytest.raises(BadDuration):
        replace(material(), duration_ms=DurationMs(0))
    with pytest.raises(NaiveTime):
        replace(material(), valid_until=UtcInstant(datetime(2026, 8, 15)))
    assert material(valid_until=datetime(2026, 8, 16, tzinfo=UTC)).valid_until.tzinfo is UTC
