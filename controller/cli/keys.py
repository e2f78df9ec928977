"""`loalang keys`: who may order the loudspeakers; rotation, backup, the recovery sheet."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(
    no_args_is_help=True,
    help="Khoá: ai được ra lệnh cho loa; đổi khoá, sao lưu, phiếu khôi phục / keys.",
)

DataDir = Annotated[Path | None, typer.Option(help="Thư mục dữ liệu / data folder.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="Tệp có mật khẩu ở dòng đầu / file with the passphrase in its first line."),
]


class Which(StrEnum):
    """An own key."""

    OFFICE = "office"
    EMERGENCY = "emergency"


@app.command("list")
def list_keys(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Mọi khoá: đang ký, kế tiếp, cấp cho nơi khác, đã thu hồi / every key and its state."""
    from controller.cli import key_desk

    key_desk.show(signed_in(url, user, password))


@app.command()
def rotate(
    purpose: Annotated[Which | None, typer.Option(help="Một khoá thôi / only one.")] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Khoá mới ký ngay / the new key signs at once.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Tạo khoá kế tiếp và báo cho mọi loa / make the next keys and tell every box."""
    from controller.cli import key_desk

    api = signed_in(url, user, password)
    key_desk.change(api, "/keys/rotate", {"purpose": purpose and purpose.value, "now": now})


@app.command()
def grant(
    public: Annotated[str, typer.Option(help="Khoá công khai của nơi kia / their public key.")],
    kinds: Annotated[str, typer.Option(help="Được ký gì: alert,desired,cmd / may sign what.")],
    units: Annotated[
        list[str], typer.Option("--units", help="Cho đơn vị nào; lặp lại được / where, repeatable.")
    ],
    days: Annotated[int, typer.Option(min=1, max=400, help="Bao nhiêu ngày / how many days.")],
    name: Annotated[str, typer.Option(help="Của ai / whose key.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Cho khoá của nơi khác ra lệnh ở vài đơn vị / let another office order some boxes."""
    from controller.cli import key_desk

    asked = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    form = {"public": public, "name": name, "kinds": asked, "units": units, "days": days}
    key_desk.change(signed_in(url, user, password), "/keys/grants", form)


@app.command()
def revoke(
    kid: Annotated[str, typer.Argument(help="Tên khoá, xem `list` / name of the key.")],
    why: Annotated[str, typer.Option(help="Vì sao; được lưu lại / why; kept.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Thu hồi khoá; khoá của mình thì có khoá mới ngay / revoke; an own one is replaced at once."""
    from controller.cli import key_desk

    key_desk.change(signed_in(url, user, password), f"/keys/{kid}/revoke", {"why": why})


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="TỆP", help="Ghi vào đâu / where to.")],
    passphrase_file: PassphraseFile = None,
    data_dir: DataDir = None,
) -> None:
    """Ghi mọi khoá vào một tệp mã hoá, cả khi đang chạy / all keys in one sealed file."""
    from controller.cli import key_files

    key_files.back_up(key_files.chosen(data_dir), file, passphrase_file)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="TỆP", help="Bản sao lưu / the backup.")],
    passphrase_file: PassphraseFile = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Để khoá đang có sang bên / put other keys aside.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Lấy lại khoá; bộ điều khiển phải tắt / put keys back; the controller must be stopped."""
    from controller.cli import key_files

    key_files.put_back(key_files.chosen(data_dir), file, passphrase_file, replace=replace)


@app.command()
def sheet(
    file: Annotated[Path, typer.Argument(metavar="TỆP.html", help="Ghi vào đâu / where to.")],
    data_dir: DataDir = None,
) -> None:
    """Phiếu khôi phục để in; xoá tệp sau khi in / the recovery sheet, to print and delete."""
    from controller.cli import key_files

    key_files.write_sheet(key_files.chosen(data_dir), file)


@app.command()
def lock(data_dir: DataDir = None) -> None:
    """Xoá mã khôi phục khỏi máy; từ đó khoá gốc cần mã / the root key then needs the code."""
    from controller.cli import key_files

    key_files.lock(key_files.chosen(data_dir))


@app.command()
def unlock(data_dir: DataDir = None) -> None:
    """Để mã khôi phục lại trên máy / keep the code on this machine again."""
    from controller.cli import key_files

    key_files.unlock(key_files.chosen(data_dir))
