"""Airtime law, day calendar and surroundings over the JSON API of a running controller."""

import json
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from controller.errors import ControllerError

LONGEST_FILE = 1 << 20
WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
WHOSE = {
    "own": "của riêng / its own",
    "inherited": "theo cấp trên / from above",
    "default": "mặc định của phần mềm / the software's default",
}


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...
    def put(self, path: str, body: dict[str, Any]) -> Any: ...
    def delete(self, path: str) -> Any: ...


def read_json(file: Path) -> dict[str, Any]:
    """An object out of a file; raises ControllerError (not_json)."""
    text = file.read_bytes()[: LONGEST_FILE + 1]
    try:
        found = json.loads(text) if len(text) <= LONGEST_FILE else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ControllerError(
            "not_json",
            f"Tệp {file.name} không phải một đối tượng JSON (UTF-8, đến 1 MiB). Chưa lưu gì. "
            "Hãy lấy tệp mẫu bằng lệnh show --json.",
            f"{file.name} is not a JSON object (UTF-8, up to 1 MiB). Nothing was kept. "
            "The command show --json gives an example.",
        )
    return found


def show_airtime(api: SignedIn, unit: str, *, as_json: bool) -> None:
    """Print the law that holds, who set it, and what the coming 14 days have against it."""
    found = api.get(_of_unit(unit, "airtime"))
    if as_json:
        _print_json(found["law"])
    else:
        print_airtime(found)


def set_airtime(api: SignedIn, unit: str, file: Path, *, check: bool) -> None:
    """Set a unit's law, or with `check` only say what it would break."""
    body = read_json(file)
    if check:
        _print_forecast(api.post(f"{_of_unit(unit, 'airtime')}/check", body))
    else:
        print_airtime(api.put(_of_unit(unit, "airtime"), body))


def drop_airtime(api: SignedIn, unit: str) -> None:
    """Let the law of the unit above hold again, and print it."""
    api.delete(_of_unit(unit, "airtime"))
    show_airtime(api, unit, as_json=False)


def print_airtime(found: dict[str, Any]) -> None:
    """A law in a few lines."""
    law = found["law"]
    print(f"{law['source_vi']} / {law['source_en']}")
    print(f"Nguồn / source: {_source(found['source'])}")
    windows = ", ".join(_window(w) for w in law["windows"])
    print(f"Khung giờ / windows: {windows or 'mọi giờ / any hour'}")
    print(f"Giờ yên tĩnh / quiet: {_window(law['quiet']) if law['quiet'] else '—'}")
    print(f"Buổi mỗi ngày / sessions a day: {_most(law['max_sessions_per_day'])}")
    print(f"Mỗi buổi / a session: {_minutes(law['max_session_ms'])}")
    for day in law["by_weekday"]:
        print(
            f"  {_days(day['weekdays'])}: {_most(day['max_sessions'])} buổi / sessions, "
            f"{_minutes(day['max_session_ms'])}"
        )
    for step in law["volume"]:
        print(
            f"Từ / from {step['from_hour']:02d}:00: {step['gain_db']:g} dB, "
            f"gần nơi cần yên tĩnh / near a sensitive place {step['sensitive_gain_db']:g} dB"
        )
    for place in law["places"]:
        hush = ", ".join(_window(w) for w in place["hush"])
        gain = "" if place["gain_db"] is None else f", ≤ {place['gain_db']:g} dB"
        print(f"{place['kind']}: im lúc / silent at {hush or '—'}{gain}")
    for clause in law["clauses"]:
        print(f"{clause['code']}: {clause['paragraph'] or '—'} ({clause['action']})")
    if found["forecast"] is not None:
        _print_forecast(found["forecast"])


def show_calendar(api: SignedIn, unit: str, year: int | None, *, as_json: bool) -> None:
    """Print the calendar that holds, who set it, and the days of a year."""
    asked = _of_unit(unit, "calendar") + (f"?year={year}" if year else "")
    found = api.get(asked)
    if as_json:
        _print_json(found["calendar"])
    else:
        print_calendar(found)


def set_calendar(api: SignedIn, unit: str, file: Path) -> None:
    """Set a unit's calendar and print what holds."""
    print_calendar(api.put(_of_unit(unit, "calendar"), read_json(file)))


def drop_calendar(api: SignedIn, unit: str) -> None:
    """Let the calendar of the unit above hold again, and print it."""
    api.delete(_of_unit(unit, "calendar"))
    show_calendar(api, unit, None, as_json=False)


