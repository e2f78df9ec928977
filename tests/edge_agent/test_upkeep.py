"""Orders about the box itself: done once, never while it sounds, and always answered."""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.amplifier import Amplifier
from edge_agent.cache import Cache
from edge_agent.commands import CommandLog
from edge_agent.contract.commands import Command, Diagnose, Reboot
from edge_agent.contract.envelope import open_sealed
from edge_agent.contract.manifest import Asset
from edge_agent.contract.state import Check, CheckState, Diagnosis
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode, encode
from edge_agent.decide import Policy
from edge_agent.desk import Call
from edge_agent.errors import StateUnreadable
from edge_agent.log_setup import note
from edge_agent.logbook import LogBook
from edge_agent.orders import Orders
from edge_agent.playout import Playout
from edge_agent.spool import Spool
from edge_agent.streams import Streams
from edge_agent.upkeep import REBOOT_WITHIN_MS, STILL_BEFORE_MS, Upkeep
from edge_agent.uplink import Uplink
from tests.edge_agent.fakes import FakeOutlet, FakePlayer, FakeSwitch, FakeTime
from tests.edge_agent.office import DID, cue, step_in
from tests.edge_agent.real_parts import wait_for

CHECKS = (Check("disk", CheckState.GOOD, "đĩa tốt", "disk is fine"),)
ASSET = Asset("a" * 64, 100, 1_000)


def well(call: Call) -> None:
    call.done({"checks": msgspec.to_builtins(CHECKS), "good": True})


@dataclass
class Box:
    """The orders of one box and what carries them out, with a fake connection and player."""

    folder: Path
    check: Callable[[Call], None] = well

    def __post_init__(self) -> None:
        self.time = FakeTime()
        self.outlet = FakeOutlet()
        self.key = Ed25519PrivateKey.generate()
        self.book = LogBook()
        self.spool = Spool(self.folder / "spool.sqlite", 0)
        self.boot_id = self.folder / "boot_id"
        self.boot_id.write_text("machine-1\n")
        self.done = self.folder / "rebooted"
        self.start(f"open({str(self.done)!r}, 'a').write('x')")

    def start(self, program: str = "", argv: tuple[str, ...] = ()) -> None:
        """The agent starts, again; its machine is started anew by a Python `program`."""
        log = CommandLog(self.folder / "commands.sqlite", 0)
        self.argv = argv or (sys.executable, "-c", program)
        uplink = Uplink(DID, self.key, self.outlet, self.spool)
        self.orders = Orders(
            log, uplink, self.folder / "volume", lambda _s: ASSET, can_reboot=bool(self.argv)
        )
        self.playout = Playout(
            player=FakePlayer(),
            amplifier=Amplifier(FakeSwitch(), lead_ms=0, hold_ms=0),
            spool=self.spool,
            cache=Cache(self.folder),
            streams=Streams(lambda _url: None),
            boot=1,
            progress=lambda *step: self.orders.progress(*step, self.time.reading()),
        )
        self.upkeep = Upkeep(
            boot=7,
            orders=self.orders,
            uplink=uplink,
            book=self.book,
            check=lambda call: self.check(call),
            reboot=self.argv,
            update=lambda _command, _body: None,
            state_dir=self.folder,
            boot_id=self.boot_id,
        )
        self.upkeep.begin(self.time.reading())

    def end(self) -> None:
        """The agent ends, once its program has."""
        at_work = self.upkeep._rebooting
        if at_work is not None:
            at_work.program.wait()

    def order(self, kind: str, body: msgspec.Struct, ident: str = "cmd-1") -> None:
        now = self.time.system_ms
        command = Command(ident, kind, DID, now, now + 600_000, msgspec.Raw(encode(body)))
        self.orders.take(command, self.time.reading())

    def turn(self, *, next_in_ms: int = 10**7, idle: bool = True) -> None:
        now = self.time.reading()
        plan = (cue(ASSET, now.utc_ms + next_in_ms, id="c-1"),)
        self.orders.carry_out(self.playout, plan, Policy(), now)
        self.upkeep.look(plan, now, idle=idle)

    def steps(self, ident: str = "cmd-1") -> list[str]:
        said = [p for topic, p in self.outlet.sent if topic.endswith("/ack")]
        acks = [ack for ack in (step_in(p, self.key.public_key()) for p in said) if ack.id == ident]
        return [f"{ack.status} {ack.reason}".strip() for ack in acks]

    def diagnoses(self) -> list[Diagnosis]:
        key = self.key.public_key()
        sealed = [p for topic, p in self.outlet.sent if topic.endswith("/diag")]
        opened = (open_sealed(s, kind=Kind.DIAGNOSIS, key_for=lambda _kid: key) for s in sealed)
        return [decode(found.payload, Diagnosis) for found in opened]


