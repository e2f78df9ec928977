"""`loalang lexicon`: how a unit of a running controller reads its names."""

from typing import Annotated

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(help="Từ điển đọc của một đơn vị / the lexicon of a unit.", no_args_is_help=True)

Unit = Annotated[
    str, typer.Option(help="Mã, mã hành chính hay tên đơn vị / id, official code or name.")
]
Respelling = Annotated[
    bool,
    typer.Option("--respelling", help="Chỉ cho giọng máy, lời không đổi / for a voice's ear only."),
]


@app.command()
def add(
    written: Annotated[str, typer.Argument(help="Chữ như trong bản tin / as it is written.")],
    spoken: Annotated[str, typer.Argument(help="Lời được đọc / the words that are heard.")],
    unit: Unit,
    respelling: Respelling = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Dạy một cách đọc / teach a reading; what is on air stays as it is."""
    from controller.cli.lexicon_entries import add_entry

    add_entry(signed_in(url, user, password), unit, written, spoken, respelling=respelling)


@app.command("list")
def show(
    unit: Unit,
    respelling: Respelling = False,
    effective: Annotated[
        bool, typer.Option("--effective", help="Cả của đơn vị cấp trên / also of units above.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Các cách đọc đã dạy / what was taught: written, spoken, unit, by whom, when."""
    from controller.cli.lexicon_entries import list_entries

    api = signed_in(url, user, password)
    list_entries(api, unit, respelling=respelling, effective=effective)


@app.command()
def remove(
    written: Annotated[str, typer.Argument(help="Chữ như trong bản tin / as it is written.")],
    unit: Unit,
    respelling: Respelling = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Bỏ một cách đọc / read those words by rule again; who taught it is kept."""
    from controller.cli.lexicon_entries import remove_entry

    remove_entry(signed_in(url, user, password), unit, written, respelling=respelling)
