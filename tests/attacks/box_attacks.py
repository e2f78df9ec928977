"""Somebody stands at the box or on its own network: sticks, the page of local alerts, old words."""

import contextlib
import dataclasses
import http.client
import os
import random
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.contract import topics
from edge_agent.contract.ack import ReportAck
from edge_agent.contract.alert import Severity
from edge_agent.contract.envelope import seal
from edge_agent.contract.stick import MAX_REPORTS
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
from tests.attacks.alert_faults import alert
from tests.attacks.rows import Attempt
from tests.attacks.wire_attacks import RSS_SLACK_KB, orders, rss_kb
from tests.edge_agent.local.test_local_alert_lived import PIN, Hut
from tests.edge_agent.office import DID, FAR, PROVINCE, UNIT, Office, cue
from tests.edge_agent.real_parts import Box, free_port, wait_for
from tests.edge_agent.test_stick import Trip
from tests.faults.network_faults import older_word
from tests.faults.stage import Stage, now_ms, stage

OTHER_BOX = "zzzzzz999999"
OTHER_UNIT = "xa-khac"


def older_plan(folder: Path) -> Attempt:
    """Plans that are older, empty, cut or forged, over MQTT and as pages over HTTP."""
    row = older_word(folder)
    obeyed = row.injected - row.survived + row.doubled
    return Attempt("roll-back to an older signed plan", row.injected, obeyed, row.lost, row.note)


def older_trust(folder: Path) -> Attempt:
    """Root-signed words of before: a key that was revoked since, and a place that was left."""
    thief = Ed25519PrivateKey.generate()
    with stage(folder) as village:
        office, ear, box = village.office, village.ear, village.box
        wait_for(lambda: ear.hellos, "the box")
        _tell_place(village, 9, UNIT, PROVINCE)
        ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys(9))
        wait_for(lambda: any((h.keys, h.placement) == (9, 9) for h in ear.hellos), "what is new")
        asset, tried = village.sound(700), 0
        for step in ("at once", "after a restart"):
            if step != "at once":
                box.kill()
                hellos = len(ear.hellos)
                box.start()
                wait_for(lambda n=hellos: len(ear.hellos) > n, "the box to be back")
            dropped = len(box.log("message_dropped"))
            ear.retain(topics.CONTROLLER_KEYS, _older_keys(office, thief))
            _tell_place(village, 8, OTHER_UNIT)
            said = [
                (topic, seal(encode(message), kind=kind, kid="k2", key=thief))
                for topic, kind, message in orders(asset, now_ms())
            ]
            for topic, payload in said:
                ear.send(topic, payload)
            refused = dropped + len(said) + 2
            wait_for(
                lambda n=refused: len(box.log("message_dropped")) >= n, "all of it to be refused"
            )
            tried += len(said) + 2
            # What is retained is what a box that comes back is given.
        ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys(9))
        village.publish(cue(village.sound(400), now_ms() + 4_000, id="planned"))
        wait_for(lambda: box.player_heard("play"), "the plan")
        obeyed = len(box.log("command_accepted")) + len(box.player_heard("play")) - 1
        obeyed += sum((h.keys, h.placement) != (9, 9) for h in ear.hellos[-1:])
    return Attempt("roll-back to older keys and place", tried, obeyed, 0, "also after a restart")


def _tell_place(village: Stage, serial: int, *units: str) -> None:
    placed = encode(Placement(DID, units, serial))
    sealed = seal(placed, kind=Kind.PLACEMENT, kid=ROOT_KID, key=village.office.root)
    village.ear.retain(topics.down(DID, "placement"), sealed)


def _older_keys(office: Office, thief: Ed25519PrivateKey) -> bytes:
    """A key set that the root signed once, with a key that it has revoked since."""
    grants = tuple(Grant(kind, (PROVINCE,)) for kind in Kind)
    stolen = PublishedKey("k2", public_to_text(thief.public_key()), FAR, grants)
    keys = KeySet(8, (*office.keys(8).keys, stolen))
    return seal(encode(keys), kind=Kind.KEYS, kid=ROOT_KID, key=office.root)


