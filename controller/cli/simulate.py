"""`loalang simulate`: a fleet on sockets for a while, and a table of what happened."""

import asyncio
import contextlib
import ipaddress
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.cli.api_client import Api
from controller.errors import ControllerError
from controller.operations.enrol_device import enrol_devices
from controller.operations.load_sample import AT_ANY_HOUR, PROVINCE, load_sample
from controller.operations.order import order
from controller.settings import Settings
from controller.simulator.fleet import Broker, Fleet
from controller.simulator.pairing import Pairing, pair
from controller.wiring import Controller, utc_now
from edge_agent.contract.commands import Play
from edge_agent.contract.manifest import Asset, Enter, Leave, Rank
from edge_agent.contract.trust import public_to_text

FILES_BESIDE_SOCKETS = 200
SOUND_MS = 3_000
LOOK_EVERY_S = 0.05
READY_WITHIN_S = 20.0
LAST_WORDS_S = 20.0


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What `loalang simulate` was asked for."""

    agents: int
    seconds: float
    alone: bool
    play_every_s: float
    url: str
    user: str
    password: str
    beyond_this_machine: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    count: str


def simulate(options: SimulateOptions) -> int:
    """Run the fleet; 0 if every report was acknowledged."""
    _allow_sockets(options.agents)
    import uvloop

    return uvloop.run(_simulate(options))


async def _simulate(options: SimulateOptions) -> int:
    async with contextlib.AsyncExitStack() as stack:
        began = time.monotonic()
        if options.alone:
            controller, pairings, broker = await stack.enter_async_context(_alone(options.agents))
        else:
            controller = None
            pairings, broker = await asyncio.to_thread(_enrol_by_api, options)
        enrolled = time.monotonic()
        fleet = Fleet(pairings, broker, _now_ms)
        stack.push_async_callback(fleet.stop)
        await fleet.start()
        connected = time.monotonic()
        _say(f"{fleet.connected} hộp loa mô phỏng đã nối / simulated boxes connected")
        plays = await _listen(fleet, controller, options)
        await _hear_the_last_receipts(fleet)
        rows = [
            Row("hộp loa / boxes", str(len(pairings))),
            Row("ghi danh / enrolled", f"{enrolled - began:.1f} s"),
            Row("nối / connected", f"{connected - enrolled:.1f} s"),
            Row("nối lại / reconnections", str(fleet.counts.reconnections)),
            Row("lệnh phát / play orders", str(plays)),
            *_counted("nghe / heard", fleet.counts.heard),
            *_counted("bỏ / dropped", fleet.counts.dropped),
            *_counted("phát / plays", fleet.counts.plays),
            Row("báo cáo / reports", str(fleet.counts.reports)),
            Row("báo cáo gửi lại / resent", str(fleet.counts.reports_again)),
            Row("sự kiện đã nhận / acknowledged", str(fleet.counts.acknowledged)),
            Row("sự kiện chưa nhận / not acknowledged", str(fleet.unacknowledged)),
        ]
        width = max(len(row.what) for row in rows)
        for row in rows:
            print(f"{row.what.ljust(width)}  {row.count:>10}")
        return 0 if fleet.unacknowledged == 0 else 1


async def _listen(fleet: Fleet, controller: Controller | None, options: SimulateOptions) -> int:
    """Let time pass; a controller of our own orders a play now and then. Gives their number."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_WITHIN_S):
            while fleet.counts.heard["keys"] < options.agents:
                await asyncio.sleep(LOOK_EVERY_S)
    end = time.monotonic() + options.seconds
    next_play, plays = time.monotonic(), 0
    while (now := time.monotonic()) < end:
        if controller is not None and options.play_every_s and now >= next_play:
            await asyncio.to_thread(_order_a_play, controller)
            next_play, plays = now + options.play_every_s, plays + 1
        await asyncio.sleep(min(LOOK_EVERY_S, end - now))
    return plays


