"""What the plan needs on disk: read, listed, fetched, tried again."""

import gzip
import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.cache import Cache, Shelf, Wanted
from edge_agent.contract.alert import Clip, ClipPage, Spoken
from edge_agent.contract.desired import ClipsRef, DataBudget, Desired, PhraseRef
from edge_agent.contract.manifest import MAX_PAGE_BYTES, Asset
from edge_agent.contract.phrase_index import PhrasePage
from edge_agent.contract.state import Waits
from edge_agent.contract.types import encode
from edge_agent.data_meter import DataMeter
from edge_agent.download import Fetched, Outcome
from edge_agent.held import Held
from edge_agent.phrases import read_phrases
from edge_agent.stock import PINNED_MS, Fetch, Forget, Stock, Wait, Wants
from edge_agent.supply import REREAD_MS, Supply, make_room
from tests.edge_agent.fakes import FakeTime
from tests.edge_agent.office import DID, Office, cue

TIME = FakeTime()
NOW = TIME.reading()
HOUR = 3_600_000


class Shop:
    """A supply with the files of an office at hand."""

    def __init__(self, folder: Path, *, max_spread_s: int = 600) -> None:
        self.office = Office.open(folder / "files")
        self.cache = Cache(folder / "state")
        self.meter = DataMeter(folder / "data_used")
        self.supply = Supply(self.cache, self.meter, did=DID, max_spread_s=max_spread_s)
        self.desired: Desired | None = None

    def told(self, *cues: Any, **changes: Any) -> Desired:
        word = self.office.desired(cues, serial=1, now_ms=NOW.utc_ms, sources=("http://far",))
        self.desired = msgspec.structs.replace(word, **changes)
        for shelf in Shelf:
            for file in (self.office.files / shelf).iterdir():
                if shelf is Shelf.PAGES:
                    self.hold(shelf, file)
        self.supply.changed()
        self.supply.read(self.desired, NOW)
        return self.desired

    def hold(self, shelf: Shelf, file: Path) -> None:
        sha256 = file.name.partition(".")[0]
        self.cache.path(shelf, sha256).write_bytes(file.read_bytes())
        self.cache.admit(Wanted(shelf, sha256, file.stat().st_size))

    def page(self, *sounds: Asset) -> PhraseRef:
        page = PhrasePage("vi", {f"phrase.{n}": sound for n, sound in enumerate(sounds)})
        return self.packed(gzip.compress(encode(page), mtime=0))

    def clips(self, *recorded: Asset) -> ClipsRef:
        clips = (Clip("flood", (Spoken("sed", recorded), Spoken("vi", say="warn"))),)
        return ClipsRef(*self.office.kept(ClipPage(clips)))

    def packed(self, data: bytes) -> PhraseRef:
        sha256 = hashlib.sha256(data).hexdigest()
        (self.office.files / "pages" / f"{sha256}.json.gz").write_bytes(data)
        return PhraseRef("vi", sha256, max(1, len(data)))

    def wants(self, *urgent: Asset, pinned: frozenset[str] = frozenset()) -> Wants:
        return self.supply.wants(self.desired, urgent=urgent, pinned=pinned, heartbeat_ms=1_000)

    def stock(self, wants: Wants) -> Stock:
        return self.supply.stock(wants, self.desired, NOW, 0)

    def end(self, asset: Asset, outcome: Outcome, received: int = 0, cost: int = 0) -> None:
        wanted = Wanted(Shelf.AUDIO, asset.sha256, asset.bytes)
        self.supply.fetched(Fetched(wanted, outcome, received, cost_bytes=cost), NOW)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_phrases_and_the_known_sound_are_wanted_after_what_is_near_and_never_go(
    shop: Shop,
) -> None:
    near, far = shop.office.asset(1, note="near"), shop.office.asset(1, note="far")
    phrase, chime = shop.office.asset(1, note="phrase"), shop.office.asset(1, note="chime")
    late = NOW.utc_ms + PINNED_MS + HOUR
    shop.told(
        cue(far, late), cue(near, NOW.utc_ms + HOUR), phrases=(shop.page(phrase),), fallback=chime
    )
    wants = shop.wants()
    lacking = [wanted.sha256 for wanted, _ in shop.supply.inventory(wants).lacking]
    assert lacking == [asset.sha256 for asset in (chime, near, phrase, far)]
    assert {phrase.sha256, chime.sha256} <= set(wants.pinned)
    assert wants.complete


def test_a_plan_is_not_complete_without_the_pages_of_its_phrases(shop: Shop) -> None:
    ref = shop.page(shop.office.asset(1))
    shop.told(phrases=(ref,))
    assert shop.wants().complete
    shop.cache.forget(Shelf.PAGES, ref.sha256)
    assert not shop.wants().complete


