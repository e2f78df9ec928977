"""Alerts that come out of order, twice, next door, at once, or while the box is away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.contract import topics
from edge_agent.contract.alert import Alert, AlertList, Ended, Severity, Spoken
from edge_agent.contract.manifest import Asset
from edge_agent.contract.report import EventKind
from edge_agent.contract.trust import Kind
from tests.attacks.rows import Attempt
from tests.edge_agent.office import DID, PROVINCE, UNIT, FileServer, Office, cue
from tests.edge_agent.real_parts import Broker, Ear, wait_for
from tests.edge_agent.update.machine import UNIT as UNIT_FILE
from tests.edge_agent.update.machine import Machine
from tests.edge_agent.update.test_exchange import NO_START
from tests.faults.stage import Stage, now_ms, pause, stage

HOUR_MS = 3_600_000
NEIGHBOUR = f"{UNIT}-"
"""The name of a unit that differs from the box's own by a hair."""

STOP = ["stop", UNIT_FILE]
QUIET_S = 2.0
"""So long it is listened whether something sounds that must not."""


def alert(sound: Asset, ident: str, **changes: Any) -> Alert:
    """An alert of one sound, said once, in the commune."""
    now = now_ms()
    fields: dict[str, Any] = {
        "id": ident,
        "version": 1,
        "severity": Severity.SEVERE,
        "areas": (UNIT,),
        "issued": now,
        "expires": now + HOUR_MS,
        "max_play_s": 120,
        "spoken": (Spoken("vi", (sound,)),),
    }
    return Alert(**(fields | changes))


def _alert(village: Stage, ident: str, version: int, **changes: Any) -> Alert:
    """One of a short sound that was never there before."""
    return alert(village.sound(600), ident, version=version, **changes)


class _Issuer:
    """Gives out lists of alerts as an office does, each newer than the last."""

    def __init__(self, village: Stage) -> None:
        self._village = village
        self._serial = now_ms()

    def sealed(
        self, *alerts: Alert, ended: tuple[Ended, ...] = (), scope: str = UNIT
    ) -> tuple[str, bytes]:
        """The next list, and the topic that it belongs on."""
        self._serial += 1
        told = AlertList("province", scope, self._serial, now_ms(), alerts, ended)
        topic = topics.group_alert(scope, "province")
        return topic, self._village.office.sealed(told, Kind.ALERT)

    def tell(self, *alerts: Alert, ended: tuple[Ended, ...] = (), scope: str = UNIT) -> None:
        """Say the next list to everybody."""
        self._village.ear.retain(*self.sealed(*alerts, ended=ended, scope=scope))


def _ready(village: Stage) -> _Issuer:
    """The box is there and knows where to fetch."""
    village.publish()
    village.ready()
    return _Issuer(village)


def _begun(village: Stage, prefix: str) -> int:
    return sum(e.cue.startswith(prefix) for e in village.events(EventKind.STARTED))


def _over(village: Stage, prefix: str) -> int:
    return sum(e.cue.startswith(prefix) for e in village.events(EventKind.ENDED))


def _again(village: Stage) -> None:
    """Cut the power and give it back; the box is there again."""
    village.box.kill()
    hellos = len(village.ear.hellos)
    village.box.start()
    wait_for(lambda: len(village.ear.hellos) > hellos, "the box to be back")


def out_of_order(folder: Path) -> Attempt:
    """The update comes before its alert and the end before its update; the power fails between."""
    with stage(folder) as village:
        issuer = _ready(village)
        first = _alert(village, "lu", 1)
        second = msgspec.structs.replace(
            first, version=2, spoken=(Spoken("vi", (village.sound(700),)),)
        )
        alert_said, update_said = issuer.sealed(first), issuer.sealed(second)
        village.ear.retain(*update_said)
        wait_for(lambda: _over(village, "lu.v2") == 1, "the update to be heard")
        _again(village)
        village.ear.retain(*alert_said)
        wait_for(lambda: _dropped(village, "stale_serial") >= 1, "the older alert to be dropped")
        third = msgspec.structs.replace(second, version=3)
        update_late, end_said = issuer.sealed(third), issuer.sealed(ended=(Ended("lu", 4),))
        village.ear.retain(*end_said)
        pause(QUIET_S)
        _again(village)
        village.ear.retain(*update_late)
        # The same update in another list: its way has a serial of its own.
        issuer.tell(msgspec.structs.replace(third, areas=(PROVINCE,)), scope=PROVINCE)
        wait_for(lambda: _lists(village) >= 3, "the other list")
        pause(QUIET_S)
        wrong = _begun(village, "lu.v1") + _begun(village, "lu.v3") + _begun(village, "lu.v2") - 1
        lost = 1 - _over(village, "lu.v2")
    note = "with a restart between each; only the update sounded, once"
    return Attempt("update before alert, end before update", 4, wrong, lost, note)


