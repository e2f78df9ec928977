"""A network that goes, lies, costs too much or breaks in mid-sentence: real agents behind it."""

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from edge_agent.contract import topics
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.desired import DataBudget
from edge_agent.contract.manifest import Asset, Cue, Rank
from edge_agent.contract.report import EventKind
from edge_agent.contract.trust import Kind
from tests.edge_agent.cutting import cut_downloads
from tests.edge_agent.office import DID, UNIT, cue
from tests.edge_agent.real_parts import Box, free_port, wait_for
from tests.faults.rows import Row
from tests.faults.stage import MovableClock, Stage, now_ms, stage, started_utc

HOUR_MS = 3_600_000
NEAR_MS = 250
"""How far from its instant a play may begin on a busy machine."""

BACK_WITHIN_S = 40.0

SECOND_DID = "second123456"
BIG_BYTES = 3_000_000


def link_lost(folder: Path, plays: int) -> Row:
    """Nothing is heard of the office from 48 h before the plan's end; the power goes, too."""
    clock = MovableClock(folder)
    with stage(folder, clock=clock, trust_system_clock=True) as village:
        box, begin = village.box, now_ms()
        wait_for(lambda: box.log("link_online"), "the box to be up")
        starts = [begin + 10_000 + 48 * HOUR_MS * n // plays for n in range(plays)]
        cues = [cue(village.sound(400), at, id=f"c-{n}") for n, at in enumerate(starts)]
        village.publish(*cues)
        village.ready()
        village.link.cut()
        for n, at in enumerate(starts, 1):
            box.kill()
            clock.move((at - 4_000 - now_ms()) / 1_000)
            box.start()
            wait_for(lambda n=n: len(box.log("play_over")) == n, f"play {n}")
        box.kill()
        village.ear.ahead_ms = 49 * HOUR_MS
        clock.move(village.ear.ahead_ms / 1_000)
        box.start()
        village.link.mend()
        wait_for(village.told_all, "every event", BACK_WITHIN_S)
        errors = [
            started_utc(event) - at
            for event, at in zip(village.events(EventKind.STARTED), starts, strict=False)
        ]
        told = village.tell()
    survived = sum(abs(error) < NEAR_MS for error in errors)
    note = f"a power cut before each play, start error {min(errors)}…{max(errors)} ms"
    lost = plays - told.plays + told.lost
    return Row("link lost 48 h before the end", plays, survived, lost, told.doubled, note)


def cut_everywhere(folder: Path, seeds: int) -> Row:
    """Every download is cut in its head and at every tenth of its body, ten times in all."""
    cut = cut_downloads(range(seeds), folder)
    note = f"{cut.injected} cuts, {cut.spoiled} spoiled, {cut.wasted} bytes fetched twice"
    survived = cut.held if not cut.spoiled else 0
    return Row("download cut at every 10 %", cut.seeds, survived, cut.seeds - cut.held, 0, note)


def older_word(folder: Path) -> Row:
    """What is empty, older or not signed comes by MQTT and as HTTP 200: nothing is lost."""
    with stage(folder) as village:
        box, begin = village.box, now_ms() + 9_000
        kept = cue(village.sound(400), begin, id="kept")
        stale = cue(village.sound(400), begin - 3_000, id="stale")
        village.serial = 9
        village.publish(kept)
        village.ready()
        words = _bad_words(village, stale)
        topic, valid = topics.down(DID, "desired"), _retained(village)
        for word in words:
            before = len(box.log("message_dropped"))
            village.ear.retain(topic, word)
            if word:
                wait_for(
                    lambda before=before: len(box.log("message_dropped")) > before, "the refusal"
                )
        village.ear.retain(topic, valid)
        pages = _lying_pages(village, kept)
        wait_for(lambda: len(village.events(EventKind.ENDED)) == 2, "both plays", BACK_WITHIN_S)
        told = village.tell()
        names = [event.cue for event in village.events(EventKind.STARTED)]
    survived = len(words) + pages if names == ["kept", "new"] else 0
    note = f"{len(words)} over MQTT, {pages} as HTTP 200; sounded: {', '.join(names)}"
    lost = 2 - told.plays + told.lost
    injected = len(words) + len(PAGES_OF_LIARS)
    return Row("empty or older manifest", injected, survived, lost, told.doubled + told.again, note)


def _retained(village: Stage) -> bytes:
    return village.ear.retained(topics.down(DID, "desired"))


def _bad_words(village: Stage, stale: Cue) -> tuple[bytes, ...]:
    """Nothing, and words that are older, as old, empty without a reason, forged, or cut."""
    office, now = village.office, village.now_ms()

    def word(serial: int, *cues: Cue) -> bytes:
        return office.sealed(office.desired(cues, serial=serial, now_ms=now), Kind.DESIRED)

    valid = _retained(village)
    forged = valid[:-8] + (b"AAAAAAAA" if not valid.endswith(b"AAAAAAAA") else b"BBBBBBBB")
    older, as_old = word(village.serial - 5, stale), word(village.serial, stale)
    return (b"", older, as_old, word(village.serial + 50), forged, valid[:200], b"{}")


PAGES_OF_LIARS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "nothing": lambda _new, _old: b"",
    "the older page": lambda _new, old: old,
    "half": lambda new, _old: new[: len(new) // 2],
    "a login page": lambda _new, _old: b"<html>Please log in</html>",
    "as long, but other bytes": lambda new, _old: new[::-1],
}
"""What a source, a cache on the way or a captive portal answers with 200 instead of a page."""


def _lying_pages(village: Stage, kept: Cue) -> int:
    """Publish a plan whose page is answered with lies until what was known has sounded."""
    old = next((village.office.files / "pages").iterdir()).read_bytes()
    told = 0

    def lie(path: str, data: bytes) -> bytes:
        nonlocal told
        if not path.startswith("/pages/"):
            return data
        told += 1
        return list(PAGES_OF_LIARS.values())[(told - 1) % len(PAGES_OF_LIARS)](data, old)

    village.files.replace = lie
    village.publish(kept, cue(village.sound(400), kept.start + 16_000, id="new"))
    wait_for(lambda: len(village.events(EventKind.ENDED)) == 1, "what was known", BACK_WITHIN_S)
    wait_for(lambda: told >= len(PAGES_OF_LIARS), "every lie", BACK_WITHIN_S)
    village.files.replace = lambda _path, data: data
    return min(told, len(PAGES_OF_LIARS))


def broker_killed(folder: Path, times: int, seed: int) -> Row:
    """SIGKILL of the broker after so many bytes of what the box or the office is just saying."""
    chance = random.Random(seed)
    with stage(folder) as village:
        box, link, online = village.box, village.link, 0
        for turn in range(times):
            wait_for(
                lambda before=online: len(box.log("link_online")) > before,
                "the link",
                BACK_WITHIN_S,
            )
            begin = now_ms() + 1_500
            village.publish(cue(village.sound(300), begin, id=f"c-{turn}"))
            village.ready()
            wait_for(lambda begin=begin: now_ms() > begin - 100, "the play")
            online = len(box.log("link_online"))
            link.stall_after(chance.randrange(900), "up" if chance.random() < 0.7 else "down")
            link.reached.wait(2)
            village.broker.kill()
            link.mend()
            wait_for(lambda turn=turn: len(box.log("play_over")) > turn, "the end of the play")
            village.broker.restart()
            village.ear.reconnect()
            if turn % 3 == 2:
                # A box that loses its broker again and again waits longer and longer.
                assert box.stop() == 0
                box.start()
        wait_for(village.told_all, "every event", BACK_WITHIN_S)
        told = village.tell()
        survived = times if told.plays == times and not village.crashes() else 0
    note = f"{told.plays} plays, seed {seed}"
    lost = times - told.plays + told.lost
    return Row("broker killed in mid-publish", times, survived, lost, told.doubled, note)


def priorities_collide(folder: Path, times: int, seed: int) -> Row:
    """Two ưu tiên items want the same moment, or each other's: one after the other, each once."""
    chance = random.Random(seed)
    with stage(folder) as village:
        wait_for(lambda: village.box.log("link_online"), "the box to be up")
        begin, each_ms = now_ms() + 3_000, 1_600
        cues = []
        for n in range(times):
            at = begin + n * each_ms
            for which, after in (("a", 0), ("b", chance.choice((0, 0, 1, 150, 299)))):
                name = f"{n}-{which}"
                sound = village.sound(300)
                cues.append(cue(sound, at + after, id=name, rank=Rank.PRIORITY))
        village.publish(*cues)
        ended = 2 * times
        wait_for(
            lambda: len(village.events(EventKind.ENDED)) == ended,
            "all",
            20 + times * each_ms / 1_000,
        )
        starts, ends = village.events(EventKind.STARTED), village.events(EventKind.ENDED)
        apart = [
            (started_utc(after) - started_utc(before), end.played_ms)
            for (before, after), end in zip(pairwise(starts), ends, strict=False)
        ]
        overlaps = sum(1 for gap, played in apart if gap < played - 20)
        told = village.tell()
    note = f"{2 * times} plays, {overlaps} overlaps, seed {seed}"
    lost = ended - told.plays + told.lost
    survived = times - overlaps
    return Row("two ưu tiên collide", times, survived, lost, told.doubled + told.again, note)


def data_used_up(folder: Path) -> Row:
    """The SIM's data are used up: what is there plays, alerts and reports pass, the rest waits."""
    budget = DataBudget(1_300_000, "UTC")
    with stage(folder) as village:
        box, later = village.box, now_ms() + HOUR_MS
        big, heavier = (village.office.audio(bytes([n]) * 1_100_000, 2_000) for n in (1, 2))
        village.publish(cue(big, later), data=budget)
        village.ready()
        soon = now_ms() + 4_000
        there = cue(village.sound(400), soon, id="there")
        village.publish(there, cue(big, later), cue(heavier, later + 1), data=budget)
        wait_for(lambda: _says(village, "data_budget"), "word of the wait")
        wait_for(lambda: village.events(EventKind.ENDED), "the play of what is there")
        siren = village.sound(600)
        spoken = (Spoken("vi", (siren,)),)
        alert = Alert("flood", 1, Severity.EXTREME, (), now_ms(), now_ms() + 60_000, 30, spoken)
        alerts = village.office.alerts(alert, serial=1, now_ms=now_ms())
        sealed = village.office.sealed(alerts, Kind.ALERT)
        village.ear.retain(topics.group_alert(UNIT, "province"), sealed)
        wait_for(lambda: len(village.events(EventKind.ENDED)) >= 2, "the alert")
        held_back = not _held(village, heavier)
        village.publish(cue(heavier, later), data=DataBudget(5_000_000, "UTC"))
        wait_for(lambda: _held(village, heavier), "what the new budget allows")
        wait_for(village.told_all, "every event")
        told, spent = village.tell(), box.log("fetched")
    survived = int(held_back and told.plays >= 2)
    note = f"{len(spent)} files in all; the alert came and sounded without any budget left"
    return Row("data quota exhausted", 1, survived, told.lost, told.doubled, note)


def _says(village: Stage, why: str) -> bool:
    return any(telemetry.waits == why for telemetry in village.ear.telemetry)


def _held(village: Stage, asset: Asset) -> bool:
    return (village.box.state / "audio" / f"{asset.sha256}.opus").exists()


def neighbours(folder: Path, files: int) -> Row:
    """One box has all audio, one of it rotten, and loses its power while the other one fetches."""
    lan = {"enabled": True, "port": free_port(), "interface": "127.0.0.1"}
    with stage(folder, neighbours=lan) as village, _second_box(village, folder, lan) as poor:
        rich, office = village.box, village.office
        sounds = [office.audio(bytes([n]) * (BIG_BYTES + n), 2_000) for n in range(files)]
        later = now_ms() + 3 * HOUR_MS
        cues = [cue(each, later + n * 60_000) for n, each in enumerate(sounds)]
        village.publish(*cues)
        wait_for(lambda: all(_held(village, each) for each in sounds), "all at the first box", 60)
        rotten = rich.state / "audio" / f"{sounds[files // 2 - 1].sha256}.opus"
        rotten.write_bytes(b"\xff" * rotten.stat().st_size)
        far_before = len(_far(village))
        village.publish(*cues, did=SECOND_DID)
        poor.start()
        wait_for(lambda: len(poor.log("fetched")) > files // 2, "half of it at the second", 60)
        rich.kill()
        shelf = poor.state / "audio"
        wait_for(lambda: len(list(shelf.glob("*.opus"))) == files, "all at the second box", 90)
        held = {file.stem: file.read_bytes() for file in shelf.glob("*.opus")}
        whole = sum(hashlib.sha256(data).hexdigest() == name for name, data in held.items())
        far = len(set(_far(village)[far_before:]))
    note = f"{files - far} files from near by, {far} from afar; one was rotten there"
    return Row("neighbour rots and dies", files, whole, files - whole, 0, note)


@contextmanager
def _second_box(village: Stage, folder: Path, lan: dict[str, object]) -> Iterator[Box]:
    """Another box of the same house."""
    place = folder / SECOND_DID
    place.mkdir()
    placement = village.office.placement(SECOND_DID)
    port = village.broker.port
    box = Box(village.office, place, port, did=SECOND_DID, placement=placement, neighbours=lan)
    try:
        yield box
    finally:
        box.close()


def _far(village: Stage) -> list[str]:
    """What audio the far source was asked for."""
    return [path for path, _ in village.files.requests if path.startswith("/audio/")]
