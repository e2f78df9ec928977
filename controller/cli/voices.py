"""`loalang voices`: what can speak here, more voices, and whether people understand them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.signed_in import HERE, OFFICER, Url, User, signed_in

if TYPE_CHECKING:
    from controller.settings import Settings

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)

DataDir = Annotated[Path | None, typer.Option(help="Thư mục dữ liệu / data folder.")]


@app.callback()
def voices(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Cho chương trình / for programs.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Các giọng đọc: giấy phép, sẵn sàng hay còn thiếu gì / the voices and their state."""
    if context.invoked_subcommand is None:
        from controller.cli.voice_list import list_voices

        list_voices(_settings(data_dir), as_json=as_json)


@app.command()
def install(
    name: Annotated[str, typer.Argument(help="Tên trong danh mục / name in the catalogue.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Đã đọc và nhận giấy phép / I accept it.")
    ] = False,
    accept_hash: Annotated[
        str, typer.Option(metavar="HEX", help="SHA-256 đã đối chiếu / the hash that I compared.")
    ] = "",
    trust_first: Annotated[
        bool, typer.Option("--trust-first", help="Tin lần tải này / trust this download.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Tải một giọng Piper từ nơi phát hành / bring a Piper voice from its publisher."""
    from audio_library.speech.install import Consent
    from controller.cli.voice_install import install_voice

    consent = Consent(accept_licence, accept_hash, trust_first)
    install_voice(name, consent, _settings(data_dir))


@app.command()
def sheet(
    voice: Annotated[str, typer.Option(help="Mã giọng / voice id.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Thư mục / folder.")],
    data_dir: DataDir = None,
) -> None:
    """Làm phiếu nghe: 20 câu đọc và tờ ghi / make a listening sheet with its sounds."""
    from controller.cli.listening_sheet import write_sheet

    write_sheet(voice, out, _settings(data_dir))


@app.command()
def tally(
    files: Annotated[list[Path], typer.Argument(help="Phiếu đã ghi (CSV) / filled-in sheets.")],
    send: Annotated[
        bool, typer.Option("--send", help="Gửi vào bộ điều khiển / keep in the controller.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Annotated[
        str, typer.Option(envvar="LOALANG_PASSWORD", help="Mật khẩu / password.")
    ] = "",
) -> None:
    """Đếm phiếu nghe: bao nhiêu từ nghe đúng / tally filled-in listening sheets."""
    from controller.cli.listening_sheet import send_answers, tally_files

    answers = tally_files(files)
    if send:
        password = password or typer.prompt("Mật khẩu / password", hide_input=True)
        send_answers(answers, signed_in(url, user, password))


def _settings(data_dir: Path | None) -> "Settings":
    from controller.settings import Settings

    return Settings() if data_dir is None else Settings(data_dir=data_dir)
