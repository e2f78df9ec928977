"""The PIN of the local page: none by default, slow to guess, the same box whoever asks."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.local import pin
from edge_agent.local.pin import BadPin, PinCheck, PinLocked, PinUnset, PinWrong
from tests.edge_agent.fakes import FakeTime

RIGHT, WRONG = "824613", "824614"
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin, "ROUNDS", 10)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def check_of(folder: Path, time: FakeTime, machine: str = "run-1") -> PinCheck:
    return PinCheck(folder, lambda: time.mono_ms, machine=machine)


def test_without_a_pin_none_is_right(tmp_path: Path, time: FakeTime) -> None:
    check = check_of(tmp_path, time)
    assert not check.is_set
    for guess in ("", "000000", RIGHT):
        with pytest.raises(PinUnset):
            check.check(guess)


def test_it_is_kept_as_a_hash_for_the_owner_only(tmp_path: Path, time: FakeTime) -> None:
    pin.choose(tmp_path, RIGHT)
    check_of(tmp_path, time).check(RIGHT)
    file = tmp_path / pin.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert RIGHT not in file.read_text()


@pytest.mark.parametrize(
    "bad", ["", "12345", "1234567890123", "12345a", "١٢٣٤٥٦", "111111", "123456", "987654321"]
)
def test_what_is_short_or_easy_is_refused_and_the_old_one_stays(
    tmp_path: Path, time: FakeTime, bad: str
) -> None:
    pin.choose(tmp_path, RIGHT)
    with pytest.raises(BadPin):
        pin.choose(tmp_path, bad)
    check_of(tmp_path, time).check(RIGHT)


def fail(check: PinCheck, times: int) -> None:
    for _ in range(times):
        with pytest.raises((PinWrong, PinLocked)):
            check.check(WRONG)


def test_five_wrong_lock_for_five_minutes_and_each_further_one_for_twice_as_long(
    tmp_path: Path, time: FakeTime
) -> None:
    pin.choose(tmp_path, RIGHT)
    check = check_of(tmp_path, time)
    fail(check, 5)
    for minutes in (5, 10, 20, 40, 60, 60):
        time.pass_ms(minutes * MINUTE_MS - 1)
        with pytest.raises(PinLocked):
            check.check(RIGHT)
        time.pass_ms(1)
        with pytest.raises(PinLocked):
            check.check(WRONG)
    time.pass_ms(60 * MINUTE_MS)
    check.check(RIGHT)
    fail(check, 4)
    check.check(RIGHT)


def test_a_restart_forgets_no_wrong_try(tmp_path: Path, time: FakeTime) -> None:
    pin.choose(tmp_path, RIGHT)
    fail(check_of(tmp_path, time), 3)
    fail(check_of(tmp_path, time), 2)
    with pytest.raises(PinLocked):
        check_of(tmp_path, time).check(RIGHT)
    # A machine that starts anew counts from zero: its lock begins anew too.
    anew = FakeTime(mono_ms=1_000)
    with pytest.raises(PinLocked):
        check_of(tmp_path, anew, "run-2").check(RIGHT)
    anew.pass_ms(5 * MINUTE_MS)
    check_of(tmp_path, anew, "run-2").check(RIGHT)


def test_a_damaged_count_locks_and_a_damaged_pin_opens_nothing(
    tmp_path: Path, time: FakeTime
) -> None:
    pin.choose(tmp_path, RIGHT)
    (tmp_path / pin.TRIES_FILE).write_text("rubbish")
    with pytest.raises(PinLocked):
        check_of(tmp_path, time).check(RIGHT)
    (tmp_path / pin.FILE).write_text("rubbish")
    with pytest.raises(PinUnset):
        check_of(tmp_path, time).check(RIGHT)


def test_a_disk_that_takes_nothing_gives_no_free_tries_and_lets_the_right_one_in(
    tmp_path: Path, time: FakeTime
) -> None:
    pin.choose(tmp_path, RIGHT)
    (tmp_path / f"{pin.TRIES_FILE}.new").mkdir()  # what is written aside cannot be
    check = check_of(tmp_path, time)
    check.check(RIGHT)
    fail(check, 5)
    with pytest.raises(PinLocked):
        check.check(RIGHT)


def test_a_new_pin_forgets_the_wrong_tries(tmp_path: Path, time: FakeTime) -> None:
    pin.choose(tmp_path, RIGHT)
    check = check_of(tmp_path, time)
    fail(check, 5)
    pin.choose(tmp_path, "493827")
    check.check("493827")
    pin.drop(tmp_path)
    assert not check.is_set


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_no_content_of_the_file_lets_anybody_in(tmp_path: Path, content: bytes) -> None:
    (tmp_path / pin.FILE).write_bytes(content)
    with pytest.raises((PinUnset, PinWrong, PinLocked)):
        check_of(tmp_path, FakeTime()).check(RIGHT)


def test_the_rounds_are_as_many_as_the_file_says(tmp_path: Path, time: FakeTime) -> None:
    pin.choose(tmp_path, RIGHT)
    kept = json.loads((tmp_path / pin.FILE).read_bytes().split(b"\n", 1)[1])
    assert kept["rounds"] == 10
    check_of(tmp_path, time).check(RIGHT)
