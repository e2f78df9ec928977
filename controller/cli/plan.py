"""`loalang plan`, against a running controller."""

import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from controller.cli import plan_text
from controller.cli.plan_script import alert, moment, step, stretch
from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(
    no_args_is_help=True,
    help="Lịch của làng: sẽ phát gì, vì sao, nếu có sự cố / what is planned, why, and what if.",
)

Village = Annotated[
    str, typer.Option(help="Mã, tên, xã/tên hay mã xã/tên / id, name, commune or its code/name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="In JSON / print JSON.")]
English = Annotated[bool, typer.Option("--english", help="Tiếng Anh / in English.")]


def _spans(what: str) -> Any:
    """An option that takes stretches of time, as often as one likes."""
    example = "2026-11-23T05:00/2026-11-23T07:00"
    return typer.Option(metavar="TỪ/ĐẾN", help=f"{what}: {example}")


class Language(StrEnum):
    """In which language reasons are printed."""

    VI = "vi"
    EN = "en"


@app.command()
def show(
    village: Village,
    since: Annotated[str, typer.Option(help="Từ ngày, bỏ trống: hôm nay / first date.")] = "",
    days: Annotated[int, typer.Option(min=1, max=31, help="Số ngày / days.")] = 1,
    week: Annotated[bool, typer.Option("--week", help="Bảy ngày / seven days.")] = False,
    as_json: AsJson = False,
    english: English = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Lịch phát của một làng / what a village will hear."""
    asked = {"village": village, "days": str(7 if week else days)}
    if since:
        asked["since"] = _date(since)
    found = signed_in(url, user, password).get(f"/plan/calendar?{urlencode(asked)}")
    print(_json(found) if as_json else plan_text.calendar(found, _tag(english)))


@app.command()
def explain(
    village: Village,
    at: Annotated[str, typer.Option(help="Lúc, giờ tại chỗ / local time: 2026-11-23T05:30.")],
    subject: Annotated[
        str, typer.Option(help="Mã hoặc tên chương trình, bản tin / id or title.")
    ] = "",
    if_alert: Annotated[
        str, typer.Option("--alert", metavar="LÚC,PHÚT", help="Giả sử có báo động / imagine one.")
    ] = "",
    as_json: AsJson = False,
    english: English = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Vì sao phát, vì sao không / why something is heard or not, then or in time to come."""
    asked = {"village": village, "at": moment(at), "subject": subject}
    if if_alert:
        imagined = alert(if_alert)
        asked |= {"alert_at": imagined["at"], "alert_minutes": str(imagined["minutes"])}
    said = signed_in(url, user, password).get(f"/plan/explain?{urlencode(asked)}")
    print(_json(said) if as_json else plan_text.explanation(said, _tag(english)))


@app.command()
def simulate(
    since: Annotated[str, typer.Option(help="Từ ngày / first date.")],
    village: Annotated[
        str | None, typer.Option(help="Một làng / one village; hoặc --unit.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Mã hay tên xã / a whole commune.")] = None,
    days: Annotated[int, typer.Option(min=1, max=31, help="Số ngày / days.")] = 7,
    outage: Annotated[list[str] | None, _spans("Mất mạng / no network")] = None,
    power_cut: Annotated[list[str] | None, _spans("Mất điện / no power")] = None,
    clock_untrusted: Annotated[
        list[str] | None, _spans("Đồng hồ chưa đúng / time not known")
    ] = None,
    kill_switch: Annotated[list[str] | None, _spans("Ngắt loa / silenced by its switch")] = None,
    clock_step: Annotated[
        list[str] | None,
        typer.Option(metavar="TỪ/ĐẾN,GIÂY", help="Đồng hồ sai mà máy vẫn tin / wrong clock."),
    ] = None,
    alerts: Annotated[
        list[str] | None,
        typer.Option("--alert", metavar="LÚC,PHÚT", help="Báo động / an alert."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(help="Mã bản tin không bao giờ tải được / never arrives.")
    ] = None,
    rtc: Annotated[bool, typer.Option("--rtc", help="Máy giữ được giờ khi mất điện.")] = False,
    silent_only: Annotated[
        bool, typer.Option("--silent-only", help="Chỉ in mục không phát trọn / only what failed.")
    ] = False,
    as_json: AsJson = False,
    english: English = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Cho cả tuần chạy lại trong vài giây, có sự cố / a week replayed, with things going wrong."""
    form: dict[str, Any] = {
        "village": village,
        "unit": unit,
        "since": _date(since),
        "days": days,
        "outages": [stretch(s) for s in outage or ()],
        "power_cuts": [stretch(s) for s in power_cut or ()],
        "clock_untrusted": [stretch(s) for s in clock_untrusted or ()],
        "kill_switch": [stretch(s) for s in kill_switch or ()],
        "clock_steps": [step(s) for s in clock_step or ()],
        "alerts": [alert(a) for a in alerts or ()],
        "missing": missing or [],
        "rtc": rtc,
    }
    replayed = signed_in(url, user, password).post("/plan/replay", form)
    if as_json:
        print(_json(replayed))
    else:
        print(plan_text.replayed(replayed, _tag(english), silent_only=silent_only))


@app.command()
def daysheet(
    village: Village,
    day: Annotated[str, typer.Option("--date", help="Ngày, bỏ trống: hôm nay / date.")] = "",
    html: Annotated[
        Path | None, typer.Option(help="Ghi trang in A4 / write the printable page here.")
    ] = None,
    as_json: AsJson = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Phiếu phát thanh trong ngày của trưởng làng / the day sheet of a village head."""
    api = signed_in(url, user, password)
    asked = {"village": village} | ({"day": _date(day)} if day else {})
    sheet = api.get(f"/plan/daysheet?{urlencode(asked)}")
    if html is not None:
        where = f"/lang/{quote(sheet['village_id'], safe='')}/ngay/{sheet['day']}?tep=1"
        html.write_bytes(api.page(where))
        print(f"Đã ghi {html} / written")
        return
    print(_json(sheet) if as_json else plan_text.day_sheet(sheet))


def _tag(english: bool) -> Language:
    return Language.EN if english else Language.VI


def _json(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2)


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(
            f"ngày {text!r} cần ghi như 2026-11-23 / a date looks like 2026-11-23"
        ) from None
