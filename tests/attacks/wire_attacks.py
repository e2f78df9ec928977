"""Somebody speaks on the wire who must not: a real agent behind a real broker hears it all."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import Alert, AlertList, Severity, Spoken
from edge_agent.contract.commands import (
    AckStatus,
    Command,
    Diagnose,
    Play,
    Reboot,
    Stop,
    TestTone,
    Update,
    Volume,
)
from edge_agent.contract.envelope import seal
from edge_agent.contract.manifest import Asset, Enter, Leave, Rank
from edge_agent.contract.report import EventKind
from edge_agent.contract.state import TimeAnswer
from edge_agent.contract.trust import (
    ROOT_KID,
    Grant,
    KeySet,
    Kind,
    Placement,
    PublishedKey,
    public_to_text,
)
from edge_agent.contract.types import encode
from tests.attacks.rows import Attempt
from tests.edge_agent.office import DID, FAR, PROVINCE, UNIT, cue
from tests.edge_agent.real_parts import Box, wait_for
from tests.faults.stage import MovableClock, Stage, now_ms, stage

BATCH = 800
"""Fewer than mosquitto queues for one client."""

RSS_SLACK_KB = 3_000
WINDOW = 16
"""Orders on the way at once: a box refuses as busy what waits for it in greater number."""

OTHER_UNIT = "xa-khac"
HOUR_MS = 3_600_000
LIFE_MS = 300_000


def forged_messages(folder: Path, messages: int, seed: int) -> Attempt:
    """A flood of what is malformed, cut, forged or not for this box, while a plan goes on."""
    dice = random.Random(seed)
    with stage(folder) as village:
        wait_for(lambda: village.ear.hellos, "the box")
        planned = cue(village.sound(500), now_ms() + 8_000, id="planned")
        village.publish(planned)
        village.ready()
        forge = _Forge(village, dice)
        _flood(village, forge, BATCH, "warm-up")
        before_kb = rss_kb(village.box)
        for number in range(-(-messages // BATCH)):
            _flood(village, forge, min(BATCH, messages - number * BATCH), f"batch-{number}")
        grown_kb = rss_kb(village.box) - before_kb
        wait_for(lambda: village.events(EventKind.ENDED), "the planned play")
        sounded = {order["id"] for order in village.box.player_heard("play")}
        plays = {event.play for event in village.events(EventKind.STARTED)}
        told = village.tell()
        crashes = village.crashes()
        accepted = {entry["command"] for entry in village.box.log("command_accepted")}
    obeyed = len(sounded - plays) + max(0, len(plays) - 1) + crashes
    obeyed += sum(not ident.startswith("after-") for ident in accepted)
    obeyed += int(grown_kb > RSS_SLACK_KB)
    note = f"memory {grown_kb:+d} KB, {crashes} crashes, the plan sounded {len(plays)} ×"
    lost = max(0, 1 - told.plays)
    return Attempt("malformed or forged messages", messages, obeyed, lost, note)


def _flood(village: Stage, forge: "_Forge", count: int, mark: str) -> None:
    """Send so much, and then one true order: its answer says that all was heard."""
    for _ in range(count):
        village.ear.send(*forge.one())
    last = village.office.command("stop", Stop("none"), now_ms=now_ms(), ident=f"after-{mark}")
    village.ear.send(topics.down(DID, "cmd"), village.office.sealed(last, Kind.COMMAND))
    wait_for(
        lambda: any(ack.id == last.id and ack.status is AckStatus.DONE for ack in village.ear.acks),
        f"the box to have heard {mark}",
        60.0,
    )
    village.ear.acks.clear()


class _Forge:
    """Makes messages that nobody may obey, all of them different."""

    def __init__(self, village: Stage, dice: random.Random) -> None:
        self._village = village
        self._dice = dice
        self._thief = Ed25519PrivateKey.generate()
        self._asset = village.sound(900)
        now = now_ms()
        self._true = tuple(
            village.office.sealed(message, kind) for _, kind, message in orders(self._asset, now)
        )
        self._topics = (
            *(topics.down(DID, word) for word in ("desired", "cmd", "ack", "time", "placement")),
            topics.group_command(UNIT),
            topics.group_alert(UNIT, "province"),
            topics.group_alert(PROVINCE, "province"),
            topics.CONTROLLER_KEYS,
        )
        self._ways: tuple[Callable[[], bytes], ...] = (
            self._noise,
            self._cut,
            self._other_key,
            self._other_algorithm,
            self._twisted,
            self._other_kind,
            self._json,
        )

    def one(self) -> tuple[str, bytes]:
        """A topic of the box, and what it must drop."""
        return self._dice.choice(self._topics), self._dice.choice(self._ways)()

    def _noise(self) -> bytes:
        return self._dice.randbytes(self._dice.randrange(1, 600))

    def _cut(self) -> bytes:
        whole = self._dice.choice(self._true)
        return whole[: self._dice.randrange(1, len(whole) - 1)]

    def _order(self) -> tuple[Kind, Any]:
        at = now_ms() + self._dice.randrange(-LIFE_MS, LIFE_MS)
        return self._dice.choice([(kind, m) for _, kind, m in orders(self._asset, at)])

    def _other_key(self) -> bytes:
        kind, message = self._order()
        kid = self._dice.choice(("k1", ROOT_KID, "k2", DID))
        return seal(encode(message), kind=kind, kid=kid, key=self._thief)

    def _other_algorithm(self) -> bytes:
        kind, message = self._order()
        alg = self._dice.choice(("none", "HS256", "ES256", "eddsa", ""))
        head = {"alg": alg, "kid": "k1", "typ": kind.value}
        signature = self._dice.choice((b"", b"A" * 86))
        return _b64(json.dumps(head).encode()) + b"." + _b64(encode(message)) + b"." + signature

    def _twisted(self) -> bytes:
        """A true message with one letter changed behind its head."""
        whole = bytearray(self._dice.choice(self._true))
        at = self._dice.randrange(whole.index(b".") + 1, len(whole) - 4)
        whole[at] = ord("A") if whole[at] != ord("A") else ord("B")
        return bytes(whole)

    def _other_kind(self) -> bytes:
        """Signed by the true key, as something that it is not."""
        _, message = self._order()
        kind = self._dice.choice([Kind.REPORT, Kind.PROOF, Kind.LIVE, Kind.PRESENCE])
        return self._village.office.sealed(message, kind)

    def _json(self) -> bytes:
        return self._dice.choice(
            (b"[" * 5_000, b'{"a":' * 900, b"null", b"{}", b'"\xff"', b"9" * 400)
        )


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def rss_kb(box: Box) -> int:
    """Memory that an agent has now."""
    assert box.process is not None
    status = Path(f"/proc/{box.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def orders(asset: Asset, now: int) -> Iterator[tuple[str, Kind, Any]]:
    """One of everything that can be told to the box, with its topic."""
    play = Play(asset, Rank.EMERGENCY_LIVE, Enter.CUT, Leave.DROP, 0.0, 5_000, "lạ", "vi")
    bodies = {
        "play": play,
        "stop": Stop(),
        "volume": Volume(-60.0),
        "test_tone": TestTone(2),
        "reboot": Reboot(),
        "diagnose": Diagnose(),
        "update": Update("9.9.9", "a" * 64, 1_000),
    }
    for audience, topic in (
        (DID, topics.down(DID, "cmd")),
        (UNIT, topics.group_command(UNIT)),
        (PROVINCE, topics.group_command(PROVINCE)),
    ):
        for kind, body in bodies.items():
            raw = msgspec.Raw(encode(body))
            ident = f"{kind}-{audience}-{now}"
            yield (
                topic,
                Kind.COMMAND,
                Command(ident, kind, audience, now, now + LIFE_MS, raw),
            )
    for scope in (UNIT, PROVINCE):
        alert = Alert(
            id=f"gia-{now}",
            version=now,
            severity=Severity.EXTREME,
            areas=(scope,),
            issued=now,
            expires=now + HOUR_MS,
            max_play_s=60,
            spoken=(Spoken("vi", (asset,)),),
            siren_s=10,
        )
        told = AlertList("province", scope, now, now, (alert,))
        yield topics.group_alert(scope, "province"), Kind.ALERT, told
    yield topics.down(DID, "ack"), Kind.ACK, ReportAck("none", 10**9)
    yield topics.down(DID, "time"), Kind.TIME, TimeAnswer("nonce", now)
    yield topics.down(DID, "placement"), Kind.PLACEMENT, Placement(DID, (OTHER_UNIT,), now)
    keys = KeySet(now, (PublishedKey("k9", "A" * 43, FAR, ()),))
    yield topics.CONTROLLER_KEYS, Kind.KEYS, keys


def other_commune(folder: Path) -> Attempt:
    """The valid key of another commune orders everything, to the box, its units, the province."""
    with stage(folder) as village:
        wait_for(lambda: village.ear.hellos, "the box")
        stranger = Ed25519PrivateKey.generate()
        _grant_elsewhere(village, stranger)
        planned = cue(village.sound(400), now_ms() + 6_000, id="planned")
        village.publish(planned)
        village.ready()
        now, asset = now_ms(), village.sound(900)
        desired = village.office.desired((), serial=now, now_ms=now, empty_because="gone")
        said = [*orders(asset, now), (topics.down(DID, "desired"), Kind.DESIRED, desired)]
        before = len(village.box.log("message_dropped"))
        for topic, kind, message in said:
            sealed = seal(encode(message), kind=kind, kid="k2", key=stranger)
            village.ear.send(topic, sealed)
        wait_for(
            lambda: len(village.box.log("message_dropped")) - before >= len(said),
            "every order to be refused",
        )
        wait_for(lambda: village.events(EventKind.ENDED), "the planned play")
        accepted = len(village.box.log("command_accepted"))
        accepted += sum(1 for e in village.box.log("alerts_accepted") if e["active"])
        accepted += sum(1 for e in village.box.log("desired_accepted") if e["serial"] == now)
        cues = [event.cue for event in village.events(EventKind.STARTED)]
    lost = 0 if "planned" in cues else 1
    return Attempt(
        "another commune's valid key, every kind",
        len(said),
        accepted + len(set(cues) - {"planned"}),
        lost,
        "to the box, its commune and the province",
    )


def _grant_elsewhere(village: Stage, stranger: Ed25519PrivateKey) -> None:
    """Publish a second key that may say everything, in another commune."""
    office = village.office
    own = office.keys(7).keys
    grants = tuple(Grant(kind, (OTHER_UNIT,)) for kind in Kind)
    other = PublishedKey("k2", public_to_text(stranger.public_key()), FAR, grants)
    keys = KeySet(7, (*own, other))
    village.ear.retain(
        topics.CONTROLLER_KEYS,
        seal(encode(keys), kind=Kind.KEYS, kid=ROOT_KID, key=office.root),
    )
    wait_for(lambda: any(h.keys == 7 for h in village.ear.hellos), "the second key to be known")


class _Tape:
    """Writes down everything that goes over the broker, to say it again."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="tape", protocol=MQTTv311)
        self._client.username_pw_set("tape", "")
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(f"{topics.PREFIX}/#", 1)
        self._client.loop_start()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if "/dn/" in message.topic or message.topic == topics.CONTROLLER_KEYS:
            self.heard.append((message.topic, message.payload))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def replay(folder: Path, seed: int) -> Attempt:
    """All that was said in an hour is said again: at once, after a restart, by an older clock."""
    clock = MovableClock(folder)
    dice = random.Random(seed)
    with stage(folder, clock=clock, trust_system_clock=True) as village:
        tape = _Tape(village.broker.port)
        wait_for(lambda: village.ear.hellos, "the box")
        _an_hour(village)
        tape.close()
        told, played = village.tell(), len(village.box.player_heard("play"))
        acks = {(ack.id, ack.status) for ack in village.ear.acks}
        again = 0
        for step in ("at once", "after a restart", "an hour back"):
            if step != "at once":
                village.box.kill()
                clock.move(-3_600 if step == "an hour back" else 0)
                hellos = len(village.ear.hellos)
                village.box.start()
                wait_for(lambda hellos=hellos: len(village.ear.hellos) > hellos, step)
            messages = list(tape.heard)
            dice.shuffle(messages)
            for topic, payload in messages:
                village.ear.send(topic, payload)
            again += len(messages)
            _heard_all(village, step)
        more = len(village.box.player_heard("play")) - played
        done = {(ack.id, ack.status) for ack in village.ear.acks if not ack.id.startswith("end-")}
        kept = village.tell()
    obeyed = more + len(done - acks)
    note = (
        f"{len(tape.heard)} messages three times, shuffled; {told.plays} plays before, {more} after"
    )
    return Attempt("replay of an hour", again, obeyed, kept.lost + kept.doubled, note)


