"""`loalang clusters`: where a cluster stands and what is around it, on a running controller."""

from typing import Annotated

import typer

from controller.cli import rules_of_units
from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in
from schedules.airtime import PlaceKind

app = typer.Typer(
    no_args_is_help=True, help="Cụm loa: vị trí, tầm nghe, nơi cần yên tĩnh / clusters' places."
)

Cluster = Annotated[str, typer.Argument(metavar="CỤM", help="Mã cụm loa / cluster id.")]


@app.command()
def show(cluster: Cluster, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Vị trí, tầm nghe, nơi cần yên tĩnh / position, radius, sensitive places."""
    rules_of_units.show_surroundings(signed_in(url, user, password), cluster)


@app.command("set")
def set_cluster(
    cluster: Cluster,
    near: Annotated[
        list[PlaceKind] | None,
        typer.Option(help="Nơi cần yên tĩnh, lặp lại được / sensitive places, repeatable."),
    ] = None,
    nothing_near: Annotated[
        bool, typer.Option("--nothing-near", help="Không gần nơi nào / no sensitive place.")
    ] = False,
    point: Annotated[
        tuple[float, float] | None,
        typer.Option("--at", help="Vĩ độ và kinh độ / latitude and longitude."),
    ] = None,
    radius: Annotated[
        int | None, typer.Option(min=10, max=10_000, help="Nghe xa bao nhiêu mét / metres.")
    ] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Ghi vị trí và xung quanh; phần không nêu giữ nguyên / what is not given stays."""
    changes: dict[str, object] = {}
    if near or nothing_near:
        changes["places"] = [kind.value for kind in near or ()]
    if point is not None:
        changes["latitude"], changes["longitude"] = point
    if radius is not None:
        changes["radius_m"] = radius
    rules_of_units.set_surroundings(signed_in(url, user, password), cluster, changes)
