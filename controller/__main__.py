"""The command `loalang`. Heavy parts are imported by the command that needs them."""

import errno
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import (
    airtime,
    alarms,
    alert,
    backup,
    box_updates,
    boxes,
    broker_files,
    bundle,
    calendar,
    carts,
    clusters,
    devices,
    keeping,
    keys,
    lexicon,
    phrases,
    plan,
    priority,
    programmes,
    recordings,
    relays,
    voices,
)
from controller.cli.signed_in import HERE, OFFICER, Password, Url, User
from controller.errors import ControllerError

app = typer.Typer(
    name="loalang",
    help="Loa Làng: loa truyền thanh nhiều thứ tiếng / village loudspeakers in many languages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(voices.app, name="voices")
app.add_typer(bundle.app, name="bundle")
app.add_typer(lexicon.app, name="lexicon")
app.add_typer(phrases.app, name="phrases")
app.add_typer(carts.app, name="carts")
app.add_typer(relays.app, name="relays")
app.add_typer(priority.app, name="priority")
app.add_typer(keeping.app, name="keeping")
app.add_typer(keys.app, name="keys")
app.command()(keeping.lacks)
app.command()(alarms.alarms)
app.add_typer(alert.app, name="alert")
app.add_typer(recordings.app, name="recordings")
app.add_typer(programmes.app, name="programmes")
app.add_typer(plan.app, name="plan")
app.add_typer(airtime.app, name="airtime")
app.add_typer(calendar.app, name="calendar")
app.add_typer(clusters.app, name="clusters")
app.add_typer(boxes.app, name="boxes")
devices.app.command("update")(box_updates.update)
app.add_typer(devices.app, name="devices")
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(broker_files.broker_files)

CANNOT = 2
INTERRUPTED = 130

OS_ERRORS_VI = {
    errno.ENOENT: "không có tệp hay thư mục này",
    errno.EACCES: "không có quyền",
    errno.EISDIR: "đây là thư mục, cần một tệp",
    errno.ENOTDIR: "đường dẫn đi qua một tệp, không phải thư mục",
    errno.ENOSPC: "đĩa đã đầy",
    errno.EROFS: "đĩa chỉ cho đọc",
}


class Region(StrEnum):
    """Whose way of saying numbers is read."""

    NORTH = "north"
    CENTRAL = "central"
    SOUTH = "south"


class Player(StrEnum):
    """What turns files into sound in the demonstration."""

    VIRTUAL = "virtual"
    MPV = "mpv"


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Làm một lần rồi thôi / run once.")] = False,
    bulletin: Annotated[
        Path | None, typer.Option(help="Tệp bản tin UTF-8 / bulletin file, UTF-8.")
    ] = None,
    villages: Annotated[int, typer.Option(min=1, max=30, help="Số làng / villages.")] = 3,
    village: Annotated[
        list[str] | None,
        typer.Option(help="Chỉ làng này: mã, hay xã/tên; lặp lại được / only this village."),
    ] = None,
    delay: Annotated[
        float,
        typer.Option(
            min=1, max=3600, help="Giây chờ sau khi mọi làng có tiếng / after all hold the audio."
        ),
    ] = 6.0,
    player: Annotated[Player, typer.Option(help="virtual | mpv")] = Player.VIRTUAL,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Ghi kết quả / write the result here.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Cổng HTTP, 0: cổng trống.")] = 0,
) -> None:
    """Trình diễn cả chặng đường trên máy này / the whole way on this machine."""
    from controller import log_setup
    from controller.cli.demo import DemoOptions
    from controller.cli.demo import demo as run

    log_setup.set_up(level=log_setup.QUIET)
    options = DemoOptions(
        once, bulletin, villages, tuple(village or ()), delay, player.value, json_file, port
    )
    raise SystemExit(run(options))


