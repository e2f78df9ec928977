"""The configuration for a mosquitto of its own, with files of a real office."""

import asyncio
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from controller.cli.broker_files import broker_files
from controller.errors import SettingsWrong
from controller.fleet.certificates import CertificateAuthority, RevokedSerial, open_ca
from controller.mqtt.embedded import find_mosquitto
from controller.settings import Settings
from controller.storage.database import open_database
from edge_agent.contract.types import MAX_PAYLOAD_BYTES
from tests.flows.stage import until

CONF = Path(__file__).parents[3] / "deploy" / "controller" / "mosquitto.conf"
BOX, OTHER = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
PASSWORD = "only-for-this-test"


class Office:
    """A data folder with an authority, and the broker that runs on the files made from it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, folder / "loalang"
        self.now = datetime.now(UTC)
        data = folder / "data"
        settings = Settings(data_dir=data)
        open_database(settings.sqlalchemy_url(), settings.sqlite_path()).close()
        self.data = data
        self.ca: CertificateAuthority = open_ca(data / "ca", self.now)
        self.ca.server_files(["127.0.0.1"], self.now)
        self.ca.crl([], self.now)

    def box(self, did: str) -> tuple[ssl.SSLContext, str]:
        """What a box connects with, and the serial of its certificate."""
        key = Ed25519PrivateKey.generate()
        issued = self.ca.box_certificate(did, key.public_key(), self.now)
        (self.folder / f"{did}.pem").write_text(issued.pem)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{did}.key").write_bytes(pem)
        context = ssl.create_default_context(cafile=str(self.ca.ca_path))
        context.load_cert_chain(self.folder / f"{did}.pem", self.folder / f"{did}.key")
        return context, issued.serial


@contextmanager
def broker(office: Office, ports: tuple[int, int]) -> Iterator[subprocess.Popen[bytes]]:
    """Debian's mosquitto would run as its own user; here it is whoever tests."""
    conf = CONF.read_text("utf-8").replace("/etc/mosquitto/loalang", str(office.files))
    conf = conf.replace("listener 1883 ", f"listener {ports[0]} ")
    conf = conf.replace("listener 8883", f"listener {ports[1]} 127.0.0.1")
    path = office.folder / "mosquitto.conf"
    path.write_text(f"user root\n{conf}", "utf-8")
    mosquitto = find_mosquitto()
    assert mosquitto is not None
    process = subprocess.Popen([mosquitto, "-c", str(path)])
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=10)


def over_tls(port: int, context: ssl.SSLContext, did: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        *("127.0.0.1", port),
        tls_context=context,
        identifier=did,
        protocol=aiomqtt.ProtocolVersion.V311,
        timeout=2,
    )


def over_password(port: int) -> aiomqtt.Client:
    return aiomqtt.Client(
        *("127.0.0.1", port),
        username="controller",
        password=PASSWORD,
        identifier="controller",
        protocol=aiomqtt.ProtocolVersion.V311,
        timeout=2,
    )


async def connects(client: aiomqtt.Client) -> bool:
    try:
        async with client:
            return True
    except (aiomqtt.MqttError, OSError):
        return False


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


@pytest.mark.needs("mosquitto")
def test_boxes_come_by_certificate_speak_for_themselves_and_are_shut_out_when_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOALANG_BROKER_URL", f"mqtt://controller:{PASSWORD}@127.0.0.1:1883")
    office = Office(tmp_path)
    box, serial = office.box(BOX)
    other, _ = office.box(OTHER)
    stranger = ssl.create_default_context(cafile=str(office.ca.ca_path))
    broker_files(office.files, office.data)
    plain, tls = ports = free_ports()

    async def run(process: subprocess.Popen[bytes]) -> None:
        await until(lambda: connects(over_password(plain)), 10)
        async with over_password(plain) as controller, over_tls(tls, box, BOX) as client:
            await controller.subscribe("loa/v1/#")
            await client.publish(f"loa/v1/d/{OTHER}/up/state", "forged")
            await client.publish(f"loa/v1/d/{BOX}/up/state", "mine")
            message = await anext(controller.messages)
            assert (message.topic.value, message.payload) == (f"loa/v1/d/{BOX}/up/state", b"mine")
        assert not await connects(over_tls(tls, stranger, BOX)), "no certificate"

        office.ca.crl([RevokedSerial(serial, int(time.time() * 1000))], office.now)
        broker_files(office.files, office.data)
        process.terminate()
        process.wait(timeout=10)

    with broker(office, ports) as process:
        asyncio.run(run(process))

    async def after() -> None:
        await until(lambda: connects(over_tls(tls, other, OTHER)), 10)
        assert not await connects(over_tls(tls, box, BOX)), "revoked"

    with broker(office, ports):
        asyncio.run(after())


def test_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsWrong) as refused:
        broker_files(tmp_path / "out", tmp_path)
    assert refused.value.code == "broker_password_needed"
    monkeypatch.setenv("LOALANG_BROKER_URL", f"mqtt://controller:{PASSWORD}@127.0.0.1:1883")
    with pytest.raises(SettingsWrong) as refused:
        broker_files(tmp_path / "out", tmp_path)
    assert refused.value.code == "no_certificates"
    assert list(tmp_path.iterdir()) == []


def test_a_packet_may_be_as_large_as_the_contract_allows() -> None:
    assert f"max_packet_size {MAX_PAYLOAD_BYTES + 1024}" in CONF.read_text("utf-8").splitlines()
