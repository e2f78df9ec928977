"""`loalang alert`: raise, update, end, try out and watch alerts, on a running controller."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

if TYPE_CHECKING:
    from controller.cli.alert_desk import Desk

app = typer.Typer(no_args_is_help=True, help="Báo động khẩn cấp / emergency alerts.")
clips = typer.Typer(no_args_is_help=True, help="Đoạn phát sẵn trên hộp loa / clips on the boxes.")
app.add_typer(clips, name="clips")

AlertId = Annotated[str, typer.Argument(metavar="MÃ", help="Mã báo động / id of the alert.")]
Scope = Annotated[
    list[str],
    typer.Option(help="Mã, mã số hay tên tỉnh, xã, thôn; lặp lại được / where: id, code or name."),
]
MaybeScope = Annotated[list[str] | None, typer.Option(help="Vùng mới, trọn vẹn / the new area.")]
Hazard = Annotated[str, typer.Option(help="Hiểm hoạ / hazard: flash_flood, landslide, storm…")]
MaybeHazard = Annotated[str | None, typer.Option(help="Hiểm hoạ khác / another hazard.")]
Languages = Annotated[
    str, typer.Option(metavar="vi,bdq", help="Các tiếng, theo thứ tự / languages, in order.")
]
Minutes = Annotated[int, typer.Option(min=1, max=1440, help="Tự hết sau bao lâu / its life.")]
MaybeMinutes = Annotated[
    int | None, typer.Option(min=1, max=1440, help="Kể từ bây giờ / from now on.")
]
Severity = Annotated[
    str | None, typer.Option(help="extreme | severe | moderate | minor; bỏ trống: theo hiểm hoạ.")
]
Level = Annotated[str, typer.Option(help="Cấp độ: 3, risk_high, fire_5… / level.")]
When = Annotated[str, typer.Option(help="Khi nào: now, next_hours, tonight… / when.")]
Since = Annotated[str, typer.Option(metavar="HH:MM", help="Từ lúc / from.")]
Until = Annotated[str, typer.Option(metavar="HH:MM", help="Đến lúc / until.")]
Wind = Annotated[int | None, typer.Option(min=0, help="Cấp gió / wind level.")]
Rain = Annotated[int | None, typer.Option(min=0, help="Mưa, mi li mét / rain in mm.")]
Instructions = Annotated[
    str, typer.Option(metavar="a,b", help="Việc cần làm; bỏ trống: theo hiểm hoạ / what to do.")
]
Source = Annotated[str, typer.Option(help="Nguồn tin: commune, province, hydromet… / source.")]
Place = Annotated[str, typer.Option(metavar="a,b", help="Nơi: along_stream… / places besides.")]
Repeat = Annotated[
    int | None, typer.Option(min=0, max=1440, help="Phút giữa hai lần nói; 0: một lần / repeats.")
]
Siren = Annotated[int | None, typer.Option(min=0, max=30, help="Giây còi / seconds of siren.")]
Authorised = Annotated[str, typer.Option(help="Ai cho phép / who authorised it.")]
Why = Annotated[str, typer.Option(help="Vì sao / why.")]
Without = Annotated[
    bool, typer.Option("--without-missing", help="Bỏ tiếng chưa nói được / leave those out.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Không hỏi lại / do not ask.")]
Watch = Annotated[
    bool, typer.Option("--watch/--no-watch", help="Theo dõi từng hộp loa / watch box by box.")
]


@app.command("raise")
def raise_(
    scope: Scope,
    hazard: Hazard,
    authorised_by: Authorised,
    reason: Why,
    languages: Languages = "",
    minutes: Minutes = 60,
    severity: Severity = None,
    level: Level = "",
    when: When = "",
    since: Since = "",
    until: Until = "",
    wind: Wind = None,
    rain: Rain = None,
    instructions: Instructions = "",
    source: Source = "",
    place: Place = "",
    repeat_minutes: Repeat = None,
    siren_seconds: Siren = None,
    supersedes: Annotated[
        list[str] | None, typer.Option(help="Thay cho báo động này / ends that alert.")
    ] = None,
    without_missing: Without = False,
    yes: Yes = False,
    watch: Watch = True,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Phát báo động: cho xem trước từng tiếng, hỏi lại, rồi theo dõi / raise an alert."""
    form = _form(
        scopes=scope,
        hazard=hazard,
        minutes=minutes,
        languages=_listed(languages),
        severity=severity,
        level=_listed(level),
        when=_listed(when),
        since=since,
        until=until,
        wind=wind,
        rain_mm=rain,
        instructions=_listed(instructions),
        source=source,
        places=_listed(place),
        repeat_minutes=repeat_minutes,
        siren_seconds=siren_seconds,
        supersedes=supersedes or [],
        without_missing=without_missing,
        authorised_by=authorised_by,
        reason=reason,
    )
    _desk(url, user, password).raise_alert(form, yes=yes, watch=watch)


