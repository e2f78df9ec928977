"""`loalang simulate`: a fleet on sockets for a while, and a table of what happened."""

import asyncio
import contextlib
import heapq
import ipaddress
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.cli.api_client import Api
from controller.errors import ControllerError
from controller.simulator.fleet import Broker, Fleet, Style
from controller.simulator.pairing import Pairing, pair
from controller.simulator.script import Script, read_script
from controller.simulator.shelf import BYTES_PER_S
from edge_agent.contract.trust import public_to_text

if TYPE_CHECKING:
    # A whole controller, and the database: only where one is wanted.
    from controller.cli.simulated_office import SimulatedOffice
    from controller.simulator.verdict import BoxVerdict, Record

FILES_BESIDE_SOCKETS = 200
LOOK_EVERY_S = 0.05
READY_WITHIN_S = 20.0
LAST_WORDS_S = 40.0
"""Time for the last play to end, boxes to come back, reports to be sent again and acknowledged."""


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
    script: Path | None = None
    real_audio: bool = False
    fetch_all: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    count: str


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a script was carried out upon."""

    fleet: Fleet
    office: "SimulatedOffice | None"
    script: Script
    began_ms: int


def simulate(options: SimulateOptions) -> int:
    """Run the fleet; 0 if every report was acknowledged and nothing was lost or doubled."""
    script = Script()
    if options.script is not None:
        script = read_script(options.script.read_text(encoding="utf-8"), options.agents)
    if script.shows and not options.alone:
        raise ControllerError(
            "needs_alone",
            "Kịch bản có chương trình, chỉ dùng được với --alone. Chưa chạy gì.",
            "The script has programmes, which need --alone. Nothing was started.",
        )
    _allow_sockets(options.agents)
    import uvloop

    return uvloop.run(_simulate(options, script))


async def _simulate(options: SimulateOptions, script: Script) -> int:
    async with contextlib.AsyncExitStack() as stack:
        began, office = time.monotonic(), None
        if options.alone:
            from controller.cli.simulated_office import simulated_office

            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="loalang-simulate-"))
            office = await stack.enter_async_context(simulated_office(Path(folder), options.agents))
            pairings, broker = office.pairings, office.broker
        else:
            pairings, broker = await asyncio.to_thread(_enrol_by_api, options)
        enrolled, memory = time.monotonic(), _resident_bytes()
        style = Style(None if options.real_audio else BYTES_PER_S, options.fetch_all)
        fleet = Fleet(pairings, broker, _now_ms, style=style)
        stack.push_async_callback(fleet.stop)
        await fleet.start()
        connected = time.monotonic()
        _say(f"{fleet.connected} hộp loa mô phỏng đã nối / simulated boxes connected")
        await _hear_the_first_words(fleet, options.agents)
        per_box = (_resident_bytes() - memory) / options.agents / 1000
        scene = _Scene(fleet, office, script, _now_ms())
        plays = await _perform(scene, options)
        await _hear_the_last_receipts(fleet)
        rows = [
            Row("hộp loa / boxes", str(len(pairings))),
            Row("ghi danh / enrolled", f"{enrolled - began:.1f} s"),
            Row("nối / connected", f"{connected - enrolled:.1f} s"),
            Row("bộ nhớ một hộp / memory per box", f"{per_box:.0f} kB"),
            Row("nối lại / reconnections", str(fleet.counts.reconnections)),
            Row("lệnh phát / play orders", str(plays)),
            *_counted("nghe / heard", fleet.counts.heard),
            *_counted("nói / said", fleet.counts.said),
            *_counted("bỏ / dropped", fleet.counts.dropped),
            *_counted("phát / plays", fleet.counts.plays),
            Row("trang lịch đã tải / pages fetched", str(fleet.counts.pages_fetched)),
            Row("tệp tiếng đã tải / audio fetched", str(fleet.counts.audio_fetched)),
            Row("tải hỏng / fetches failed", str(fleet.counts.fetches_failed)),
            Row("báo cáo / reports", str(fleet.counts.reports)),
            Row("báo cáo gửi lại / resent", str(fleet.counts.reports_again)),
            Row("báo cáo bị phá / damaged on the way", str(fleet.counts.reports_spoilt)),
            Row("sự kiện đã nhận / acknowledged", str(fleet.counts.acknowledged)),
            Row("sự kiện chưa nhận / not acknowledged", str(fleet.unacknowledged)),
        ]
        good = fleet.unacknowledged == 0
        if office is not None:
            from controller.simulator.verdict import judge

            record = await asyncio.to_thread(office.record, scene.began_ms, _now_ms())
            verdicts = [judge(b.did, b.spool.id, b.spool.deeds, record) for b in fleet.boxes]
            good = good and all(verdict.sound for verdict in verdicts)
            rows += _totals(verdicts)
            _print_rows(rows)
            _print_faults(scene, verdicts, record)
        else:
            _print_rows(rows)
        return 0 if good else 1


async def _hear_the_first_words(fleet: Fleet, agents: int) -> None:
    """Wait a while for every box to know whom it may obey."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_WITHIN_S):
            while fleet.counts.heard["keys"] < agents:
                await asyncio.sleep(LOOK_EVERY_S)


