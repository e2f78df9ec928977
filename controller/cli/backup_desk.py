"""What `loalang backup` and `loalang restore` do and say."""

import os
import sys
from pathlib import Path

from audio_library.store.address import open_store
from controller.cli.backup_passphrase import chosen_or_made
from controller.cli.voice_install import Progress
from controller.fleet.key_backup import open_keys, seal_keys
from controller.operations.backup import make_backup
from controller.operations.restore import Restored, restore_backup
from controller.settings import Settings
from controller.storage import backup_file
from controller.version import VERSION
from controller.wiring import utc_now


def make(settings: Settings, file: Path, passphrase: str | None) -> None:
    """Write a backup with progress on stderr; a passphrase that was made is printed once."""
    is_new = False
    if passphrase is None:
        passphrase, is_new = chosen_or_made()
    store = open_store(
        settings.blob_url, folder=settings.data_dir / "audio", environment=os.environ
    )
    # Where nobody watches, a line a percent would fill a mail of cron's.
    shown = Progress() if sys.stderr.isatty() else None
    told = shown.told if shown is not None else nobody_watches
    made = make_backup(settings, store, seal_keys, file, passphrase, VERSION, utc_now(), told)
    if shown is not None:
        shown.end()
    print(f"{file}: {made.bytes / 1e6:.1f} MB, {made.audio_files} tệp tiếng / audio files")
    if made.audio_elsewhere:
        print(f"  tiếng không nằm trong tệp / the audio is not inside: {made.audio_elsewhere}")
    if is_new:
        print("Mật khẩu của bản sao lưu, chỉ in một lần: chép ra giấy, cất xa máy này /")
        print("the backup's passphrase, printed once only: on paper, away from this machine:")
        print(f"  {passphrase}")
    if file.stat().st_dev == settings.data_dir.stat().st_dev:
        print("Hãy chép tệp này sang máy khác hay USB / copy it to another machine or a stick.")


def nobody_watches(_done: int, _total: int) -> None:
    """Progress that nobody sees."""


def look_at(file: Path, passphrase: str | None) -> int:
    """Say whether a backup is whole; gives the exit code."""
    found = backup_file.check(file, passphrase)
    head = found.head
    size = sum(m.bytes for m in found.members)
    print(f"{file}: {head.made_at}, Loa Làng {head.version}, {head.database}, {size / 1e6:.1f} MB")
    for name, value in head.settings.items():
        print(f"  {name} = {value}")
    for name in found.damaged:
        print(f"  hỏng / damaged: {name}")
    if found.damaged:
        print(f"{len(found.damaged)} tệp hỏng / damaged files")
        return 1
    seal = "mật khẩu đúng / the passphrase fits" if passphrase else "chưa thử mật khẩu / not tried"
    print(f"{len(found.members)} tệp nguyên vẹn / files, whole; {seal}")
    return 0


def put_back(
    settings: Settings,
    file: Path,
    passphrase: str,
    *,
    replace: bool,
    without_damaged: bool,
) -> None:
    """Restore, and say what comes next."""
    print(f"Đang kiểm tra {file} / checking…", file=sys.stderr, flush=True)
    done = restore_backup(
        settings,
        open_keys,
        file,
        passphrase,
        utc_now(),
        replace=replace,
        without_damaged=without_damaged,
    )
    head = done.backup.head
    print(f"{settings.data_dir}: đã khôi phục bản / restored from {head.made_at}")
    _what_is_left(done)
    print("Khi bộ điều khiển chạy lại / when the controller runs again:")
    print("  hộp loa tự nối lại, không cần đến nơi: máy này phải có tên hay địa chỉ cũ")
    print("  boxes connect by themselves, without a visit: this machine needs the old name or")
    print("  address, and these settings / và các thiết lập:")
    for name, value in head.settings.items():
        print(f"    {name} = {value}")
    print("  lịch mới đánh số theo đồng hồ, nên thay được lịch mà hộp loa đang giữ;")
    print("  plans are numbered by the clock, so the next one replaces what boxes hold;")
    print("  báo cáo phát sóng mà hộp còn giữ sẽ được gửi lại / spooled reports come again.")


def _what_is_left(done: Restored) -> None:
    if done.kept_aside:
        print(f"  dữ liệu cũ / the old data: {done.kept_aside}")
    if done.left_out:
        print(f"  {len(done.left_out)} tệp tiếng hỏng, bỏ lại / damaged audio files left out")
    if done.backup.head.audio != "file:":
        print(f"  tiếng ở / audio at: {done.backup.head.audio}")
    if done.dump:
        print("  cơ sở dữ liệu: tự nạp vào máy chủ trước khi chạy / load it into the server first:")
        print(f"    pg_restore --clean --if-exists --no-owner --dbname=… {done.dump}")