@app.command()
def serve(
    data_dir: Annotated[Path | None, typer.Option(help="Thư mục dữ liệu / data folder.")] = None,
    host: Annotated[str | None, typer.Option(help="Địa chỉ HTTP / HTTP address.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Cổng HTTP / port.")] = None,
    sample: Annotated[
        int, typer.Option(min=0, max=30, help="Thêm làng mẫu / add so many sample villages.")
    ] = 0,
) -> None:
    """Chạy bộ điều khiển / run the controller; all other settings: LOALANG_… variables."""
    import uvloop

    from controller import log_setup
    from controller.cli.serve import serve as run
    from controller.settings import Settings

    log_setup.set_up()
    given = {"data_dir": data_dir, "http_host": host, "http_port": port}
    if "LOALANG_PREPARE_PHRASES" not in os.environ:
        given["prepare_phrases"] = True
    settings = Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    uvloop.run(run(settings, sample_villages=sample))


@app.command()
def wording(
    source: Annotated[str, typer.Argument(metavar="[TỆP|-]")] = "-",
    spans: Annotated[
        bool, typer.Option("--spans", help="JSON: từng chỗ và quy tắc đọc / every reading, why.")
    ] = False,
    dialect: Annotated[Region, typer.Option(help="Giọng vùng / whose numerals.")] = Region.NORTH,
    lexicon_file: Annotated[
        Path | None, typer.Option("--lexicon", help="Tệp TSV: chữ, lời đọc / written, spoken.")
    ] = None,
) -> None:
    """Mỗi dòng vào, một dòng loa sẽ đọc / one line in, its spoken form out."""
    from audio_library.wording.dialect import Dialect
    from controller.cli.wording import wording as run

    path = None if source == "-" else Path(source)
    run(path, spans=spans, dialect=Dialect(dialect.value), lexicon_file=lexicon_file)


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="Câu cần đọc; - để đọc từ stdin / the text.")],
    lang: Annotated[str, typer.Option(help="Mã tiếng / language tag.")] = "vi",
    out: Annotated[Path, typer.Option("-o", "--out", help="Tệp Ogg/Opus.")] = Path("loa.opus"),
    voice_id: Annotated[str | None, typer.Option("--voice", help="Giọng / voice id.")] = None,
) -> None:
    """Đọc một câu ra tệp âm thanh / read a text into an audio file."""
    from controller.cli import voice

    voice.say(sys.stdin.buffer.read() if text == "-" else text, lang, out, voice_id)


class Tone(StrEnum):
    """For which loudspeaker a file is mastered."""

    HORN = "horn"
    PLAIN = "plain"


@app.command()
def master(
    source: Annotated[Path, typer.Argument(metavar="TỆP", help="Tệp âm thanh / a sound file.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Tệp ra / the file to write.")],
    preset: Annotated[
        Tone, typer.Option(help="Cho loa nén hay loa thường / for which loudspeaker.")
    ] = Tone.HORN,
    mp3: Annotated[bool, typer.Option("--mp3", help="MP3 thay cho Ogg/Opus.")] = False,
    peaks: Annotated[
        Path | None, typer.Option(help="Ghi dạng sóng (JSON) / write the waveform here.")
    ] = None,
    chime: Annotated[bool, typer.Option(help="Chuông đầu và cuối / a chime at both ends.")] = True,
) -> None:
    """Chỉnh một tệp âm thanh cho vừa loa: −16 LUFS / make a sound file ready for air."""
    from audio_library.mastering.preset import Preset
    from controller.cli.master import master as run

    run(source, out, Preset(preset.value), peaks, mp3=mp3, chime=chime)