def _an_hour(village: Stage) -> None:
    """What a commune says: a plan, orders, an alert and its end, receipts and the time."""
    office, ear = village.office, village.ear
    village.publish(cue(village.sound(300), now_ms() + 5_000, id="planned"))
    village.ready()
    wait_for(lambda: len(village.events(EventKind.ENDED)) == 1, "the planned play")
    now = now_ms()
    asset = village.sound(300)
    play = Play(asset, Rank.PRIORITY, Enter.CUT, Leave.DROP, 0.0, 5_000, "gấp", "vi")
    order = office.command("play", play, now_ms=now, ident="order", life_ms=LIFE_MS)
    ear.send(topics.down(DID, "cmd"), office.sealed(order, Kind.COMMAND))
    wait_for(lambda: any(a.id == "order" and a.status is AckStatus.DONE for a in ear.acks), "it")
    alert = Alert(
        id="lu",
        version=1,
        severity=Severity.SEVERE,
        areas=(UNIT,),
        issued=now_ms(),
        expires=now_ms() + HOUR_MS,
        max_play_s=60,
        spoken=(Spoken("vi", (village.sound(300),)),),
    )
    topic, begun = topics.group_alert(UNIT, "province"), now_ms()
    raised = office.alerts(alert, serial=begun, now_ms=begun)
    ear.retain(topic, office.sealed(raised, Kind.ALERT))
    wait_for(lambda: len(village.events(EventKind.ENDED)) == 3, "the alert")
    over = office.alerts(serial=begun + 1, now_ms=now_ms())
    ear.retain(topic, office.sealed(over, Kind.ALERT))
    _heard_all(village, "the hour")


