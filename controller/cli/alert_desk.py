"""What an officer sees of alerts in a terminal: before sending, and until all have answered."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

import typer

from controller.errors import ControllerError
from controller.fleet.box_words import because, of_alert

LOOK_EVERY_S = 1.0
STILL_OPEN = ("waiting", "received", "playing")
SHOWN_BOXES = 20

ANSWERS = {
    "waiting": "đang chờ / waiting",
    "received": "đã nhận / received",
    "playing": "đang phát / playing",
    "done": "đã phát / heard",
    "silent": "IM / SILENT",
    "ended": "đã ngừng / ended",
    "unanswered": "KHÔNG TRẢ LỜI / NO ANSWER",
    "unreached": "MẤT LIÊN LẠC / OUT OF TOUCH",
}

_MOMENT = re.compile(r"(\d{1,2}):(\d{2})(?:\s+(\d{1,2})(?:/(\d{1,2}))?)?")


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...


class Desk:
    """Alerts through the API; `ask` gives a person's answer, `rest` waits between two looks."""

    def __init__(
        self,
        api: SignedIn,
        *,
        ask: Callable[[str], bool] = typer.confirm,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api, self._ask, self._rest = api, ask, rest

    def raise_alert(self, form: dict[str, Any], *, yes: bool, watch: bool) -> None:
        """Show what would be sent, ask, send, and watch."""
        self._send("/alerts/preview", "/alerts", form, yes=yes, watch=watch)

    def update(self, alert: str, form: dict[str, Any], *, yes: bool, watch: bool) -> None:
        """The same for a new version."""
        at = _path(alert)
        self._send(f"{at}/preview", f"{at}/update", form, yes=yes, watch=watch)

    def end(self, alert: str, reason: str, *, all_clear: bool) -> None:
        """End it and say so."""
        body = {"reason": reason, "all_clear": all_clear}
        print_alert(self._api.post(f"{_path(alert)}/end", body)["alert"])

    def show(self, *, standing: bool) -> None:
        """A line each."""
        found = self._api.get("/alerts" + ("?standing=true" if standing else ""))
        for alert in found:
            print_alert(alert)
        if not found:
            print("Không có báo động / no alerts.")

    def board(self, alert: str) -> None:
        """Every box once."""
        board = self._api.get(f"{_path(alert)}/board")
        print_alert(board["alert"])
        for box in board["boxes"]:
            print(_box_line(box))
        print(_counts(board))

    def watch(self, alert: str) -> None:
        """Each box whenever it says something new, until nothing more is to come."""
        seen: dict[str, str] = {}
        while True:
            board = self._api.get(f"{_path(alert)}/board")
            lines = {box["device"]: _box_line(box) for box in board["boxes"]}
            for device, line in lines.items():
                if seen.get(device) != line:
                    print(line)
            if lines != seen:
                print(_counts(board))
            seen = lines
            over = board["alert"]["state"] in ("ended", "expired")
            if over or not any(board["counts"].get(each) for each in STILL_OPEN):
                return
            self._rest(LOOK_EVERY_S)

    def review(self, alert: str, text: str) -> None:
        """Keep the review and say so."""
        print_alert(self._api.post(f"{_path(alert)}/review", {"text": text})["alert"])

    def clips(self, languages: list[str]) -> None:
        """A line for each hazard and language."""
        query = "&".join(f"language={quote(each)}" for each in languages)
        for clip in self._api.get(f"/alerts/clips?{query}"):
            said = f"bản thu / recording {clip['audio'][:12]}" if clip["audio"] else clip["phrases"]
            print(f"{clip['hazard']}\t{clip['language']}\t{clip['vi']} / {clip['en']}\t{said}")

    def _send(
        self, preview: str, send: str, form: dict[str, Any], *, yes: bool, watch: bool
    ) -> None:
        print_preview(self._api.post(preview, form))
        if not yes and not self._ask("Phát ngay? / Send now?"):
            print("Chưa phát gì / nothing was sent.")
            return
        raised = self._api.post(send, form)
        print(f"Đã gửi / sent: {raised['id']} → {raised['boxes']} hộp loa / boxes")
        if watch:
            self.watch(raised["id"])


def print_preview(ready: dict[str, Any]) -> None:
    """What would be said and where, and what keeps boxes from saying it."""
    areas = ", ".join(area["name"] for area in ready["areas"])
    repeats = ready["repeat_minutes"]
    rhythm = f"nhắc mỗi {repeats} phút / every {repeats} min" if repeats else "một lần / once"
    siren = ready["siren_seconds"]
    print(f"{ready['vi']} / {ready['en']} [{ready['severity']}] – {areas}")
    print(f"  đến / until {_local(ready['expires_at'])}, {rhythm}, còi / siren {siren} s")
    for words in ready["words"]:
        mark = "" if words["chosen"] else " (chưa chọn / not chosen)"
        seconds = f" {words['duration_ms'] / 1000:.0f} s" if words["duration_ms"] else ""
        print(f"  {words['language']}{mark}{seconds}: {words['text'] or '—'}")
        if words["missing"]:
            instead = "đoạn phát sẵn / the clip" if words["speaks"] == "clip" else "im / nothing"
            lacks = ", ".join(words["missing"][:8]) + ("…" if len(words["missing"]) > 8 else "")
            print(f"    ! thiếu / lacks: {lacks} → {instead}")
        if not words["confirmed"]:
            print("    ! trật tự câu chưa ai xác nhận / the order is not confirmed")
    print(f"  {len(ready['boxes'])} hộp loa / boxes")
    troubled = [box for box in ready["boxes"] if _troubles(box)]
    for box in troubled[:SHOWN_BOXES]:
        print(f"    ! {box['village'] or box['cluster']}: {'; '.join(_troubles(box))}")
    if len(troubled) > SHOWN_BOXES:
        print(f"    ! … và / and {len(troubled) - SHOWN_BOXES}")
    if ready["in_quiet_hours"]:
        print(f"  ! Phá giờ yên tĩnh / this breaks quiet hours: {ready['in_quiet_hours']}")


def print_alert(alert: dict[str, Any]) -> None:
    """One line of an alert, and one of its review."""
    marks = [mark for mark in ("test", "local") if alert[mark]]
    print(
        f"{alert['id']}\t{_local(alert['raised_at'])}\t{alert['state']}\t"
        f"{alert['vi']} / {alert['en']}{' [' + ', '.join(marks) + ']' if marks else ''}"
    )
    if alert["ended_why"]:
        print(f"  {alert['ended_by'] or ''}: {alert['ended_why']}")
    if alert["review"]:
        print(f"  {alert['reviewed_by']}: {alert['review']}")


def moment(text: str) -> dict[str, int]:
    """`05:30` or `05:30 15/8` as the API has it; raises ControllerError (bad_moment)."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ControllerError(
            "bad_moment",
            f"“{text}” không phải là giờ. Hãy viết như 05:30 hoặc 05:30 15/8.",
            f"“{text}” is no time. Write it as 05:30 or 05:30 15/8.",
        )
    names = ("hour", "minute", "day", "month")
    return {name: int(part) for name, part in zip(names, found.groups(), strict=True) if part}


def form_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, and a 0 was; times as the API has them. Raises as `moment`."""
    form = {
        name: value for name, value in given.items() if value or (value == 0 and value is not False)
    }
    times = {name: moment(form[name]) for name in ("since", "until") if name in form}
    return form | times


def _troubles(box: dict[str, Any]) -> list[str]:
    """Why a box may not sound it."""
    found = []
    if not box["online"]:
        since = _local(box["seen_at"]) if box["seen_at"] else "chưa từng / never seen"
        found.append(f"mất liên lạc từ / out of touch since {since}")
    if box["silenced"]:
        found.append(" / ".join(because(box["silenced"])))
    if box["lacks"]:
        found.append(f"không có tiếng / holds no {', '.join(box['lacks'])}")
    return found


def _box_line(box: dict[str, Any]) -> str:
    after = ", ".join(f"{status} {ms / 1000:.1f} s" for status, ms in box["after_ms"].items())
    why = f": {' / '.join(of_alert(box['reason']))}" if box["reason"] else ""
    times = f" ({after})" if after else ""
    return f"  {box['village'] or box['cluster']}: {ANSWERS[box['answer']]}{why}{times}"


def _counts(board: dict[str, Any]) -> str:
    told = ", ".join(
        f"{count} {ANSWERS[answer]}" for answer, count in board["counts"].items() if count
    )
    return f"= {len(board['boxes'])} hộp loa / boxes: {told or '—'}"


def _path(alert: str) -> str:
    return f"/alerts/{quote(alert, safe='')}"


def _local(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone():%H:%M %d/%m/%Y}"