@app.command("add-box")
def add_box(
    cluster: Annotated[str, typer.Argument(help="Mã cụm loa / cluster id.")],
    public_key: Annotated[
        str, typer.Argument(help="Khoá do `loalang-agent init` in ra / its key.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Tệp cấu hình / configuration file.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Nhận một hộp loa vào mạng / take a box into the fleet."""
    from controller.cli.boxes import add_box as run

    run(url, user, password, cluster, public_key, out)


@app.command("add-account")
def add_account(
    name: Annotated[str, typer.Argument(help="Tên đăng nhập của người mới / the new name.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Thêm một người làm việc / add a person who signs in."""
    from controller.cli.accounts import add_account as run

    run(url, user, password, name)


@app.command("first-account")
def first_account(
    data_dir: Annotated[Path | None, typer.Option(help="Thư mục dữ liệu / data folder.")] = None,
) -> None:
    """Tạo tài khoản đầu tiên trước lần chạy đầu / make the first account before the first start."""
    from controller.cli.accounts import first_account as run
    from controller.settings import Settings

    run(Settings() if data_dir is None else Settings(data_dir=data_dir))


@app.command()
def simulate(
    agents: Annotated[int, typer.Option(min=1, max=10_000, help="Số hộp loa / boxes.")] = 100,
    seconds: Annotated[
        float, typer.Option(min=1, max=3600, help="Chạy bao lâu / for how long.")
    ] = 30.0,
    alone: Annotated[
        bool,
        typer.Option("--alone", help="Tự mở bộ điều khiển trong thư mục tạm / own controller."),
    ] = False,
    play_every: Annotated[
        float,
        typer.Option(min=0, max=3600, help="Giây giữa hai lệnh phát, với --alone; 0: không / s."),
    ] = 10.0,
    url: Url = HERE,
    user: User = OFFICER,
    password: Annotated[
        str, typer.Option(envvar="LOALANG_PASSWORD", help="Mật khẩu / password.")
    ] = "",
    beyond_this_machine: Annotated[
        bool, typer.Option("--beyond-this-machine", help="Cho phép máy khác / not only loopback.")
    ] = False,
    script: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Tệp kịch bản lỗi / script of faults."),
    ] = None,
    real_audio: Annotated[
        bool, typer.Option("--real-audio", help="Tải tệp tiếng thật / truly fetch audio files.")
    ] = False,
    fetch_all: Annotated[
        bool, typer.Option("--fetch-all", help="Hộp nào cũng tự tải / every box fetches itself.")
    ] = False,
) -> None:
    """Mô phỏng nhiều hộp loa / a fleet of simulated boxes, which ends by itself."""
    from controller import log_setup
    from controller.cli.simulate import SimulateOptions
    from controller.cli.simulate import simulate as run

    log_setup.set_up(level=log_setup.QUIET)
    options = SimulateOptions(
        agents,
        seconds,
        alone,
        play_every,
        url,
        user,
        password,
        beyond_this_machine,
        script,
        real_audio,
        fetch_all,
    )
    raise SystemExit(run(options))


@app.command("rebuild-log")
def rebuild_log(
    data_dir: Annotated[Path | None, typer.Option(help="Thư mục dữ liệu / data folder.")] = None,
) -> None:
    """Dựng lại nhật ký phát từ mọi báo cáo đã nhận / make the as-run log anew from all reports."""
    from controller.cli.rebuild_log import rebuild_log as run
    from controller.settings import Settings

    run(Settings() if data_dir is None else Settings(data_dir=data_dir))


def _open_closed_streams() -> None:
    """Give a closed standard stream the null device: the event loop aborts on its number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def main() -> None:
    """Run the command; what a person can mend is said in two languages, without a traceback."""
    from audio_library.errors import AudioLibraryError
    from schedules.errors import ScheduleError

    _open_closed_streams()
    try:
        app()
    except (ControllerError, AudioLibraryError, ScheduleError) as e:
        print(f"Lỗi: {e.vi}\nError: {e.en}", file=sys.stderr)
        raise SystemExit(CANNOT) from None
    except OSError as e:
        where = f": {e.filename}" if e.filename else ""
        vi = OS_ERRORS_VI.get(e.errno or 0, f"hệ điều hành báo “{e.strerror or e}”")
        print(f"Lỗi: {vi}{where}\nError: {e.strerror or e}{where}", file=sys.stderr)
        raise SystemExit(CANNOT) from None
    except KeyboardInterrupt:
        print("Đã dừng theo yêu cầu / stopped as asked", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
