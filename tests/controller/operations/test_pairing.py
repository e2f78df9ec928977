"""An office and a box that meet for the first time, word for word, with and without a thief."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from controller.errors import ControllerError
from controller.fleet.certificates import open_ca
from controller.operations.box_certificates import shut_out
from controller.operations.devices import revoke, show_devices
from controller.operations.enrol_device import broker_accounts
from controller.operations.pairing import (
    Face,
    PairingRefused,
    approve,
    hear_ask,
    hear_done,
    hear_poll,
    invite,
    refuse,
    show_pairings,
)
from controller.operations.services import BoxAddresses
from controller.storage import tables
from edge_agent import paired
from edge_agent.contract import pairing as wire
from edge_agent.contract.trust import public_from_text
from edge_agent.contract.types import encode
from edge_agent.errors import PairingFailed
from edge_agent.pairing import Counter, pair
from tests.controller.office import NOW, Office

HOUR = timedelta(hours=1)
ADDRESSES = BoxAddresses(
    ("mqtts://loalang.local:8883",),
    ("https://loalang.local:8443",),
    ("https://loalang.local:8444",),
)
Tamper = Callable[[str, dict[str, Any]], None]


@dataclass
class Village:
    """An office that invites, and the way of a box to it."""

    office: Office
    face: Face
    cluster: str
    now: datetime = NOW
    tampers: list[tuple[str, Tamper]] = field(default_factory=list)
    """What somebody who stands between does to messages that go this way."""
    said: list[str] = field(default_factory=list)

    def invite(self, life: timedelta = HOUR) -> wire.Code:
        made = invite(self.office.database, self.face, self.cluster, life, "Y Hạnh", self.now)
        return wire.read_code(made.code.lower())

    def approve(self, code: wire.Code, *, replace: bool = False) -> str:
        return approve(
            self.office.database, self.face, code.id, "Cô Lan", self.now, replace=replace
        )

    def pair(
        self,
        folder: Path,
        code: wire.Code,
        meanwhile: Callable[[], object] = lambda: None,
        *,
        anew: bool = False,
    ) -> paired.Paired:
        folder.mkdir(exist_ok=True)
        papers = pair(
            folder,
            self._counters,
            code,
            anew=anew,
            tell=self.said.append,
            pause=lambda _s: meanwhile() and None,
            now_ms=1_790_000_000_000,
        )
        assert paired.take_up(folder)
        return papers

    def _counters(self) -> Iterator[Counter]:
        yield Line(self)


@dataclass(frozen=True)
class Line:
    """The way between them, as HTTP would be."""

    village: Village
    address: str = "https://loalang.local:8443"

    def post(self, path: str, body: bytes) -> bytes:
        village = self.village
        word = "ask" if not path else "done" if path.endswith("/done") else "poll"
        database, now = village.office.database, village.now
        body = self._bent(word, path, body)
        try:
            match word:
                case "ask":
                    answer = hear_ask(database, village.face, body, now)
                case "done":
                    hear_done(database, path.split("/")[1], body, now)
                    return b""
                case _:
                    answer = hear_poll(database, village.face, path[1:], body, now)
        except ControllerError as e:
            raise PairingFailed(e.vi, e.en, e.code) from e
        return self._bent("offer" if word == "ask" else "verdict", path, answer)

    def _bent(self, way: str, path: str, body: bytes) -> bytes:
        message = msgspec.json.decode(body)
        for bent, tamper in self.village.tampers:
            if bent == way:
                tamper(path, message)
        return msgspec.json.encode(message)


@pytest.fixture
def village(tmp_path: Path) -> Village:
    office = Office(tmp_path)
    (box,) = office.boxes(1)
    face = Face(office.authority, open_ca(tmp_path / "ca", NOW), ADDRESSES)
    return Village(office, face, box.village.cluster_id)


def test_a_box_that_knows_the_code_is_on_duty_once_a_person_approves(
    village: Village, tmp_path: Path
) -> None:
    code = village.invite()

    papers = village.pair(tmp_path / "box", code, lambda: village.approve(code, replace=True))

    assert papers.brokers == ADDRESSES.brokers
    assert papers.offices == ADDRESSES.offices
    assert papers.root_public_key == village.office.authority.root_public
    with village.office.database.read() as session:
        first, *_ = show_devices(session, NOW)
        waiting = show_pairings(session, NOW)
        acts = [
            (e.body["act"], e.body["by"])
            for e in session.exec(select(tables.Event).where(tables.Event.kind == "device"))
            if "act" in e.body
        ]
        accounts = broker_accounts(session)
    assert (first.id, first.state, first.cluster_id) == (papers.did, "on_duty", village.cluster)
    assert first.certificate_until is not None
    assert first.fingerprint in " ".join(village.said)
    assert papers.did not in accounts
    assert not waiting
    assert acts == [("retired", "Cô Lan"), ("approved", "Cô Lan")]


def test_what_a_box_shows_is_what_the_office_is_asked_to_compare(
    village: Village, tmp_path: Path
) -> None:
    code, seen = village.invite(), []

    def look() -> None:
        with village.office.database.read() as session:
            (waiting,) = show_pairings(session, NOW)
        seen.append(waiting)
        village.approve(code, replace=True)

    village.pair(tmp_path / "box", code, look)

    assert seen[0].state == "asked"
    assert seen[0].fingerprint in " ".join(village.said)
    assert seen[0].standing


def swap_key(_path: str, message: dict[str, Any]) -> None:
    message["public_key"] = "A" * 43


def swap_hardware(_path: str, message: dict[str, Any]) -> None:
    message["about"]["hardware"] = "0" * 64


def swap_root(_path: str, message: dict[str, Any]) -> None:
    message["root_public_key"] = "B" * 43


def swap_ca(_path: str, message: dict[str, Any]) -> None:
    message["ca_pem"] = "-----BEGIN CERTIFICATE-----\nthief\n"


def swap_broker(_path: str, message: dict[str, Any]) -> None:
    message["brokers"] = ["mqtts://thief.example:8883"]


def say_refused(_path: str, message: dict[str, Any]) -> None:
    message["state"] = "refused"


THEFTS: tuple[tuple[str, Tamper, str], ...] = (
    ("ask", swap_key, "wrong_pairing_code"),
    ("ask", swap_hardware, "wrong_pairing_code"),
    ("offer", swap_root, "office_not_proved"),
    ("offer", swap_ca, "office_not_proved"),
    ("verdict", swap_broker, "office_not_proved"),
    ("verdict", swap_root, "office_not_proved"),
    ("verdict", swap_ca, "office_not_proved"),
    ("verdict", say_refused, "office_not_proved"),
)


def test_whoever_stands_between_and_changes_anything_is_noticed(
    village: Village, tmp_path: Path
) -> None:
    for number, (way, tamper, noticed) in enumerate(THEFTS):
        code, box = village.invite(), tmp_path / f"box{number}"
        village.tampers = [(way, tamper)]

        with pytest.raises(PairingFailed) as failed:
            village.pair(box, code, lambda code=code: village.approve(code, replace=True))

        assert failed.value.code == noticed
        assert paired.read(box) is None
        with contextlib.suppress(PairingRefused):
            refuse(village.office.database, code.id, "Cô Lan", NOW)


def test_an_old_verdict_said_again_is_noticed(village: Village, tmp_path: Path) -> None:
    code, kept = village.invite(), []

    def replay(_path: str, message: dict[str, Any]) -> None:
        kept.append(dict(message))
        message.clear()
        message.update(kept[0])

    village.tampers = [("verdict", replay)]

    with pytest.raises(PairingFailed) as failed:
        village.pair(tmp_path / "box", code, lambda: village.approve(code, replace=True))

    assert failed.value.code == "office_not_proved"


def test_five_wrong_codes_end_an_invitation(village: Village, tmp_path: Path) -> None:
    code = village.invite()
    for guess in "ABCDE":
        with pytest.raises(PairingFailed):
            village.pair(tmp_path / "thief", wire.Code(code.id, guess * 12))

    with pytest.raises(PairingFailed) as failed:
        village.pair(tmp_path / "box", code)

    assert failed.value.code == "wrong_pairing_code"


def test_a_guess_at_no_invitation_is_answered_as_a_wrong_one(
    village: Village, tmp_path: Path
) -> None:
    with pytest.raises(PairingFailed) as failed:
        village.pair(tmp_path / "thief", wire.Code("0000", "A" * 12))

    assert failed.value.code == "wrong_pairing_code"


def test_a_code_ends_by_its_time(village: Village, tmp_path: Path) -> None:
    code = village.invite(timedelta(minutes=5))
    village.now += timedelta(minutes=5)

    with pytest.raises(PairingFailed) as failed:
        village.pair(tmp_path / "box", code)

    assert failed.value.code == "wrong_pairing_code"


def test_a_second_box_cannot_use_the_code_of_a_first(village: Village, tmp_path: Path) -> None:
    code = village.invite()
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(PairingFailed) as failed:
            village.pair(tmp_path / "second", code)
        refused.append(failed.value.code)
        village.approve(code, replace=True)

    village.pair(tmp_path / "first", code, second)

    assert refused == ["code_taken"]


def test_a_box_that_lost_power_asks_again_and_is_given_the_same(
    village: Village, tmp_path: Path
) -> None:
    code = village.invite()

    class PowerCut(Exception):
        pass

    def cut() -> None:
        village.approve(code, replace=True)
        raise PowerCut

    with pytest.raises(PowerCut):
        village.pair(tmp_path / "box", code, cut)
    village.now += timedelta(minutes=50)
    papers = village.pair(tmp_path / "box", code)

    with village.office.database.read() as session:
        on_duty = [d.id for d in show_devices(session, NOW) if d.state == "on_duty"]
    assert on_duty == [papers.did]
    with pytest.raises(PairingFailed):
        village.pair(tmp_path / "late", code)


def test_who_stands_there_leaves_only_if_a_person_says_so(village: Village, tmp_path: Path) -> None:
    code = village.invite()
    told: list[str] = []

    def first_without() -> None:
        with pytest.raises(ControllerError) as refused:
            village.approve(code)
        told.append(refused.value.code)
        village.approve(code, replace=True)

    first = village.pair(tmp_path / "first", code, first_without)
    again = village.invite()
    second = village.pair(tmp_path / "second", again, lambda: village.approve(again, replace=True))

    assert told == ["cluster_taken"]
    with village.office.database.read() as session:
        states = {d.id: d.state for d in show_devices(session, NOW)}
        shut = shut_out(session, NOW)
    assert states[second.did] == "on_duty"
    assert states[first.did] == "retired"
    assert first.did in shut
    assert second.did not in shut


def test_a_refused_box_is_told_so_and_stays_as_it_was(village: Village, tmp_path: Path) -> None:
    code = village.invite()

    with pytest.raises(PairingFailed) as failed:
        village.pair(
            tmp_path / "box",
            code,
            lambda: refuse(village.office.database, code.id, "Cô Lan", NOW),
        )

    assert failed.value.code == "refused"
    assert paired.read(tmp_path / "box") is None


def test_a_key_that_was_revoked_is_never_taken_again(village: Village, tmp_path: Path) -> None:
    code = village.invite()
    papers = village.pair(tmp_path / "box", code, lambda: village.approve(code, replace=True))
    revoke(village.office.database, papers.did, "mất trộm", "Cô Lan", NOW)
    again = village.invite()

    with pytest.raises(PairingFailed) as failed:
        village.pair(tmp_path / "box", again)
    anew = village.pair(tmp_path / "box", again, lambda: village.approve(again), anew=True)

    assert failed.value.code == "key_not_trusted"
    assert anew.did != papers.did


def test_a_key_is_known_again_however_its_last_letter_is_written(
    village: Village, tmp_path: Path
) -> None:
    code = village.invite()
    papers = village.pair(tmp_path / "box", code, lambda: village.approve(code, replace=True))
    revoke(village.office.database, papers.did, "mất trộm", "Cô Lan", NOW)
    with village.office.database.read() as session:
        key = session.get_one(tables.Device, papers.did).public_key
    # Two bits of the last letter mean nothing.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    bent = key[:-1] + letters[letters.index(key[-1]) + 1]
    assert public_from_text(bent) == public_from_text(key)
    again = village.invite()
    ask = wire.tag_ask(wire.stretch(again), wire.Ask(again.id, bent, "0" * 32))

    with pytest.raises(PairingRefused) as refused:
        hear_ask(village.office.database, village.face, encode(ask), village.now)
    assert refused.value.code == "key_not_trusted"


def test_a_new_code_ends_the_one_that_nobody_used_but_not_one_that_a_box_waits_by(
    village: Village, tmp_path: Path
) -> None:
    first, second = village.invite(), village.invite()
    with pytest.raises(PairingFailed):
        village.pair(tmp_path / "box", first)

    def again() -> None:
        with pytest.raises(PairingRefused) as refused:
            village.invite()
        assert refused.value.code == "pairing_waits"
        village.approve(second, replace=True)

    village.pair(tmp_path / "box", second, again)


def test_nothing_in_the_database_tells_a_code(village: Village) -> None:
    code = village.invite()

    content = (village.office.folder / "loalang.sqlite3").read_bytes()
    log = (village.office.folder / "loalang.sqlite3-wal").read_bytes()

    assert code.secret.encode() not in content + log