def test_clips_are_fetched_like_phrases_and_their_recorded_audio_never_goes(shop: Shop) -> None:
    recorded = shop.office.asset(1, note="clip")
    ref = shop.clips(recorded)
    shop.told(clips=ref)
    wants = shop.wants()
    assert recorded.sha256 in wants.pinned
    assert [wanted.sha256 for wanted, _ in shop.supply.inventory(wants).lacking] == [
        recorded.sha256
    ]
    assert [clip.hazard for clip in shop.supply.clips] == ["flood"]
    shop.cache.forget(Shelf.PAGES, ref.sha256)
    assert not shop.wants().complete
    lacking = [wanted for wanted, _ in shop.supply.inventory(shop.wants()).lacking]
    assert (lacking[0].shelf, lacking[0].sha256) == (Shelf.PAGES, ref.sha256)


def test_an_unreadable_page_of_clips_is_named(shop: Shop) -> None:
    ref = shop.packed(b"no gzip")
    shop.told(clips=ClipsRef(ref.sha256, ref.bytes))
    assert shop.supply.clips == ()
    assert not shop.wants().complete


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no json", mtime=0),
        gzip.compress(b'{"language":"vi"}', mtime=0),
        gzip.compress(b'{"language":"vi","phrases":{"x":{"sha256":"../etc"}}}', mtime=0),
        gzip.compress(b" " * (MAX_PAGE_BYTES + 1), mtime=0),
        gzip.compress(b'{"language":"vi","phrases":{}}', mtime=0)[:-4],
    ],
)
def test_an_unreadable_page_of_phrases_is_named_and_spoils_no_other(
    shop: Shop, data: bytes
) -> None:
    good = shop.office.asset(1)
    ref = shop.packed(data)
    shop.told(phrases=(ref, shop.page(good)))
    read = read_phrases(shop.desired.phrases if shop.desired else (), shop.cache.page)
    assert (read.audio, read.spoiled) == ((good,), (ref.sha256,))
    assert not shop.wants().complete


def test_what_is_wanted_is_worked_out_once_until_something_changes(shop: Shop) -> None:
    asset = shop.office.asset(1)
    shop.told(cue(asset, NOW.utc_ms + HOUR))
    wants = shop.wants()
    inventory = shop.supply.inventory(wants)
    assert shop.wants() is wants
    assert shop.supply.inventory(wants) is inventory
    assert shop.wants(shop.office.asset(2)) is not wants
    shop.hold(Shelf.AUDIO, shop.office.files / "audio" / f"{asset.sha256}.opus")
    assert shop.supply.inventory(wants).lacking == ()
    assert shop.supply.inventory(wants).digest != inventory.digest


def test_bytes_of_unfinished_downloads_count_as_held(shop: Shop) -> None:
    asset = shop.office.asset(1)
    page = shop.told(cue(asset, NOW.utc_ms + HOUR)).manifest.pages[0]
    wants = shop.wants()
    assert shop.supply.held_bytes(wants) == page.bytes
    wanted = Wanted(Shelf.AUDIO, asset.sha256, asset.bytes)
    shop.cache.begin(wanted)
    shop.cache.part(wanted).write_bytes(b"12345")
    assert shop.supply.held_bytes(wants) == page.bytes + 5
    again = Cache(shop.cache.path(Shelf.AUDIO, "a").parents[1])
    assert again.parts() == {asset.sha256: 5}


def test_a_failed_fetch_waits_longer_each_time_until_something_comes(shop: Shop) -> None:
    asset = shop.office.asset(1)
    for _ in range(12):
        shop.end(asset, Outcome.UNREACHABLE)
    assert shop.supply.not_before[asset.sha256] <= NOW.mono_ms + 300_000
    shop.end(asset, Outcome.UNREACHABLE, received=1)
    assert shop.supply.not_before[asset.sha256] <= NOW.mono_ms + 2_000


@pytest.mark.parametrize("way", ["another word", "a network again"])
def test_what_failed_is_tried_at_once_when_things_change(shop: Shop, way: str) -> None:
    asset = shop.office.asset(1)
    shop.told(cue(asset, NOW.utc_ms + HOUR))
    shop.end(asset, Outcome.ABSENT)
    assert asset.sha256 in shop.stock(shop.wants()).absent
    if way == "another word":
        shop.supply.changed()
    else:
        shop.supply.reconnected()
    stock = shop.stock(shop.wants())
    assert (stock.absent, stock.not_before) == (set(), {})


