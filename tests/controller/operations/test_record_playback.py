import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from controller.operations.record_playback import (
    BadEvent,
    Received,
    rebuild_as_run,
    record_playback,
)
from controller.storage import tables
from controller.storage.instants import to_ms
from edge_agent.contract.manifest import Rank
from edge_agent.contract.report import EventKind, Heard, PlaybackEvent
from edge_agent.contract.state import Clock, ClockSource
from tests.controller.office import NOW, Office


def event(
    seq: int, kind: EventKind, play: str, cue: str = "cue-1", **more: object
) -> PlaybackEvent:
    at = to_ms(NOW) + seq * 1000
    fields: dict[str, object] = {
        "asset_sha256": "a" * 64,
        "wall": at,
        "mono": seq * 1000,
        "boot": 1,
        "clock": Clock(ClockSource.NTP),
        "planned": to_ms(NOW),
        "duration_ms": 20_000,
        "rank": Rank.PROGRAMME,
        "rules": 1,
        "desired": 1,
        "gain_db": 0.0,
        "title": "Tiêm chủng",
        "language": "vi",
        **more,
    }
    return PlaybackEvent(seq=seq, kind=kind, play=play, cue=cue, **fields)  # type: ignore[arg-type]


def full_play(first: int, play: str) -> tuple[PlaybackEvent, ...]:
    return (
        event(first, EventKind.STARTED, play),
        event(first + 1, EventKind.ENDED, play, played_ms=20_000),
    )


def rows(office: Office) -> list[tables.AsRun]:
    with office.database.read() as session:
        return list(session.exec(select(tables.AsRun).order_by(tables.AsRun.play)))


@pytest.mark.parametrize("source", [ClockSource.CONTROLLER, ClockSource.KEPT])
def test_as_run_tells_the_time_by_which_the_box_went_not_its_wrong_wall_clock(
    office: Office, source: ClockSource
) -> None:
    box = office.boxes(1)[0]
    start = to_ms(NOW)
    wrong = {"wall": 5_000, "clock": Clock(source, start + 3 - 5_000)}
    stepped = {"wall": start - 5_400_000, "clock": Clock(source, 5_400_000 + 20_003)}
    events = (
        event(1, EventKind.STARTED, "p1", mono=100, **wrong),
        event(2, EventKind.ENDED, "p1", mono=20_100, played_ms=20_000, **stepped),
    )
    record_playback(office.database, [Received(box.did, "s1", events)], NOW)
    (row,) = rows(office)
    assert (row.started_ms, row.start_error_ms) == (start + 3, 3)
    assert row.ended_ms == start + 20_003


def test_a_horn_that_is_to_begin_later_is_not_late_for_it(office: Office) -> None:
    box = office.boxes(1)[0]
    start = to_ms(NOW)
    begun = event(1, EventKind.STARTED, "p1", wall=start + 1_504, mono=1_504, delay_ms=1_500)
    record_playback(office.database, [Received(box.did, "s1", (begun,))], NOW)
    (row,) = rows(office)
    assert (row.planned_ms, row.start_error_ms) == (start, 4)


def test_a_play_copies_what_was_planned_so_that_history_stands_alone(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], NOW + timedelta(hours=1))
    office.publish()
    cue = office.pages(box.did)[0].cues[0]
    late = cue.start + 7
    begin = event(1, EventKind.STARTED, "p1", cue.id, planned=cue.start, wall=late)

    record_playback(
        office.database,
        [
            Received(
                box.did,
                "s1",
                (
                    begin,
                    event(2, EventKind.ENDED, "p1", cue.id, planned=cue.start, played_ms=20_000),
                ),
            )
        ],
        NOW,
    )

    (row,) = rows(office)
    assert (row.outcome, row.start_error_ms) == ("played", 7)
    assert row.village == "Thôn 1, Xã Đăk Hà"
    assert row.title == "Thông báo tiêm chủng"
    assert (row.author, row.approved_by) == ("Y Hạnh", "Cô Lan")
    assert row.voice == "espeak-ng/vi"
    assert row.bulletin_id == bulletin


def test_a_fallback_is_told_as_such_beside_what_was_planned(office: Office) -> None:
    box = office.boxes(1)[0]
    bulletin = office.approved()
    office.scheduled(bulletin, [box], NOW + timedelta(hours=1))
    office.publish()
    cue = office.pages(box.did)[0].cues[0]
    sounded = {"asset_sha256": "f" * 64, "planned": cue.start, "reason": "fallback"}
    begin = event(1, EventKind.STARTED, "p1", cue.id, **sounded)
    end = event(2, EventKind.ENDED, "p1", cue.id, played_ms=20_000, **sounded)
    record_playback(office.database, [Received(box.did, "s1", (begin, end))], NOW)

    (row,) = rows(office)
    assert (row.outcome, row.reason, row.asset_sha256) == ("played", "fallback", "f" * 64)
    assert (row.bulletin_id, row.voice, row.spoken_sha256) == (bulletin, "", "")
    with office.database.read() as session:
        planned = session.exec(select(tables.PlannedPlay)).one()
    assert planned.asset_sha256 == cue.asset.sha256


