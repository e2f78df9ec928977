"""What the controller must come through, with real boxes, brokers and databases."""

import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from sqlmodel import col, select

from controller.operations.read_reports import SealedReport, read_reports
from controller.operations.record_playback import record_playback
from controller.storage import library_tables, schedule_tables, tables
from controller.wiring import utc_now
from edge_agent.contract import topics
from edge_agent.contract.manifest import Asset, Cue
from edge_agent.contract.state import State
from edge_agent.contract.trust import public_to_text
from edge_agent.contract.types import decode
from edge_agent.plan import read_page
from edge_agent.spool import Spool
from edge_agent.uplink import Uplink
from tests.controller.office import Office
from tests.edge_agent.office import cue
from tests.edge_agent.patient import Lived, live
from tests.edge_agent.real_parts import Broker
from tests.faults.rows import Row
from tests.faults.stage import now_ms
from tests.faults.town import Town, town
from tests.flows.stage import until

EVERY_MS = 20_000
SOUND_MS = 12_000
OUTAGE_MIN = 5 * 60 + 49
"""An outage in which another system never recorded about 1,040 plays."""


async def _until(holds: Callable[[], bool], within_s: float = 45.0) -> None:
    async def once() -> bool:
        return holds()

    await until(once, within_s)


def long_outage(folder: Path, minutes: int, cuts: int) -> Row:
    """A play every 20 s while nobody listens; then all is told over a way that breaks again."""
    return asyncio.run(_long_outage(folder, minutes, cuts))


