"""Somebody wants to be taken for a box of the office, or for the office of a box."""

import asyncio
import contextlib
import http.client
import json
import secrets
import shutil
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from sqlmodel import col, select

from controller.fleet.certificates import open_ca
from controller.operations.box_certificates import revoke_certificates
from controller.operations.load_sample import AT_ANY_HOUR, load_sample
from controller.storage import outbox, tables
from controller.storage.trust_tables import BoxRun, Pairing
from edge_agent import identity, tls
from edge_agent.contract import pairing as wire
from edge_agent.contract import topics
from edge_agent.contract.envelope import seal
from edge_agent.contract.state import Presence
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from edge_agent.uplink import state_payload
from tests.attacks.rows import Attempt
from tests.controller.operations.test_pairing import THEFTS
from tests.faults.stage import MovableClock, now_ms
from tests.flows.stage import Stage, staged, until
from tests.flows.test_faults import virtual
from tests.flows.test_long_away import running_in_1970
from tests.flows.test_own_tls import NO_PLAYER, Certified, certified, fetched
from tests.flows.test_pairing import (
    BlankBox,
    alarms,
    invited,
    on_duty,
    paired,
    planned,
    thief_before,
)

THREADS = 8
LIAR_WITHIN_S = 30.0
TOLD = {"wrong_pairing_code": "Mã ghép nối sai", "office_not_proved": "có kẻ đứng giữa"}
"""What the box says to whoever pairs it."""


def guessed_code(folder: Path, guesses: int, addresses: int) -> Attempt:
    """Codes are guessed over HTTP from many addresses: how many are even looked at."""
    return asyncio.run(_guessed(folder, guesses, addresses))


async def _guessed(folder: Path, guesses: int, addresses: int) -> Attempt:
    async with staged(folder, NO_PLAYER, villages=0, tls=True) as stage:
        first, second = load_sample(stage.controller.database, 2, law=AT_ANY_HOUR)
        over = await _code(stage, first.cluster_id)
        with stage.controller.database.write() as session:
            session.get_one(Pairing, over.id).expires_ms = now_ms() - 1
        late = await asyncio.to_thread(_ask, stage.url, _true(over), "127.0.0.1")
        aim = await _code(stage, second.cluster_id)
        asks = [_guess(aim.id if n % 2 else _some_id()) for n in range(guesses)]
        begun = time.monotonic()
        answers = await asyncio.to_thread(_ask_all, stage.url, asks, addresses)
        took = time.monotonic() - begun
        with stage.controller.database.read() as session:
            row = session.get_one(Pairing, aim.id)
            spent, failures = row.state == "spent" and not row.secret, row.failures
            rows = session.exec(select(Pairing)).all()
            believed = sum(each.state not in ("open", "spent") for each in rows)
            believed += len(session.exec(select(tables.Device)).all())
    told = Counter(answers)
    believed += told["asked"] + (late == "asked")
    lost = 0 if spent and failures == 5 else 1
    note = (
        f"{told['wrong_pairing_code']} looked at in {took:.0f} s from {addresses} addresses, "
        f"{failures} at the code, which died of it (5 : 32^12); after its time: {late}"
    )
    return Attempt("a pairing code guessed", guesses, believed, lost, note)


def _ask_all(url: str, asks: list[wire.Ask], addresses: int) -> list[str]:
    """Ask all of these, in turn from so many addresses."""
    sources = (f"127.0.1.{n % addresses + 1}" for n in range(len(asks)))
    with ThreadPoolExecutor(THREADS) as thieves:
        return list(thieves.map(partial(_ask, url), asks, sources))


async def _code(stage: Stage, cluster: str) -> wire.Code:
    made = await stage.call(stage.api.post, "/devices/invitations", {"cluster": cluster})
    return wire.read_code(made["code"])


def _some_id() -> str:
    return "".join(secrets.choice(wire.ALPHABET) for _ in range(wire.ID_LETTERS))


def _guess(ident: str) -> wire.Ask:
    """A tag that is right as seldom as that of a guessed code, and quicker to make."""
    return wire.Ask(ident, "A" * 43, secrets.token_hex(16), tag=secrets.token_hex(32))


def _true(code: wire.Code) -> wire.Ask:
    return wire.tag_ask(wire.stretch(code), wire.Ask(code.id, "A" * 43, secrets.token_hex(16)))


def _ask(url: str, ask: wire.Ask, source: str) -> str:
    """Ask from that address of this machine; gives why not, or `asked`."""
    at = urlsplit(url)
    line = http.client.HTTPConnection(
        at.hostname or "", at.port, timeout=20, source_address=(source, 0)
    )
    with contextlib.closing(line):
        line.request(
            "POST", "/api/v1/box/pairing", encode(ask), {"content-type": "application/json"}
        )
        answer = line.getresponse()
        said = json.loads(answer.read())
    return "asked" if answer.status == 200 else str(said["code"])


