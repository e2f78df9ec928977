from dataclasses import replace
from datetime import datetime

from schedules.rundown import Material
from schedules.stock import Stock, length_of, music_for
from schedules.template import PlayRelay
from schedules.types import BulletinId, CartId, DurationMs, LanguageTag, RelayId, utc_instant
from tests.schedules.plans import BANA, DAY, VI, at, clip, material, notice, shelf, zone

SIX = utc_instant(at(6))
CART = CartId("thay")
TEN_MINUTES = PlayRelay(RelayId("vov"), DurationMs(600_000), CART)


def until(sound: Material, end: datetime) -> Material:
    return replace(sound, valid_until=utc_instant(end))


def stock(*sounds: Material) -> Stock:
    return Stock(zone(VI, BANA), shelf(thay=sounds))


def test_a_cart_that_runs_out_at_the_start_is_gone() -> None:
    old, fresh = until(clip("cu", 3), at(6)), until(clip("moi", 3), at(6, 0, 1))
    assert stock(old, fresh).cart(CART, SIX) == (fresh,)
    assert stock(old).cart(CART, SIX) == ()
    assert stock(old).one_of(CART, SIX) is stock().one_of(None, SIX) is None


def test_the_language_that_runs_out_first_is_looked_for_again() -> None:
    short, long = material("a", VI, 50, at(30)), material("a", BANA, 60, at(90))
    instead = material("a", VI, 70, at(90))
    heard = Stock(zone(VI, BANA), shelf(notice("a", materials=(short, long, instead))))
    assert heard.spoken(BulletinId("a"), SIX).items == (short, long)
    assert heard.spoken(BulletinId("a"), utc_instant(at(30))).items == (instead, long)


def test_in_place_of_a_relay_sounds_what_is_long_enough_or_the_longest() -> None:
    short, long, exact = clip("ngan", 60), clip("dai", 300), clip("vua", 600)
    gone = until(clip("het", 900), at(6))
    assert _instead(stock(short, exact, clip("qua", 700), gone)) == exact.asset_sha256
    assert _instead(stock(short, long, gone)) == long.asset_sha256
    assert _instead(stock(long, short, gone)) == long.asset_sha256


def _instead(heard: Stock) -> str:
    sound = heard.relay(TEN_MINUTES, SIX)
    assert sound is not None
    return sound.asset_sha256


def test_music_is_what_the_zone_understands_and_lasts_and_is_still_valid() -> None:
    song, other = clip("hat", 60, VI), clip("la", 60, LanguageTag("lao"))
    short, gone, long = clip("ngan", 4), until(clip("het", 60), at(6)), clip("nhac", 5)
    pieces = stock(song, other, short, gone, long).music(CART, SIX, DAY)
    assert {each.title for each in pieces} == {"Tin hat", "Tin nhac"}


def test_music_ends_with_its_time_and_begins_no_more_for_a_moment() -> None:
    minute = clip("nhac", 60)
    assert [m.air_ms for m in music_for([minute], 100_000)] == [60_000, 39_000]
    assert [m.air_ms for m in music_for([minute], 65_999)] == [60_000]
    assert [m.play_ms for m in music_for([minute], 60_000)] == [None]
    assert len(music_for([clip("nhac", 5)], 100_000_000)) == 500


def test_a_length_counts_the_gaps_between() -> None:
    assert length_of(()) == 0
    assert length_of((clip("a", 5),)) == 5_000
    assert length_of((clip("a", 5), clip("b", 6))) == 12_000