def test_a_diagnosis_names_its_order_and_holds_checks_and_the_last_lines(tmp_path: Path) -> None:
    box = Box(tmp_path)
    log = logging.Logger("edge_agent.test")
    log.addHandler(box.book)
    for number in range(5):
        note(log, "counted", number=number)
    box.order("diagnose", Diagnose(lines=2))
    box.turn()
    assert box.steps() == ["received", "accepted", "started", "done"]
    (found,) = box.diagnoses()
    assert (found.command, found.boot, found.at) == ("cmd-1", 7, box.time.system_ms)
    assert found.checks == CHECKS
    assert [json.loads(line)["number"] for line in found.lines] == [3, 4]


def test_a_diagnosis_is_bounded_whatever_the_log_says(tmp_path: Path) -> None:
    box = Box(tmp_path)
    log = logging.Logger("edge_agent.test")
    log.addHandler(box.book)
    for _ in range(400):
        log.error("%s", "\x01" * 1_900)
    box.order("diagnose", Diagnose(lines=400))
    box.turn()
    (payload,) = (p for topic, p in box.outlet.sent if topic.endswith("/diag"))
    assert len(payload) <= 200_000
    assert box.diagnoses()[0].lines


def test_of_two_diagnoses_at_once_the_second_is_told_to_wait(tmp_path: Path) -> None:
    calls: list[Call] = []
    box = Box(tmp_path, calls.append)
    box.order("diagnose", Diagnose(), "cmd-1")
    box.order("diagnose", Diagnose(), "cmd-2")
    box.turn()
    assert box.steps("cmd-2")[-1] == "failed busy"
    well(calls[0])
    assert box.steps("cmd-1")[-1] == "done"
    box.order("diagnose", Diagnose(), "cmd-3")
    box.turn()
    calls[1].failed(StateUnreadable("hỏng", "broken"))
    assert box.steps("cmd-3")[-1] == "failed hỏng / broken"


def test_a_diagnosis_that_nobody_heard_has_failed(tmp_path: Path) -> None:
    calls: list[Call] = []
    box = Box(tmp_path, calls.append)
    box.order("diagnose", Diagnose())
    box.turn()
    box.outlet.online = False
    well(calls[0])
    box.outlet.online = True
    assert box.diagnoses() == []


def test_a_machine_is_started_anew_only_in_silence_and_never_twice(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.order("reboot", Reboot())
    box.turn(idle=False)
    box.turn(next_in_ms=STILL_BEFORE_MS - 1)
    assert box.steps() == ["received", "accepted"]
    assert not box.done.exists()
    box.turn()
    assert box.steps()[-1] == "started"
    box.end()
    assert box.done.read_text() == "x"
    box.boot_id.write_text("machine-2\n")
    box.start()
    assert box.steps()[-1] == "done"
    box.order("reboot", Reboot())
    box.turn()
    box.start()
    assert box.done.read_text() == "x"


def test_a_box_that_may_not_start_its_machine_anew_says_so(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.orders = Orders(
        CommandLog(tmp_path / "others.sqlite", 0),
        Uplink(DID, box.key, box.outlet, box.spool),
        tmp_path / "volume",
        lambda _s: ASSET,
    )
    box.order("reboot", Reboot())
    box.turn()
    assert box.steps() == ["received", "refused unsupported"]


def test_an_agent_that_died_with_the_order_has_not_carried_it_out(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.order("reboot", Reboot())
    box.turn(idle=False)
    box.boot_id.write_text("machine-2\n")
    box.start()
    assert box.steps()[-1] == "failed interrupted"
    box.start()
    box.turn()
    assert box.steps()[-1] == "failed interrupted"
    assert not box.done.exists()


def test_a_program_that_fails_is_told(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.start("raise SystemExit(3)")
    box.order("reboot", Reboot())

    def failed() -> bool:
        box.turn()
        return box.steps()[-1] == "failed exit 3"

    wait_for(failed, "the failure")
    box.start(argv=("/nowhere/reboot",))
    box.order("reboot", Reboot(), "cmd-2")
    box.turn()
    assert box.steps("cmd-2")[-1].startswith("failed")
    assert not (tmp_path / "reboot").exists()


@pytest.mark.parametrize("program", ["", "import time; time.sleep(600)"])
def test_a_machine_that_runs_on_is_told(tmp_path: Path, program: str) -> None:
    box = Box(tmp_path)
    box.start(program)
    box.order("reboot", Reboot())
    box.turn()
    box.order("reboot", Reboot(), "cmd-2")
    box.turn()
    assert box.steps("cmd-2")[-1] == "failed busy"
    box.time.pass_ms(REBOOT_WITHIN_MS + 1)
    box.turn()
    assert box.steps()[-1] == "failed nothing happened"


def test_a_torn_note_about_the_order_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "reboot").write_bytes(b"torn")
    box = Box(tmp_path)
    box.order("reboot", Reboot())
    box.turn()
    assert box.steps()[-1] == "started"
    box.end()