async def _long_outage(folder: Path, minutes: int, cuts: int) -> Row:
    plays = minutes * 60_000 // EVERY_MS
    async with town(folder) as made:
        first = now_ms() - plays * EVERY_MS - 60_000
        cues, lived = await asyncio.to_thread(_alone, made.folder / "state", first, plays)
        size = (made.folder / "state" / "spool.sqlite").stat().st_size
        made.link.stall_after(size // (2 * cuts))
        await made.start()
        for _ in range(cuts):
            await asyncio.to_thread(made.link.reached.wait, 30)
            made.link.cut()
            made.link.mend()
            made.link.stall_after(size // (2 * cuts))
        made.link.mend()
        await _until(lambda: _all_acknowledged(made, 2 * plays), 90)
        with made.database.read() as session:
            rows = session.exec(select(tables.AsRun)).all()
            events = session.exec(select(tables.PlaybackEvent.seq)).all()
    heard = {
        each.id: (sound.began_ms, each.asset.duration_ms)
        for each, sound in zip(cues, lived.sounds, strict=True)
    }
    exact = sum(
        row.outcome == "played" and (row.started_ms, row.played_ms) == heard[row.cue_id]
        for row in rows
    )
    lost = plays - len({row.cue_id for row in rows})
    doubled = len(rows) - len({row.cue_id for row in rows}) + max(0, len(events) - 2 * plays)
    note = f"{minutes} min on a fake clock, times true to the ms, told over {cuts} more cuts"
    return Row("a play every 20 s offline", plays, exact, lost, doubled, note)


def _alone(state: Path, first: int, plays: int) -> tuple[tuple[Cue, ...], Lived]:
    """Let the true parts of a box play and spool without any network, on a fake clock."""
    sounds = [_sound(SOUND_MS + n) for n in range(plays)]
    cues = tuple(cue(each, first + n * EVERY_MS, id=f"c-{n}") for n, each in enumerate(sounds))
    return cues, live(state, cues, tuple(sounds), (first - 5_000, first + plays * EVERY_MS))


def _sound(length_ms: int) -> Asset:
    """As the patient player has it: a file that says how long it is."""
    said = str(length_ms).encode()
    return Asset(hashlib.sha256(said).hexdigest(), len(said), length_ms)


def _all_acknowledged(made: Town, last: int) -> bool:
    return any(entry["upto"] == last for entry in made.log("report_acknowledged"))


def deleted_bulletin(folder: Path) -> Row:
    """A bulletin sounds while the way is cut, is deleted in the office, and then is reported."""
    return asyncio.run(_deleted_bulletin(folder))


async def _deleted_bulletin(folder: Path) -> Row:
    async with town(folder) as made:
        await made.start()
        bulletin = await made.stage.approved("Họp thôn lúc 7h.")
        await _plan(made, bulletin, utc_now() + timedelta(seconds=8))
        await _until(lambda: any(entry["shelf"] == "audio" for entry in made.log("fetched")))
        made.link.cut()
        await _until(lambda: bool(made.log("play_over")))
        _delete(made, bulletin)
        made.link.mend()
        await _until(lambda: bool(made.log("report_acknowledged")))
        (row,) = await made.stage.call(made.stage.api.get, "/as-run")
        with made.database.read() as session:
            gone = session.get(tables.Bulletin, bulletin) is None
    kept = (row["title"], row["language"], row["bulletin"], row["approved_by"], row["outcome"])
    expected = ("Họp thôn lúc 7h", "vi", bulletin, "quantri", "played")
    note = f"as-run keeps “{row['title']}”, {row['language']}, approved by {row['approved_by']}"
    return Row("report about a deleted bulletin", 1, int(gone and kept == expected), 0, 0, note)


async def _plan(made: Town, bulletin: str, at: datetime) -> None:
    local = at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).replace(microsecond=0)
    form = {
        "bulletins": [bulletin],
        "villages": [made.village.village_id],
        "start_date": local.date().isoformat(),
        "wall_time": local.time().isoformat(),
    }
    await made.stage.call(made.stage.api.post, "/programmes", form)


def _delete(made: Town, bulletin: str) -> None:
    """Leave nothing of a bulletin in the office, as no operation does."""
    with made.database.write() as session:
        for table in (
            library_tables.BulletinWords,
            schedule_tables.ProgrammeBulletin,
            tables.Script,
        ):
            session.execute(sa.delete(table).where(col(table.bulletin_id) == bulletin))
        session.execute(sa.delete(tables.Bulletin).where(col(tables.Bulletin.id) == bulletin))


def broker_killed(folder: Path, times: int, seed: int) -> Row:
    """SIGKILL of the office's broker while it passes on a change of the plan."""
    return asyncio.run(_broker_killed(folder, times, seed))


async def _broker_killed(folder: Path, times: int, seed: int) -> Row:
    chance, survived = random.Random(seed), 0
    async with town(folder) as made:
        broker = made.stage.controller.broker
        assert broker is not None
        bulletin = await made.stage.approved("Họp thôn lúc 7h.")
        for turn in range(times):
            # A box that loses its broker again and again waits longer and longer.
            await made.kill()
            online = len(made.log("link_online"))
            await made.start()
            await _until(lambda online=online: len(made.log("link_online")) > online)
            await _until(lambda: _in_step(made))
            before, killed = _serial(made), broker.pid
            made.link.stall_after(chance.randrange(1, 4_000), "down")
            await _plan(made, bulletin, utc_now() + timedelta(days=1, hours=turn))
            if chance.random() < 0.5:
                await asyncio.to_thread(made.link.reached.wait, 2)
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            made.link.mend()
            await _until(lambda killed=killed: broker.pid not in (None, killed))
            await _until(lambda before=before: _serial(made) > before and _in_step(made))
            survived += 1
        with made.database.read() as session:
            planned = session.exec(select(tables.PlannedPlay.cue_id)).all()
        pages = [*(made.folder / "state" / "pages").iterdir()]
        held = {each.id for page in pages for each in read_page(page).cues}
    note = f"{len(planned)} plays planned, {len(held)} on the box, seed {seed}"
    lost = len(set(planned) - held)
    return Row("office's broker killed in mid-publish", times, survived, lost, 0, note)


def _serial(made: Town) -> int:
    with made.database.read() as session:
        word = session.get(tables.DesiredState, made.did)
        return word.serial if word else 0


def _in_step(made: Town) -> bool:
    """Whether the box says that it holds all of the last word to it."""
    with made.database.read() as session:
        row = session.get(tables.ReportedState, made.did)
        return row is not None and (row.desired, row.lacking) == (_serial(made), 0)


@dataclass
class _Outlet:
    """Keeps what a box says."""

    said: list[bytes] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> bool:
        self.said.append(payload)
        return True


def two_ingesters(folder: Path, times: int, seed: int) -> Row:
    """The one with the earlier reports is killed before its commit; the other one commits."""
    chance, plays = random.Random(seed), 30
    office = Office(folder)
    try:
        boxes = office.boxes(times)
        survived = 0
        for box in boxes:
            state = folder / box.did
            _alone(state, now_ms() - plays * EVERY_MS, plays)
            spool = Spool(state / "spool.sqlite", now_ms(), expected=True)
            outlet = _Outlet()
            uplink = Uplink(box.did, box.key, outlet, spool)
            _say_all(uplink, spool)
            key = box.key.public_key()
            sealed = [SealedReport(box.did, key, payload) for payload in outlet.said]
            at = chance.randrange(1, len(sealed))
            receipt = _one_dies(office, sealed[:at], sealed[at:])
            refused = receipt == 0 and not spool.forget(spool.id, receipt)
            outlet.said.clear()
            _say_all(uplink, spool)
            again = read_reports([SealedReport(box.did, key, said) for said in outlet.said])
            (told,) = record_playback(office.database, again, datetime.now(UTC))
            taken = spool.forget(told.spool, told.upto) and spool.batch(told.upto) is None
            survived += refused and taken and told.upto == 2 * plays
            spool.close()
        with office.database.read() as session:
            events = Counter(session.exec(select(tables.PlaybackEvent.device_id)).all())
            rows = Counter(session.exec(select(tables.AsRun.device_id)).all())
    finally:
        office.database.close()
    lost = sum(max(0, 2 * plays - events[box.did]) for box in boxes)
    doubled = sum(max(0, rows[box.did] - plays) for box in boxes)
    note = f"{sum(events.values())} events; the receipt stayed at 0 until the box said all again"
    return Row("two ingesters, one dies", times, survived, lost, doubled, note)


def _say_all(uplink: Uplink, spool: Spool) -> None:
    """As on a connection: everything that is not acknowledged, in order."""
    uplink.reconnected()
    while uplink.sent_upto < spool.range.last:
        uplink.reports(uplink.sent_upto, 0)


def _one_dies(office: Office, lower: list[SealedReport], upper: list[SealedReport]) -> int:
    """SIGKILL who holds the lower ones before its commit, commit the upper; gives the receipt."""
    path = office.folder / "loalang.sqlite3"
    slow = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.slow_ingester", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with slow, ThreadPoolExecutor(1) as other:
        assert slow.stdin is not None
        assert slow.stdout is not None
        for each in lower:
            assert each.key is not None
            line = {
                "device": each.device_id,
                "key": public_to_text(each.key),
                "sealed": urlsafe_b64encode(each.payload).decode(),
            }
            slow.stdin.write(json.dumps(line) + "\n")
        slow.stdin.close()
        assert slow.stdout.readline() == "before the commit\n"
        committing = other.submit(
            record_playback, office.database, read_reports(upper), datetime.now(UTC)
        )
        slow.kill()
        (receipt,) = committing.result(30)
    return receipt.upto


class _Witness:
    """Hears at one broker who is said to be there."""

    def __init__(self, port: int, did: str) -> None:
        self.states: list[State] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="witness", protocol=MQTTv311)
        self._client.username_pw_set("witness", "")
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(topics.up(did, "state"), 1)
        self._client.loop_start()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.states.append(decode(message.payload, State))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def moved_link(folder: Path, times: int) -> Row:
    """The box has gone from broker A to B when A, bridged to B, says that it is dead."""
    return asyncio.run(_moved_link(folder, times))