def _dropped(village: Stage, reason: str) -> int:
    return sum(entry["reason"] == reason for entry in village.box.log("message_dropped"))


def _lists(village: Stage) -> int:
    return len(village.box.log("alerts_accepted"))


def two_ways(folder: Path) -> Attempt:
    """The same alert comes by its commune and by the province, and once more after a restart."""
    with stage(folder) as village:
        issuer = _ready(village)
        alert = _alert(village, "bao", 1, areas=(UNIT, PROVINCE))
        issuer.tell(alert)
        issuer.tell(alert, scope=PROVINCE)
        wait_for(lambda: _over(village, "bao") == 1, "the alert")
        _again(village)
        issuer.tell(alert)
        issuer.tell(alert, scope=PROVINCE)
        wait_for(lambda: _lists(village) >= 4, "all lists")
        pause(QUIET_S)
        twice = _begun(village, "bao") - 1
        # One of the two ways hears of the end: it is over by both.
        issuer.tell(_alert(village, "bao", 2, repeat_s=1, areas=(UNIT,)), scope=UNIT)
        wait_for(lambda: _over(village, "bao.v2") >= 1, "its update")
        issuer.tell(ended=(Ended("bao", 2),), scope=PROVINCE)
        wait_for(lambda: _lists(village) >= 6, "the end")
        pause(1.0)
        begun = _begun(village, "bao")
        pause(QUIET_S)
        after = _begun(village, "bao") - begun
    return Attempt("the same alert by two ways", 2, twice + after, 0, "heard once, ended once")


def next_door(folder: Path) -> Attempt:
    """Areas that miss the box by a hair: the neighbour, a name one letter longer, none of ours."""
    areas: tuple[tuple[str, ...], ...] = (
        (NEIGHBOUR,),
        (UNIT[:-1],),
        (UNIT.upper().lower() + "1",),
        ("lang-khac", "xa-khac"),
        (f"x{UNIT}",),
    )
    with stage(folder) as village:
        issuer = _ready(village)
        others = [_alert(village, f"ke-{n}", 1, areas=area) for n, area in enumerate(areas)]
        issuer.tell(*others)
        issuer.tell(*others, scope=PROVINCE)
        for scope in (NEIGHBOUR, "xa-khac"):
            issuer.tell(_alert(village, f"xa-{scope}", 1, areas=(UNIT,)), scope=scope)
        wait_for(lambda: _lists(village) >= 2, "the lists")
        issuer.tell(*others, _alert(village, "minh", 1))
        wait_for(lambda: _over(village, "minh") == 1, "our own")
        pause(QUIET_S)
        wrong = len(village.events(EventKind.STARTED)) - 1
    return Attempt("areas that miss the box by a hair", len(areas) + 2, wrong, 0, "our own sounds")


def several_at_once(folder: Path) -> Attempt:
    """A graver alert in the middle of one, and one after another: none is lost, none overlap."""
    with stage(folder) as village:
        issuer = _ready(village)
        programme = cue(village.sound(6_000), now_ms() + 3_000, id="programme")
        village.publish(programme)
        village.ready()
        wait_for(lambda: _begun(village, "programme") == 1, "the programme")
        less = _alert(
            village, "nhe", 1, severity=Severity.MODERATE,
            spoken=(Spoken("vi", (village.sound(3_000),)),),
        )  # fmt: skip
        issuer.tell(less)
        wait_for(lambda: _begun(village, "nhe") == 1, "the first alert")
        grave = _alert(village, "nang", 1, severity=Severity.EXTREME)
        same = _alert(village, "nua", 1, severity=Severity.EXTREME)
        issuer.tell(less, grave, same)
        wait_for(lambda: _over(village, "nang") == 1, "the graver one")
        wait_for(lambda: _over(village, "nua") == 1, "the other one")
        wait_for(lambda: _over(village, "nhe") == 1, "the first one after all")
        overlaps = _overlaps(village)
    lost = 3 - sum(_over(village, name) > 0 for name in ("nhe", "nang", "nua"))
    return Attempt(
        "an alert during an alert", 3, overlaps, lost, "the graver first, all to their end"
    )