def test_music_that_ends_at_its_length_on_air_was_played(office: Office) -> None:
    cut_short = {"duration_ms": 4_000}
    begin = event(1, EventKind.STARTED, "p1", **cut_short)
    end = event(2, EventKind.ENDED, "p1", played_ms=4_000, **cut_short)
    record_playback(office.database, [Received("d1", "s1", (begin, end))], NOW)
    assert [(r.outcome, r.duration_ms) for r in rows(office)] == [("played", 4_000)]


def test_a_start_without_an_end_is_unknown_not_played(office: Office) -> None:
    record_playback(
        office.database, [Received("d1", "s1", (event(1, EventKind.STARTED, "p1"),))], NOW
    )

    assert [r.outcome for r in rows(office)] == ["unknown"]


def test_the_same_report_twice_is_one_row_and_acknowledged_again(office: Office) -> None:
    report = Received("d1", "s1", full_play(1, "p1"))

    first = record_playback(office.database, [report], NOW)
    again = record_playback(office.database, [report], NOW)

    assert [r.upto for r in first] == [r.upto for r in again] == [2]
    assert len(rows(office)) == 1


def test_nothing_above_a_gap_is_acknowledged_until_the_gap_is_filled(office: Office) -> None:
    late = Received("d1", "s1", full_play(3, "p2"))
    early = Received("d1", "s1", full_play(1, "p1"))

    (before,) = record_playback(office.database, [late], NOW)
    (after,) = record_playback(office.database, [early], NOW)

    assert (before.upto, after.upto) == (0, 4)


def test_one_bad_event_is_set_aside_and_the_rest_goes_on(office: Office) -> None:
    report = Received("d1", "s1", full_play(2, "p1"), (BadEvent(1, b'{"seq":1}', "no kind"),))

    (receipt,) = record_playback(office.database, [report], NOW)

    assert receipt.upto == 3
    assert len(rows(office)) == 1
    with office.database.read() as session:
        (kept,) = session.exec(select(tables.QuarantinedEvent)).all()
    assert (kept.body, kept.reason) == (b'{"seq":1}', "no kind")


def test_spools_of_one_box_are_counted_apart(office: Office) -> None:
    receipts = record_playback(
        office.database,
        [Received("d1", "old", full_play(1, "p1")), Received("d1", "new", full_play(1, "p2"))],
        NOW,
    )

    assert {(r.spool, r.upto) for r in receipts} == {("old", 2), ("new", 2)}


def test_as_run_can_be_made_anew_from_the_events(office: Office) -> None:
    record_playback(
        office.database,
        [Received("d1", "s1", (*full_play(1, "p1"), event(3, EventKind.STARTED, "p2")))],
        NOW,
    )
    before = [r.model_dump() for r in rows(office)]
    with office.database.write() as session:
        for row in session.exec(select(tables.AsRun)):
            session.delete(row)

    assert rebuild_as_run(office.database, NOW) == 2
    assert [r.model_dump() for r in rows(office)] == before


def test_what_was_played_into_a_dead_amplifier_is_told_from_what_was_heard(
    office: Office,
) -> None:
    dead = event(2, EventKind.ENDED, "p1", played_ms=20_000, heard=Heard.NO, heard_dbfs=-58.5)
    old = (event(3, EventKind.STARTED, "p2"), event(4, EventKind.ENDED, "p2", played_ms=20_000))
    report = (event(1, EventKind.STARTED, "p1"), dead, *old)
    record_playback(office.database, [Received("d1", "s1", report)], NOW)

    assert [(r.outcome, r.heard, r.heard_dbfs) for r in rows(office)] == [
        ("played", "no", -58.5),
        ("played", "unknown", None),
    ]
    before = [r.model_dump() for r in rows(office)]
    rebuild_as_run(office.database, NOW)
    assert [r.model_dump() for r in rows(office)] == before


@contextmanager
def fresh_office() -> Iterator[Office]:
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        yield office
        office.database.close()


@settings(max_examples=15)
@given(plays=st.integers(1, 6), seed=st.integers(0, 10_000), sizes=st.integers(1, 5))
def test_however_reports_are_cut_doubled_and_shuffled_the_record_is_the_same(
    plays: int, seed: int, sizes: int
) -> None:
    """Law: each event counts once; the last receipt covers everything."""
    events = [e for n in range(plays) for e in full_play(2 * n + 1, f"p{n}")]
    rng = random.Random(seed)
    pieces = [tuple(events[i : i + sizes]) for i in range(0, len(events), sizes)]
    sent = [Received("d1", "s1", p) for p in pieces + rng.choices(pieces, k=3)]
    rng.shuffle(sent)

    with fresh_office() as office:
        upto = 0
        while sent:
            size = rng.randint(1, 3)
            batch, sent = sent[:size], sent[size:]
            for receipt in record_playback(office.database, batch, NOW):
                assert receipt.upto >= upto, "a receipt was taken back"
                upto = receipt.upto
        assert upto == len(events)
        assert [r.outcome for r in rows(office)] == ["played"] * plays
        with office.database.read() as session:
            assert len(session.exec(select(tables.PlaybackEvent)).all()) == len(events)