def test_what_is_not_near_begins_at_a_moment_that_stays(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    asset = shop.office.asset(1)
    shop.told(cue(asset, NOW.utc_ms + 24 * HOUR))
    begins = dict(shop.stock(shop.wants()).begins)
    assert NOW.mono_ms < begins[asset.sha256] <= NOW.mono_ms + 600_000
    shop.supply.changed()
    assert shop.stock(shop.wants()).begins == begins
    hasty = Shop(tmp_path / "hasty", max_spread_s=0)
    hasty.told(cue(asset, NOW.utc_ms + 24 * HOUR))
    assert set(hasty.stock(hasty.wants()).begins.values()) == {NOW.mono_ms}


def test_what_a_fetch_costs_is_counted_whether_it_went_well_or_not(shop: Shop) -> None:
    asset = shop.office.asset(1)
    shop.told(data=DataBudget(1_000_000, "UTC"))
    shop.end(asset, Outcome.UNREACHABLE, cost=400)
    shop.end(asset, Outcome.HELD, cost=600)
    assert shop.meter.used == 1_000
    assert shop.stock(shop.wants()).data_left == 999_000


def test_a_fetch_from_near_by_only_asks_no_far_source(shop: Shop) -> None:
    wanted = Wanted(Shelf.AUDIO, "a" * 64, 10)
    desired = shop.told()
    near = ("http://10.0.0.7:8790",)
    request = shop.supply.fetch(Fetch(wanted, "why", far=False), desired, near)
    assert request is not None
    assert (request.sources, request.near) == ((), near)
    assert shop.supply.fetch(Fetch(wanted, "why", far=False), desired) is None


def test_why_something_waits_is_remembered(shop: Shop) -> None:
    shop.supply.wait([Wait(Waits.OFF_PEAK, 3, 900)])
    assert set(shop.supply.waiting) == {Waits.OFF_PEAK}
    shop.supply.wait([])
    assert shop.supply.waiting == {}


def test_what_was_begun_goes_with_what_is_forgotten(shop: Shop) -> None:
    wanted = Wanted(Shelf.AUDIO, "a" * 64, 10)
    shop.cache.begin(wanted)
    shop.cache.part(wanted).write_bytes(b"123")
    shop.supply.forget(Forget(Shelf.AUDIO, wanted.sha256, "why"))
    assert not shop.cache.part(wanted).exists()
    assert shop.cache.parts() == {}


def test_the_plan_is_read_anew_when_an_hour_has_passed(shop: Shop) -> None:
    far = shop.office.asset(1)
    shop.told(cue(far, NOW.utc_ms + 37 * HOUR))
    assert shop.supply.plan.cues == ()
    later = replace(NOW, utc_ms=NOW.utc_ms + REREAD_MS)
    shop.supply.read(shop.desired, later)
    assert [each.asset for each in shop.supply.plan.cues] == [far]


class FullDisk(Cache):
    """A disk on which there is never room."""

    def free_bytes(self) -> int:
        return 0


def test_room_is_made_before_the_start_but_not_of_what_emergencies_need(shop: Shop) -> None:
    phrase, chime = shop.office.asset(1, note="phrase"), shop.office.asset(1, note="chime")
    planned, old = shop.office.asset(1, note="planned"), shop.office.asset(1, note="old")
    clip = shop.office.asset(1, note="clip")
    desired = shop.told(
        cue(planned, NOW.utc_ms + HOUR),
        phrases=(shop.page(phrase),),
        clips=shop.clips(clip),
        fallback=chime,
    )
    for asset in (phrase, clip, chime, planned, old):
        shop.hold(Shelf.AUDIO, shop.office.files / "audio" / f"{asset.sha256}.opus")
    full = FullDisk(shop.cache.path(Shelf.AUDIO, "a").parents[1])
    make_room(full, Held(desired=desired), NOW.utc_ms)
    left = set(full.shelves[Shelf.AUDIO])
    assert left == {asset.sha256 for asset in (phrase, clip, chime, planned)}


def test_a_day_goes_by_its_last_page_until_the_new_one_is_there(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    start = NOW.utc_ms + HOUR
    for age, name in enumerate(("newer", "oldest")):
        shop.told(cue(shop.office.asset(100, note=name), start, id=name))
        (page,) = shop.desired.manifest.pages if shop.desired else ()
        held = shop.cache.path(Shelf.PAGES, page.sha256)
        os.utime(held, (1_000 - age, 1_000 - age))
    changed = shop.office.desired(
        (cue(shop.office.asset(100, note="new"), start, id="new"),), serial=2, now_ms=NOW.utc_ms
    )
    shop.supply.changed()
    shop.supply.read(changed, NOW)
    assert [c.id for c in shop.supply.plan.cues] == ["newer"]
    held.unlink()
    shop.supply.changed()
    shop.supply.read(changed, NOW)
    assert [c.id for c in shop.supply.plan.cues] == ["newer"]
    (page,) = changed.manifest.pages
    shop.hold(Shelf.PAGES, shop.office.files / "pages" / f"{page.sha256}.json.gz")
    shop.supply.changed()
    shop.supply.read(changed, NOW)
    assert [c.id for c in shop.supply.plan.cues] == ["new"]
    without_the_day = msgspec.structs.replace(changed.manifest, pages=())
    shop.supply.changed()
    shop.supply.read(msgspec.structs.replace(changed, manifest=without_the_day), NOW)
    assert shop.supply.plan.cues == ()
