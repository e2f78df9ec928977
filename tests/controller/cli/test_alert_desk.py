"""What an officer sees of an alert in a terminal, and that nothing goes without a yes."""

from typing import Any

import pytest

from controller.cli.alert_desk import Desk, form_of, moment
from controller.errors import ControllerError

PREVIEW: dict[str, Any] = {
    "areas": [{"id": "dv-23500", "name": "Xã Đăk Hà"}],
    "hazard": "flash_flood",
    "vi": "Lũ quét",
    "en": "Flash flood",
    "severity": "extreme",
    "expires_at": "2026-08-10T02:00:00Z",
    "repeat_minutes": 10,
    "siren_seconds": 10,
    "words": [
        {
            "language": "vi",
            "chosen": True,
            "text": "Thông báo khẩn cấp. Cảnh báo lũ quét.",
            "missing": [],
            "speaks": "sentence",
            "duration_ms": 21_400,
            "confirmed": True,
        },
        {
            "language": "bdq",
            "chosen": True,
            "text": None,
            "missing": ["hazard.flash_flood"],
            "speaks": "clip",
            "duration_ms": 0,
            "confirmed": False,
        },
    ],
    "boxes": [
        {
            "device": "abc",
            "cluster": "Nhà rông",
            "village": "Thôn 1",
            "online": False,
            "seen_at": None,
            "silenced": "kill_switch",
            "quiet": True,
            "lacks": ["bdq"],
        },
        {
            "device": "abd",
            "cluster": "Nhà rông",
            "village": "Thôn 2",
            "online": True,
            "seen_at": "2026-08-10T01:00:00Z",
            "silenced": "",
            "quiet": True,
            "lacks": [],
        },
    ],
    "offline": 1,
    "silenced": 1,
    "in_quiet_hours": 2,
}


def board(*answers: str, state: str = "active") -> dict[str, Any]:
    boxes = [
        {
            "device": f"box{n}",
            "village": f"Thôn {n}",
            "cluster": "Nhà rông",
            "answer": answer,
            "reason": "kill_switch" if answer == "silent" else "",
            "round": 0,
            "after_ms": {"received": 400} if answer != "waiting" else {},
        }
        for n, answer in enumerate(answers, start=1)
    ]
    counts = {answer: answers.count(answer) for answer in answers}
    return {"alert": {"state": state}, "counts": counts, "boxes": boxes}


class Office:
    """A controller that answers from a list, and keeps what it was asked."""

    def __init__(self, *boards: dict[str, Any]) -> None:
        self._boards = list(boards)
        self.posted: list[tuple[str, dict[str, Any] | None]] = []

    def get(self, path: str) -> Any:
        return self._boards.pop(0)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        self.posted.append((path, body))
        return PREVIEW if path.endswith("/preview") else {"id": "xyz", "version": 1, "boxes": 2}


def test_before_sending_a_person_sees_what_will_be_heard_and_what_will_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    office = Office()
    desk = Desk(office, ask=lambda question: False)
    desk.raise_alert({"hazard": "flash_flood"}, yes=False, watch=True)
    said = capsys.readouterr().out
    assert "Lũ quét / Flash flood [extreme] – Xã Đăk Hà" in said
    assert "vi 21 s: Thông báo khẩn cấp. Cảnh báo lũ quét." in said
    assert "thiếu / lacks: hazard.flash_flood → đoạn phát sẵn / the clip" in said
    assert "Thôn 1: mất liên lạc" in said
    assert "loa đã bị ngắt bằng công tắc" in said
    assert "không có tiếng / holds no bdq" in said
    assert "Phá giờ yên tĩnh / this breaks quiet hours: 2" in said
    assert "nothing was sent" in said
    assert [path for path, _ in office.posted] == ["/alerts/preview"]


def test_then_each_box_is_shown_as_it_answers_until_no_more_is_to_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    office = Office(
        board("waiting", "waiting"),
        board("playing", "waiting"),
        board("playing", "waiting"),
        board("done", "silent"),
    )
    rested: list[float] = []
    desk = Desk(office, ask=lambda question: True, rest=rested.append)
    desk.raise_alert({}, yes=True, watch=True)
    said = capsys.readouterr().out
    assert "Thôn 1: đang phát / playing (received 0.4 s)" in said
    assert said.count("Thôn 1: đang phát") == 1, "what stays is not said again"
    assert "Thôn 2: IM / SILENT: loa đã bị ngắt bằng công tắc" in said
    assert said.rstrip().endswith("= 2 hộp loa / boxes: 1 đã phát / heard, 1 IM / SILENT")
    assert len(rested) == 3


def test_a_language_that_a_box_could_not_say_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    lacking = board("done")
    lacking["boxes"][0]["reason"] = "phrases_missing: bdq; clip_instead: sed"
    Desk(Office(lacking)).watch("xyz")
    said = capsys.readouterr().out
    assert "the box lacks phrases (bdq); the clip of its hazard sounds instead (sed)" in said


def test_watching_ends_with_the_alert(capsys: pytest.CaptureFixture[str]) -> None:
    Desk(Office(board("waiting", state="ended")), rest=lambda s: None).watch("xyz")
    assert "đang chờ" in capsys.readouterr().out


def test_times_are_read_as_people_write_them() -> None:
    assert moment("05:30") == {"hour": 5, "minute": 30}
    assert moment("5:30 15/8") == {"hour": 5, "minute": 30, "day": 15, "month": 8}
    with pytest.raises(ControllerError):
        moment("half past five")


def test_a_zero_is_given_and_what_is_left_out_is_not() -> None:
    given = {"repeat_minutes": 0, "siren_seconds": 0, "wind": None, "level": [], "until": "05:30"}
    assert form_of({**given, "source": "", "test": False}) == {
        "repeat_minutes": 0,
        "siren_seconds": 0,
        "until": {"hour": 5, "minute": 30},
    }
