"""Bytes on the wire of a box that pays for each: a day with an hour of audio, an idle month.

The true agent and the true operations of the controller, on a clock that jumps (`_fake_box`).
Audio and pages come over HTTP through a counting proxy, MQTT packets are counted one by one; a
real minute of a real agent at a real mosquitto, through the same proxy, checks that counting.
"""

import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from _fake_box import (
    ACK_BYTES,
    PING_BYTES,
    Enrolled,
    FakeBox,
    TrueOffice,
    World,
    packet_bytes,
    publish_bytes,
)
from _meter import HEAD_BYTES, SEGMENT, Meter
from _stage import lacks_broker, note, tell
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from controller import log_setup
from controller.fleet.box_policy import BoxPolicy, DataPlan
from controller.operations.set_box_policy import set_policy
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.state import ClockSource
from edge_agent.contract.trust import Kind
from edge_agent.time_source import TIMESYNCD_ERROR_MS, Vouched
from edge_agent.uplink import state_payload
from tests.edge_agent.office import DID, PROVINCE, UNIT, FileServer, Office, cue
from tests.edge_agent.real_parts import Box, Broker, Ear

FIRST = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
"""08:00 in Viet Nam; the days below are local, from 17:00 UTC on."""

MORNING, EVENING = timedelta(hours=5, minutes=30), timedelta(hours=17)
HALF_HOUR_MS = 30 * 60_000
AUDIO_BYTES = 30 * 60 * 32_000 // 8
"""Half an hour of Opus at 32 kbit/s."""

MONTHLY_MB = 2_000
AIM_RATIO = 1.02
AIM_IDLE_MB = 5.0
IDLE_DAYS = int(os.environ.get("BENCH_IDLE_DAYS", "30"))
DAY_TICK_MS, IDLE_TICK_MS = 10_000, 60_000
CHECKED_S = 60.0
NTP = Vouched(ClockSource.NTP, TIMESYNCD_ERROR_MS)


@dataclass(frozen=True)
class Spent:
    """Bytes as they are, and with TCP and IP around them; `packets` of MQTT."""

    plain: int
    with_tcp: int
    packets: int

    def less(self, before: "Spent") -> "Spent":
        return Spent(
            self.plain - before.plain,
            self.with_tcp - before.with_tcp,
            self.packets - before.packets,
        )


class Village:
    """One metered box, its office, and what crosses the line between them."""

    def __init__(self, folder: Path, vouched: Vouched | None) -> None:
        folder.mkdir()
        self.world = World(FIRST)
        self._files = FileServer(folder / "files")
        self.http = Meter(urlsplit(self._files.address).port or 0)
        self.office = TrueOffice(folder, folder / "files", self.http.address, horizon_days=7)
        self.enrolled: Enrolled = self.office.enrol(FIRST)
        set_policy(
            self.office.database,
            self.office.authority,
            self.office.rules,
            self.enrolled.did,
            _metered,
            "bench",
            FIRST,
        )
        self.office.plan(FIRST, whole=True)
        self.box = FakeBox(self.world, self.office, self.enrolled, folder / "box")
        self.box.vouched = vouched

    def each_night(self, nights: int) -> None:
        """Plan as the controller does after midnight, and tell the box what is new."""
        for number in range(nights):
            at = FIRST.replace(hour=17, minute=5) + timedelta(days=number)
            self.world.at(to_ms(at), self._plan_night)

    def _plan_night(self) -> None:
        self.office.plan(self.world.now, whole=True)
        self.box.seat.tell_what_is_new()

    def spent(self) -> Spent:
        """What was carried until now."""
        mqtt, http = self.box.carried, self.http.seen
        return Spent(mqtt.bytes + http.bytes, mqtt.with_tcp() + http.with_tcp(), mqtt.packets)

    def close(self) -> None:
        self.http.close()
        self._files.close()


def _metered(policy: BoxPolicy) -> BoxPolicy:
    return replace(policy, data=DataPlan(MONTHLY_MB))


def day_of_programmes(folder: Path) -> None:
    """The second of three days, each with two new half hours that were approved the day before."""
    village = Village(folder, NTP)
    world, marks = village.world, list[Spent]()

    def approve(day: int) -> None:
        midnight = FIRST.replace(hour=17) + timedelta(days=day)
        for at in (MORNING, EVENING):
            text = f"Chương trình của xã, ngày {day + 1}, buổi {at}."
            ident = village.office.bulletin(text, os.urandom(AUDIO_BYTES), HALF_HOUR_MS, world.now)
            village.office.airs((ident,), village.enrolled, midnight + at, world.now)
        village.office.plan(world.now, whole=False)
        village.box.seat.tell_what_is_new()

    for day in range(3):
        at = FIRST + timedelta(days=day, hours=1)
        world.at(to_ms(at), partial(approve, day))
    village.each_night(3)
    begins = FIRST.replace(hour=17) + timedelta(days=1)
    for number in range(2):
        at = begins + timedelta(days=number)
        world.at(to_ms(at), lambda: marks.append(village.spent()))
    try:
        village.box.live(begins + timedelta(days=1, hours=1), tick_ms=DAY_TICK_MS)
        whole = len(village.box.player.whole)
    finally:
        village.close()
    day_spent, audio = marks[1].less(marks[0]), 2 * AUDIO_BYTES
    note(f"wire bytes: {whole} programmes were aired; MQTT {village.box.carried.by_kind}")
    plain, with_tcp = day_spent.plain / audio, day_spent.with_tcp / audio
    tell(
        "bytes on the wire, a day of 2 × 30 minutes of new audio, metered",
        f"{plain:.4f} of the audio ({audio / 1e6:.1f} MB); {with_tcp:.4f} with TCP/IP",
        baseline=f"the audio alone over TCP/IP {bare_tcp(audio) / audio:.4f}",
        aim=f"≤ {AIM_RATIO}",
        met=plain <= AIM_RATIO,
        why=f"{(day_spent.plain - audio) / 1e3:.0f} kB beside the audio",
    )


