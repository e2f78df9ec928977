"""Commands: done at most once, within their own life."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.commands import CommandLog, Known, Obeyed, Refused
from edge_agent.contract.commands import (
    MAX_LIFE_MS,
    REMEMBERED_MS,
    AckStatus,
    Command,
    CommandAck,
    Stop,
    Volume,
)
from edge_agent.contract.types import encode

NOW = 1_795_386_600_000


def command(ident: str = "c-1", **changes: Any) -> Command:
    plain = Command(ident, "stop", "abcdef123456", NOW, NOW + 60_000)
    return msgspec.structs.replace(plain, **changes)


@pytest.fixture
def log(tmp_path: Path) -> CommandLog:
    return CommandLog(tmp_path / "commands.sqlite", NOW)


def done(log: CommandLog, c: Command, status: AckStatus = AckStatus.DONE) -> CommandAck:
    ack = CommandAck(c.id, status, NOW)
    log.step(c, ack)
    return ack


def test_a_fresh_command_is_obeyed(log: CommandLog) -> None:
    assert log.judge(command(), NOW) == Obeyed(Stop())
    body = msgspec.Raw(encode(Volume(-3.0)))
    assert log.judge(command(kind="volume", body=body), NOW) == Obeyed(Volume(-3.0))


@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({"expires": NOW + MAX_LIFE_MS + 1}, NOW, "life_too_long"),
        ({"expires": NOW}, NOW, "life_too_long"),
        ({"expires": NOW - 1}, NOW, "life_too_long"),
        ({}, NOW + 60_001, "expired"),
        ({}, NOW - 60_001, "issued_in_future"),
        ({"kind": "dance"}, NOW, "unsupported"),
        ({"kind": "play"}, NOW, "unreadable"),
    ],
)
def test_others_are_refused_by_name(
    log: CommandLog, changes: dict[str, Any], now: int, reason: str
) -> None:
    verdict = log.judge(command(**changes), now)
    assert isinstance(verdict, Refused)
    assert verdict.status is AckStatus.REFUSED
    assert verdict.reason.startswith(reason)


def test_a_seen_id_is_answered_with_its_last_step_also_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "commands.sqlite"
    first = CommandLog(file, NOW)
    ack = done(first, command())
    first.close()
    again = CommandLog(file, NOW)
    assert again.judge(command(), NOW) == Known(ack)
    again.forget(NOW + 60_000 + REMEMBERED_MS)
    assert again.judge(command(), NOW) == Known(ack)
    again.forget(NOW + 60_001 + REMEMBERED_MS)
    assert isinstance(again.judge(command(), NOW), Obeyed)


def test_where_order_matters_the_older_is_superseded(log: CommandLog) -> None:
    done(log, command("c-2", issued=NOW + 10))
    late = log.judge(command("c-1"), NOW + 20)
    assert isinstance(late, Refused)
    assert late.status is AckStatus.SUPERSEDED


@pytest.mark.parametrize(
    ("newer", "older", "superseded"),
    [
        ("c-1", "c-1", True),
        (None, "c-1", True),
        (None, None, True),
        ("c-2", "c-1", False),
        ("c-1", None, False),
    ],
)
def test_a_newer_stop_makes_an_older_one_void_only_if_it_stops_all_of_it(
    log: CommandLog, newer: str | None, older: str | None, superseded: bool
) -> None:
    def stop(ident: str, cue: str | None, issued: int) -> Command:
        return command(ident, issued=issued, body=msgspec.Raw(encode(Stop(cue))))

    done(log, stop("s-2", newer, NOW + 10))
    verdict = log.judge(stop("s-1", older, NOW), NOW + 20)
    assert verdict == (
        Refused(AckStatus.SUPERSEDED, "a newer one came first")
        if superseded
        else Obeyed(Stop(older))
    )


def test_what_was_refused_supersedes_nothing(log: CommandLog) -> None:
    done(log, command("c-2", issued=NOW + 10), AckStatus.REFUSED)
    assert isinstance(log.judge(command("c-1"), NOW + 20), Obeyed)


def test_after_a_lost_memory_no_older_command_is_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "commands.sqlite"
    file.write_bytes(b"damaged" * 500)
    log = CommandLog(file, NOW)
    assert log.losses == ("commands.sqlite damaged",)
    verdict = log.judge(command(), NOW + 5)
    assert isinstance(verdict, Refused)
    assert verdict.reason == "history_lost"
    assert isinstance(log.judge(command(issued=NOW + 1), NOW + 5), Obeyed)