def swap_day(api: SignedIn, unit: str, day: str, note: str, *, working: bool) -> None:
    """Make a date a working day or a day off."""
    body = {"day": day, "working": working, "note": note}
    print_calendar(api.post(f"{_of_unit(unit, 'calendar')}/swaps", body))


def take_back_swap(api: SignedIn, unit: str, day: str) -> None:
    """Let a date be again what the nation makes of it."""
    api.delete(f"{_of_unit(unit, 'calendar')}/swaps/{quote(day, safe='')}")
    show_calendar(api, unit, int(day[:4]), as_json=False)


def print_calendar(found: dict[str, Any]) -> None:
    """A calendar in a few lines, and a line for each day off."""
    print(f"Nguồn / source: {_source(found['source'])}")
    for season in found["calendar"]["seasons"]:
        print(
            f"Mùa / season {season['name']}: {_turned(season['first'])}–{_turned(season['last'])}"
        )
    print(f"Năm / year {found['year']}:")
    for day in found["days"]:
        name = "làm bù / working day" if day["working"] else f"{day['vi']} / {day['en']}"
        print(f"  {day['day']}  ({day['lunar']} âm lịch)  {name}")
    if found["own_below"]:
        print(
            "Không áp dụng cho nơi có lịch riêng / does not reach, having their own: "
            + "; ".join(found["own_below"])
        )


def show_surroundings(api: SignedIn, cluster: str) -> None:
    """Print what is known of a cluster's place."""
    print_surroundings(cluster, api.get(_of_cluster(cluster)))


def set_surroundings(api: SignedIn, cluster: str, changes: dict[str, Any]) -> None:
    """Change what is given and keep the rest."""
    known = api.get(_of_cluster(cluster))
    print_surroundings(cluster, api.put(_of_cluster(cluster), known | changes))


def print_surroundings(cluster: str, found: dict[str, Any]) -> None:
    """One line."""
    point = "—" if found["latitude"] is None else f"{found['latitude']:g},{found['longitude']:g}"
    radius = "—" if found["radius_m"] is None else f"{found['radius_m']} m"
    near = ", ".join(found["places"]) or "—"
    print(f"{cluster}\t{point}\t{radius}\tgần / near: {near}")


def _print_forecast(found: dict[str, Any]) -> None:
    print(
        f"14 ngày tới ở {found['zones']} nơi / the coming 14 days in {found['zones']} places "
        f"(của / of {found['governed']}):"
    )
    for broken in found["broken"]:
        verb = "không phát / refused" if broken["action"] == "refuse" else "cảnh báo / flagged"
        print(
            f"  «{broken['title']}»: {broken['sessions']} buổi / sessions, "
            f"{broken['zones']} nơi / places, {verb}\n    {broken['vi']}\n    {broken['en']}"
        )
    if not found["broken"]:
        print("  không vi phạm gì / nothing breaks it")


def _print_json(body: dict[str, Any]) -> None:
    print(json.dumps(body, ensure_ascii=False, indent=2))


def _of_unit(unit: str, what: str) -> str:
    return f"/units/{quote(unit, safe='')}/{what}"


def _of_cluster(cluster: str) -> str:
    return f"/clusters/{quote(cluster, safe='')}/surroundings"


def _source(source: dict[str, Any]) -> str:
    at = (source["set_at"] or "")[:16].replace("T", " ")
    who = f" ({source['set_by']}, {at} UTC)" if source["set_by"] else ""
    name = f", {source['unit_name']}" if source["unit_name"] else ""
    return f"{WHOSE[source['whose']]}{name}{who}"


def _window(window: dict[str, Any]) -> str:
    days = "" if len(window["weekdays"]) == 7 else f" ({_days(window['weekdays'])})"
    return f"{window['opens']}–{window['closes']}{days}"


def _days(weekdays: list[int]) -> str:
    return ", ".join(WEEKDAYS[day - 1] for day in weekdays)


def _most(limit: int | None) -> str:
    return "không hạn chế / any" if limit is None else str(limit)


def _minutes(ms: int | None) -> str:
    return "dài bao nhiêu cũng được / any length" if ms is None else f"≤ {ms / 60_000:g} phút / min"


def _turned(month_day: str) -> str:
    month, day = month_day.split("-")
    return f"{day}/{month}"
