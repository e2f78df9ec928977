"""The wire's messages: the same bytes for ever, tolerant of more, strict where sound is decided."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.contract.alert import AlertList
from edge_agent.contract.commands import Command
from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import DayPage
from edge_agent.contract.report import MAX_EVENTS, MAX_REPORT_BYTES, EventHead
from edge_agent.contract.trust import KeySet
from edge_agent.contract.types import MAX_PAYLOAD_BYTES, Unreadable, decode, encode
from tests.contract.samples import EVENT, SAMPLES

GOLDEN = Path(__file__).parent / "golden"


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_bytes())
    return content


def again(content: Any, kind: type[Any]) -> Any:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return decode(text.encode(), kind)


def at(content: Any, path: str) -> tuple[Any, Any]:
    """Find the container and the key that `path` ends in."""
    *parents, last = [int(p) if p.isdigit() else p for p in path.split(".")]
    for parent in parents:
        content = content[parent]
    return content, last


def test_every_message_has_its_golden_file() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_we_write_is_the_golden_file(name: str) -> None:
    assert encode(SAMPLES[name]) + b"\n" == (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_golden_file_is_read_as_what_we_wrote(name: str) -> None:
    assert decode((GOLDEN / f"{name}.json").read_bytes(), type(SAMPLES[name])) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_fields_of_a_later_version_are_ignored(name: str) -> None:
    content = read(name) | {"of_a_later_version": {"deep": [1, 2]}}
    assert again(content, type(SAMPLES[name])) == SAMPLES[name]


def test_a_command_of_an_unknown_kind_can_still_be_refused_by_name() -> None:
    content = read("command") | {"kind": "dance", "body": {"steps": 3}}
    command: Command = again(content, Command)
    assert command.kind == "dance"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("command", "id"),
        ("command", "kind"),
        ("command", "audience"),
        ("command", "issued"),
        ("command", "expires"),
        ("play", "asset"),
        ("play", "rank"),
        ("play", "gain_db"),
        ("play", "max_play_ms"),
        ("desired", "did"),
        ("desired", "serial"),
        ("desired", "manifest"),
        ("desired", "withdrawn"),
        ("desired", "manifest.covers_until"),
        ("day_page", "time_zone"),
        ("day_page", "cues.0.start"),
        ("day_page", "cues.0.latest_start"),
        ("day_page", "cues.0.latest_end"),
        ("day_page", "cues.0.valid_until"),
        ("day_page", "cues.0.rank"),
        ("day_page", "cues.0.enter"),
        ("day_page", "cues.0.leave"),
        ("day_page", "cues.0.gain_db"),
        ("day_page", "cues.0.asset.sha256"),
        ("day_page", "cues.1.stream.url"),
        ("day_page", "cues.1.fallback.sha256"),
        ("day_page", "cues.0.asset.duration_ms"),
        ("alerts", "serial"),
        ("alerts", "alerts.0.expires"),
        ("alerts", "alerts.0.max_play_s"),
        ("alerts", "alerts.0.severity"),
        ("keys", "serial"),
        ("keys", "keys.0.not_after"),
        ("keys", "keys.0.grants"),
        ("phrase_index", "v"),
        ("phrase_index", "b"),
        ("phrase_page", "language"),
        ("phrase_page", "phrases"),
        ("report_ack", "upto"),
        ("proof", "desired"),
        ("proof", "until"),
        ("proof", "held"),
        ("proof", "lacking"),
        ("time_answer", "utc_ms"),
    ],
)
def test_what_decides_about_sound_may_not_be_missing(name: str, path: str) -> None:
    content = read(name)
    container, key = at(content, path)
    del container[key]
    with pytest.raises(Unreadable):
        again(content, type(SAMPLES[name]))


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("command", "id", ""),
        ("command", "id", "x" * 121),
        ("command", "audience", "Không"),
        ("command", "issued", 0),
        ("command", "expires", 10**30),
        ("play", "gain_db", 0.1),
        ("play", "gain_db", -61),
        ("play", "gain_db", None),
        ("play", "max_play_ms", -1),
        ("play", "max_play_ms", 25 * 3_600_000),
        ("play", "title", "x" * 301),
        ("play", "rank", "king"),
        ("volume", "gain_db", 20),
        ("desired", "did", "../../etc"),
        ("desired", "serial", 0),
        ("desired", "serial", 1 << 60),
        ("desired", "withdrawn", ["A" * 64]),
        ("desired", "quiet_hours.since", "24:00"),
        ("desired", "report.heartbeat_s", 0),
        ("desired", "manifest.pages.0.bytes", 5 * 1024 * 1024),
        ("desired", "manifest.pages.0.bytes", -1),
        ("day_page", "cues.0.start", "tomorrow"),
        ("day_page", "cues.0.start", 1.5),
        ("day_page", "cues.0.asset.bytes", 0),
        ("day_page", "cues.0.asset.bytes", 1 << 40),
        ("day_page", "cues.0.asset.sha256", "../" * 21 + "a"),
        ("day_page", "cues.0.language", "tiếng Việt"),
        ("day_page", "cues.1.play_ms", 0),
        ("day_page", "cues.1.play_ms", 25 * 3_600_000),
        ("day_page", "cues.1.stream.url", ""),
        ("day_page", "cues.1.stream.url", "x" * 501),
        ("proof", "held", ["a" * 64] * 1_501),
        ("proof", "lacking", ["../../etc"]),
        ("alerts", "alerts.0.max_play_s", 0),
        ("alerts", "alerts.0.repeat_s", -5),
        ("event", "seq", 0),
        ("event", "seq", 1 << 60),
        ("event", "played_ms", -1),
        ("phrase_index", "v", 0),
        ("phrase_index", "b", {"vi": "a" * 42}),
        ("phrase_index", "b", {"Việt": "a" * 43}),
        ("phrase_index", "b", {f"x{a}{b}": "a" * 43 for a in "abcd" for b in "abcde"}),
        ("phrase_page", "phrases", {"../../etc": {"sha256": "a" * 64}}),
        ("phrase_page", "phrases", {"level.1": {"sha256": "a", "bytes": 1, "duration_ms": 1}}),
        ("report_ack", "upto", -1),
    ],
)
def test_what_decides_about_sound_is_bounded(name: str, path: str, value: Any) -> None:
    content = read(name)
    container, key = at(content, path)
    container[key] = value
    with pytest.raises(Unreadable):
        again(content, type(SAMPLES[name]))


@pytest.mark.parametrize("kind", [Desired, Command, DayPage, AlertList, KeySet])
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"serial":NaN}',
        b"{}{}",
        b"\xff\xfe\x00",
        '{"did":"Đăk"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"body":' * 20_000,
        b'{"serial":' + b"9" * 5_000 + b"}",
        b" " * 300_000,
    ],
    ids=lambda payload: f"{payload[:12]!r}x{len(payload)}",
)
def test_no_payload_does_more_than_be_unreadable(kind: type[Any], payload: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(payload, kind)


def test_a_whole_message_over_the_bound_is_unreadable() -> None:
    content = read("command") | {"filler": "x" * MAX_PAYLOAD_BYTES}
    with pytest.raises(Unreadable, match="over"):
        again(content, Command)


def test_a_bad_event_can_still_be_named() -> None:
    event = msgspec.to_builtins(EVENT) | {"kind": "sang"}
    assert again(event, EventHead).seq == EVENT.seq


def test_a_report_of_plain_events_keeps_its_bounds() -> None:
    assert 1_000 < MAX_REPORT_BYTES // len(encode(EVENT)) * len(encode(EVENT)) <= 4_096
    assert MAX_EVENTS == 20
