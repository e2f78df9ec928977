"""Real processes for tests: a mosquitto broker, an agent, and the office's ear on the wire."""

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import AlertStep
from edge_agent.contract.commands import CommandAck
from edge_agent.contract.envelope import open_sealed
from edge_agent.contract.report import PlaybackEvent, Report
from edge_agent.contract.state import (
    Diagnosis,
    Hello,
    Proof,
    State,
    Telemetry,
    TimeAnswer,
    TimeRequest,
)
from edge_agent.contract.trust import Kind, public_from_text
from edge_agent.contract.types import decode
from tests.edge_agent.office import DID, Office

PATIENCE_S = 25.0


def wait_for(what: Callable[[], Any], why: str, within_s: float = PATIENCE_S) -> Any:
    """Give the first true answer of `what`; fail with `why` when it does not come in time."""
    until = time.monotonic() + within_s
    turn = threading.Event()
    while not (answer := what()):
        assert time.monotonic() < until, f"waited {within_s} s for: {why}"
        turn.wait(0.02)
    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """Mosquitto on loopback that keeps nothing on disk; `more` are lines of its configuration."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port = free_port()
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        config = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "use_username_as_clientid true",
            "persistence false",
            "max_packet_size 600000",
            *(["user root"] if os.geteuid() == 0 else []),
            *more,
        ]
        config.write_text("\n".join(lines) + "\n")
        self._argv = [program, "-c", str(config)]
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(self._argv, stderr=subprocess.DEVNULL)
        wait_for(self._answers, "mosquitto to listen")
        return process

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.process = self._start()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


class Ear:
    """Hears what a box says, answers its questions for the time, and speaks for the office."""

    def __init__(self, office: Office, port: int, box_key: Ed25519PublicKey) -> None:
        self._office = office
        self._box_key = box_key
        self._port = port
        self.acknowledge = True
        self.ahead_ms = 0
        self.contradicted: list[tuple[str, int]] = []
        self.states: list[State] = []
        self.hellos: list[Hello] = []
        self.acks: list[CommandAck] = []
        self.telemetry: list[Telemetry] = []
        self.proofs: list[Proof] = []
        self.diagnoses: list[Diagnosis] = []
        self.alert_steps: list[AlertStep] = []
        self.events: dict[tuple[str, int], PlaybackEvent] = {}
        self._retained: dict[str, bytes] = {}
        self._client = self._connect()

    def _connect(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id="ear", protocol=MQTTv311)
        client.username_pw_set("ear", "")
        client.on_message = self._hear
        client.connect("127.0.0.1", self._port)
        client.subscribe(topics.FROM_ALL_DEVICES, 1)
        client.loop_start()
        for topic, payload in self._retained.items():
            client.publish(topic, payload, qos=1, retain=True)
        return client

    def reconnect(self) -> None:
        """Come back after the broker lost everything, and say again what is retained."""
        self.close()
        self._client = self._connect()

    def retain(self, topic: str, payload: bytes) -> None:
        self._retained[topic] = payload
        self._client.publish(topic, payload, qos=1, retain=True)

    def retained(self, topic: str) -> bytes:
        """What was retained there last."""
        return self._retained[topic]

    def send(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def of_kind(self, kind: str) -> list[PlaybackEvent]:
        return [event for _, event in sorted(self.events.items()) if event.kind == kind]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, client: Client, _data: object, message: MQTTMessage) -> None:
        said = topics.parse_up(message.topic)
        if said is None or not message.payload:
            return
        match said.word:
            case "state":
                self.states.append(decode(message.payload, State))
            case "hello":
                self.hellos.append(decode(message.payload, Hello))
            case "ack":
                opened = open_sealed(message.payload, kind=Kind.STEP, key_for=self._key_for)
                self.acks.append(decode(opened.payload, CommandAck))
            case "tele":
                self.telemetry.append(decode(message.payload, Telemetry))
            case "ready":
                opened = open_sealed(message.payload, kind=Kind.PROOF, key_for=self._key_for)
                self.proofs.append(decode(opened.payload, Proof))
            case "diag":
                opened = open_sealed(message.payload, kind=Kind.DIAGNOSIS, key_for=self._key_for)
                self.diagnoses.append(decode(opened.payload, Diagnosis))
            case "alert":
                opened = open_sealed(message.payload, kind=Kind.ALERT_STEP, key_for=self._key_for)
                self.alert_steps.append(decode(opened.payload, AlertStep))
            case "time":
                nonce = decode(message.payload, TimeRequest).nonce
                answer = TimeAnswer(nonce, time.time_ns() // 1_000_000 + self.ahead_ms)
                sealed = self._office.sealed(answer, Kind.TIME)
                client.publish(topics.down(said.device, "time"), sealed)
            case "report":
                self._record(client, message.payload)

    def _key_for(self, kid: str) -> Ed25519PublicKey | None:
        return self._box_key if kid == DID else None

    def _record(self, client: Client, sealed: bytes) -> None:
        opened = open_sealed(sealed, kind=Kind.REPORT, key_for=self._key_for)
        report = decode(opened.payload, Report)
        for raw in report.events:
            event = msgspec.json.decode(raw, type=PlaybackEvent)
            if self.events.get((report.spool, event.seq), event) != event:
                self.contradicted.append((report.spool, event.seq))
            self.events[report.spool, event.seq] = event
        if self.acknowledge:
            upto = max(seq for spool, seq in self.events if spool == report.spool)
            ack = self._office.sealed(ReportAck(report.spool, upto), Kind.ACK)
            client.publish(topics.down(DID, "ack"), ack)


class Box:
    """An agent in its own process, as it runs in a village."""

    def __init__(
        self,
        office: Office,
        folder: Path,
        port: int,
        *,
        player: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        **changes: Any,
    ) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.heard = folder / "heard.jsonl"
        self.log_file = folder / "agent.log"
        self.kill_switch = folder / "kill"
        made = subprocess.run(
            [sys.executable, "-m", "edge_agent", "init", "--state-dir", str(self.state)],
            check=True,
            capture_output=True,
        )
        self.key = public_from_text(json.loads(made.stdout)["public_key"])
        scripted = Path(__file__).parent / "scripted_player.py"
        plays = player or {
            "kind": "command",
            "argv": [sys.executable, str(scripted), str(self.heard)],
        }
        self._environment = os.environ | (environment or {})
        settings = {
            "did": DID,
            "state_dir": str(self.state),
            "root_public_key": office.root_text,
            "placement": office.placement(),
            "kill_switch": str(self.kill_switch),
            "trust_system_clock": True,
            "heartbeat_s": 5,
            "disk_reserve_mb": 0,
            "max_spread_s": 0,
        } | changes
        tables = {name: settings.pop(name) for name in changes if isinstance(changes[name], dict)}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        lines += ["[[brokers]]", f'url = "mqtt://127.0.0.1:{port}"', 'password = "x"']
        for table, content in (tables | {"player": plays}).items():
            lines += [f"[{table}]", *(f"{k} = {json.dumps(v)}" for k, v in content.items())]
        self.config = folder / "agent.toml"
        self.config.write_text("\n".join(lines) + "\n")
        self.config.chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_agent", "run", "--config", str(self.config)],
                stderr=log,
                env=self._environment,
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def log(self, action: str) -> list[dict[str, Any]]:
        """All log lines with this action."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text().splitlines()
        # A line that a full disk cut off says nothing.
        whole = (line for line in lines if line.startswith("{") and line.endswith("}"))
        entries = [json.loads(line) for line in whole]
        return [entry for entry in entries if entry["action"] == action]

    def player_heard(self, op: str) -> list[dict[str, Any]]:
        """What the player was told."""
        if not self.heard.exists():
            return []
        lines = self.heard.read_text().splitlines()
        orders = [json.loads(line) for line in lines]
        return [order for order in orders if order["op"] == op]

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