def _heard_all(village: Stage, step: str) -> None:
    """One order that is true now; its answer says that the box has heard what came before."""
    ident = f"end-{step.replace(' ', '-')}"
    last = village.office.command("stop", Stop("none"), now_ms=now_ms(), ident=ident)
    # The box may go by a clock that is an hour behind: for it the order is not of the future.
    behind = msgspec.structs.replace(last, issued=now_ms() - HOUR_MS)
    behind = msgspec.structs.replace(behind, expires=behind.issued + LIFE_MS)
    said = behind if step == "an hour back" else last
    village.ear.send(topics.down(DID, "cmd"), village.office.sealed(said, Kind.COMMAND))
    wait_for(lambda: any(ack.id == ident for ack in village.ear.acks), f"all of {step}")


def two_controllers(folder: Path, commands: int, cuts: int, seed: int) -> Attempt:
    """Two controllers share a key; each repeats what it has no answer to, over a lossy line."""
    dice = random.Random(seed)
    with stage(folder) as village:
        wait_for(lambda: village.ear.hellos, "the box")
        waiting: dict[str, bytes] = {}
        left = [f"{who}-{n}" for n in range(commands // 2) for who in ("one", "two")]
        rounds = -(-commands // WINDOW)
        to_cut = {rounds * (n + 1) // (cuts + 1) for n in range(cuts)}
        seen = repeats = 0
        while left or waiting:
            room = WINDOW - len(waiting)
            fresh, left = left[:room], left[room:]
            for ident in fresh:
                order = village.office.command(
                    "stop", Stop(ident), now_ms=now_ms(), ident=ident, life_ms=LIFE_MS * 2
                )
                waiting[ident] = village.office.sealed(order, Kind.COMMAND)
            cut_at = dice.randrange(WINDOW) if seen in to_cut else -1
            messages = list(waiting)
            dice.shuffle(messages)
            for number, ident in enumerate(messages):
                if number == cut_at:
                    village.link.cut()
                # Either may say it, and now and then both do.
                for _ in range(1 + (dice.random() < 0.2)):
                    village.ear.send(topics.down(DID, "cmd"), waiting[ident])
                    repeats += ident not in fresh
            hellos = len(village.ear.hellos)
            if cut_at >= 0:
                village.link.mend()
                wait_for(lambda n=hellos: len(village.ear.hellos) > n, "the box to be back", 150.0)
            else:
                wait_for(
                    lambda: waiting.keys() <= {a.id for a in village.ear.acks if _over(a)},
                    "all to be answered",
                    60.0,
                )
            for ack in village.ear.acks:
                if _over(ack):
                    waiting.pop(ack.id, None)
            seen += 1
        accepted = [entry["command"] for entry in village.box.log("command_accepted")]
    twice = len(accepted) - len(set(accepted))
    never = commands - len(set(accepted))
    note = f"the line cut {cuts} ×, {repeats} repeats, {twice} accepted twice, {never} never"
    return Attempt("two controllers, one key, lossy line", commands, twice, never, note)


def _over(ack: Any) -> bool:
    return ack.status in (AckStatus.DONE, AckStatus.REFUSED, AckStatus.FAILED, AckStatus.SUPERSEDED)


def replaced_server(folder: Path) -> Attempt:
    """The server of pages and audio is somebody else's: what it gives is not what was named."""
    with stage(folder) as village:
        wait_for(lambda: village.ear.hellos, "the box")
        lies: list[Callable[[bytes], bytes]] = [
            lambda data: data[:-1] + b"?",
            lambda data: b"<html>moved</html>",
            lambda data: b"",
            lambda data: data * 40,
            lambda data: data[: len(data) // 2],
        ]
        begin, sounded = now_ms(), 0
        for number, lie in enumerate(lies):
            village.files.replace = lambda _path, data, lie=lie: lie(data)
            asset = village.sound(500)
            refused = len(village.box.log("fetch_failed"))
            village.publish(cue(asset, begin + 20_000, id=f"lie-{number}"))
            wait_for(lambda n=refused: len(village.box.log("fetch_failed")) > n, "it to be refused")
        village.files.replace = lambda _path, data: data
        true = cue(village.sound(400), now_ms() + 8_000, id="true")
        village.publish(true)
        wait_for(lambda: village.events(EventKind.ENDED), "the true server's play", 90.0)
        cues = [event.cue for event in village.events(EventKind.STARTED)]
        sounded = len(set(cues) - {"true"}) + village.rotten()
    return Attempt("pages and audio by a replaced server", len(lies), sounded, 0, "true one sounds")
