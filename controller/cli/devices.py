"""`loalang devices`: boxes taken in by a code, moved, and taken out of service."""

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(
    no_args_is_help=True, help="Ghép nối, dời và cho máy nghỉ / pair, move and retire boxes."
)

Cluster = Annotated[str, typer.Argument(metavar="CỤM", help="Mã cụm loa / id of a cluster.")]
Code = Annotated[
    str, typer.Argument(metavar="MÃ", help="Bốn chữ đầu của mã / its first 4 letters.")
]
Device = Annotated[str, typer.Argument(metavar="MÁY", help="Mã máy / id of the box.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Cho máy cũ ở đó nghỉ / retire who stands there.")
]
Why = Annotated[str, typer.Option(help="Vì sao; được lưu lại / why; it is kept.")]


@app.command("list")
def list_all(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Máy đang chờ duyệt, rồi mọi máy / boxes that wait, then all boxes."""
    from controller.cli import device_desk

    device_desk.show(signed_in(url, user, password))


@app.command()
def invite(
    cluster: Cluster,
    minutes: Annotated[
        int, typer.Option(min=5, max=2880, help="Mã sống bao lâu / how long it lives.")
    ] = 60,
    sheet: Annotated[
        Path | None, typer.Option(help="Ghi tờ in có mã QR vào đây / write a sheet to print.")
    ] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Tạo mã ghép nối cho máy ở một cụm loa / make a pairing code for the box at a cluster."""
    from controller.cli import device_desk

    device_desk.invite(signed_in(url, user, password), cluster, minutes, sheet)


@app.command()
def approve(
    code: Code,
    replace: Replace = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Duyệt máy đang chờ, sau khi so dấu / approve a box, once its fingerprint was compared."""
    from controller.cli import device_desk

    device_desk.approve(signed_in(url, user, password), code, replace=replace)


@app.command()
def refuse(code: Code, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Từ chối máy đang chờ, hoặc bỏ mã / turn a box away, or take a code back."""
    signed_in(url, user, password).post(f"/devices/pairings/{code}/refuse")
    print("Đã từ chối / refused.")


@app.command()
def move(
    device: Device,
    cluster: Cluster,
    replace: Replace = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Dời máy sang cụm loa khác; máy vẫn phát / let a box stand elsewhere; it stays on air."""
    from controller.cli import device_desk

    device_desk.move(signed_in(url, user, password), device, cluster, replace=replace)


@app.command()
def retire(
    device: Device, why: Why, url: Url = HERE, user: User = OFFICER, password: Password = ""
) -> None:
    """Cho máy nghỉ; sổ phát vẫn còn / take a box out of service; its history stays."""
    signed_in(url, user, password).post(f"/devices/{device}/retire", {"why": why})
    print(f"{device}: đã cho nghỉ / retired.")


@app.command()
def revoke(
    device: Device, why: Why, url: Url = HERE, user: User = OFFICER, password: Password = ""
) -> None:
    """Thu hồi máy mất hay bị sao chép / believe nothing more of a stolen or copied box."""
    signed_in(url, user, password).post(f"/devices/{device}/revoke", {"why": why})
    print(f"{device}: đã thu hồi; không nối được nữa / revoked; it is let in no more.")


@app.command()
def confirm(device: Device, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Xác nhận đã chuyển thẻ sang máy khác / its card was put into another machine on purpose."""
    signed_in(url, user, password).post(f"/devices/{device}/confirm")
    print(f"{device}: đã xác nhận / confirmed.")
