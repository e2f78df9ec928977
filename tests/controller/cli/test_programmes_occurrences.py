import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from controller.__main__ import app
from schedules.errors import DateOutOfRange, NonexistentWindow, UnknownTimeZone
from tests.schedules.calendars import event, file_of

SANG = event(
    "UID:sang",
    "SUMMARY:Bản tin\\n\x1b[2Jsáng",
    "DTSTART:20260815T053000",
    "DURATION:PT15M",
    "RRULE:FREQ=DAILY",
)
BERLIN = event("UID:berlin", "DTSTART;TZID=Europe/Berlin:20260815T010000", "DURATION:PT1H")
BROKEN = event("UID:broken", "DTSTART:one day")
WEEKEND = ("--since", "2026-08-15", "--until", "2026-08-17")


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["programmes", "occurrences", str(path), *options])


@pytest.fixture
def calendar(tmp_path: Path) -> Path:
    path = tmp_path / "lich.ics"
    path.write_bytes(file_of(*SANG, *BERLIN, *BROKEN))
    return path


def test_json_says_each_occurrence_in_the_zone_of_its_event_by_start(calendar: Path) -> None:
    done = run(calendar, *WEEKEND, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == [
        {
            "uid": "sang",
            "start": "2026-08-15T05:30:00+07:00",
            "end": "2026-08-15T05:45:00+07:00",
        },
        {
            "uid": "berlin",
            "start": "2026-08-15T01:00:00+02:00",
            "end": "2026-08-15T02:00:00+02:00",
        },
        {
            "uid": "sang",
            "start": "2026-08-16T05:30:00+07:00",
            "end": "2026-08-16T05:45:00+07:00",
        },
    ]
    assert done.stderr.startswith("broken: bỏ qua")


def test_people_get_a_table_that_no_title_can_disturb(calendar: Path) -> None:
    lines = run(calendar, *WEEKEND).stdout.splitlines()
    assert lines[0] == "15/08/2026 05:30 – 15/08 05:45 +07  Bản tin  [2Jsáng"
    assert len(lines) == 3


def test_a_window_of_instants_in_any_zone_and_what_runs_when_it_opens(calendar: Path) -> None:
    opens = ("--since", "2026-08-15T05:40:00+07:00", "--until", "2026-08-14T23:30:00Z", "--json")
    assert [each["uid"] for each in json.loads(run(calendar, *opens).stdout)] == ["sang", "berlin"]


def test_floating_times_are_in_the_zone_that_is_asked_for(calendar: Path) -> None:
    done = run(calendar, *WEEKEND, "--json", "--time-zone", "Asia/Kathmandu")
    assert json.loads(done.stdout)[-1]["start"] == "2026-08-16T05:30:00+05:45"


@pytest.mark.parametrize("data", [b"%PDF-1.7", file_of(*BROKEN)])
def test_a_file_of_which_nothing_can_be_read_is_a_failure(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.ics"
    path.write_bytes(data)
    done = run(path, *WEEKEND)
    assert done.exit_code == 1
    assert done.stderr


def test_a_calendar_without_events_is_an_empty_list(tmp_path: Path) -> None:
    path = tmp_path / "x.ics"
    path.write_bytes(file_of())
    done = run(path, *WEEKEND, "--json")
    assert (done.exit_code, done.stdout) == (0, "[]\n")


def test_an_absurd_rule_is_named_and_the_rest_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "x.ics"
    endless = event("UID:endless", "DTSTART:20260101T000000Z", "RRULE:FREQ=SECONDLY")
    path.write_bytes(file_of(*endless, *SANG))
    done = run(path, "--since", "2026-08-01", "--until", "2026-09-01", "--json")
    assert done.exit_code == 0
    assert {each["uid"] for each in json.loads(done.stdout)} == {"sang"}
    assert done.stderr.startswith("endless: bỏ qua")


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        (("--since", "2026-08-17", "--until", "2026-08-15"), NonexistentWindow),
        (("--since", "0001-01-01", "--until", "2026-08-15"), DateOutOfRange),
        (("--since", "2026-01-01", "--until", "9999-12-31"), DateOutOfRange),
        ((*WEEKEND, "--time-zone", "Kon/Tum"), UnknownTimeZone),
    ],
)
def test_windows_and_zones_that_are_none(
    calendar: Path, options: tuple[str, ...], refused: type[Exception]
) -> None:
    assert isinstance(run(calendar, *options).exception, refused)


def test_a_time_that_is_none_is_refused_as_an_argument(calendar: Path) -> None:
    done = run(calendar, "--since", "mai", "--until", "2026-08-15")
    assert done.exit_code == 2
    assert "ISO 8601" in done.stderr