async def _moved_link(folder: Path, times: int) -> Row:
    places = [folder / name for name in "ab"]
    for place in places:
        place.mkdir()
    b = Broker(places[1])
    bridge = ("connection a-to-b", f"address 127.0.0.1:{b.port}", "topic loa/# both 1")
    a = Broker(places[0], *bridge, "remote_username bridge", "notifications false")
    survived = 0
    try:
        office = f"mqtt://office@127.0.0.1:{b.port}"
        async with town(folder, broker_url=office) as made:
            _give_two_ways(made, a.port, b.port)
            witness = _Witness(b.port, made.did)
            for _ in range(times):
                await made.start()
                survived += await _move(made, witness)
                await made.kill()
                made.link.mend()
            witness.close()
    finally:
        a.close()
        b.close()
    note = "the will of the older connection was heard each time, and the box stayed online"
    return Row("A's last will after the move to B", times, survived, 0, 0, note)


def _give_two_ways(made: Town, a: int, b: int) -> None:
    """Broker A first, by the way that can be cut; then B."""
    made.link.to_port = a
    with (made.folder / "agent.toml").open("a") as config:
        config.write(f'[[brokers]]\nurl = "mqtt://127.0.0.1:{b}"\npassword = "x"\n')


async def _move(made: Town, witness: _Witness) -> bool:
    """Part the box from A, wait until it is at B, let A's will fire; whether it counts as there."""
    heard = len(witness.states)
    await _until(lambda: any(state.online for state in witness.states[heard:]))
    at_a = witness.states[-1]
    made.link.part()
    await _until(lambda: witness.states[-1].online and witness.states[-1].conn > at_a.conn)
    at_b = witness.states[-1]
    made.link.cut()
    await _until(lambda: not witness.states[-1].online)
    will = witness.states[-1]
    await _until(lambda: _known(made) == (at_b.boot, at_b.conn, True))
    # What the office was told last is in its database by then.
    await asyncio.sleep(0.5)
    fired_late = (will.boot, will.conn) == (at_a.boot, at_a.conn)
    return fired_late and _known(made) == (at_b.boot, at_b.conn, True)


def _known(made: Town) -> tuple[int, int, bool]:
    with made.database.read() as session:
        row = session.get(tables.ReportedState, made.did)
        return (row.boot, row.conn, row.online) if row else (0, 0, False)