def middle_man(folder: Path) -> Attempt:
    """Who breaks TLS between a box and its office changes one thing of their talk after another."""
    return asyncio.run(_between(folder))


async def _between(folder: Path) -> Attempt:
    taken = unnoticed = 0
    async with staged(folder, NO_PLAYER, villages=0, tls=True) as stage:
        (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
        office = stage.controller.addresses().offices[0]
        for number, (way, tamper, noticed) in enumerate(THEFTS):
            made = await invited(stage, village)
            box = BlankBox(folder / f"box-{number}").write()
            with thief_before(office, folder / f"thief-{number}", way, tamper) as address:
                line = asyncio.create_task(box.call("pair", address, made["code"]))
                await _decided(stage, made["id"], line)
                code, said = await line
            taken += (box.state / "paired.json").exists()
            unnoticed += code != 1 or TOLD[noticed] not in said
            for waiting in await stage.call(stage.api.get, "/devices/pairings"):
                if waiting["state"] == "asked":
                    refusal = f"/devices/pairings/{waiting['id']}/refuse"
                    await stage.call(stage.api.post, refusal, {})
        with stage.controller.database.read() as session:
            keys = [device.public_key for device in session.exec(select(tables.Device))]
    taken += keys.count("A" * 43)
    return Attempt(
        "a man in the middle of the pairing", len(THEFTS), taken, unnoticed, "each told on the box"
    )


async def _decided(stage: Stage, pairing: str, line: "asyncio.Task[tuple[int, str]]") -> None:
    """Approve the box as soon as it asks, if it ever comes so far."""

    async def asked() -> bool:
        waiting = await stage.call(stage.api.get, "/devices/pairings")
        return line.done() or any(each["state"] == "asked" for each in waiting)

    await until(asked)
    if not line.done():
        form = {"replace": True}
        await stage.call(stage.api.post, f"/devices/pairings/{pairing}/approve", form)


def cloned_card(folder: Path) -> Attempt:
    """A copy of a box's card speaks beside it: kept apart, while the village hears its plan."""
    return asyncio.run(_cloned(folder))


async def _cloned(folder: Path) -> Attempt:
    async with staged(folder, virtual(folder), villages=0, tls=True) as stage:
        (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
        bulletin = await stage.approved("Họp thôn lúc 7h.")
        box = BlankBox(folder / "box").write()
        did = await paired(stage, box, village)
        async with box.running():
            await until(lambda: on_duty(stage, did))
            await planned(stage, did, village, bulletin, in_s=12)
            before = len(box.wavs)
            begun = time.monotonic()
            async with box.copy(folder / "copy").running():
                await until(lambda: _kept_apart(stage, did), 30)
                took = time.monotonic() - begun
                told = "cloned" in await alarms(stage)

            async def heard() -> bool:
                return len(box.wavs) > before

            await until(heard)
        back = await on_duty(stage, did)
    note = f"kept apart {took:.1f} s after its start, a person told, the village heard its plan"
    return Attempt("a cloned card", 1, int(back), int(not told), note)


async def _kept_apart(stage: Stage, did: str) -> bool:
    devices = await stage.call(stage.api.get, "/devices")
    return [d["state"] for d in devices if d["device"] == did] == ["quarantined"]


def revoked_box(folder: Path, messages: int) -> Attempt:
    """A revoked box speaks and listens on a connection that was open, and comes again."""
    return asyncio.run(_revoked(folder, messages))


async def _revoked(folder: Path, messages: int) -> Attempt:
    async with staged(folder, NO_PLAYER, villages=0, tls=True) as stage:
        out, stays = certified(stage, folder)
        lines = [await asyncio.to_thread(box.connect) for box in (out, stays)]

        async def listen() -> bool:
            return all("listens" in box.heard for box in (out, stays))

        await until(listen)
        with stage.controller.database.write() as session:
            revoke_certificates(session, out.did, "stolen", datetime.now(UTC))
        begun = time.monotonic()
        await asyncio.to_thread(stage.controller.let_boxes_in)
        took = await _until_deaf(stage, out, stays, begun)
        heard = len(out.heard)
        for number in range(messages):
            await asyncio.to_thread(_speak, lines[0], out, number)
        await asyncio.to_thread(_tell, stage, (out, stays), [f"o{n}" for n in range(messages)])
        await until(lambda: _has_heard(stays, f"o{messages - 1}"))
        await asyncio.to_thread(_speak, lines[1], stays, messages)
        await until(lambda: _seen(stage, stays.did))
        believed = len(out.heard) - heard + await _seen(stage, out.did)
        doors = await _let_in_again(stage, out)
        for line in lines:
            line.loop_stop()
    note = f"deaf and dumb after {took:.2f} s; {messages} said, {messages} to hear, both doors shut"
    return Attempt("a revoked box", 2 * messages + 2, believed + doors, 0, note)


async def _until_deaf(stage: Stage, out: Certified, stays: Certified, begun: float) -> float:
    """Say orders to both until the revoked one misses one; gives the seconds."""
    for number in range(200):
        word = f"order{number}"
        await asyncio.to_thread(_tell, stage, (out, stays), [word])
        await until(partial(_has_heard, stays, word))
        if topics.down(out.did, word) not in out.heard:
            return time.monotonic() - begun
    raise AssertionError("the revoked box goes on hearing")


def _tell(stage: Stage, boxes: tuple[Certified, ...], words: list[str]) -> None:
    with stage.controller.database.write() as session:
        for word in words:
            for box in boxes:
                outbox.put(session, topics.down(box.did, word), b"x", retain=False, now_ms=0)


async def _has_heard(box: Certified, word: str) -> bool:
    return topics.down(box.did, word) in box.heard


def _speak(line: Client, box: Certified, number: int) -> None:
    """Say, unsigned and signed, that the box is there."""
    here = Presence(1, number + 1, "run", now_ms())
    key = identity.load_key(box.folder, "key.pem")
    line.publish(topics.up(box.did, "state"), state_payload(1, number + 1, online=True), 1)
    sealed = seal(encode(here), kind=Kind.PRESENCE, kid=box.did, key=key)
    line.publish(topics.up(box.did, "here"), sealed, 1).wait_for_publish(5)


async def _seen(stage: Stage, did: str) -> bool:
    with stage.controller.database.read() as session:
        seen = session.get(tables.ReportedState, did)
        runs = session.exec(select(BoxRun).where(col(BoxRun.device_id) == did)).all()
    return bool(runs) or (seen is not None and seen.online)


async def _let_in_again(stage: Stage, box: Certified) -> int:
    """At how many of both doors the box comes in anew."""
    come = 0
    with contextlib.suppress(ConnectionResetError, ssl.SSLError):
        source = stage.controller.addresses().sources[0]
        await asyncio.to_thread(fetched, source, "/", box.context())
        come += 1
    heard = len(box.heard)
    again = await asyncio.to_thread(box.connect)
    await asyncio.sleep(1)
    again.loop_stop()
    return come + (len(box.heard) > heard)


def lying_servers(folder: Path) -> Attempt:
    """Others take the office's addresses, each with a certificate that is not the office's."""
    return asyncio.run(_lied_to(folder))


async def _lied_to(folder: Path) -> Attempt:
    async with staged(folder, virtual(folder), villages=0, tls=True) as stage:
        (village,) = load_sample(stage.controller.database, 1, law=AT_ANY_HOUR)
        box = BlankBox(folder / "box").write()
        did = await paired(stage, box, village)
        async with box.running():
            await until(lambda: on_duty(stage, did))
        told = stage.controller.addresses()
        ports = [urlsplit(each[0]).port or 0 for each in (told.brokers, told.offices, told.sources)]
    clock = MovableClock(folder)
    believed = comes = 0
    for certificate, key in _false_papers(folder, box):
        with liar(ports, certificate, key) as met:
            async with running_in_1970(box, clock):

                async def came(met: list[bytes] = met) -> bool:
                    return bool(met)

                await until(came, LIAR_WITHIN_S)
            comes += len(met)
            believed += sum(bool(said) for said in met)
    note = f"other CA, ended 103 days before the floor, wrong host, a box as server; {comes} calls"
    return Attempt("a false server, no clock", comes, believed, 0, note)


def _false_papers(folder: Path, box: BlankBox) -> Iterator[tuple[Path, Path]]:
    """Certificate and key of each liar."""
    now, true = datetime.now(UTC), folder / "controller" / "ca"
    here = "127.0.0.1"
    for name, host, age in (("other", here, 0), ("ended", here, 500), ("host", "thief.test", 0)):
        place = folder / f"liar-{name}"
        if name != "other":
            shutil.copytree(true, place)
        yield open_ca(place, now).server_files([host], now - timedelta(days=age))
    yield tls.certificate_path(box.state), tls.key_path(box.state)


@contextlib.contextmanager
def liar(ports: list[int], certificate: Path, key: Path) -> Iterator[list[bytes]]:
    """Listens there with that certificate; gives what each caller said behind its handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    servers = [socket.create_server(("127.0.0.1", port)) for port in ports]
    met: list[bytes] = []

    def listen(server: socket.socket) -> None:
        while True:
            try:
                come, _ = server.accept()
            except OSError:
                return
            said = b""
            come.settimeout(5)
            with contextlib.suppress(OSError), context.wrap_socket(come, server_side=True) as line:
                said = line.recv(1_000)
            met.append(said)

    threads = [threading.Thread(target=listen, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield met
    finally:
        for server in servers:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        for thread in threads:
            thread.join()
