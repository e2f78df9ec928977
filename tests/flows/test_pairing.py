"""A blank box comes on air by a code; a copy of its card is found out; it is paired anew."""

import asyncio
import contextlib
import http.client
import http.server
import json
import shutil
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from controller.fleet.certificates import open_ca
from controller.operations.load_sample import AT_ANY_HOUR, SampleVillage, load_sample
from controller.storage import tables
from tests.controller.operations.test_pairing import swap_root
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(180)]

AGENT = (sys.executable, "-m", "edge_agent")


@dataclass
class BlankBox:
    """A card on which only the hardware is told, and the agents that run from it."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def wavs(self) -> list[Path]:
        return sorted((self.folder / "wav").glob("*.wav"))

    def write(self) -> "BlankBox":
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "wav").exists():
            virtual(self.folder)
        module = "audio_library.mastering.virtual_loudspeaker"
        argv = [sys.executable, "-m", module, "--wav-dir", str(self.folder / "wav")]
        lines = [
            f"state_dir = {json.dumps(str(self.state))}",
            "trust_system_clock = true",
            "max_spread_s = 0",
            "[player]",
            'kind = "command"',
            f"argv = {json.dumps(argv)}",
        ]
        (self.folder / "agent.toml").write_text("\n".join(lines) + "\n")
        return self

    def copy(self, folder: Path) -> "BlankBox":
        """The same card once more."""
        shutil.copytree(self.state, folder / "state", ignore=shutil.ignore_patterns("desk"))
        return BlankBox(folder).write()

    async def call(self, *words: str) -> tuple[int, str]:
        """Run a command on the box to its end: its exit status and what it said."""
        process = await asyncio.create_subprocess_exec(
            *AGENT,
            *words,
            "--config",
            str(self.folder / "agent.toml"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return process.returncode or 0, out.decode()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The agent at work."""
        with (self.folder / "agent.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *AGENT, "run", "--config", str(self.folder / "agent.toml"), stderr=log
            )
        try:
            yield
            assert process.returncode is None, "the agent goes on"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def test_a_blank_box_is_paired_heard_copied_and_paired_anew(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path), villages=0, tls=True) as stage:
            (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
            bulletin = await stage.approved("Họp thôn lúc 7h.")
            box = BlankBox(tmp_path / "box").write()
            code, said = await box.call("run")
            assert code == 1
            assert "Pair" in said or "pair" in said

            first = await paired(stage, box, village)
            async with box.running():
                await until(lambda: on_duty(stage, first))
                await heard(stage, box, village, bulletin)
                _, status = await box.call("status")
                assert f"Office: {stage.controller.addresses().offices[0]}" in status
                assert "Certificate: đến / until" in status
                await copied(stage, box, first, tmp_path / "copy", village, bulletin)
                second = await paired(stage, box, village, "--anew")
            assert second != first
            async with box.running():
                await until(lambda: on_duty(stage, second))
            states = {d["device"]: d["state"] for d in await stage.call(stage.api.get, "/devices")}
            assert states == {first: "revoked", second: "on_duty"}
            assert "cloned" not in await alarms(stage)

    asyncio.run(run())


def test_a_thief_who_breaks_tls_between_them_is_noticed_on_the_box(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path), villages=0, tls=True) as stage:
            (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
            office = stage.controller.addresses().offices[0]
            with thief_before(office, tmp_path / "thief", "offer", swap_root) as address:
                made = await invited(stage, village)
                box = BlankBox(tmp_path / "box").write()
                code, said = await box.call("pair", address, made["code"])
            assert code == 1
            assert "có kẻ đứng giữa" in said
            assert "somebody stands between" in said
            assert not (box.state / "paired.json").exists()

    asyncio.run(run())


async def paired(stage: Stage, box: BlankBox, village: SampleVillage, *words: str) -> str:
    """Pair the box as a technician and an officer do; gives its id."""
    made = await invited(stage, village)
    line = asyncio.create_task(box.call("pair", made["address"], made["code"], *words))

    async def asked() -> bool:
        assert not line.done(), line.result()
        (waiting,) = await stage.call(stage.api.get, "/devices/pairings")
        return bool(waiting["state"] == "asked")

    await until(asked)
    (waiting,) = await stage.call(stage.api.get, "/devices/pairings")
    form = {"replace": bool(waiting["standing"])}
    approved = await stage.call(stage.api.post, f"/devices/pairings/{made['id']}/approve", form)
    code, said = await line
    assert code == 0, said
    assert waiting["fingerprint"] in said
    assert "PAIRED" in said
    did: str = approved["device"]
    return did


async def invited(stage: Stage, village: SampleVillage) -> dict[str, Any]:
    form = {"cluster": village.cluster_id}
    made: dict[str, Any] = await stage.call(stage.api.post, "/devices/invitations", form)
    return made


async def on_duty(stage: Stage, did: str) -> bool:
    return any(c["status"] == "san" and c["device"] == did for c in await stage.clusters())


async def heard(stage: Stage, box: BlankBox, village: SampleVillage, bulletin: str) -> None:
    before = len(box.wavs)
    form = {"bulletin": bulletin, "unit": village.village_id, "quiet_ok": "thử"}
    await stage.call(stage.api.post, "/plays", form)

    async def sounded() -> bool:
        return len(box.wavs) > before

    await until(sounded)


async def alarms(stage: Stage) -> list[str]:
    return [alarm["kind"] for alarm in await stage.call(stage.api.get, "/alarms")]


async def copied(
    stage: Stage, box: BlankBox, did: str, folder: Path, village: SampleVillage, bulletin: str
) -> None:
    """A copy of the card speaks: the box is kept apart, and the village hears its plan."""
    await planned(stage, did, village, bulletin, in_s=10)
    before = len(box.wavs)
    async with box.copy(folder).running():

        async def kept_apart() -> bool:
            devices = await stage.call(stage.api.get, "/devices")
            return [d["state"] for d in devices if d["device"] == did] == ["quarantined"]

        await until(kept_apart, 30)
        assert "cloned" in await alarms(stage)

    async def plays_on() -> bool:
        return len(box.wavs) > before

    await until(plays_on)
    assert not await on_duty(stage, did)


async def planned(
    stage: Stage, did: str, village: SampleVillage, bulletin: str, *, in_s: int
) -> None:
    """A programme that begins then, and stands on the card of the box."""
    at = (datetime.now(UTC) + timedelta(seconds=in_s)).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    form = {
        "bulletins": [bulletin],
        "villages": [village.village_id],
        "start_date": at.date().isoformat(),
        "wall_time": at.time().replace(microsecond=0).isoformat(),
    }
    with stage.controller.database.read() as session:
        told = session.get_one(tables.DesiredState, did).serial
    await stage.call(stage.api.post, "/programmes", form)

    async def holds_it() -> bool:
        with stage.controller.database.read() as session:
            said = session.get_one(tables.ReportedState, did)
        return said.desired > told and said.lacking == 0

    await until(holds_it)


@contextlib.contextmanager
def thief_before(
    office: str, folder: Path, way: str, bend: Callable[[str, dict[str, Any]], None]
) -> Iterator[str]:
    """A proxy with a certificate of its own; it bends what goes one `way`: ask, offer, verdict."""
    there = urlsplit(office)
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    class Thief(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            first = self.path.endswith("/pairing")
            body = self.rfile.read(int(self.headers["content-length"]))
            line = http.client.HTTPSConnection(
                there.hostname or "", there.port, context=trusting, timeout=20
            )
            with contextlib.closing(line):
                sent = self._bent("ask" if first else "poll", body)
                line.request("POST", self.path, sent, {"content-type": "application/json"})
                answer = line.getresponse()
                bent = self._bent("offer" if first else "verdict", answer.read())
            self.send_response(answer.status)
            self.send_header("content-length", str(len(bent)))
            self.end_headers()
            self.wfile.write(bent)

        def _bent(self, going: str, message: bytes) -> bytes:
            if going != way:
                return message
            said = json.loads(message)
            bend(self.path, said)
            return json.dumps(said).encode()

        def log_message(self, format: str, *args: object) -> None:
            pass

    now = datetime.now(UTC)
    certificate, key = open_ca(folder, now).server_files(["127.0.0.1"], now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Thief)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