def bare_tcp(size: int) -> float:
    """So many bytes in full packets, every second one acknowledged."""
    return size + size / SEGMENT * 1.5 * HEAD_BYTES


def idle_month(folder: Path, vouched: Vouched | None, clock: str) -> None:
    """A month in which nothing is planned and nothing sounds."""
    village = Village(folder, vouched)
    village.each_night(IDLE_DAYS + 1)
    begins = FIRST.replace(hour=17)
    marks: list[Spent] = []
    village.world.at(to_ms(begins), lambda: marks.append(village.spent()))
    try:
        village.box.live(begins + timedelta(days=IDLE_DAYS), tick_ms=IDLE_TICK_MS)
    finally:
        village.close()
    month = village.spent().less(marks[0])
    scale = 30 / IDLE_DAYS
    plain, with_tcp = month.plain * scale / 1e6, month.with_tcp * scale / 1e6
    note(f"wire bytes, idle, {clock}: {village.box.carried.by_kind}")
    tell(
        f"bytes on the wire, an idle month, metered, {clock}",
        f"{plain:.2f} MB; {with_tcp:.2f} MB with TCP/IP",
        aim=f"≤ {AIM_IDLE_MB:.0f} MB",
        met=with_tcp <= AIM_IDLE_MB,
        why=f"{month.packets * scale / 30:.0f} packets a day",
    )


def real_minute(folder: Path) -> None:
    """Count a real agent at a real mosquitto, beside the same messages by the model."""
    folder.mkdir()
    office, broker = Office.open(folder / "files"), Broker(folder)
    files, line = FileServer(folder / "files"), Meter(broker.port)
    box = Box(office, folder, line.port)
    ear = Ear(office, broker.port, box.key)
    heard: list[tuple[str, bytes]] = []

    def hear(_client: Client, _data: object, message: MQTTMessage) -> None:
        heard.append((message.topic, bytes(message.payload)))

    try:
        ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
        now_ms = time.time_ns() // 1_000_000
        sound = office.asset(2_000)
        desired = office.desired(
            (cue(sound, now_ms + 20_000),), serial=1, now_ms=now_ms, sources=(files.address,)
        )
        ear.retain(topics.down(DID, "desired"), office.sealed(desired, Kind.DESIRED))
        listener = Client(CallbackAPIVersion.VERSION2, client_id="listener", protocol=MQTTv311)
        listener.username_pw_set("listener", "")
        listener.on_message = hear
        listener.connect("127.0.0.1", broker.port)
        listener.subscribe("loa/#", 1)
        listener.loop_start()
        box.start()
        time.sleep(CHECKED_S)
        real = line.seen.bytes
        listener.disconnect()
        listener.loop_stop()
    finally:
        ear.close()
        box.close()
        broker.close()
        files.close()
        line.close()
    modelled = _modelled(heard)
    tell(
        "the count of MQTT packets, beside a real minute at mosquitto",
        f"{modelled:,} bytes by the model",
        baseline=f"{real:,} bytes through a proxy",
        ratio=modelled / real,
    )


def _modelled(heard: list[tuple[str, bytes]]) -> int:
    """What the packets of these messages, and of a connection around them, come to.

    A new box asks for its topics when it connects and again when it knows the keys; each time it
    is given what is retained.
    """
    state = topics.up(DID, "state")
    will = 2 + len(state) + 2 + len(state_payload(1, 1, online=False))
    total = packet_bytes(10 + 2 + len(DID) + will + 2 + len(DID) + 2 + len("x")) + 4
    placed = topics.subscriptions(DID, (UNIT, PROVINCE))
    asking = packet_bytes(2 + sum(3 + len(each) for each in placed))
    total += 2 * (asking + packet_bytes(2 + len(placed)))
    retained = [each for each in heard if each[0].endswith(("/dn/desired", "/c/keys"))]
    for topic, payload in (*heard, *retained):
        qos = 0 if topic.endswith(("/tele", "/time", "/dn/ack")) else 1
        total += publish_bytes(topic, payload, qos) + (ACK_BYTES if qos else 0)
    return total + 2 * PING_BYTES


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="loalang-bench-") as made:
        folder = Path(made)
        day_of_programmes(folder / "day")
        idle_month(folder / "ntp", NTP, "clock by NTP")
        idle_month(folder / "answers", None, "clock by the controller alone")
        if lacks_broker():
            tell("the count of MQTT packets", f"not checked: {lacks_broker()}")
        else:
            real_minute(folder / "real")
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