@app.command()
def update(
    alert: AlertId,
    reason: Why,
    scope: MaybeScope = None,
    hazard: MaybeHazard = None,
    languages: Languages = "",
    minutes: MaybeMinutes = None,
    severity: Severity = None,
    level: Level = "",
    when: When = "",
    since: Since = "",
    until: Until = "",
    wind: Wind = None,
    rain: Rain = None,
    instructions: Instructions = "",
    source: Source = "",
    place: Place = "",
    repeat_minutes: Repeat = None,
    siren_seconds: Siren = None,
    authorised_by: Authorised = "",
    without_missing: Without = False,
    yes: Yes = False,
    watch: Watch = True,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Cập nhật: nói lời mới, lời cũ ngừng ngay / say it anew; what is left out stays as it was."""
    form = _form(
        scopes=scope,
        hazard=hazard,
        minutes=minutes,
        languages=_listed(languages),
        severity=severity,
        level=_listed(level),
        when=_listed(when),
        since=since,
        until=until,
        wind=wind,
        rain_mm=rain,
        instructions=_listed(instructions),
        source=source,
        places=_listed(place),
        repeat_minutes=repeat_minutes,
        siren_seconds=siren_seconds,
        without_missing=without_missing,
        authorised_by=authorised_by,
        reason=reason,
    )
    _desk(url, user, password).update(alert, form, yes=yes, watch=watch)


@app.command()
def end(
    alert: AlertId,
    reason: Why,
    all_clear: Annotated[
        bool, typer.Option("--all-clear", help="Loa nói một lần: nguy hiểm đã qua / say so once.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Kết thúc ngay ở mọi nơi / end it everywhere at once."""
    _desk(url, user, password).end(alert, reason, all_clear=all_clear)


@app.command("test")
def try_out(
    scope: Scope,
    languages: Languages = "",
    minutes: Annotated[int, typer.Option(min=1, max=30, help="Hạn / its life.")] = 10,
    yes: Yes = False,
    watch: Watch = True,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Thử hệ thống: lời riêng, không bao giờ có còi / try it out: other words, never a siren."""
    form = _form(scopes=scope, test=True, minutes=minutes, languages=_listed(languages))
    _desk(url, user, password).raise_alert(form, yes=yes, watch=watch)


@app.command("list")
def show(
    standing: Annotated[
        bool, typer.Option("--standing", help="Chỉ báo động còn hiệu lực / only those that stand.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Các báo động, mới nhất trước / alerts, the newest first."""
    _desk(url, user, password).show(standing=standing)


@app.command()
def board(
    alert: AlertId,
    watch: Annotated[bool, typer.Option("--watch", help="Theo dõi tiếp / go on watching.")] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Từng hộp loa: đã nhận, đang phát, đã phát, im và vì sao / box by box."""
    desk = _desk(url, user, password)
    if watch:
        desk.watch(alert)
    else:
        desk.board(alert)


@app.command()
def review(
    alert: AlertId,
    text: Annotated[str, typer.Option(help="Nhận xét / what is to be said of it.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Nhận xét sau báo động, trong vòng 24 giờ / review it afterwards, within 24 hours."""
    _desk(url, user, password).review(alert, text)


@clips.command("list")
def list_clips(
    languages: Languages = "vi",
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Mỗi hiểm hoạ nói gì khi không ai ra lệnh được / what boxes hold of each hazard."""
    _desk(url, user, password).clips(_listed(languages))


@clips.command("set")
def set_clip(
    hazard: Annotated[str, typer.Argument(metavar="HIỂM_HOẠ", help="hazard, all_clear, test")],
    language: Annotated[str, typer.Argument(metavar="TIẾNG", help="Mã tiếng / language tag.")],
    cart: Annotated[str, typer.Argument(metavar="MÃ_CART", help="loalang carts list.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Dùng bản thu này thay cho các câu ghép / have a recording heard in place of phrases."""
    signed_in(url, user, password).put(f"/alerts/clips/{hazard}/{language}", {"cart": cart})


@clips.command()
def clear(
    hazard: Annotated[str, typer.Argument(metavar="HIỂM_HOẠ", help="hazard, all_clear, test")],
    language: Annotated[str, typer.Argument(metavar="TIẾNG", help="Mã tiếng / language tag.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Bỏ bản thu, trở lại các câu ghép / back to phrases."""
    signed_in(url, user, password).delete(f"/alerts/clips/{hazard}/{language}")


def _desk(url: str, user: str, password: str) -> "Desk":
    from controller.cli.alert_desk import Desk

    return Desk(signed_in(url, user, password))


def _form(**given: Any) -> dict[str, Any]:
    from controller.cli.alert_desk import form_of

    return form_of(given)


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