def evil_sticks(folder: Path, entries: int) -> Attempt:
    """Sticks made to harm are plugged in; the one after them is taken, and no record is lost."""
    office = Office.open(folder / "files")
    media, outside = folder / "media", folder / "outside"
    for place in (media, outside):
        place.mkdir()
    (outside / "treasure").write_text("untouched")
    box = Box(office, folder, free_port(), sticks=str(media))
    aside = Trip(office, box.state, box.key, folder / "aside")
    box.start()
    try:
        wait_for(lambda: box.log("agent_started"), "the agent")
        _taken(box, aside, media, "first", serial=10, in_s=9)
        wait_for(lambda: len(box.log("play_over")) == 1, "the play of a good stick")
        before_kb = rss_kb(box)
        harm = _Harm(office, outside, entries)
        for number, (name, make) in enumerate(harm.all().items()):
            root = folder / f"making-{number}" / "loalang"
            root.mkdir(parents=True)
            make(root)
            _plug(box, root.parent, media / f"evil-{number}", name)
        grown_kb = rss_kb(box) - before_kb
        _taken(box, aside, media, "last", serial=20, in_s=9)
        wait_for(lambda: len(box.log("play_over")) == 2, "the play of the last stick")
        record = dataclasses.replace(aside, stick=media / "record")
        (aside.stick.with_name("empty") / "loalang").mkdir(parents=True)
        _plug(box, aside.stick.with_name("empty"), record.stick, "nothing on it")
        written = len(record.written())
        played = len(box.player_heard("play"))
        text = box.log_file.read_text()
        crashes = text.count("Traceback")
    finally:
        box.close()
    touched = {path.name: path.read_text() for path in outside.iterdir()} != {
        "treasure": "untouched"
    }
    obeyed = played - 2 + crashes + touched + (grown_kb > RSS_SLACK_KB)
    note = f"{', '.join(harm.all())}; memory {grown_kb:+d} KB"
    return Attempt("malicious USB sticks", len(harm.all()), obeyed, 4 - written, note)


def _taken(box: Box, aside: Trip, media: Path, name: str, *, serial: int, in_s: int) -> None:
    """Plug a good stick in, with a play that begins then."""
    trip = dataclasses.replace(aside, stick=aside.stick.with_name(name))
    asset = aside.office.asset(500, note=name)
    trip.load(trip.plan(asset, serial=serial, start=now_ms() + in_s * 1_000))
    _plug(box, trip.stick, media / name, name)


def _plug(box: Box, made: Path, place: Path, what: str) -> None:
    """Plug it in, and wait until the box has had enough of it."""
    done = len(box.log("stick_done"))
    made.rename(place)
    wait_for(lambda: len(box.log("stick_done")) > done, f"the stick with {what}", 60.0)


