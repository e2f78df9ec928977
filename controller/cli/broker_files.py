"""`loalang broker-files`: what a mosquitto that is not our child needs from this office."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from controller.cli.backup import DataDir
from controller.errors import SettingsWrong


def broker_files(
    folder: Annotated[
        Path, typer.Argument(metavar="THƯ_MỤC", help="Nơi mosquitto đọc / where mosquitto reads.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Ghi tệp cho mosquitto ngoài: CA, CRL, ACL, mật khẩu / files for a mosquitto of its own."""
    from controller.settings import Settings

    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    password = urlsplit(settings.broker_url).password
    if not password:
        raise SettingsWrong(
            "broker_password_needed",
            "LOALANG_BROKER_URL phải có mật khẩu, ví dụ mqtt://controller:…@127.0.0.1:1883. "
            "Chưa ghi gì.",
            "LOALANG_BROKER_URL needs a password, for example mqtt://controller:…@127.0.0.1:1883. "
            "Nothing was written.",
        )
    _write(settings.data_dir / "ca", settings.sqlalchemy_url(), folder, password)
    print(f"{folder}: hãy bảo mosquitto đọc lại / tell mosquitto to read it: kill -HUP")


def _write(ca: Path, database_url: str, folder: Path, password: str) -> None:
    from controller.access.passwords import hash_box_password
    from controller.mqtt import broker_files as files
    from controller.operations.box_certificates import shut_out
    from controller.operations.enrol_device import broker_accounts
    from controller.storage.database import Database
    from controller.wiring import utc_now

    if not (ca / "crl.pem").exists():
        raise SettingsWrong(
            "no_certificates",
            f"Chưa có {ca}: hãy chạy bộ điều khiển với LOALANG_TLS=own một lần. Chưa ghi gì.",
            f"There is no {ca} yet: run the controller once with LOALANG_TLS=own. "
            "Nothing was written.",
        )
    database = Database(database_url)
    try:
        with database.read() as session:
            accounts, gone = broker_accounts(session), shut_out(session, utc_now())
    finally:
        database.close()
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    office = {files.CONTROLLER_USER: hash_box_password(password)}
    files.write_users(folder, {**office, **accounts}, gone)
    for name in ("ca.pem", "server.pem", "server.key", "crl.pem"):
        files.write_private(folder / name, (ca / name).read_text("ascii"))
    for name in ("passwd", "acl", "ca.pem", "server.pem", "server.key", "crl.pem"):
        # The folder's group is the broker's: see deploy/controller/mosquitto.conf.
        (folder / name).chmod(0o640)
