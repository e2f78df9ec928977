from datetime import date

import pytest

from schedules.errors import BadLanguageOrder, NonexistentWindow, UnknownTimeZone
from schedules.types import ClusterId, LanguageTag, ZoneId
from schedules.zone import Membership, Zone

HALL, SCHOOL = ClusterId("nha-rong"), ClusterId("truong")
MOVED = date(2026, 3, 1)


def zone(*clusters: Membership, languages: tuple[str, ...] = ("vi", "bdq")) -> Zone:
    tags = tuple(LanguageTag(each) for each in languages)
    return Zone(ZoneId("z"), "Kon Đao", "Asia/Ho_Chi_Minh", clusters, tags)


def test_clusters_belong_from_their_first_day_up_to_the_day_they_leave() -> None:
    heard = zone(
        Membership(HALL, date(2026, 1, 1), MOVED),
        Membership(SCHOOL, MOVED),
    )
    assert heard.clusters_at(date(2025, 12, 31)) == ()
    assert heard.clusters_at(date(2026, 2, 28)) == (HALL,)
    assert heard.clusters_at(MOVED) == (SCHOOL,)


def test_a_cluster_listed_twice_is_one_cluster() -> None:
    twice = zone(Membership(HALL, date(2026, 1, 1)), Membership(HALL, MOVED))
    assert twice.clusters_at(MOVED) == (HALL,)


def test_a_membership_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(NonexistentWindow):
        Membership(HALL, MOVED, MOVED)


@pytest.mark.parametrize("languages", [(), ("vi", "bdq", "vi")])
def test_a_zone_needs_each_language_once(languages: tuple[str, ...]) -> None:
    with pytest.raises(BadLanguageOrder, match="Kon Đao"):
        zone(languages=languages)


def test_a_zone_needs_a_real_time_zone() -> None:
    with pytest.raises(UnknownTimeZone):
        Zone(ZoneId("z"), "Kon Đao", "Asia/Kontum", (), (LanguageTag("vi"),))
