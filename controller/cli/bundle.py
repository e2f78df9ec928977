"""`loalang bundle`: a stick for boxes without a network, on a running controller."""

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(no_args_is_help=True, help="USB cho hộp loa không có mạng / sticks for boxes.")

Folder = Annotated[
    Path, typer.Argument(metavar="THƯ_MỤC", help="Thư mục của USB / the stick's folder.")
]


@app.command()
def make(
    folder: Folder,
    box: Annotated[list[str] | None, typer.Option(help="Mã hộp; lặp lại được / box id.")] = None,
    village: Annotated[
        list[str] | None, typer.Option(help="Làng: mã hay xã/tên; lặp lại được / village.")
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Xã: mã hay tên / unit.")] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Ghi lịch, tiếng và biên nhận lên USB / write plans, audio and receipts on a stick."""
    from controller.cli.bundle_desk import make as run

    chosen = {"box": box or [], "village": village or [], "unit": unit or []}
    run(signed_in(url, user, password), folder, chosen)


@app.command()
def take(folder: Folder, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Nhận nhật ký phát từ USB, ghi biên nhận lên USB / take records back, leave receipts."""
    from controller.cli.bundle_desk import take as run

    raise SystemExit(run(signed_in(url, user, password), folder))
