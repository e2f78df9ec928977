from datetime import timedelta

from controller.fleet.status import Status
from controller.operations.observe_devices import Observation, observe_devices
from controller.operations.show_fleet import clusters_now
from controller.storage import events, outbox, tables
from controller.storage.instants import to_ms
from edge_agent.contract import topics
from edge_agent.contract.state import (
    CacheState,
    Clock,
    ClockSource,
    Hello,
    OnAir,
    Presence,
    SpoolRange,
    State,
    Telemetry,
)
from tests.controller.office import NOW, Box, Office


def hello(*, desired: int = 0, lacking: int = 0, boot: int = 1, conn: int = 1) -> Hello:
    return Hello(
        boot=boot,
        conn=conn,
        agent="0.1.0",
        rules=1,
        capabilities=(),
        desired=desired,
        keys=1,
        cache=CacheState(1, lacking, "0" * 64),
        spool=SpoolRange("s", 1, 0),
        clock=Clock(ClockSource.NTP),
    )


def status(office: Office, box: Box, after: timedelta = timedelta(0)) -> Status:
    with office.database.read() as session:
        (found,) = [c for c in clusters_now(session, NOW + after) if c.device_id == box.did]
    return found.status


def observe(office: Office, box: Box, *said: object) -> None:
    observe_devices(office.database, [Observation(box.did, s) for s in said], NOW)  # type: ignore[arg-type]


def test_a_village_goes_from_unknown_to_ready_as_its_box_says_so(office: Office) -> None:
    box = office.boxes(1)[0]
    office.scheduled(office.approved(), [box], NOW + timedelta(hours=1))
    office.publish()
    serial = office.desired(box.did).serial
    assert status(office, box) is Status.UNKNOWN

    observe(office, box, State(1, 1, True), hello(desired=0))
    assert status(office, box) is Status.PLANNING

    observe(office, box, hello(desired=serial, lacking=1))
    assert status(office, box) is Status.FETCHING

    observe(office, box, hello(desired=serial, lacking=0))
    assert status(office, box) is Status.READY


def test_on_air_then_silent_for_minutes_is_out_of_touch_not_fine(office: Office) -> None:
    box = office.boxes(1)[0]
    office.publish()
    serial = office.desired(box.did).serial
    on_air = OnAir("p1", "c1", 3_000, 20_000)
    observe(office, box, State(1, 1, True), Telemetry(1, to_ms(NOW), serial, 0, 1, 1, on_air))

    assert status(office, box) is Status.ON_AIR
    assert status(office, box, timedelta(minutes=5)) is Status.OUT_OF_TOUCH


def test_a_death_of_an_older_connection_kills_nobody(office: Office) -> None:
    box = office.boxes(1)[0]
    office.publish()
    observe(office, box, State(2, 7, True), hello(boot=2, conn=7))

    observe(office, box, State(2, 6, False), State(1, 99, False))
    assert status(office, box) is not Status.OUT_OF_TOUCH

    observe(office, box, State(2, 7, False))
    assert status(office, box) is Status.OUT_OF_TOUCH


def test_a_later_pair_that_somebody_else_said_keeps_no_box_off_the_screen(office: Office) -> None:
    """A stolen password can say `state`, which nobody signs; the box itself signs who speaks."""
    box, first = office.boxes(1)[0], Presence(1, 1, "one", to_ms(NOW))
    office.publish()
    serial = office.desired(box.did).serial
    observe(office, box, State(1, 1, True), first, hello(desired=serial))
    observe(office, box, State(1 << 53, 1, False))
    assert status(office, box) is Status.OUT_OF_TOUCH

    observe(office, box, first)  # the newest that it signed
    assert status(office, box) is Status.READY
    observe(office, box, State(1 << 53, 2, False))
    second = Presence(1, 2, "one", to_ms(NOW))
    observe(office, box, State(1, 2, True), second, hello(desired=serial, conn=2))
    assert status(office, box) is Status.READY
    observe(office, box, State(1 << 53, 3, False), first)
    assert status(office, box) is Status.OUT_OF_TOUCH


def test_a_box_that_lags_behind_is_told_again(office: Office) -> None:
    box = office.boxes(1)[0]
    office.publish()
    with office.database.write() as session:
        for message in outbox.waiting(session, to_ms(NOW)):
            session.delete(message)

    observe(office, box, hello(desired=5))

    with office.database.read() as session:
        (again,) = outbox.waiting(session, to_ms(NOW))
    assert again.topic == topics.down(box.did, "desired")


def test_a_box_that_nobody_enrolled_leaves_no_trace(office: Office) -> None:
    observe_devices(office.database, [Observation("strangerbox1", hello())], NOW)

    with office.database.read() as session:
        assert session.get(tables.ReportedState, "strangerbox1") is None


def news(office: Office) -> int:
    with office.database.read() as session:
        return len([e for e in events.after(session, 0) if e.kind == "device"])


def test_a_heartbeat_that_changes_nothing_on_a_screen_is_no_news(office: Office) -> None:
    box = office.boxes(1)[0]
    observe(office, box, State(1, 1, True), hello(), Telemetry(1, 0, 0, 0, 0, 0))
    told = news(office)

    for number in range(1, 6):
        observe(office, box, Telemetry(1, number, 0, 0, 0, 0, uptime_s=number, temperature_c=40.0))
    assert news(office) == told

    playing = OnAir("p-1", "cue-1", 0, 10_000)
    observe(office, box, Telemetry(1, 6, 0, 0, 0, 0, playing))
    observe(office, box, Telemetry(1, 7, 0, 0, 0, 0, silenced="maintenance"))
    observe(office, box, State(1, 1, False))
    assert news(office) == told + 3


def test_a_box_that_is_heard_of_again_is_news(office: Office) -> None:
    box = office.boxes(1)[0]
    observe(office, box, hello())
    told = news(office)
    later = [Observation(box.did, Telemetry(1, 1, 0, 0, 0, 0))]
    observe_devices(office.database, later, NOW + timedelta(minutes=5))

    assert news(office) == told + 1
