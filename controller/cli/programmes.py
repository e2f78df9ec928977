"""`loalang programmes`: calendars (.ics) and the programmes that come of them."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

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
    from schedules.calendar_lines import MOST_BYTES
    from schedules.calendar_window import taking_place
    from schedules.errors import NonexistentWindow, ScheduleError
    from schedules.types import time_zone

    home = time_zone(zone)
    first, last = _instant(since, home), _instant(until, home)
    if last < first:
        raise NonexistentWindow(first, last)
    try:
        with file.open("rb") as opened:
            calendar = read_calendar(opened.read(MOST_BYTES + 1), zone)
        found, too_long = taking_place(calendar.events, first, last)
    except ScheduleError as error:
        print(f"{file}: {error.vi}\n{file}: {error.en}", file=sys.stderr)
        raise typer.Exit(UNREADABLE) from None
    for note in (*calendar.unread, *too_long):
        print(_printable(f"{note.uid_or_place}: {note.vi} / {note.en}"), file=sys.stderr)
    if as_json:
        rows = [
            {"uid": each.uid, "start": each.start.isoformat(), "end": each.end.isoformat()}
            for each in found
        ]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for each in found:
            when = f"{each.start:%d/%m/%Y %H:%M} – {each.end:%d/%m %H:%M %Z}"
            print(f"{when}  {_printable(each.title)}".rstrip())
    if len(too_long) == len(calendar.events) and (too_long or calendar.unread):
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


def _printable(text: str) -> str:
    """On one line, and without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _instant(said: str, home: ZoneInfo) -> datetime:
    """A date is its midnight at home; a time without an offset is one at home."""
    from schedules.errors import DateOutOfRange
    from schedules.timing import FIRST_YEAR, LAST_YEAR

    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise typer.BadParameter(
            f"{said!r}: cần ngày hoặc thời điểm ISO 8601 / needs an ISO 8601 date or instant"
        ) from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR + 1:
        raise DateOutOfRange(at.date())
    return at if at.tzinfo else at.replace(tzinfo=home)
