"""The last lines of the log: bounded, and without a password."""

import json
import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent import logbook
from edge_agent.log_setup import note
from edge_agent.logbook import LogBook


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    log = logging.Logger("edge_agent.test")
    yield log
    log.handlers.clear()


def test_the_last_lines_are_kept_in_order(log: logging.Logger) -> None:
    book = LogBook()
    log.addHandler(book)
    for number in range(logbook.MAX_LINES + 50):
        note(log, "counted", number=number)
    numbers = [json.loads(line)["number"] for line in book.lines()]
    assert numbers == list(range(50, logbook.MAX_LINES + 50))
    assert [json.loads(line)["number"] for line in book.lines(2)] == numbers[-2:]
    assert book.lines(0) == ()
    assert book.faults() == ()


def test_faults_outlive_the_lines_around_them(log: logging.Logger) -> None:
    book = LogBook()
    log.addHandler(book)
    note(log, "disk_full", level=logging.ERROR)
    for _ in range(logbook.MAX_LINES):
        note(log, "calm")
    assert [json.loads(line)["action"] for line in book.faults()] == ["disk_full"]
    assert not any("disk_full" in line for line in book.lines())


@given(st.lists(st.text(max_size=3_000), max_size=60))
def test_it_never_grows_beyond_its_bounds(texts: list[str]) -> None:
    book, log = LogBook(), logging.Logger("edge_agent.test")
    log.addHandler(book)
    for text in texts:
        log.warning("%s", text)
    lines = book.lines()
    assert len(lines) <= logbook.MAX_LINES
    assert sum(len(line.encode()) for line in lines) <= logbook.MAX_BYTES
    assert all(len(line) <= logbook.MAX_LINE_CHARS for line in (*lines, *book.faults()))


def test_passwords_are_not_in_it(log: logging.Logger) -> None:
    book = LogBook(["bí-mật-1", ""])
    log.addHandler(book)
    log.warning("login with bí-mật-1 failed")
    note(log, "fetch_failed", detail="https://user:pass9@host/a?token=tok8&x=1 Secret=sec7")
    kept = "".join((*book.lines(), *book.faults()))
    for secret in ("bí-mật-1", "user", "pass9", "tok8", "sec7"):
        assert secret not in kept
    assert "host/a" in kept
    assert "x=1" in kept


def test_a_name_that_is_no_text_is_told_and_stops_nobody(log: logging.Logger) -> None:
    book = LogBook()
    log.addHandler(book)
    note(log, "stick_begun", folder=os.fsdecode(b"/media/\xff"))
    assert json.loads(book.lines()[-1])["folder"] == "/media/\udcff"
