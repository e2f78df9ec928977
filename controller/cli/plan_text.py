"""Plans, explanations and day sheets as text, from what the API says."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from controller.fleet.box_words import because

Said = Mapping[str, Any]

WEEKDAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
VERDICTS = {
    "played": ("ĐÃ PHÁT", "PLAYED"),
    "will_play": ("SẼ PHÁT", "WILL PLAY"),
    "partly": ("CHỈ MỘT PHẦN", "ONLY IN PART"),
    "not_played": ("KHÔNG PHÁT", "DID NOT PLAY"),
    "will_not_play": ("SẼ KHÔNG PHÁT", "WILL NOT PLAY"),
    "unknown": ("CHƯA RÕ", "NOT KNOWN"),
    "no_claim": ("KHÔNG THỂ NÓI THAY MÁY", "NO CLAIM IS MADE"),
}
OUTCOMES = {
    "played": ("phát trọn", "played"),
    "cut": ("bị cắt", "cut"),
    "failed": ("lỗi", "failed"),
    "interrupted": ("gián đoạn", "interrupted"),
    "skipped": ("không phát", "silent"),
}


RANKS = {
    "filler": ("nhạc nền", "filler"),
    "relay": ("tiếp sóng", "relay"),
    "priority": ("ưu tiên", "priority"),
    "live": ("trực tiếp", "live"),
    "emergency_recorded": ("khẩn cấp", "emergency"),
    "emergency_live": ("khẩn cấp, trực tiếp", "emergency, live"),
}
WORDLESS = ("zxx", "und")


def calendar(said: Said, tag: str) -> str:
    """A text calendar: a zone after the other, a day after the other."""
    lines = [said["village"]]
    if not said["zones"]:
        lines.append(_either(tag, "Chưa nghe được cụm loa nào.", "No loudspeaker is heard here."))
    for zone in said["zones"]:
        law = zone[f"law_{tag}"]
        tongues = ", ".join(zone["languages"])
        boxes = _either(tag, f"{zone['boxes']} máy", f"{zone['boxes']} boxes")
        lines += ["", f"{zone['zone']} · {tongues} · {boxes}", f"  ({law})"]
        for day in zone["days"]:
            lines += ["", *_day(day, tag)]
    return "\n".join(lines)


def explanation(said: Said, tag: str) -> str:
    """The verdict, then the chain of reasons."""
    verdict = _either(tag, *VERDICTS[said["verdict"]])
    what = said["subject"] or _either(tag, "mục đang phát", "whatever is on air")
    at = datetime.fromisoformat(said["at"])
    lines = [f"{said['village']}, {at:%d/%m/%Y %H:%M:%S%z}, {what}: {verdict}"]
    for number, reason in enumerate(said["chain"], 1):
        when = f"  [{_local(reason['at'], at)}]" if reason["at"] else ""
        lines.append(f"{number:>3}. {reason[tag]}{when}")
    return "\n".join(lines)


def replayed(said: Said, tag: str, *, silent_only: bool) -> str:
    """A table of what played when, what not and why, and the totals."""
    lines: list[str] = []
    for box in said["boxes"]:
        lines += [box["cluster"], *_plays(box["plays"], tag, silent_only=silent_only), ""]
    totals = ", ".join(f"{_outcome(o, tag)} {n}" for o, n in sorted(said["totals"].items()))
    lines.append(f"{_either(tag, 'Tổng cộng', 'In all')}: {totals or '0'}")
    lines += [
        f"  {_either(tag, *because(reason))}: {count}" for reason, count in said["reasons"].items()
    ]
    return "\n".join(lines)


def day_sheet(said: Said) -> str:
    """The day sheet for a terminal, in Vietnamese."""
    day = date.fromisoformat(said["day"])
    lines = [
        f"PHIẾU PHÁT THANH · {said['village']}",
        f"{_heading(day, 'vi')} (âm lịch {said['lunar']})"
        + (f" · {said['holiday']}" if said["holiday"] else ""),
    ]
    for zone in said["zones"]:
        lines += ["", f"{zone['zone']} · {', '.join(zone['languages'])}"]
        lines += [line for each in zone["days"] for line in _heard(each, "vi")]
    if said["silent"]:
        lines += ["", "Không phát:"]
        lines += [f"  ×  {_silent(each)}" for each in said["silent"]]
    if said["answerable"]:
        lines += ["", "Chịu trách nhiệm:"]
        lines += [f"  {a['programme']}: {a['by']}" for a in said["answerable"]]
    if said["approvers"]:
        lines.append(f"Người duyệt: {', '.join(said['approvers'])}")
    lines += ["", "Trưởng thôn/làng ký nhận: ______________________________"]
    return "\n".join(lines)


def _day(day: Said, tag: str) -> Iterator[str]:
    lunar = _either(tag, f"âm lịch {day['lunar']}", f"lunar {day['lunar']}")
    holiday = f" · {day['holiday']}" if day["holiday"] else ""
    yield f"{_heading(date.fromisoformat(day['day']), tag)} ({lunar}){holiday}"
    yield from _sittings(day, tag)


def _silent(said: Said) -> str:
    starts = ", ".join(f"{datetime.fromisoformat(at):%H:%M}" for at in said["starts"])
    return f"{said['vi']} ({starts})"


def _sittings(day: Said, tag: str) -> Iterator[str]:
    yield from _heard(day, tag, unheard=True)


def _heard(day: Said, tag: str, *, unheard: bool = False) -> Iterator[str]:
    if not day["sessions"]:
        yield "  —"
    for session in day["sessions"]:
        start, end = _clock(session["start"]), _clock(session["end"])
        rank = "" if session["rank"] == "programme" else f" [{_rank(session['rank'], tag)}]"
        yield f"  {start}–{end}  {session['title']}{rank}"
        for sound in session["sounds"]:
            at, length = _clock(sound["at"]), _length(sound["length_ms"])
            tongue = "" if sound["language"] in WORDLESS else sound["language"]
            yield f"      {at}  {length:>6}  {tongue:<4} {sound['title']}"
        for silent in session["unheard"] if unheard else ():
            yield f"      ×  {silent[tag]}"
        for warned in session["warned"]:
            yield f"      !  {warned[tag]}"


def _plays(plays: Sequence[Said], tag: str, *, silent_only: bool) -> Iterator[str]:
    shown = [p for p in plays if not silent_only or p["outcome"] != "played"]
    for play in shown:
        due, at = datetime.fromisoformat(play["due"]), datetime.fromisoformat(play["at"])
        heard = _length(play["sounded_ms"]) if play["sounded_ms"] else "—"
        began = f"{at:%H:%M:%S}" if play["sounded_ms"] else "        "
        tongue = "" if play["language"] in WORDLESS else play["language"]
        yield (
            f"  {due:%d/%m %H:%M:%S}  {began}  {heard:>6}  {tongue:<4} {play['title']}: {play[tag]}"
        )
    if not shown:
        yield "  —"


def _heading(day: date, tag: str) -> str:
    return f"{WEEKDAYS[tag][day.weekday()]}, {day:%d/%m/%Y}"


def _clock(text: str) -> str:
    return f"{datetime.fromisoformat(text):%H:%M:%S}"


def _local(text: str, like: datetime) -> str:
    return f"{datetime.fromisoformat(text).astimezone(like.tzinfo):%H:%M:%S %d/%m/%Y}"


def _length(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"


def _rank(rank: str, tag: str) -> str:
    return _either(tag, *RANKS.get(rank, (rank, rank)))


def _outcome(outcome: str, tag: str) -> str:
    return _either(tag, *OUTCOMES.get(outcome, (outcome, outcome)))


def _either(tag: str, vi: str, en: str) -> str:
    return vi if tag == "vi" else en
