"""`loalang programmes`: calendars (.ics) and the programmes that come of them."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

if TYPE_CHECKING:
    from schedules.calendar_file import CalendarEvent, Unread

HOME_ZONE = "Asia/Ho_Chi_Minh"
UNREADABLE = 1

app = typer.Typer(no_args_is_help=True, help="Chương trình, lịch .ics / programmes and calendars.")


@app.callback()
def programmes() -> None:
    """Chương trình và tệp lịch .ics / programmes and .ics calendar files."""


@app.command()
def occurrences(
    file: Annotated[Path, typer.Argument(metavar="TỆP.ics", help="Tệp lịch / calendar file.")],
    since: Annotated[
        str, typer.Option(help="Ngày hoặc thời điểm ISO 8601 / date or instant; included.")
    ],
    until: Annotated[
        str, typer.Option(help="Ngày hoặc thời điểm ISO 8601 / date or instant; not included.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON: [{uid, start, end}], ISO 8601.")
    ] = False,
    zone: Annotated[
        str, typer.Option("--time-zone", help="Múi giờ của giờ không ghi múi / of floating times.")
    ] = HOME_ZONE,
) -> None:
    """Các lần phát của một tệp lịch trong khoảng, không cần máy chủ / occurrences of a calendar.

    Kể cả lần đang diễn ra lúc --since. Điều gì trong tệp không đọc được thì nói ở stderr, mã thoát
    0 nếu còn đọc được gì đó, 1 nếu không / an occurrence that still runs at --since counts. What
    could not be read is said on stderr; the exit code is 0 if something sound remained, else 1.
    """
    from schedules.calendar_file import read_calendar
    from schedules.errors import NonexistentWindow, ScheduleError
    from schedules.types import time_zone

    home = time_zone(zone)
    first, last = _instant(since, home), _instant(until, home)
    if last < first:
        raise NonexistentWindow(first, last)
    try:
        calendar = read_calendar(file.read_bytes(), zone)
    except ScheduleError as error:
        print(f"{file}: {error.vi}\n{file}: {error.en}", file=sys.stderr)
        raise typer.Exit(UNREADABLE) from None
    _say(calendar.unread)
    sound = 0
    found: list[_Occurring] = []
    for event in calendar.events:
        try:
            found += _occurring(event, first, last)
        except ScheduleError as error:
            print(f"{event.uid}: {error.vi} / {error.en}", file=sys.stderr)
        else:
            sound += 1
    found.sort(key=lambda each: (each.start, each.uid))
    if as_json:
        rows = [
            {"uid": each.uid, "start": each.start.isoformat(), "end": each.end.isoformat()}
            for each in found
        ]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for each in found:
            print(f"{each.start:%d/%m/%Y %H:%M} – {each.end:%d/%m %H:%M %Z}  {each.title}")
    if sound == 0 and calendar.unread:
        raise typer.Exit(UNREADABLE)


@app.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(metavar="TỆP.ics", help="Tệp lịch / calendar file.")],
    village: Annotated[
        list[str] | None,
        typer.Option(
            "--village", "--villages", help="Làng nghe, nếu tệp không ghi; lặp lại được / village."
        ),
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="Mọi làng của đơn vị này / all below this unit.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="Khuôn chương trình JSON / template of the items.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ xem / only look.")] = False,
    replace_newer: Annotated[
        bool,
        typer.Option("--replace", help="Kể cả khi bản ở đây mới hơn / also where ours is newer."),
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Nhập chương trình từ tệp lịch .ics / take programmes from a calendar file.

    Nơi phát: X-LOALANG-PLACES hoặc LOCATION của sự kiện, không thì --village, --unit. Không ghi
    khuôn thì phát mọi bản tin xã đã duyệt. Nhập lần nữa không đổi gì / importing again changes
    nothing; exit code 2 if something was refused.
    """
    from controller.cli.programme_files import import_file

    code = import_file(
        signed_in(url, user, password),
        file,
        {
            "village": [name for given in village or () for name in given.split(";")],
            "unit": unit or (),
        },
        template,
        keep=not dry_run,
        replace_newer=replace_newer,
    )
    raise typer.Exit(code)


@app.command("export")
def take_out(
    file: Annotated[Path, typer.Argument(metavar="TỆP.ics", help="Tệp ra / the file to write.")],
    unit: Annotated[
        str | None, typer.Option(help="Chỉ của đơn vị này / only those heard in this unit.")
    ] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Ghi các chương trình ra tệp lịch .ics / write the programmes to a calendar file."""
    from controller.cli.programme_files import export_file

    export_file(signed_in(url, user, password), file, unit)


@app.command()
def feed(
    unit: Annotated[str, typer.Option(help="Mã, mã hành chính hay tên / id, code or name.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Tạo địa chỉ lịch cho điện thoại / make a calendar address that phones subscribe to."""
    from controller.cli.programme_files import make_feed

    make_feed(signed_in(url, user, password), unit)


@app.command()
def feeds(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Các địa chỉ lịch đã tạo / calendar addresses that were made."""
    from controller.cli.programme_files import list_feeds

    list_feeds(signed_in(url, user, password))


@app.command("close-feed")
def close(
    feed_id: Annotated[str, typer.Argument(help="Mã như `feeds` in / id as `feeds` prints it.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Đóng một địa chỉ lịch / close a calendar address for good."""
    from controller.cli.programme_files import close_feed

    close_feed(signed_in(url, user, password), feed_id)


@dataclass(frozen=True, slots=True)
class _Occurring:
    """One occurrence as a person or a program reads it, in the event's own zone."""

    uid: str
    title: str
    start: datetime
    end: datetime


def _occurring(event: "CalendarEvent", first: datetime, last: datetime) -> Iterator[_Occurring]:
    """Those that begin in [first, last) or began earlier and still run at `first`."""
    from schedules.recurrence import expand
    from schedules.types import time_zone, wall_instant

    zone = time_zone(event.timing.time_zone)
    own = (change.duration_ms or 0 for change in event.timing.changes)
    longest = timedelta(milliseconds=max((event.duration_ms or 0, *own)))
    # A day may have an hour more than 24.
    since = first - longest - timedelta(hours=2)
    for airing in expand(event.timing, since, last):
        lasts_ms = event.duration_ms if airing.duration_ms is None else airing.duration_ms
        lasts = timedelta(milliseconds=lasts_ms or 0)
        end = airing.start_utc + lasts
        if event.all_day:
            end = wall_instant(airing.wall + lasts, zone)
        if airing.start_utc >= first or end > first:
            start = airing.start_utc.astimezone(zone)
            yield _Occurring(event.uid, event.title, start, end.astimezone(zone))


def _instant(said: str, home: ZoneInfo) -> datetime:
    """A date is its midnight at home; a time without an offset is one at home."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise typer.BadParameter(
            f"{said!r}: cần ngày hoặc thời điểm ISO 8601 / needs an ISO 8601 date or instant"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=home)


def _say(unread: "Sequence[Unread]") -> None:
    for each in unread:
        print(f"{each.uid_or_place}: {each.vi} / {each.en}", file=sys.stderr)
