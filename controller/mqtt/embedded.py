"""`embedded:` — the broker as a supervised child: mosquitto, or amqtt for trying out."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import structlog

from controller.access.passwords import hash_box_password
from controller.errors import BrokerUnavailable
from controller.mqtt import broker_files, child
from controller.settings import WILDCARDS

log = structlog.get_logger()

# Plain users have /usr/bin in PATH but not /usr/sbin, where Debian installs mosquitto. Whoever
# leaves out both means it.
BIN, SBIN = "/usr/bin", "/usr/sbin:/usr/local/sbin"
READY_WITHIN_S = 10.0
TRIES = 5


def find_mosquitto() -> str | None:
    """Where mosquitto is installed, or None."""
    found = shutil.which("mosquitto")
    if found is None and BIN in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("mosquitto", path=SBIN)
    return found


class EmbeddedBroker:
    """Start, supervise and stop the broker; `url` is where the controller connects."""

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        use_mosquitto: bool = True,
        allow_trial: bool = False,
        tls: broker_files.TlsListener | None = None,
    ) -> None:
        mosquitto = find_mosquitto() if use_mosquitto else None
        if mosquitto is None and (tls or not allow_trial):
            raise BrokerUnavailable(
                "chưa cài mosquitto; hãy chạy “make parts” (Debian: apt-get install mosquitto)",
                "mosquitto is not installed; run “make parts” (Debian: apt-get install mosquitto)",
            )
        self.kind = "mosquitto" if mosquitto else "amqtt"
        self._mosquitto = mosquitto
        self._folder = folder
        self._tls = tls
        # The stand-in never listens beyond this machine.
        self.host = host if mosquitto else "127.0.0.1"
        self.port = port
        self._password = secrets.token_urlsafe(24)
        self._password_hash = hash_box_password(self._password)
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Address with the controller's own credentials: never log it."""
        host = "127.0.0.1" if self.host in WILDCARDS else self.host
        return f"mqtt://{broker_files.CONTROLLER_USER}:{self._password}@{host}:{self.port}"

    async def start(
        self, device_hashes: Mapping[str, str], shut_out: Collection[str] = frozenset()
    ) -> None:
        """Start it with the given boxes' password hashes; raises `BrokerUnavailable`.

        Those `shut_out` hold a certificate and may say and hear nothing.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write_users(device_hashes, shut_out)
        wanted = self.port or self._remembered_port()
        last = ""
        for _ in range(TRIES):
            self.port = wanted or _free_port(self.host)
            last = await self._launch()
            if not last:
                broker_files.write_private(self._folder / "port", str(self.port))
                self._supervisor = asyncio.create_task(self._supervise(), name="broker")
                log.info("broker_started", kind=self.kind, port=self.port)
                return
            if self.port == wanted and self._remembered_port() != wanted:
                break
            wanted = 0
        raise BrokerUnavailable(last, last)

    async def stop(self) -> None:
        """End the broker."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        if self._process is not None:
            await child.stop(self._process)

    def reload(
        self, device_hashes: Mapping[str, str], shut_out: Collection[str] = frozenset()
    ) -> None:
        """Let new boxes in and put removed ones out, without touching the others.

        With TLS it also takes up what was written in its certificate and revocation files.
        """
        self._write_users(device_hashes, shut_out)
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGHUP)

    @property
    def pid(self) -> int | None:
        """Process id of the running broker."""
        return self._process.pid if self._process else None

    def _write_users(self, device_hashes: Mapping[str, str], shut_out: Collection[str]) -> None:
        users = {broker_files.CONTROLLER_USER: self._password_hash, **device_hashes}
        broker_files.write_users(self._folder, users, shut_out)

    def _remembered_port(self) -> int:
        path = self._folder / "port"
        try:
            return int(path.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    async def _launch(self) -> str:
        """Start the process; gives "" when it answers, else why not."""
        if self._mosquitto:
            conf = broker_files.write_configuration(self._folder, self.host, self.port, self._tls)
            self._process = await child.start([self._mosquitto, "-c", str(conf)])
        else:
            order = {"host": self.host, "port": self.port, "folder": str(self._folder)}
            self._process = await child.start(
                [sys.executable, "-m", "controller.mqtt.trial_broker"],
                stdin=json.dumps(order).encode(),
            )
        tail: list[str] = []
        self._reader = asyncio.create_task(self._forward_log(self._process, tail))
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while True:
                    if self._process.returncode is not None:
                        await self._reader
                        return "; ".join(tail[-3:]) or "it ended at once"
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection(
                            "127.0.0.1" if self.host in WILDCARDS else self.host, self.port
                        )
                        writer.close()
                        # A stranger may hold the port while our child dies of it.
                        await asyncio.sleep(0.05)
                        if self._process.returncode is None:
                            return ""
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await child.stop(self._process)
            return f"no answer on port {self.port} within {READY_WITHIN_S:.0f} s"

    async def _supervise(self) -> None:
        pause_s = 0.2
        while True:
            assert self._process is not None
            code = await self._process.wait()
            log.error("broker_died", kind=self.kind, code=code)
            await asyncio.sleep(pause_s)
            why = await self._launch()
            if why:
                log.error("broker_restart_failed", why=why)
            pause_s = min(30.0, pause_s * 2) if why else 0.2

    async def _forward_log(self, process: asyncio.subprocess.Process, tail: list[str]) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            tail[:] = [*tail[-9:], text]
            log.info("broker_log", line=text[:500])


def _free_port(host: str) -> int:
    with socket.socket() as s:
        s.bind((host, 0))
        port: int = s.getsockname()[1]
        return port