async def _hear_the_last_receipts(fleet: Fleet) -> None:
    """Let the last play end and its reports be acknowledged."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_S):
            while fleet.playing or fleet.unacknowledged:
                await asyncio.sleep(LOOK_EVERY_S)


@contextlib.asynccontextmanager
async def _alone(agents: int) -> AsyncIterator[tuple[Controller, list[Pairing], Broker]]:
    """A controller of our own in a temporary folder, with so many villages and boxes."""
    with tempfile.TemporaryDirectory(prefix="loalang-simulate-") as folder:
        # Nothing asks for audio here, so nothing needs to answer HTTP.
        controller = Controller(Settings(data_dir=Path(folder)), "http://127.0.0.1:9")
        try:
            pairings = await asyncio.to_thread(_enrol_directly, controller, agents)
            await controller.start()
            assert controller.broker is not None
            yield controller, pairings, Broker(controller.broker.host, controller.broker.port)
        finally:
            await controller.stop()


def _enrol_directly(controller: Controller, agents: int) -> list[Pairing]:
    given = controller.services
    villages = load_sample(given.database, agents, law=AT_ANY_HOUR)
    keys = [Ed25519PrivateKey.generate() for _ in villages]
    asked = [
        (village.cluster_id, public_to_text(key.public_key()))
        for village, key in zip(villages, keys, strict=True)
    ]
    enrolled = enrol_devices(given.database, given.authority, asked, utc_now())
    return [
        pair(key, box.password, box.root_public, box.placement)
        for key, box in zip(keys, enrolled, strict=True)
    ]


def _enrol_by_api(options: SimulateOptions) -> tuple[list[Pairing], Broker]:
    """Enrol at clusters without a box: a true box is never relieved by a simulated one."""
    _check_near(options.url, options)
    api = Api(options.url)
    api.sign_in(options.user, options.password)
    free = [c["cluster"] for c in api.get("/clusters") if c["device"] is None]
    if len(free) < options.agents:
        raise ControllerError(
            "too_few_clusters",
            f"Chỉ có {len(free)} cụm loa chưa có hộp, không đủ cho {options.agents} hộp mô phỏng. "
            "Hãy giảm --agents hoặc dùng --alone. Không có gì bị thay đổi.",
            f"Only {len(free)} clusters have no box yet, too few for {options.agents} simulated "
            "ones. Lower --agents or use --alone. Nothing was changed.",
        )
    pairings, broker = [], ""
    for cluster in free[: options.agents]:
        key = Ed25519PrivateKey.generate()
        form = {"cluster": cluster, "public_key": public_to_text(key.public_key())}
        box = api.post("/boxes", form)
        pairings.append(pair(key, box["password"], box["root_public_key"], box["placement"]))
        broker = box["broker"]
    _check_near(broker, options)
    at = urlsplit(broker)
    return pairings, Broker(at.hostname or "", at.port or 1883)


def _check_near(url: str, options: SimulateOptions) -> None:
    """Refuse to load another machine, unless told to."""
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host == "localhost" or options.beyond_this_machine:
        return
    raise ControllerError(
        "not_this_machine",
        f"{host} không phải máy này. Chạy thử tải lên máy khác thì thêm --beyond-this-machine.",
        f"{host} is not this machine. To load another one, add --beyond-this-machine.",
    )


def _allow_sockets(agents: int) -> None:
    """Raise the number of open files: one a box here, one a box in a broker of our own."""
    needed = agents + FILES_BESIDE_SOCKETS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ControllerError(
            "too_few_files",
            f"Máy chỉ cho mở {hard} tệp, cần {needed}. Hãy giảm --agents hoặc tăng `ulimit -n`.",
            f"Only {hard} files may be open here, {needed} are needed. "
            "Lower --agents or raise `ulimit -n`.",
        )
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _order_a_play(controller: Controller) -> None:
    body = Play(
        asset=Asset("0" * 64, 9_000, SOUND_MS),
        rank=Rank.PROGRAMME,
        enter=Enter.CUT,
        leave=Leave.DROP,
        gain_db=0.0,
        max_play_ms=SOUND_MS,
        title="Mô phỏng",
        language="vi",
        quiet_ok="simulation",
    )
    given = controller.services
    with given.database.write() as session:
        order(session, given.authority, f"dv-{PROVINCE:05d}", body, "simulate", utc_now())


def _counted(what: str, counts: dict[str, int]) -> Sequence[Row]:
    return [Row(f"{what}: {name}", str(count)) for name, count in sorted(counts.items())]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
