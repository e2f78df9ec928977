"""`loalang boxes`: how each box is, what is set for it, and orders from whoever mends it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.box_desk import (
    MARKS,
    diagnosis_of,
    list_boxes,
    order_one,
    set_one,
    show_one,
)
from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(no_args_is_help=True, help="Máy ở các cụm loa / the boxes at the loudspeakers.")

STATE_DIR = "/var/lib/loalang-agent"
STICKS = "/media"
"""Where Debian's desktops, and `udisksctl mount`, put USB sticks."""
FOUND_BAD = 1

Code = Annotated[str, typer.Argument(metavar="MÁY", help="Mã máy / id of the box.")]
Wait = Annotated[
    float, typer.Option(min=0, max=600, help="Chờ máy trả lời bao nhiêu giây / seconds to wait.")
]


@app.command("list")
def list_all(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Mọi máy, mỗi máy một dòng / every box, a line each."""
    list_boxes(signed_in(url, user, password))


@app.command()
def show(box: Code, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Một máy: sức khoẻ, đồng hồ, lịch, dung lượng / one box: health, clock, plan, data."""
    show_one(signed_in(url, user, password), box)


@app.command()
def policy(
    box: Code,
    monthly_mb: Annotated[
        int | None,
        typer.Option("--data", min=0, help="MB mỗi tháng của SIM; 0: không giới hạn / MB a month."),
    ] = None,
    resets_on: Annotated[
        int, typer.Option(min=1, max=28, help="Ngày tính lại, cùng --data / day of the month.")
    ] = 1,
    off_peak: Annotated[
        list[str] | None,
        typer.Option(help="Giờ rẻ, cùng --data: 22:00-05:00; lặp lại được / cheap hours."),
    ] = None,
    delay_ms: Annotated[
        int | None, typer.Option(min=-2000, max=2000, help="Phát chậm lại / sound later, ms.")
    ] = None,
    clock_within_s: Annotated[
        int | None, typer.Option(min=1, max=3600, help="Giờ sai tối đa / clock within, s.")
    ] = None,
    fallback: Annotated[
        str | None,
        typer.Option(help="Mã đoạn tiếng khi máy thiếu tiếng; '' để im lặng / known sound's cart."),
    ] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Xem, hoặc đổi những gì ghi ra / show what is set, or change what is named."""
    form: dict[str, Any] = {}
    if monthly_mb is not None:
        hours = [_hours(each) for each in off_peak or ()]
        form["data"] = (
            {"monthly_mb": monthly_mb, "resets_on": resets_on, "off_peak": hours}
            if monthly_mb
            else None
        )
    given = {"delay_ms": delay_ms, "clock_within_s": clock_within_s, "fallback": fallback}
    form |= {name: value for name, value in given.items() if value is not None}
    set_one(signed_in(url, user, password), box, form)


@app.command()
def maintenance(
    box: Code,
    hours: Annotated[
        float, typer.Option(min=0, max=744, help="Bao nhiêu giờ kể từ bây giờ / hours from now.")
    ] = 2.0,
    why: Annotated[str, typer.Option(help="Làm việc gì / what is done.")] = "bảo trì",
    end: Annotated[bool, typer.Option("--end", help="Kết thúc ngay / it is over.")] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Cho máy im lặng khi có người làm ở loa; tự hết / silence while somebody works there."""
    until = (datetime.now().astimezone() + timedelta(hours=hours)).isoformat()
    form = {"maintenance": None if end else {"until": until, "why": why}}
    set_one(signed_in(url, user, password), box, form)


@app.command()
def tone(
    box: Code,
    seconds: Annotated[int, typer.Option(min=1, max=30, help="Bao lâu / how long.")] = 5,
    gain_db: Annotated[float, typer.Option(min=-60, max=0, help="To bao nhiêu / dB.")] = -20.0,
    wait: Wait = 60.0,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Phát âm thử ở một máy / sound a test tone at one box."""
    body = {"seconds": seconds, "gain_db": gain_db}
    _end(order_one(signed_in(url, user, password), box, "tone", body, wait))


@app.command()
def stop(
    box: Code,
    wait: Wait = 30.0,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Dừng tiếng đang phát ở một máy / stop what sounds at one box."""
    _end(order_one(signed_in(url, user, password), box, "stop", {}, wait))


@app.command()
def reboot(
    box: Code,
    wait: Wait = 60.0,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Khởi động lại máy khi không còn tiếng / start the machine anew, once nothing sounds."""
    _end(order_one(signed_in(url, user, password), box, "reboot", {}, wait))


@app.command()
def diagnose(
    box: Code,
    wait: Wait = 120.0,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Bảo máy tự kiểm tra rồi in kết quả / have the box look at itself, and print what it found."""
    found = diagnosis_of(signed_in(url, user, password), box, 0, wait)
    for check in found["checks"]:
        print(f"{MARKS[check['state']]} {check['vi']} / {check['en']} [{check['name']}]")
    _end(all(check["state"] != "bad" for check in found["checks"]))


@app.command("log")
def show_log(
    box: Code,
    lines: Annotated[int, typer.Option(min=1, max=400, help="Số dòng / lines.")] = 200,
    wait: Wait = 120.0,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Những dòng nhật ký cuối của máy / the last lines of the box's log."""
    for line in diagnosis_of(signed_in(url, user, password), box, lines, wait)["lines"]:
        print(line)


def add_box(url: str, user: str, password: str, cluster: str, public_key: str, out: Path) -> None:
    """Enrol the box that holds `public_key` at `cluster`; `out` gets its configuration."""
    from controller.fleet.box_config import BoxConfig
    from controller.mqtt.broker_files import write_private

    enrolled = signed_in(url, user, password).post(
        "/boxes", {"cluster": cluster, "public_key": public_key}
    )
    config = BoxConfig(
        did=enrolled["device"],
        state_dir=STATE_DIR,
        root_public=enrolled["root_public_key"],
        placement=enrolled["placement"],
        broker=enrolled["broker"],
        password=enrolled["password"],
        sticks=STICKS,
    )
    write_private(out, config.to_toml())
    print(f"{enrolled['device']}: {out}")


def _hours(text: str) -> dict[str, str]:
    since, _, until = text.partition("-")
    return {"since": since.strip(), "until": until.strip()}


def _end(went_well: bool) -> None:
    if not went_well:
        raise typer.Exit(FOUND_BAD)
