"""A week of a commune, replayed: what an outage, a power cut and an alert would have done."""

from datetime import date, timedelta

import pytest

from controller.errors import ControllerError
from controller.operations.imagined_alert import TITLE, ImaginedAlert
from controller.operations.plan_calendar import DaysOutOfReach
from controller.operations.replay import NOTHING_WRONG, Replayed, Script, Stretch, replay
from controller.operations.schedule_programme import Repeat
from controller.operations.villages_meant import villages_meant
from schedules.as_run import Outcome
from tests.controller.office import NOW, RULES, Box, Office

AT = NOW + timedelta(hours=2)
MONDAY = date(2026, 8, 10)
HOUR = timedelta(hours=1)


@pytest.fixture
def boxes(office: Office) -> list[Box]:
    return office.boxes(4)


def week(
    office: Office, boxes: list[Box], script: Script = NOTHING_WRONG, days: int = 7
) -> Replayed:
    with office.database.read() as session:
        villages = villages_meant(session, None, "dv-00051")
        return replay(session, villages, MONDAY, days, RULES, NOW, script)


def daily(office: Office, boxes: list[Box]) -> str:
    bulletin = office.approved(valid_until=NOW + timedelta(days=30))
    office.scheduled(bulletin, boxes, AT, kind=Repeat.DAILY)
    return bulletin


def test_a_week_in_which_nothing_goes_wrong(office: Office, boxes: list[Box]) -> None:
    daily(office, boxes)
    replayed = week(office, boxes)
    assert replayed.totals == {"played": 4 * 7}
    assert [len(box.plays) for box in replayed.boxes] == [7] * 4
    first = replayed.boxes[0].plays[0]
    assert (first.at, f"{first.at:%H:%M}") == (AT, "10:00")


def test_audio_that_never_comes_is_silent_everywhere_with_its_reason(
    office: Office, boxes: list[Box]
) -> None:
    bulletin = daily(office, boxes)
    replayed = week(office, boxes, Script(missing=(bulletin,)))
    assert replayed.totals == {"skipped": 28}
    assert replayed.reasons == {"audio_missing": 28}


def test_an_outage_hurts_only_what_was_not_sent_before_it(office: Office, boxes: list[Box]) -> None:
    daily(office, boxes)
    short = Script(outages=(Stretch(AT, AT + 24 * HOUR),))
    assert week(office, boxes, short).totals == {"played": 28}
    long = Script(outages=(Stretch(AT, AT + 24 * 6 * HOUR),))
    # Plans are settled two days ahead: of six days without network the first two are held.
    assert week(office, boxes, long).reasons == {"page_missing": 3 * 4}


def test_a_power_cut_over_a_session(office: Office, boxes: list[Box]) -> None:
    daily(office, boxes)
    cut = Script(power_cuts=(Stretch(AT - HOUR, AT + HOUR),))
    replayed = week(office, boxes, cut, days=1)
    assert replayed.reasons == {"no_power": 4}
    assert "mất điện" in replayed.boxes[0].plays[0].vi


def test_an_alert_is_heard_at_every_loudspeaker_and_the_bulletin_starts_again(
    office: Office, boxes: list[Box]
) -> None:
    daily(office, boxes)
    script = Script(alerts=(ImaginedAlert(AT + timedelta(seconds=5), timedelta(seconds=50)),))
    replayed = week(office, boxes, script, days=1)
    for box in replayed.boxes:
        assert [(p.title.startswith(TITLE), p.outcome) for p in box.plays] == [
            (False, Outcome.CUT),
            (True, Outcome.PLAYED),
            (False, Outcome.PLAYED),
        ]


def test_what_cannot_be_replayed_is_refused_in_words(
    office: Office, boxes: list[Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DaysOutOfReach):
        week(office, boxes, days=32)
    monkeypatch.setattr("controller.operations.replay.MOST_CLUSTER_DAYS", 27)
    with pytest.raises(ControllerError, match="ít ngày hơn"):
        week(office, boxes)
    with pytest.raises(ControllerError, match="không có thời gian"):
        Stretch(AT, AT)
    with office.database.read() as session, pytest.raises(ControllerError, match="không cả hai"):
        villages_meant(session, None, None)
