"""`loalang airtime`: the airtime law of a unit, on a running controller."""

from pathlib import Path
from typing import Annotated

import typer

from controller.cli import rules_of_units
from controller.cli.lexicon import Unit
from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(
    no_args_is_help=True, help="Quy định giờ phát của một đơn vị / the airtime law of a unit."
)

LawFile = Annotated[
    Path, typer.Argument(metavar="TỆP.json", help="Như `show --json` in ra / as it prints it.")
]


@app.command()
def show(
    unit: Unit,
    as_json: Annotated[bool, typer.Option("--json", help="Để sửa rồi đặt / to be edited.")] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Quy định đang áp dụng, và 14 ngày tới vi phạm gì / what holds, and what breaks it."""
    rules_of_units.show_airtime(signed_in(url, user, password), unit, as_json=as_json)


@app.command("set")
def set_law(
    file: LawFile,
    unit: Unit,
    check: Annotated[
        bool, typer.Option("--check", help="Chỉ xem vi phạm gì, chưa lưu / keep nothing.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Đặt quy định riêng của đơn vị / set the unit's own law."""
    rules_of_units.set_airtime(signed_in(url, user, password), unit, file, check=check)


@app.command()
def drop(unit: Unit, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Bỏ quy định riêng, theo cấp trên / let the law of the unit above hold again."""
    rules_of_units.drop_airtime(signed_in(url, user, password), unit)
