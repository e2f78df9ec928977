"""`loalang backup` and `loalang restore`: one file with all that an office would miss."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from controller.settings import Settings

DataDir = Annotated[Path | None, typer.Option(help="Thư mục dữ liệu / data folder.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="Tệp có mật khẩu của bản sao lưu / file with the backup's passphrase."),
]


def backup(
    file: Annotated[Path, typer.Argument(metavar="TỆP", help="Bản sao lưu / the backup.")],
    passphrase_file: PassphraseFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Chỉ kiểm tra tệp này / only look whether it is whole.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Sao lưu cơ sở dữ liệu, khoá và tiếng, cả khi đang chạy / back up, also while it runs."""
    from controller.cli import backup_desk
    from controller.cli.backup_passphrase import given

    if check:
        raise SystemExit(backup_desk.look_at(file, given(passphrase_file)))
    backup_desk.make(_settings(data_dir), file, given(passphrase_file))


def restore(
    file: Annotated[Path, typer.Argument(metavar="TỆP", help="Bản sao lưu / the backup.")],
    passphrase_file: PassphraseFile = None,
    data_dir: DataDir = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Thay dữ liệu đang có, cất nó / replace data, keep it."),
    ] = False,
    without_damaged: Annotated[
        bool,
        typer.Option("--without-damaged", help="Bỏ tệp tiếng hỏng / leave damaged audio out."),
    ] = False,
) -> None:
    """Khôi phục từ bản sao lưu, khi bộ điều khiển đã tắt / restore, the controller stopped."""
    from controller.cli import backup_desk
    from controller.cli.backup_passphrase import given, typed

    backup_desk.put_back(
        _settings(data_dir),
        file,
        given(passphrase_file) or typed(),
        replace=replace,
        without_damaged=without_damaged,
    )


def _settings(data_dir: Path | None) -> "Settings":
    from controller.settings import Settings

    return Settings() if data_dir is None else Settings(data_dir=data_dir)
