"""`loalang relays`: other stations' streams, on a running controller."""

from typing import Annotated, Any, Protocol
from urllib.parse import quote

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(no_args_is_help=True, help="Tiếp sóng đài khác / relay other stations.")

Id = Annotated[str, typer.Argument(metavar="MÃ", help="Mã ngắn: vov1 / short id.")]


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...
    def put(self, path: str, body: dict[str, Any]) -> Any: ...
    def delete(self, path: str) -> None: ...


@app.command()
def add(
    relay: Id,
    stream: Annotated[str, typer.Argument(metavar="URL", help="https://…: HTTP, Icecast, HLS.")],
    name: Annotated[str, typer.Option(help="Tên đài / name of the station.")],
    why_unproved: Annotated[
        str, typer.Option(help="Chỉ quản trị, với http: vì sao chấp nhận / why http is accepted.")
    ] = "",
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Thêm một nguồn, hoặc đổi địa chỉ của nó / add a stream, or change its address."""
    form = {"name": name, "url": stream, "why_unproved": why_unproved}
    add_relay(signed_in(url, user, password), relay, form)


@app.command("list")
def show(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Các nguồn đang có / the streams."""
    list_relays(signed_in(url, user, password))


@app.command()
def remove(relay: Id, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Gỡ một nguồn khỏi mọi buổi sắp tới / take a stream out of every coming session."""
    remove_relay(signed_in(url, user, password), relay)


@app.command("try")
def try_out(relay: Id, url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Nghe thử vài giây: dạng gì, to bao nhiêu, hay vì sao không nghe được / listen for seconds."""
    try_relay(signed_in(url, user, password), relay)


def add_relay(api: SignedIn, relay: str, form: dict[str, Any]) -> None:
    """Keep one and print it."""
    _print(api.put(_path(relay), form))


def list_relays(api: SignedIn) -> None:
    """A line each: id, name, address, why it is accepted unproved."""
    for relay in api.get("/relays"):
        _print(relay)


def remove_relay(api: SignedIn, relay: str) -> None:
    """Remove one."""
    api.delete(_path(relay))
    print(f"{relay}: đã gỡ / removed")


def try_relay(api: SignedIn, relay: str) -> None:
    """Print what is heard of one; raises `ControllerError` with why nothing is."""
    heard = api.post(f"{_path(relay)}/try")
    rate = f"{heard['bit_rate'] / 1000:.0f} kbit/s" if heard["bit_rate"] else "? kbit/s"
    print(
        f"{relay}: {heard['kind']}, {rate}, {heard['sample_rate']} Hz × {heard['channels']}, "
        f"{heard['lufs']:.1f} LUFS, {heard['heard_s']:.1f} s"
    )
    if heard["silent"]:
        print("! luồng chạy nhưng im lặng / the stream runs but is silent")


def _path(relay: str) -> str:
    return f"/relays/{quote(relay, safe='')}"


def _print(relay: dict[str, Any]) -> None:
    why = f"\t! {relay['why_unproved']}" if relay["why_unproved"] else ""
    print(f"{relay['id']}\t{relay['name']}\t{relay['url']}{why}")
