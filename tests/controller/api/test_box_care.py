"""Boxes over the API and on the command line: how they are, what is set, orders, diagnoses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient

from controller.cli.box_desk import diagnosis_of, list_boxes, order_one, set_one, show_one
from controller.errors import ControllerError
from controller.operations.device_alarms import device_alarms
from controller.operations.observe_devices import Observation, observe_devices
from controller.storage.instants import to_ms
from edge_agent.contract.commands import AckStatus, CommandAck
from edge_agent.contract.state import Check, CheckState, Diagnosis, State, Telemetry
from tests.controller.cli.test_carts_cli import Line
from tests.controller.office import NOW, RULES, Box, Office

Said = pytest.CaptureFixture[str]
UNTIL = (NOW + timedelta(hours=2)).isoformat()


@pytest.fixture
def box(office: Office, officer: TestClient) -> Box:
    (made,) = office.boxes(1)
    office.scheduled(office.approved(), [made], NOW + timedelta(hours=5))
    office.publish()
    told = Telemetry(
        boot=3,
        at=to_ms(NOW),
        desired=1,
        lacking=0,
        bytes_wanted=0,
        bytes_held=0,
        temperature_c=85.0,
        disk_free_bytes=3_000_000_000,
        plan_until=to_ms(NOW + timedelta(days=6)),
        data_used_bytes=12_000_000,
        data_limit_bytes=500_000_000,
        clock_error_ms=150,
        spooled=4,
    )
    says(office, made, State(3, 1, True), told)
    device_alarms(office.database, RULES, NOW, NOW)
    return made


def says(office: Office, box: Box, *said: Any) -> None:
    observe_devices(office.database, [Observation(box.did, each) for each in said], NOW)


class Noting(Line):
    """A line that remembers the orders that it gave."""

    def __init__(self, client: TestClient) -> None:
        super().__init__(client)
        self.commands: list[str] = []

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        ordered = super().post(path, body)
        self.commands.append(ordered["command"])
        return ordered


class Answering:
    """The pauses of a command that waits: in each the box does the next thing."""

    def __init__(self, *steps: Callable[[], None]) -> None:
        self._steps = list(steps)

    def __call__(self, _seconds: float) -> None:
        if self._steps:
            self._steps.pop(0)()


def test_a_box_is_shown_with_all_that_it_said(officer: TestClient, box: Box) -> None:
    (listed,) = officer.get("/api/v1/boxes").json()
    assert listed == officer.get(f"/api/v1/boxes/{box.did}").json()
    assert (listed["device"], listed["boots"], listed["temperature_c"]) == (box.did, 3, 85.0)
    assert listed["alarms"] == ["hot"]
    assert listed["spooled"] == 4
    assert listed["disk_errors"] is None
    assert officer.get("/api/v1/boxes/khongcomay12").status_code == 404


def test_a_policy_is_changed_in_part(officer: TestClient, office: Office, box: Box) -> None:
    path = f"/api/v1/boxes/{box.did}/policy"
    assert officer.get(path).json()["set_by"] == ""
    data = {"monthly_mb": 500, "off_peak": [{"since": "22:00", "until": "05:00"}]}
    held = officer.put(path, json={"data": data}).json()
    assert held["data"] == {**data, "resets_on": 1}
    assert held["heartbeat_s"] == 900
    work = {"until": UNTIL, "why": "thay loa"}
    held = officer.put(path, json={"maintenance": work, "delay_ms": -120}).json()
    assert held["data"]["monthly_mb"] == 500
    assert held["maintenance"]["by"] == held["set_by"]
    assert officer.get(f"/api/v1/boxes/{box.did}").json()["status"] == "bao_tri"
    told = office.desired(box.did)
    assert told.delay_ms == -120
    assert told.maintenance is not None

    held = officer.put(path, json={"data": None, "maintenance": None}).json()
    assert (held["data"], held["maintenance"], held["delay_ms"]) == (None, None, -120)
    assert office.desired(box.did).data is None


@pytest.mark.parametrize(
    "form",
    [
        {"delay_ms": 2001},
        {"delay_ms": None},
        {"clock_within_s": 0},
        {"data": {"monthly_mb": 0}},
        {"data": {"monthly_mb": 5, "resets_on": 29}},
        {"data": {"monthly_mb": 5, "off_peak": [{"since": "22:00", "until": "24:00"}]}},
        {"maintenance": {"until": UNTIL, "why": ""}},
        {"maintenance": {"until": NOW.isoformat(), "why": "thay loa"}},
        {"maintenence": None},
    ],
)
def test_a_policy_that_no_box_could_obey_is_refused(
    officer: TestClient, box: Box, form: dict[str, Any]
) -> None:
    answer = officer.put(f"/api/v1/boxes/{box.did}/policy", json=form)
    assert answer.status_code == 422
    assert set(answer.json()) == {"code", "vi", "en"}
    assert officer.get(f"/api/v1/boxes/{box.did}/policy").json()["set_by"] == ""


def test_nothing_of_it_is_for_strangers(officer: TestClient, box: Box) -> None:
    officer.cookies.clear()
    for path in ("boxes", f"boxes/{box.did}", f"boxes/{box.did}/policy"):
        assert officer.get(f"/api/v1/{path}").status_code == 401
    assert officer.post(f"/api/v1/boxes/{box.did}/reboot").status_code == 401


def test_boxes_on_the_command_line(officer: TestClient, box: Box, capsys: Said) -> None:
    line = Line(officer)
    list_boxes(line)
    listed = capsys.readouterr().out
    assert box.did in listed
    assert "! hot" in listed
    show_one(line, box.did)
    shown = capsys.readouterr().out
    assert "85 °C" in shown
    assert "12 MB / 500 MB" in shown
    assert "starts: 3" in shown
    assert "dBm" not in shown
    set_one(line, box.did, {"data": {"monthly_mb": 300}})
    assert "300 MB" in capsys.readouterr().out
    set_one(line, box.did, {})
    assert "300 MB" in capsys.readouterr().out


def test_an_order_is_followed_to_its_end(
    officer: TestClient, office: Office, box: Box, capsys: Said
) -> None:
    line = Noting(officer)

    def step(status: AckStatus, reason: str = "") -> Callable[[], None]:
        return lambda: says(office, box, CommandAck(line.commands[-1], status, to_ms(NOW), reason))

    did_it = Answering(step(AckStatus.STARTED), step(AckStatus.DONE))
    assert order_one(line, box.did, "tone", {"seconds": 2}, 10, did_it)
    assert "test_tone: done" in capsys.readouterr().out

    refused = Answering(step(AckStatus.REFUSED, "unsupported"))
    assert not order_one(line, box.did, "reboot", {}, 10, refused)
    assert "refused (unsupported)" in capsys.readouterr().out

    assert not order_one(line, box.did, "stop", {}, 2, Answering())
    assert "chưa trả lời" in capsys.readouterr().out


def test_a_diagnosis_is_asked_for_and_waited_for(
    officer: TestClient, office: Office, box: Box
) -> None:
    line = Noting(officer)

    def found() -> None:
        checks = (Check("disk", CheckState.BAD, "đĩa lỗi", "disk errors"),)
        says(office, box, Diagnosis(line.commands[-1], 1, to_ms(NOW), checks, ("dòng cuối",)))

    with pytest.raises(ControllerError, match="chưa gửi"):
        diagnosis_of(line, box.did, 0, 1, Answering())
    made = diagnosis_of(line, box.did, 5, 10, Answering(found))
    assert made["lines"] == ["dòng cuối"]
    assert [check["state"] for check in made["checks"]] == ["bad"]
    refused = CommandAck("", AckStatus.REFUSED, 1, "unsupported")
    refuse = Answering(
        lambda: says(office, box, msgspec.structs.replace(refused, id=line.commands[-1]))
    )
    with pytest.raises(ControllerError, match="unsupported"):
        diagnosis_of(line, box.did, 0, 10, refuse)
