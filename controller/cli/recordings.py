"""`loalang recordings`: readers and their recordings, on a running controller."""

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(help="Bản thu của người đọc / recordings by readers.", no_args_is_help=True)

Ids = Annotated[list[str], typer.Argument(metavar="MÃ…", help="Mã bản thu / recordings.")]
Why = Annotated[str, typer.Option(help="Lý do / the reason.")]


@app.command("import")
def bring(
    files: Annotated[
        list[Path], typer.Argument(metavar="TỆP…", help="wav, mp3, m4a, ogg, opus, webm, flac.")
    ],
    language: Annotated[str, typer.Option(help="Mã tiếng / language tag.")],
    reader: Annotated[str, typer.Option(help="Mã hay tên người đọc / reader.")],
    bulletin: Annotated[str | None, typer.Option(help="Mã bản tin / bulletin.")] = None,
    phrase: Annotated[str | None, typer.Option(help="Mã câu mẫu / phrase of the bank.")] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Mang bản thu vào, đo và giữ lại nếu dùng được / bring recordings, measure, keep the fit."""
    from controller.cli.recording_desk import Text, import_files

    text = Text(language, bulletin, phrase)
    raise SystemExit(import_files(signed_in(url, user, password), files, text, reader))


@app.command("list")
def show(
    bulletin: Annotated[str | None, typer.Option(help="Mã bản tin / bulletin.")] = None,
    state: Annotated[str | None, typer.Option(help="brought | heard | released | refused")] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Các bản thu, mới nhất trước / recordings, newest first."""
    from controller.cli.recording_desk import list_recordings

    list_recordings(signed_in(url, user, password), bulletin, state)


@app.command()
def hear(
    recordings: Ids,
    understand: Annotated[
        bool,
        typer.Option("--understand", help="Tôi hiểu tiếng này và lời đúng / I understand it."),
    ] = False,
    vouch: Annotated[
        bool, typer.Option("--vouch", help="Người đọc bảo đảm, nếu xã cho phép / where allowed.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Ghi là tôi đã nghe / note that I, a second person, heard it."""
    from controller.cli.recording_desk import act

    said = {"understands": understand, "vouch": vouch}
    act(signed_in(url, user, password), recordings, "heard", said)


@app.command()
def release(
    recordings: Ids, url: Url = HERE, user: User = OFFICER, password: Password = ""
) -> None:
    """Cho phát / let them air."""
    from controller.cli.recording_desk import act

    act(signed_in(url, user, password), recordings, "release", {})


@app.command("take-back")
def take_back(
    recordings: Ids, why: Why, url: Url = HERE, user: User = OFFICER, password: Password = ""
) -> None:
    """Ngừng phát, có thể cho phát lại / undo a release."""
    from controller.cli.recording_desk import act

    act(signed_in(url, user, password), recordings, "take-back", {"why": why})


@app.command()
def refuse(
    recordings: Ids, why: Why, url: Url = HERE, user: User = OFFICER, password: Password = ""
) -> None:
    """Loại hẳn / refuse for good."""
    from controller.cli.recording_desk import act

    act(signed_in(url, user, password), recordings, "refuse", {"why": why})


@app.command()
def readers(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Những người đọc / the readers."""
    from controller.cli.recording_desk import list_readers

    list_readers(signed_in(url, user, password))


@app.command("add-reader")
def add_reader(
    name: Annotated[str, typer.Argument(help="Tên người đọc / the reader's name.")],
    language: Annotated[list[str], typer.Option(help="Mã tiếng, lặp lại được / language tag.")],
    consent: Annotated[str, typer.Option(help="Lời đồng ý, ghi nguyên văn / consent in words.")],
    account: Annotated[
        str | None, typer.Option(help="Tên đăng nhập của người đọc, nếu có / their account.")
    ] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Ghi tên một người đọc cùng lời đồng ý / take down a reader and the consent."""
    from controller.cli.recording_desk import add_one

    form = {"name": name, "languages": language, "consent": consent, "account": account}
    add_one(signed_in(url, user, password), form)


@app.command("withdraw-reader")
def withdraw_reader(
    reader: Annotated[str, typer.Argument(help="Mã hay tên người đọc / reader.")],
    why: Why,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Người đọc rút lại lời đồng ý / a reader takes the consent back."""
    from controller.cli.recording_desk import withdraw_one

    withdraw_one(signed_in(url, user, password), reader, why)