HORN_RATE = 48_000
_MOMENT_S = 0.02


def _share_of(hertz: int, samples: "array[int]") -> float:
    """RMS of one tone within 20 ms (Goertzel); `hertz` is a multiple of 50."""
    turn = 2 * math.cos(2 * math.pi * hertz / HORN_RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    power = max(0.0, last * last + before * before - turn * last * before)
    return math.sqrt(2 * power) / len(samples)


class Horn:
    """A private PulseAudio with one sink, and an ear that measures what is played there.

    `others` are more sinks, to which nobody listens.
    `levels` are (wall time, RMS of 16-bit samples, zero crossings) of each 20 ms; `tones` are
    (wall time, how loud each of `hertz` was), multiples of 50, to be told apart.
    """

    def __init__(
        self, home: Path, *, others: tuple[str, ...] = (), hertz: tuple[int, ...] = ()
    ) -> None:
        home.mkdir(mode=0o700)
        self.environment = {
            **{name: str(home) for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "HOME")},
            "PULSE_SERVER": f"unix:{home}/native",
        }
        self.levels: list[tuple[float, float, int]] = []
        self.tones: list[tuple[float, tuple[float, ...]]] = []
        self._hertz = hertz
        sink = "module-null-sink sink_name=horn rate=48000 channels=1 format=s16le"
        native = f"module-native-protocol-unix auth-anonymous=1 socket={home}/native"
        more = [word for name in others for word in ("-L", sink.replace("=horn", f"={name}"))]
        options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
        environment = os.environ | self.environment
        self._server = subprocess.Popen(
            ["pulseaudio", *options, "--disable-shm=yes", "-L", sink, "-L", native, *more],
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        wait_for((home / "native").exists, "pulseaudio")
        raw = ["--raw", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=20"]
        self._ear = subprocess.Popen(
            ["parec", "-d", "horn.monitor", *raw], stdout=subprocess.PIPE, env=environment
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._ear.stdout is not None
        size = round(HORN_RATE * _MOMENT_S) * 2
        while len(block := self._ear.stdout.read(size)) == size:
            samples = array("h", block)
            rms = (sum(s * s for s in samples) / len(samples)) ** 0.5
            crossings = sum(a < 0 <= b for a, b in pairwise(samples))
            self.levels.append((time.time(), rms, crossings))
            if self._hertz:
                loud = tuple(_share_of(hertz, samples) for hertz in self._hertz)
                self.tones.append((self.levels[-1][0], loud))

    def spells(self, *, louder_than: float = 300.0) -> list[tuple[float, float, float]]:
        """(begin, end, hertz) of each stretch of sound; gaps below 0.2 s are none."""
        found: list[tuple[float, float, float]] = []
        for at, rms, crossings in self.levels:
            if rms <= louder_than:
                continue
            hertz = crossings / _MOMENT_S
            same = found and at - found[-1][1] < 0.2 and abs(hertz - found[-1][2]) < 150
            if same:
                found[-1] = (found[-1][0], at, found[-1][2])
            else:
                found.append((at, at, hertz))
        return [spell for spell in found if spell[1] - spell[0] > 0.1]

    def close(self) -> None:
        for process in (self._ear, self._server):
            process.terminate()
            process.wait()
        self._thread.join()
        if self._ear.stdout is not None:
            self._ear.stdout.close()
