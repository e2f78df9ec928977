"""`loalang calendar`: seasons, swap days and holidays of a unit, on a running controller."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import rules_of_units
from controller.cli.lexicon import Unit
from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(
    no_args_is_help=True, help="Mùa, ngày nghỉ, ngày hoán đổi / seasons, holidays, swapped days."
)

Day = Annotated[
    datetime, typer.Argument(metavar="NGÀY", formats=["%Y-%m-%d"], help="Ví dụ / as 2026-08-31.")
]


@app.command()
def show(
    unit: Unit,
    year: Annotated[
        int | None, typer.Option(min=1900, max=2099, help="Năm / year; mặc định: năm nay / this.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Để sửa rồi đặt / to be edited.")] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Lịch đang áp dụng và các ngày nghỉ trong năm / what holds, and the days off of a year."""
    rules_of_units.show_calendar(signed_in(url, user, password), unit, year, as_json=as_json)


@app.command("set")
def set_calendar(
    file: Annotated[
        Path, typer.Argument(metavar="TỆP.json", help="Như `show --json` in ra / as it prints it.")
    ],
    unit: Unit,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Đặt lịch riêng của đơn vị / set the unit's own calendar."""
    rules_of_units.set_calendar(signed_in(url, user, password), unit, file)


@app.command()
def swap(
    day: Day,
    unit: Unit,
    working: Annotated[
        bool, typer.Option("--working/--off", help="Ngày làm bù hay ngày nghỉ / work or day off.")
    ],
    note: Annotated[str, typer.Option(help="Vì sao / why.")] = "",
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Hoán đổi một ngày / make a date a working day or a day off."""
    api = signed_in(url, user, password)
    rules_of_units.swap_day(api, unit, day.date().isoformat(), note, working=working)


@app.command()
def unswap(
    day: Day, unit: Unit, url: Url = HERE, user: User = OFFICER, password: Password = ""
) -> None:
    """Bỏ hoán đổi một ngày / let a date be again what the nation makes of it."""
    rules_of_units.take_back_swap(signed_in(url, user, password), unit, day.date().isoformat())


@app.command()
def drop(unit: Unit, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Bỏ lịch riêng, theo cấp trên / let the calendar of the unit above hold again."""
    rules_of_units.drop_calendar(signed_in(url, user, password), unit)
