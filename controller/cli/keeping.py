"""`loalang keeping` and `loalang lacks`, against a running controller."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(
    no_args_is_help=True, help="Giữ bao lâu, và xoá gì / how long things are kept, and what goes."
)


@app.command()
def show(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Mỗi loại giữ bao lâu / how long each kind is kept."""
    for kept in signed_in(url, user, password).get("/keeping"):
        print(_rule(kept))


@app.command("set")
def set_days(
    kind: Annotated[str, typer.Argument(help="Loại, như `keeping show` in / kind.")],
    days: Annotated[
        str, typer.Argument(help="Số ngày; never: không bao giờ tự xoá / days or never.")
    ],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Đổi thời hạn giữ / change a period."""
    if not (days == "never" or days.isdecimal()):
        raise typer.BadParameter("số ngày hoặc never / a number of days, or never")
    body = {"days": None if days == "never" else int(days)}
    print(_rule(signed_in(url, user, password).put(f"/keeping/{quote(kind, safe='')}", body)))


@app.command()
def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Chỉ xem, không xoá / only look.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Xoá ngay những gì đã hết thời hạn / delete now what has had its time."""
    done = signed_in(url, user, password).post("/keeping/purge", {"dry_run": dry_run})
    verb = "sẽ xoá / would go" if dry_run else "đã xoá / gone"
    for gone in done["gone"]:
        print(f"{gone['kind']}: {gone['count']}, {gone['bytes']} byte ({verb})")
    if not done["gone"]:
        print("Không có gì hết thời hạn / nothing has had its time.")
    if done["doubtful"]:
        print(
            f"Để nguyên {done['doubtful']} tệp không rõ: quá nhiều, hãy xem lại cơ sở dữ liệu / "
            f"{done['doubtful']} unknown files left: too many, check the database."
        )


def lacks(
    unit: Annotated[
        str | None, typer.Option(help="Mã đơn vị; bỏ trống: mọi nơi / unit id or code.")
    ] = None,
    english: Annotated[bool, typer.Option("--english", help="Tiếng Anh / in English.")] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Hôm nay còn thiếu gì: mỗi việc một dòng, gấp nhất trước / what is lacking today."""
    path = "/lacks" + (f"?{urlencode({'unit': unit})}" if unit else "")
    lines = signed_in(url, user, password).get(path)["lines"]
    for line in lines:
        print(line["en"] if english else line["vi"])
    if not lines:
        print("Nothing is lacking." if english else "Không thiếu gì.")


def _rule(kept: dict[str, Any]) -> str:
    days = "—" if kept["days"] is None else str(kept["days"])
    by = f" [{kept['set_by']}]" if kept["set_by"] else ""
    return f"{kept['kind']:<20} {days:>6}  {kept['vi']} / {kept['en']}{by}"
