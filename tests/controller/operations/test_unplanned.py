"""As-run rows of plays that no plan named: where, what, on whose order."""

from datetime import timedelta

from sqlmodel import select

from controller.operations.record_playback import Received, rebuild_as_run, record_playback
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract.manifest import Rank
from edge_agent.contract.report import EventKind, Source
from tests.controller.office import NOW, Box, Office
from tests.controller.operations.alarm_bell import can_say, order, raised
from tests.controller.operations.test_record_playback import event, rows

PLACE = "Thôn 1, Xã Đăk Hà"


def alert_play(alert_id: str, **more: object) -> tuple[object, object]:
    said: dict[str, object] = {
        "source": Source.ALERT,
        "alert": alert_id,
        "rank": Rank.EMERGENCY_RECORDED,
        "title": alert_id,
        **more,
    }
    cue = f"{alert_id}.v1.0.0"
    return (
        event(1, EventKind.STARTED, "p1", cue, **said),
        event(2, EventKind.ENDED, "p1", cue, played_ms=20_000, **said),
    )


def recorded(office: Office, box: Box, *events: object) -> tables.AsRun:
    record_playback(office.database, [Received(box.did, "s1", events)], NOW)  # type: ignore[arg-type]
    (row,) = rows(office)
    return row


def test_a_play_of_an_alert_says_where_it_was_and_who_ordered_it(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id))
    row = recorded(office, box, *alert_play(made.alert_id))
    assert (row.village, row.cluster_id) == (PLACE, box.village.cluster_id)
    assert row.cluster_name == "Nhà rông thôn 1"
    assert (row.source, row.alert_id, row.title) == ("alert", made.alert_id, "Lũ quét")
    assert (row.author, row.approved_by) == ("Y Hạnh", "Chủ tịch xã")


def test_a_tone_and_a_local_alert_have_a_place_too(office: Office) -> None:
    box = office.boxes(1)[0]
    said = {"source": Source.LOCAL, "alert": "local-1", "title": "Lũ quét"}
    row = recorded(office, box, event(1, EventKind.STARTED, "p1", "local-1.0", **said))
    assert (row.village, row.source, row.alert_id) == (PLACE, "local", "local-1")
    assert row.title == "Lũ quét"


def test_a_box_that_did_not_know_the_time_is_placed_where_it_stands(office: Office) -> None:
    box = office.boxes(1)[0]
    long_ago = to_ms(NOW - timedelta(days=400))
    begun = event(1, EventKind.STARTED, "p1", "local-1.0", planned=long_ago, source=Source.LOCAL)
    assert recorded(office, box, begun).village == PLACE


def test_a_box_that_was_moved_is_recorded_where_it_stood_then(office: Office) -> None:
    first, second = office.boxes(2)
    with office.database.write() as session:
        (stood,) = session.exec(
            select(tables.Installation).where(tables.Installation.device_id == first.did)
        )
        stood.until_ms = to_ms(NOW + timedelta(hours=1))
        session.add(
            tables.Installation(
                device_id=first.did,
                cluster_id=second.village.cluster_id,
                from_ms=to_ms(NOW + timedelta(hours=1)),
            )
        )
    later = to_ms(NOW + timedelta(hours=2))
    record_playback(
        office.database,
        [
            Received(
                first.did,
                "s1",
                (
                    event(1, EventKind.STARTED, "p1", "tone-1", source=Source.COMMAND),
                    event(2, EventKind.STARTED, "p2", "tone-2", planned=later),
                ),
            )
        ],
        NOW,
    )
    assert [row.cluster_id for row in rows(office)] == [
        first.village.cluster_id,
        second.village.cluster_id,
    ]


def test_the_log_made_anew_says_the_same(office: Office) -> None:
    box = office.boxes(1)[0]
    can_say(office)
    made = raised(office, order(box.village.village_id))
    before = recorded(office, box, *alert_play(made.alert_id)).model_dump()
    with office.database.write() as session:
        for row in session.exec(select(tables.AsRun)):
            session.delete(row)
    assert rebuild_as_run(office.database, NOW) == 1
    (after,) = rows(office)
    assert after.model_dump() == before