class _Harm:
    """Makes the folder `loalang` of sticks that a thief brings."""

    def __init__(self, office: Office, outside: Path, entries: int) -> None:
        self._office = office
        self._thief = Office.open(office.files)
        self._outside = outside
        self._entries = entries

    def all(self) -> dict[str, Callable[[Path], None]]:
        """Each kind of harm."""
        devices = {"devices": self._devices} if os.geteuid() == 0 else {}
        return {
            "links": self._links,
            "pipes": self._pipes,
            **devices,
            "bombs": self._bombs,
            "long and many names": self._names,
            "forged words": self._forged,
            "another box's words": self._of_another,
            "older words": self._older,
            "false receipts": self._receipts,
        }

    def _own(self, root: Path) -> Path:
        place = root / "boxes" / DID
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _plan(self, office: Office, serial: int, *, did: str = DID) -> bytes:
        sound = cue(self._office.asset(600, note=f"evil-{serial}"), now_ms() + 2_000, id="evil")
        told = office.desired((sound,), serial=serial, now_ms=now_ms(), did=did)
        return office.sealed(told, Kind.DESIRED)

    def _links(self, root: Path) -> None:
        (root / "keys.jws").symlink_to("/proc/self/mem")
        for name in ("boxes", "back", "alerts", "audio", "pages"):
            (root / name).symlink_to(self._outside)

    def _pipes(self, root: Path) -> None:
        for name in ("keys.jws", "boxes", "audio", "pages"):
            os.mkfifo(root / name)
        (root / "back").mkdir()
        os.mkfifo(root / "back" / DID)

    def _devices(self, root: Path) -> None:
        with contextlib.suppress(PermissionError):
            for name, device in (("keys.jws", os.makedev(1, 5)), ("audio", os.makedev(1, 9))):
                os.mknod(root / name, 0o20644, device)
            os.mknod(self._own(root) / "desired.jws", 0o20644, os.makedev(1, 8))

    def _bombs(self, root: Path) -> None:
        """A true plan whose files, and its keys, are of 8 GB."""
        later = cue(self._office.asset(600, note="later"), now_ms() + 3_600_000, id="later")
        told = self._office.desired((later,), serial=15, now_ms=now_ms())
        (self._own(root) / "desired.jws").write_bytes(self._office.sealed(told, Kind.DESIRED))
        shutil.copytree(self._office.files, root, dirs_exist_ok=True)
        for file in (root / "keys.jws", *root.glob("audio/*"), *root.glob("pages/*")):
            with file.open("wb") as bomb:
                bomb.truncate(8 << 30)

    def _names(self, root: Path) -> None:
        issuers = root / "alerts" / UNIT
        back = root / "back" / DID
        for place in (issuers, back):
            place.mkdir(parents=True)
        for number in range(self._entries):
            (issuers / f"{number}{'é' * 100}.jws").touch()
            (back / f"s-{number + 1}-{number + 1}.jws").touch()
        (issuers / os.fsdecode(b"\xff\xfe.jws")).touch()
        deep = root
        for _ in range(200):
            deep = deep / "d"
        deep.mkdir(parents=True)
        assert self._entries < MAX_REPORTS

    def _forged(self, root: Path) -> None:
        words = alert(self._office.asset(600, note="evil"), "gia", severity=Severity.EXTREME)
        told = self._thief.alerts(words, serial=now_ms(), now_ms=now_ms())
        (root / "keys.jws").write_bytes(self._thief.sealed_keys(99))
        (self._own(root) / "desired.jws").write_bytes(self._plan(self._thief, 99))
        issuers = root / "alerts" / UNIT
        issuers.mkdir(parents=True)
        (issuers / "province.jws").write_bytes(self._thief.sealed(told, Kind.ALERT))
        (issuers / "json.jws").write_bytes(b"[" * 100_000)
        (issuers / "cut.jws").write_bytes(self._office.sealed_keys(99)[:-9])

    def _of_another(self, root: Path) -> None:
        word = self._plan(self._office, 99, did=OTHER_BOX)
        (self._own(root) / "desired.jws").write_bytes(word)

    def _older(self, root: Path) -> None:
        (self._own(root) / "desired.jws").write_bytes(self._plan(self._office, 3))

    def _receipts(self, root: Path) -> None:
        true = self._thief.sealed(ReportAck("s", 1 << 40), Kind.ACK)
        (self._own(root) / "ack.jws").write_bytes(b"\n".join([true] * 500))


