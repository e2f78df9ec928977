"""The files of the keys at a terminal: backup, restore, recovery sheet, lock and unlock."""

import contextlib
import os
import socket
import sys
from pathlib import Path

import typer

from controller.cli import backup_passphrase
from controller.cli.key_desk import asked_code
from controller.errors import SettingsWrong
from controller.fleet.authority import Authority, open_authority
from controller.fleet.key_backup import (
    KEYS,
    LARGEST_BYTES,
    read_pack,
    restore_keys,
    seal_keys,
)
from controller.fleet.key_folder import RING, ROOT, write_private
from controller.fleet.recovery_code import normal
from controller.fleet.recovery_sheet import recovery_sheet
from controller.settings import Settings
from controller.storage.database import held_alone
from controller.wiring import utc_now


def chosen(data_dir: Path | None) -> Settings:
    """Settings of this machine, with the data folder that was named."""
    return Settings() if data_dir is None else Settings(data_dir=data_dir)


def back_up(settings: Settings, file: Path, passphrase_file: Path | None) -> None:
    """Write one sealed file, private; a passphrase that was made is said once."""
    given, made = backup_passphrase.given(passphrase_file), False
    if given is None:
        given, made = backup_passphrase.chosen_or_made()
    sealed = seal_keys(settings.data_dir, given)
    write_private(file, sealed)
    print(f"{file}: {len(sealed)} B")
    if made:
        print(
            "Mật khẩu của bản này, chỉ in một lần; hãy chép ra giấy / its passphrase, printed "
            f"once only:\n  {given}"
        )


def put_back(
    settings: Settings, file: Path, passphrase_file: Path | None, *, replace: bool
) -> None:
    """Check first, then put the keys where they belong, while no controller runs."""
    with file.open("rb") as content:
        sealed = content.read(LARGEST_BYTES + 1)
    given = backup_passphrase.given(passphrase_file) or backup_passphrase.typed()
    pack = read_pack(sealed, given)
    path = settings.sqlite_path()
    with held_alone(path) if path else contextlib.nullcontext():
        aside = restore_keys(pack, settings.data_dir, utc_now() if replace else None)
    fingerprint = _open(settings).fingerprint
    print(f"Đã lấy lại khoá / keys are back: {settings.data_dir / KEYS}")
    print(f"Khoá gốc / root key: {fingerprint}")
    if aside is not None:
        print(f"Khoá cũ nằm ở / the former ones lie in: {aside}")


def write_sheet(settings: Settings, file: Path) -> None:
    """Write the sheet to a file that is not there yet, readable by its owner only."""
    authority = _open(settings)
    code = authority.keys.passphrase() or asked_code()
    authority.keys.root_by(code)
    page = recovery_sheet(
        normal(code), authority.fingerprint, socket.gethostname(), utc_now().astimezone()
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as sheet:
        sheet.write(page)
    print(
        f"{file}: hãy in hai bản rồi xoá tệp này; đừng gửi qua mạng.\n"
        f"{file}: print it twice, then delete this file; send it nowhere."
    )


def lock(settings: Settings) -> None:
    """Show the code once more, have it typed, and forget it."""
    authority = _open(settings)
    code = authority.keys.passphrase()
    if code is None:
        print("Khoá gốc đã khoá từ trước / the root key was locked before.")
        return
    print(
        "Mã khôi phục; sau bước này máy không còn giữ. Hãy in phiếu bằng `loalang keys sheet` "
        "trước, hoặc chép ra giấy.\nThe recovery code; this machine forgets it now. Print it "
        f"with `loalang keys sheet` first, or write it down.\n  {code}"
    )
    typed: str = typer.prompt("Gõ lại mã / type it again")
    authority.keys.lock(typed)
    if authority.keys.passphrase() is not None:
        print(
            "LOALANG_KEYS_PASSPHRASE_FILE vẫn mở khoá gốc / still opens the root key.",
            file=sys.stderr,
        )
        return
    print("Đã khoá: đổi khoá và ghép nối cần mã này / locked: changing keys and pairing need it.")


def unlock(settings: Settings) -> None:
    """Keep the code in the data folder, so that the office works unattended."""
    _open(settings).keys.unlock(asked_code())
    print("Đã mở: mã nằm trong thư mục khoá / unlocked: the code lies in the folder of the keys.")


def _open(settings: Settings) -> Authority:
    """The keys of a data folder that has some; raises `SettingsWrong`."""
    folder = settings.data_dir / KEYS
    if not any((folder / name).exists() for name in (RING, ROOT)):
        raise SettingsWrong(
            "keys_missing",
            f"Trong {folder} chưa có khoá nào; khoá được tạo khi bộ điều khiển chạy lần đầu.",
            f"There are no keys in {folder}; they are made when the controller first starts.",
        )
    return open_authority(folder, utc_now(), settings.keys_passphrase_file)
