"""A wall clock that is wrong, steps, or turns the year: real agents that see a moved clock."""

from pathlib import Path

from edge_agent.contract import topics
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.manifest import Leave
from edge_agent.contract.report import EventKind
from edge_agent.contract.state import ClockSource
from edge_agent.contract.trust import Kind
from tests.edge_agent.office import UNIT, cue
from tests.edge_agent.real_parts import wait_for
from tests.faults.rows import Row
from tests.faults.stage import MovableClock, Stage, now_ms, pause, stage, started_utc

NEAR_MS = 250
"""How far from its instant a play may begin on a busy machine."""

NEW_YEAR_MS = 1_798_736_400_000
"""2027-01-01 00:00 in Viet Nam."""

LATER_MS = 9_000
QUARTERS_S = (-90 * 60, 90 * 60, 25 * 3_600, 0)


def boot_in_1970(folder: Path) -> Row:
    """No clock chip, no network at the start: silent, until the network brings the time."""
    clock = MovableClock(folder)
    clock.vouch()
    with stage(folder, clock=clock) as village:
        box, ear = village.box, village.ear
        box.kill_switch.touch()
        wait_for(lambda: box.log("link_online"), "the box to be up")
        begin = village.now_ms()
        waits, later = (village.sound(ms) for ms in (300, 400))
        village.publish(
            cue(waits, begin, id="waits", latest_start=begin + 120_000),
            cue(later, begin + LATER_MS, id="later", latest_start=begin + 120_000),
        )
        village.ready()
        assert box.stop() == 0
        village.broker.kill()
        (folder / "bin" / "chronyc").unlink()
        clock.into_1970()
        box.kill_switch.unlink()
        box.start()
        wait_for(
            lambda: any(d["reason"] == "clock_untrusted" for d in box.log("decided")), "the doubt"
        )
        pause(1)
        without_time = village.now_ms()
        silent = not box.player_heard("play")
        village.broker.restart()
        ear.reconnect()
        wait_for(lambda: len(village.events(EventKind.ENDED)) == 2, "both", within_s=40)
        started = {event.cue: event for event in village.events(EventKind.STARTED)}
        first, second = started_utc(started["waits"]), started_utc(started["later"])
        told = village.tell()
        survived = (
            silent
            and first > without_time
            and abs(second - max(begin + LATER_MS, first + 300)) < 2 * NEAR_MS
            and {event.clock.source for event in started.values()} == {ClockSource.CONTROLLER}
            and (ear.telemetry[-1].clock_error_ms or 0) < 2_000
        )
        note = f"late {first - begin} ms, the next {second - begin - LATER_MS:+} ms"
    lost = 2 - told.plays + told.lost
    return Row("boot in 1970", 1, int(survived), lost, told.doubled + told.again, note)


def steps_in_mid_programme(folder: Path) -> Row:
    """Without network: −90 min, +90 min, +25 h and 1970 while it sounds and before the next."""
    clock = MovableClock(folder)
    clock.vouch()
    with stage(folder, clock=clock) as village:
        box = village.box
        wait_for(lambda: box.log("link_online"), "the box to be up")
        begin = village.now_ms() + 3_000
        long_ms, gap_ms = 3_500, 5_500
        cues = (
            cue(village.sound(long_ms), begin, id="long"),
            cue(village.sound(400), begin + gap_ms, id="next"),
        )
        village.publish(*cues)
        village.ready()
        village.broker.kill()
        wait_for(lambda: now_ms() > begin + 700, "the sound")
        for seconds in QUARTERS_S:
            clock.move(seconds)
            pause(0.5)
        clock.into_1970()
        wait_for(lambda: len(box.log("play_over")) == 2, "both to end")
        clock.move(0)
        village.broker.restart()
        village.ear.reconnect()
        wait_for(lambda: len(village.events(EventKind.ENDED)) == 2, "both", within_s=40)
        first, second = village.events(EventKind.STARTED)
        long_ended, _ = village.events(EventKind.ENDED)
        errors = started_utc(first) - begin, started_utc(second) - begin - gap_ms
        told = village.tell()
        survived = (
            all(abs(error) < NEAR_MS for error in errors)
            and abs(long_ended.played_ms - long_ms) < NEAR_MS
            and second.clock.source is ClockSource.KEPT
            and len(box.log("clock_stepped")) >= len(QUARTERS_S)
        )
        note = f"{errors[0]:+} ms before the steps, {errors[1]:+} ms in 1970"
    steps = len(QUARTERS_S) + 1
    lost = 2 - told.plays + told.lost
    return Row(
        "clock steps in mid-programme",
        steps,
        steps if survived else 0,
        lost,
        told.doubled + told.again,
        note,
    )


def new_years_eve(folder: Path) -> Row:
    """A session over midnight and the year's end, with an alert at 23:59:50."""
    clock = MovableClock(folder)
    ahead_ms = NEW_YEAR_MS - 20_000 - now_ms()
    clock.move(ahead_ms / 1000)
    options = {"clock": clock, "ahead_ms": ahead_ms, "trust_system_clock": True}
    with stage(folder, **options) as village:  # type: ignore[arg-type]
        eve = NEW_YEAR_MS
        village.publish(
            cue(village.sound(6_000), eve - 12_000, id="news", leave=Leave.DROP),
            cue(village.sound(7_000), eve - 5_000, id="over-midnight"),
            cue(village.sound(400), eve + 3_000, id="new-year"),
        )
        wait_for(lambda: village.now_ms() >= eve - 10_200, "23:59:50")
        _alert(village, eve - 10_000)
        wait_for(
            lambda: (
                {e.cue for e in village.events(EventKind.ENDED)} >= {"over-midnight", "new-year"}
            ),
            "the new year",
            within_s=30,
        )
        starts = {
            event.cue: started_utc(event) - eve for event in village.events(EventKind.STARTED)
        }
        ends = {event.title or event.cue: event for event in village.events(EventKind.ENDED)}
        (cut,) = village.events(EventKind.CUT)
        told = village.tell()
        survived = (
            len(starts) == 4
            and (cut.cue, cut.reason) == ("news", "preempted")
            and abs(starts["over-midnight"] + 5_000) < NEAR_MS
            and abs(starts["new-year"] - 3_000) < NEAR_MS
            and "flood" in ends
        )
        alert_at = next(at for name, at in starts.items() if name.startswith("flood"))
        note = (
            f"alert {alert_at + 10_000:+} ms after 23:59:50, next {starts['new-year'] - 3_000:+} ms"
        )
    lost = 4 - told.plays + told.lost
    return Row("midnight and year's end", 1, int(survived), lost, told.doubled + told.again, note)


def _alert(village: Stage, issued_ms: int) -> None:
    spoken = (Spoken("vi", (village.sound(1_000),)),)
    flood = Alert("flood", 1, Severity.EXTREME, (UNIT,), issued_ms, issued_ms + 60_000, 60, spoken)
    alerts = village.office.alerts(flood, serial=1, now_ms=issued_ms)
    sealed = village.office.sealed(alerts, Kind.ALERT)
    village.ear.retain(topics.group_alert(UNIT, "province"), sealed)