async def _perform(scene: _Scene, options: SimulateOptions) -> int:
    """Let time pass and do what the script says; gives the number of ordered plays.

    A controller of our own orders a play now and then.
    """
    office = scene.office
    if office is not None:
        for show in scene.script.shows:
            # Programmes begin on a whole second.
            at_s = -(-(scene.began_ms + show.at_ms) // 1000)
            at = datetime.fromtimestamp(at_s, UTC)
            await asyncio.to_thread(office.schedule, at, show.seconds)
    todo = _timeline(scene)
    until_ms = scene.began_ms + max(round(options.seconds * 1000), scene.script.ends_ms)
    orders_ms, plays = scene.began_ms, 0
    while (now := _now_ms()) < until_ms:
        while todo and todo[0][0] <= now:
            heapq.heappop(todo)[2]()
        if office is not None and options.play_every_s and now >= orders_ms:
            await asyncio.to_thread(office.order_a_play)
            orders_ms, plays = now + round(options.play_every_s * 1000), plays + 1
        coming = min(until_ms, todo[0][0] if todo else until_ms)
        await asyncio.sleep(min(LOOK_EVERY_S, max(0, coming - _now_ms()) / 1000))
    while todo:
        heapq.heappop(todo)[2]()
    return plays


def _timeline(scene: _Scene) -> list[tuple[int, int, Callable[[], None]]]:
    """Beginnings and ends of all faults, as a heap."""
    todo: list[tuple[int, int, Callable[[], None]]] = []
    for number, fault in enumerate(scene.script.faults):
        at_ms = scene.began_ms + fault.at_ms
        until_ms = at_ms + fault.lasts_ms
        todo.append((at_ms, 2 * number, partial(scene.fleet.begin, fault)))
        todo.append((until_ms, 2 * number + 1, partial(scene.fleet.end, fault)))
    heapq.heapify(todo)
    return todo


async def _hear_the_last_receipts(fleet: Fleet) -> None:
    """Let the last play end, every box come back, and its reports be acknowledged."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_S):
            while fleet.playing or fleet.unacknowledged or fleet.connected < len(fleet.boxes):
                await asyncio.sleep(LOOK_EVERY_S)


def _totals(verdicts: "Sequence[BoxVerdict]") -> list[Row]:
    return [
        Row("lượt phát theo lịch / plays expected", str(sum(v.expected for v in verdicts))),
        Row("  đã phát / made", str(sum(v.made for v in verdicts))),
        Row("  không rõ / untold", str(sum(v.untold for v in verdicts))),
        Row("dòng nhật ký phát / plays recorded", str(sum(v.recorded for v in verdicts))),
        Row("sự kiện mất / events lost", str(sum(v.lost for v in verdicts))),
        Row("sự kiện thừa / events doubled", str(sum(v.doubled for v in verdicts))),
        Row("sự kiện bị từ chối / events refused", str(sum(v.refused for v in verdicts))),
    ]


def _print_rows(rows: Sequence[Row]) -> None:
    width = max(len(row.what) for row in rows)
    for row in rows:
        print(f"{row.what.ljust(width)}  {row.count:>10}")


def _print_faults(scene: _Scene, verdicts: "Sequence[BoxVerdict]", record: "Record") -> None:
    """A line a fault: boxes that it was done to, that came through it whole, and what they lost."""
    if not scene.script.faults:
        return
    heads = ("bị/injected", "qua/survived", "mất/lost", "thừa/doubled", "từ chối/refused")
    print("\n" + "lỗi / fault".ljust(28) + "".join(head.rjust(17) for head in heads))
    for fault in scene.script.faults:
        hit = [verdicts[number] for number in fault.boxes]
        survived = sum(_came_through(scene, record, n, verdicts[n]) for n in fault.boxes)
        counts = (
            len(hit),
            survived,
            sum(v.lost for v in hit),
            sum(v.doubled for v in hit),
            sum(v.refused for v in hit),
        )
        name = f"{fault.kind} @{fault.at_ms / 1000:g}s"
        print(name.ljust(28) + "".join(str(count).rjust(17) for count in counts))


def _came_through(scene: _Scene, record: "Record", number: int, verdict: "BoxVerdict") -> bool:
    """It is there, the controller knows that it is, and nothing that it did is lost or doubled."""
    box = scene.fleet.boxes[number]
    told = box.spool.last == box.spool.acknowledged and not verdict.untold
    there = scene.fleet.has_line(number) and box.did in record.online
    return verdict.sound and told and there


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


def _counted(what: str, counts: dict[str, int]) -> Sequence[Row]:
    return [Row(f"{what}: {name}", str(count)) for name, count in sorted(counts.items())]


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