def local_page(folder: Path, guesses: int, requests: int, seed: int) -> Attempt:
    """Guests of the box's own network: malformed requests, other sites, other names, wrong PINs."""
    port = free_port()
    chosen = {
        "enabled": True,
        "interface": "127.0.0.1",
        "page_port": port,
        "siren_s": 0,
        "repeat_minutes": 0,
    }
    with stage(folder, local_alert=chosen) as village:
        hut = Hut(
            village.office,
            village.files,
            village.broker,
            village.box,
            village.ear,
            port,
            folder / "wires",
        )
        wait_for(lambda: village.ear.hellos, "the box")
        hut.choose_pin()
        hut.give_clips()
        page = _Page(port, random.Random(seed))
        wait_for(lambda: page.get()[0] == 200, "the page")
        page.rude(200)
        before_kb = rss_kb(village.box)
        opened = page.rude(requests)
        grown_kb = rss_kb(village.box) - before_kb
        turned_away = page.of_other_sites(50)
        raised = len(village.box.log("local_alert_raised"))
        true = page.post(PIN)[0] == 303
        wait_for(lambda: len(hut.sounded()) == 2, "who knows the PIN to be heard")
        begun = time.monotonic()
        answers = Counter(page.post(page.some_pin(), f"127.0.2.{n % 250 + 1}")[0]
                          for n in range(guesses))  # fmt: skip
        took = time.monotonic() - begun
        answers.update([page.post(PIN)[0]])
        raised += len(village.box.log("local_alert_raised")) - 1
        looked = len(village.box.log("local_pin_wrong")) or answers[403]
    obeyed = raised + opened + turned_away + answers[303] + (grown_kb > RSS_SLACK_KB)
    note = (
        f"{requests} malformed (memory {grown_kb:+d} KB), 100 of other sites and names with the "
        f"right PIN, {guesses} wrong PINs in {took:.0f} s: {looked + 1} looked at, then locked"
    )
    tried = requests + 100 + guesses
    return Attempt("the page of local alerts", tried, obeyed, int(not true), note)


class _Page:
    """A guest of the page."""

    def __init__(self, port: int, dice: random.Random) -> None:
        self._port = port
        self._dice = dice
        self._host = f"127.0.0.1:{port}"

    def get(self) -> tuple[int, str]:
        """The first page; 0 where nobody answers."""
        try:
            return self._ask("GET", "/", b"", {"Host": self._host})
        except OSError:
            return 0, ""

    def post(
        self, pin: str, source: str = "127.0.0.1", *, host: str = "", origin: str = ""
    ) -> tuple[int, str]:
        """Raise an alert, or try to."""
        headers = {
            "Host": host or self._host,
            "Origin": origin or f"http://{self._host}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"pin": pin}).encode()
        return self._ask("POST", "/raise/flash_flood", body, headers, source)

    def some_pin(self) -> str:
        """Six figures that are not the PIN."""
        pin = f"{self._dice.randrange(10**6):06d}"
        return pin if pin != PIN else "000001"

    def of_other_sites(self, each: int) -> int:
        """Forms of other pages, and under names of other machines, with the PIN; how many worked.

        A browser of the village sends them for a page of the internet.
        """
        worked = 0
        for number in range(each):
            site = f"evil-{number}.example"
            worked += self.post(PIN, origin=f"http://{site}")[0] != 403
            told = self.post(PIN, host=f"{site}:{self._port}", origin=f"http://{site}")
            worked += told[0] != 421
        return worked

    def rude(self, count: int) -> int:
        """So many requests that are none; gives how many were answered as if they were."""
        return sum(self._say(self._malformed()).startswith(b"HTTP/1.1 2") for _ in range(count))

    def _malformed(self) -> bytes:
        dice, whole = self._dice, f"GET / HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode()
        match dice.randrange(7):
            case 0:
                return dice.randbytes(dice.randrange(1, 400))
            case 1:
                return whole[: dice.randrange(1, len(whole) - 2)]
            case 2:
                return whole.replace(b"Host", b"Host: b\r\nHost")
            case 3:
                return whole.replace(b"1.1", dice.choice((b"2", b"9.9", b"0.1", b"1.1 x")))
            case 4:
                return b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n" + dice.randbytes(50)
            case 5:
                return whole.replace(b"\r\n\r\n", b"\r\nX: " + dice.randbytes(9) + b"\xff\r\n\r\n")
        return b"GET /" + b"a" * dice.randrange(300, 9_000) + b" HTTP/1.1\r\n\r\n"

    def _say(self, sent: bytes) -> bytes:
        received = b""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._port), 10) as line,
        ):
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            while more := line.recv(4_096):
                received += more
        return received

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        source: str = "127.0.0.1",
    ) -> tuple[int, str]:
        line = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=15, source_address=(source, 0)
        )
        with contextlib.closing(line):
            line.request(method, path, body or None, headers)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