def _overlaps(village: Stage) -> int:
    """How often something began while another was not over, by the box's own clock."""
    sounding: set[str] = set()
    found = 0
    for event in village.events(*EventKind):
        if event.kind is EventKind.STARTED:
            found += bool(sounding)
            sounding.add(event.play)
        else:
            sounding.discard(event.play)
    return found


def box_away(folder: Path) -> Attempt:
    """The box is off while an alert is raised, updated and repeated: back, it hears it once."""
    with stage(folder) as village:
        issuer = _ready(village)
        village.box.kill()
        first = _alert(village, "lut", 1, repeat_s=600)
        issuer.tell(first)
        over = _alert(village, "qua", 1)
        issuer.tell(first, over)
        second = msgspec.structs.replace(first, version=2, issued=now_ms() - 1_800_000)
        issuer.tell(second, ended=(Ended("qua", 1),))
        village.box.start()
        wait_for(lambda: _over(village, "lut.v2") == 1, "what is still active")
        pause(QUIET_S)
        begun = [event.cue for event in village.events(EventKind.STARTED)]
        burst = len(begun) - 1
    return Attempt("a box that was away", 3, burst, 0, "what is active once, no missed repeats")


def box_updating(folder: Path) -> Attempt:
    """The alert comes while the version is changed: to a sound one, and to one that is left."""
    versions = {"1.1.0": NO_START, "1.2.0": None}
    broker = Broker(folder)
    office = Office.open(folder / "files")
    server = FileServer(office.files)
    machine = Machine(folder, office, broker.port)
    machine.lay("1.0.0")
    ear = Ear(office, broker.port, machine.box.key)
    ear.retain(topics.CONTROLLER_KEYS, office.sealed_keys())
    desired = office.desired(
        (), serial=1, now_ms=now_ms(), sources=(server.address,), empty_because="nothing planned"
    )
    ear.retain(topics.down(DID, "desired"), office.sealed(desired, Kind.DESIRED))
    machine.begin("1.0.0")
    try:
        wait_for(lambda: any(h.desired for h in ear.hellos), "the box to hold its plan")
        for number, (version, change) in enumerate(versions.items()):
            machine.lay(version, *([change] if change else []))
            stops = machine.systemd.calls.count(STOP)
            with ThreadPoolExecutor() as aside:
                within = 1 if change else 15
                updating = aside.submit(machine.update, "--to", version, within=within, steady=1)
                wait_for(
                    lambda n=stops: machine.systemd.calls.count(STOP) > n,
                    "the old version to be stopped",
                    60.0,
                )
                flood = alert(office.asset(300, note=version), f"lu-{number}")
                told = office.alerts(flood, serial=now_ms(), now_ms=now_ms())
                topic = topics.group_alert(UNIT, "province")
                ear.retain(topic, office.sealed(told, Kind.ALERT))
            assert (updating.result().returncode == 0) is (change is None)
            wait_for(
                lambda n=number: any(e.alert == f"lu-{n}" for e in ear.of_kind("ended")),
                f"the alert after {version}",
                60.0,
            )
        said = [event.alert for event in ear.of_kind("started")]
    finally:
        machine.close()
        ear.close()
        server.close()
        broker.close()
    heard = {f"lu-{number}" for number in range(len(versions))}
    twice, lost = len(said) - len(set(said)), len(heard - set(said))
    return Attempt(
        "an alert to a box that is updating", len(versions), twice, lost, "one is left again"
    )


ALERT_FAULTS: dict[str, Callable[[Path], Attempt]] = {
    "out-of-order": out_of_order,
    "two-ways": two_ways,
    "next-door": next_door,
    "several-alerts": several_at_once,
    "box-away": box_away,
}
