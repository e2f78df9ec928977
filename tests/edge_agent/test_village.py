"""The real agent against a real broker: what a village would hear and the office would learn."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.contract import topics
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.commands import AckStatus, Play, Stop, Volume
from edge_agent.contract.manifest import Asset, Cue, Enter, Leave, Rank, Stream
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from tests.edge_agent.office import DID, UNIT, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear, wait_for

SOON_MS = 1_800
"""Enough for a box to start, connect and fetch."""

pytestmark = pytest.mark.needs("mosquitto")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Village:
    office: Office
    files: FileServer
    broker: Broker
    box: Box
    ear: Ear
    serial: int = 0

    def publish(self, *cues: Cue, withdrawn: tuple[str, ...] = (), serial: int = 0) -> bytes:
        """Publish a plan, by default newer than the last."""
        self.serial = serial or self.serial + 1
        desired = self.office.desired(
            cues,
            serial=self.serial,
            now_ms=now_ms(),
            sources=(self.files.address,),
            withdrawn=withdrawn,
            empty_because="" if cues else "nothing to say",
        )
        sealed = self.office.sealed(desired, Kind.DESIRED)
        self.ear.retain(topics.down(DID, "desired"), sealed)
        return sealed

    def order(self, kind: str, body: object, ident: str, *, life_ms: int = 60_000) -> bytes:
        """Send a command to the box."""
        command = self.office.command(kind, body, now_ms=now_ms(), ident=ident, life_ms=life_ms)
        sealed = self.office.sealed(command, Kind.COMMAND)
        self.ear.send(topics.down(DID, "cmd"), sealed)
        return sealed

    def steps(self, ident: str) -> list[str]:
        """How far the box says that a command has come."""
        return [ack.status for ack in self.ear.acks if ack.id == ident]

    def dropped(self, reason: str) -> bool:
        return any(entry["reason"] == reason for entry in self.box.log("message_dropped"))

    def on_air_ms(self) -> int:
        """How far what sounds has come, as the box said last."""
        said = self.ear.telemetry[-1].on_air if self.ear.telemetry else None
        return said.position_ms if said else 0

    def ready(self, serial: int) -> None:
        """Wait until the box says that it holds everything of this plan."""
        held = lambda: any(  # noqa: E731 - a condition, named for the reader
            h.desired == serial and h.cache.lacking == 0 for h in self.ear.hellos
        )
        wait_for(held, f"all of plan {serial} to be held")


def play_order(asset: Asset, **changes: object) -> Play:
    fields = {
        "asset": asset,
        "rank": Rank.PRIORITY,
        "enter": Enter.CUT,
        "leave": Leave.DROP,
        "gain_db": 0.0,
        "max_play_ms": 60_000,
        "title": "Thông báo gấp",
        "language": "vi",
    }
    return Play(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    office = Office.open(tmp_path / "files")
    files = FileServer(tmp_path / "files")
    broker = Broker(tmp_path)
    box = Box(office, tmp_path, broker.port)
    ear = Ear(office, broker.port, box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    box.start()
    yield Village(office, files, broker, box, ear)
    ear.close()
    box.close()
    broker.close()
    files.close()


def test_a_cue_is_fetched_played_at_its_second_reported_and_acknowledged(village: Village) -> None:
    asset = village.office.asset(1_200)
    start = now_ms() + SOON_MS
    village.publish(cue(asset, start, id="c-1"))

    wait_for(lambda: any(h.desired == 1 and h.cache.lacking == 0 for h in village.ear.hellos), "h")
    ended = wait_for(lambda: village.ear.of_kind("ended"), "the end to be reported")[0]
    started = village.ear.of_kind("started")[0]

    assert (started.cue, started.planned, started.seq, ended.seq) == ("c-1", start, 1, 2)
    assert abs(started.wall - start) < 100
    assert started.play == ended.play
    assert 1_150 < ended.played_ms < 1_400
    assert any(t.on_air and t.on_air.cue == "c-1" for t in village.ear.telemetry)
    wait_for(lambda: village.box.log("report_acknowledged"), "the box to be told")
    assert village.box.stop() == 0
    assert [state.online for state in village.ear.states] == [True, False]


def test_the_programme_goes_on_while_the_broker_is_dead_and_reports_come_after(
    village: Village,
) -> None:
    start = now_ms() + SOON_MS
    village.publish(cue(village.office.asset(800), start, id="c-1"))
    village.ready(1)
    village.broker.kill()

    wait_for(lambda: village.box.log("play_over"), "the play without a broker")
    village.broker.restart()
    village.ear.reconnect()

    ended = wait_for(lambda: village.ear.of_kind("ended"), "the report after the outage")[0]
    assert abs(village.ear.of_kind("started")[0].wall - start) < 100
    assert [event.seq for event in (village.ear.of_kind("started")[0], ended)] == [1, 2]
    assert village.ear.states[-1].conn > 1


def test_a_box_that_dies_while_playing_tells_so_afterwards(village: Village) -> None:
    start = now_ms() + SOON_MS
    long = cue(village.office.asset(60_000), start, id="c-1", latest_end=start + 61_000)
    village.publish(long)
    wait_for(lambda: village.ear.of_kind("started"), "the start")
    wait_for(lambda: village.on_air_ms() > 1_000, "a second of sound")

    village.box.kill()
    wait_for(lambda: village.ear.states[-1].online is False, "the last will")
    village.box.start()

    told = wait_for(lambda: village.ear.of_kind("interrupted"), "the interruption")[0]
    assert (told.cue, told.reason) == ("c-1", "agent_died")
    assert told.play == village.ear.of_kind("started")[0].play
    assert told.played_ms >= 1_000
    assert [state.boot for state in village.ear.states][-1] == 2
    # Dropped by its rules: it does not begin again.
    assert village.box.stop() == 0
    assert len(village.box.player_heard("play")) == 1


def test_what_was_not_acknowledged_is_said_again_after_a_restart(village: Village) -> None:
    village.ear.acknowledge = False
    village.publish(cue(village.office.asset(300), now_ms() + SOON_MS, id="c-1"))
    wait_for(lambda: village.ear.of_kind("ended"), "the first report")
    village.box.stop()
    village.ear.events.clear()
    village.ear.acknowledge = True

    village.box.start()
    wait_for(lambda: village.ear.of_kind("ended"), "the same report again")
    wait_for(lambda: village.box.log("report_acknowledged"), "the acknowledgement")
    assert [event.seq for event in village.ear.of_kind("ended")] == [2]
    # Done is done: the plan is still on disk, and nothing of it plays again.
    assert len(village.box.player_heard("play")) == 1


def test_a_withdrawn_bulletin_falls_silent_in_mid_play_and_its_file_is_gone(
    village: Village,
) -> None:
    asset = village.office.asset(60_000)
    bulletin = cue(asset, now_ms() + SOON_MS, id="c-1")
    village.publish(bulletin)
    wait_for(lambda: village.ear.of_kind("started"), "the start")

    village.publish(bulletin, withdrawn=(asset.sha256,))

    cut = wait_for(lambda: village.ear.of_kind("cut"), "the cut")[0]
    assert cut.reason == "withdrawn"
    assert cut.played_ms < 20_000
    file = village.box.state / "audio" / f"{asset.sha256}.opus"
    wait_for(lambda: not file.exists(), "the file to be deleted")


def test_the_switch_on_the_wall_silences_the_box(village: Village) -> None:
    village.publish(cue(village.office.asset(60_000), now_ms() + SOON_MS, id="c-1"))
    wait_for(lambda: village.ear.of_kind("started"), "the start")
    village.box.kill_switch.touch()
    assert wait_for(lambda: village.ear.of_kind("cut"), "the cut")[0].reason == "kill_switch"


def test_nothing_unsigned_older_or_replayed_is_obeyed(village: Village) -> None:
    asset = village.office.asset(60_000)
    first = village.publish(cue(asset, now_ms() + 60_000, id="c-1"))
    village.ready(1)
    village.publish(cue(asset, now_ms() + 60_000, id="c-2"))
    village.ready(2)
    desired, command = topics.down(DID, "desired"), topics.down(DID, "cmd")

    village.ear.send(desired, first)
    wait_for(lambda: village.dropped("stale_serial"), "the replay to be dropped")
    village.ear.send(desired, b"{}")
    village.ear.send(desired, b"\xff" * 20)
    wait_for(lambda: village.dropped("untrusted"), "the unsigned to be dropped")
    stranger = Office.open(village.office.files)
    bad = stranger.command("stop", Stop(), now_ms=now_ms(), ident="evil")
    village.ear.send(command, stranger.sealed(bad, Kind.COMMAND))
    village.ear.send(command, b"x" * 300_000)
    wait_for(lambda: village.dropped("too_large"), "the large to be dropped")
    empty = village.office.desired((), serial=9, now_ms=now_ms())
    village.ear.send(desired, village.office.sealed(empty, Kind.DESIRED))
    wait_for(lambda: village.dropped("empty_without_reason"), "the empty to be dropped")

    sealed = village.order("volume", Volume(-6.0), "cmd-1")
    wait_for(lambda: "done" in village.steps("cmd-1"), "the volume")
    village.ear.send(command, sealed)
    wait_for(lambda: village.dropped("replayed_id"), "the command to be known")
    wait_for(lambda: village.steps("cmd-1")[-2:] == ["done", "done"], "the last step again")

    assert village.steps("evil") == []
    wait_for(lambda: village.ear.telemetry[-1].dropped >= 6, "the drops to be counted")
    assert (village.box.state / "audio" / f"{asset.sha256}.opus").exists()
    assert village.ear.telemetry[-1].desired == 2


def test_an_order_plays_now_and_each_step_is_told(village: Village) -> None:
    village.publish()
    village.ready(1)
    village.order("play", play_order(village.office.asset(700)), "cmd-1")
    wait_for(lambda: "done" in village.steps("cmd-1"), "the order to be done")
    assert village.steps("cmd-1") == ["received", "accepted", "started", "done"]
    (ended,) = wait_for(lambda: village.ear.of_kind("ended"), "the end to be reported")
    assert ended.cue == "cmd-1"


def test_an_order_cuts_the_programme_and_a_stop_ends_the_order(village: Village) -> None:
    start = now_ms() + SOON_MS
    programme = cue(village.office.asset(60_000), start, id="c-1", leave=Leave.DROP)
    village.publish(programme)
    wait_for(lambda: village.ear.of_kind("started"), "the programme")

    village.order("play", play_order(village.office.asset(50_000)), "cmd-1")
    wait_for(lambda: "started" in village.steps("cmd-1"), "the order")
    assert village.ear.of_kind("cut")[0].reason == "preempted"
    village.order("stop", Stop(), "cmd-2")

    wait_for(lambda: "done" in village.steps("cmd-2"), "the stop")
    wait_for(lambda: "failed" in village.steps("cmd-1"), "the order to be over")
    assert [event.reason for event in village.ear.of_kind("cut")][-1] == "stopped_by_command"


def test_what_a_box_cannot_do_is_refused_by_name(village: Village) -> None:
    wait_for(lambda: village.box.log("keys_accepted"), "the keys")
    village.order("dance", b'{"steps":3}', "cmd-1")
    village.order("volume", b'{"gain_db":40}', "cmd-2")
    village.order("stop", Stop(), "cmd-3", life_ms=11 * 60_000)
    wait_for(lambda: len(village.ear.acks) == 6, "three refusals")
    refusals = {ack.id: ack.reason for ack in village.ear.acks if ack.status == AckStatus.REFUSED}
    assert refusals["cmd-1"] == "unsupported"
    assert refusals["cmd-2"].startswith("unreadable")
    assert refusals["cmd-3"] == "life_too_long"


def test_an_alert_is_fetched_and_said_in_both_languages_before_the_programme(
    village: Village,
) -> None:
    village.publish(cue(village.office.asset(60_000), now_ms() + SOON_MS, id="c-1"))
    wait_for(lambda: village.ear.of_kind("started"), "the programme")
    spoken = tuple(
        Spoken(language, (village.office.asset(600, note=language),)) for language in ("vi", "sed")
    )
    flood = Alert("lu-1", 1, Severity.EXTREME, (UNIT,), now_ms(), now_ms() + 60_000, 60, spoken)
    alerts = village.office.alerts(flood, serial=1, now_ms=now_ms())
    village.ear.retain(
        topics.group_alert(UNIT, "province"), village.office.sealed(alerts, Kind.ALERT)
    )
    receipt = lambda: [h for h in village.ear.hellos if h.alerts]  # noqa: E731
    wait_for(receipt, "the receipt for the alerts", within_s=10)
    said = lambda: [e for e in village.ear.of_kind("ended") if e.title == "lu-1"]  # noqa: E731
    wait_for(lambda: len(said()) == 2, "the alert in two languages")
    assert [event.language for event in said()] == ["vi", "sed"]
    assert village.ear.of_kind("cut")[0].cue == "c-1"


@pytest.mark.parametrize("script", ["truncated", "dies", "unloadable"])
def test_a_play_that_fails_is_told_as_failed(village: Village, script: str) -> None:
    asset = village.office.asset(6_000, script)
    village.publish(cue(asset, now_ms() + SOON_MS, id="c-1"))
    failed = wait_for(lambda: village.ear.of_kind("failed"), "the failure")[0]
    assert failed.cue == "c-1"
    assert failed.played_ms < 4_000
    assert failed.reason


def test_a_missed_cue_is_told_once_as_skipped(village: Village) -> None:
    asset = village.office.asset(300)
    village.publish(cue(asset, now_ms() + 600_000, id="c-2"))
    village.ready(1)
    village.publish(cue(asset, now_ms() - 100_000, id="c-1"))
    skipped = wait_for(lambda: village.ear.of_kind("skipped"), "the skip")
    assert [(event.cue, event.reason) for event in skipped] == [("c-1", "missed")]
    assert village.box.stop() == 0
    assert len(village.box.log("cue_skipped")) == 1


def test_a_terminated_box_cuts_reports_and_says_good_bye(village: Village) -> None:
    village.publish(cue(village.office.asset(60_000), now_ms() + SOON_MS, id="c-1"))
    wait_for(lambda: village.ear.of_kind("started"), "the start")
    assert village.box.stop() == 0
    cut = wait_for(lambda: village.ear.of_kind("cut"), "the cut")[0]
    assert cut.reason == "agent_stopped"
    wait_for(lambda: village.ear.states[-1].online is False, "the good-bye")
    assert village.box.player_heard("quit")


@pytest.mark.parametrize("content", [b"no database" * 1_000, b""])
def test_damaged_state_is_set_aside_and_the_loss_is_told(village: Village, content: bytes) -> None:
    village.publish(cue(village.office.asset(300), now_ms() + SOON_MS, id="c-1"))
    wait_for(lambda: village.box.log("report_acknowledged"), "a first report")
    village.box.stop()
    spool = village.box.state / "spool.sqlite"
    spool.write_bytes(content)
    (village.box.state / "desired.json").write_bytes(b"{}")
    first = village.ear.hellos[-1].spool.id

    village.box.start()
    lost = wait_for(lambda: [h for h in village.ear.hellos if h.losses], "the loss to be told")[0]
    assert set(lost.losses) == {"desired.json damaged", "spool.sqlite damaged"}
    assert lost.spool.id != first
    village.ready(1)
    assert (village.box.state / "spool.sqlite.damaged").exists()
    skipped = wait_for(lambda: village.ear.of_kind("skipped"), "the occurrence not to play again")
    assert skipped[-1].reason == "history_lost"
    assert len(village.box.player_heard("play")) == 1


def test_a_second_agent_on_the_same_state_is_refused(village: Village) -> None:
    wait_for(lambda: village.box.log("link_online"), "the first to be up")
    first = village.box.process
    village.box.start()
    assert village.box.process is not None
    assert village.box.process.wait(20) == 1
    assert "Another loalang-agent" in village.box.log_file.read_text()
    village.box.process = first


def test_the_state_on_the_wire_is_plain_json(village: Village) -> None:
    wait_for(lambda: village.ear.states, "the birth")
    assert json.loads(encode(village.ear.states[0])) == {"boot": 1, "conn": 1, "online": True}


def test_a_box_with_a_parent_ends_with_it(village: Village) -> None:
    wait_for(lambda: village.box.log("link_online"), "the box to be up")
    village.box.stop()
    run = [sys.executable, "-m", "edge_agent", "run", "--config", str(village.box.config)]
    parent = (
        "import subprocess, sys\n"
        "with open(sys.argv[1], 'ab') as log:\n"
        "    subprocess.Popen(sys.argv[2:], stderr=log)\n"
        "sys.stdin.read()"
    )
    argv = [sys.executable, "-c", parent, str(village.box.log_file), *run, "--with-parent"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        wait_for(lambda: len(village.box.log("link_online")) == 2, "the child to be up")
        process.kill()
    wait_for(lambda: len(village.box.log("agent_stopped")) == 2, "the child to end")


def relay(village: Village, lasts_ms: int, asset: Asset) -> Cue:
    """Four seconds of a station that hangs up after `lasts_ms`."""
    start = now_ms() + SOON_MS
    return cue(
        asset,
        start,
        id="relay",
        rank=Rank.RELAY,
        leave=Leave.RESUME,
        play_ms=4_000,
        latest_end=start + 6_000,
        stream=Stream(f"https://dai.invalid/{lasts_ms}"),
    )


def test_a_relay_that_hangs_up_is_filled_to_its_end_and_told_as_it_was(village: Village) -> None:
    music = village.office.asset(60_000)
    planned = relay(village, 1_000, music)
    village.publish(planned)
    ended = wait_for(lambda: village.ear.of_kind("ended"), "the end")[0]
    station, filling = village.ear.of_kind("started")
    failed = village.ear.of_kind("failed")[0]
    assert (station.reason, failed.reason) == ("relay", "stream_dead: eof")
    assert abs(station.wall - planned.start) < 100
    assert 900 < failed.played_ms < 1_200
    assert (filling.reason, filling.asset_sha256) == ("fallback", music.sha256)
    assert filling.wall - (station.wall + 1_000) < 400
    assert (ended.reason, ended.play) == ("fallback", filling.play)
    assert abs(filling.wall + ended.played_ms - (planned.start + 4_000)) < 200


def test_a_dead_station_is_replaced_from_the_first_second(village: Village) -> None:
    music = village.office.asset(60_000)
    planned = relay(village, 0, music)
    village.publish(planned)
    started = wait_for(lambda: village.ear.of_kind("started"), "the fallback")[0]
    assert (started.reason, started.asset_sha256) == ("fallback", music.sha256)
    assert abs(started.wall - planned.start) < 150


def test_before_it_plays_a_box_proves_what_it_holds_and_what_it_lacks(village: Village) -> None:
    held, lacking = village.office.asset(1_000), Asset("c" * 64, 100, 1_000)
    soon = now_ms() + 600_000
    village.publish(cue(held, soon + 4 * 3_600_000))
    village.ready(1)
    assert village.ear.proofs == []
    village.publish(cue(held, soon), cue(lacking, soon + 60_000, fallback=held))
    proof = wait_for(lambda: village.ear.proofs, "a proof")[0]
    assert (proof.held, proof.lacking) == ((held.sha256,), (lacking.sha256,))
    assert (proof.desired, proof.until > soon) == (2, True)
