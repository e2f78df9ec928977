"""`loalang carts`: the clips that a station uses again and again, made by ourselves."""

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in

app = typer.Typer(no_args_is_help=True, help="Nhạc hiệu, chuông, lời chào / idents and chimes.")

Unit = Annotated[str, typer.Option(help="Mã hay tên đơn vị / unit id, code or name.")]
AnyUnit = Annotated[
    str | None, typer.Option(help="Chỉ những gì nơi này nghe được / only what this unit hears.")
]


@app.callback()
def carts() -> None:
    """Nhạc hiệu, chuông, lời chào, lời kết của đài xã / the carts of a commune's station."""


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Thư mục để ghi vào / folder to write to.")],
    commune: Annotated[str, typer.Option(help="Tên xã: “Xã Đăk Hà” / name of the commune.")],
    lang: Annotated[str, typer.Option(help="Mã tiếng / language tag.")] = "vi",
    greeting: Annotated[
        str | None, typer.Option(help="Lời chào riêng, có {commune} / own greeting.")
    ] = None,
    closing: Annotated[
        str | None, typer.Option(help="Lời kết riêng, có {commune} / own closing words.")
    ] = None,
) -> None:
    """Làm nhạc hiệu, chuông, lời chào và lời kết / make ident, chimes, greeting and closing."""
    from audio_library.cart import Spoken
    from audio_library.make_carts import make_carts

    given = {Spoken.GREETING: greeting, Spoken.CLOSING: closing}
    own = {kind: text for kind, text in given.items() if text}
    for cart in make_carts(folder, commune, lang, own=own):
        m = cart.mastered
        print(
            f"{m.path}: {cart.title_vi}, {m.duration_ms / 1000:.2f} s, {m.lufs:.1f} LUFS, "
            f"{m.true_peak_dbtp:.1f} dBTP, {m.bytes} bytes, sha256 {m.sha256}"
        )
        if cart.spoken:
            print(f"  {cart.voice}: {cart.spoken}")


@app.command("list")
def show(
    unit: AnyUnit = None, url: Url = HERE, user: User = OFFICER, password: Password = ""
) -> None:
    """Những đoạn đang có, và đang làm / the clips on the shelf, and those being made."""
    from controller.cli.cart_desk import list_carts

    list_carts(signed_in(url, user, password), unit)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="wav, mp3, m4a, ogg, opus, webm, flac.")],
    name: Annotated[
        str, typer.Option(help="greeting, closing, ident, … hay tên bộ sưu tập / a name.")
    ],
    unit: Unit,
    source: Annotated[
        str, typer.Option(help="Âm thanh của ai, ai đồng ý / whose sound, by whose consent.")
    ],
    lang: Annotated[str, typer.Option(help="Mã tiếng; zxx: không lời / language tag.")] = "zxx",
    title: Annotated[str, typer.Option(help="Tên cho người đọc / title.")] = "",
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Thêm một đoạn của đơn vị, từ tệp âm thanh / add a unit's clip from a sound file."""
    from controller.cli.cart_desk import Clip, add_clip

    add_clip(signed_in(url, user, password), file, Clip(name, unit, source, lang, title))


@app.command()
def greet(
    unit: Unit,
    lang: Annotated[str, typer.Option(help="Mã tiếng / language tag.")] = "vi",
    greeting: Annotated[
        str | None, typer.Option(help="Lời chào riêng, có {commune} / own greeting.")
    ] = None,
    closing: Annotated[
        str | None, typer.Option(help="Lời kết riêng, có {commune} / own closing words.")
    ] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Đọc lời chào và lời kết của đơn vị bằng giọng máy / voice a unit's greeting and closing."""
    from controller.cli.cart_desk import greet_in

    given = {"unit": unit, "language": lang, "greeting": greeting, "closing": closing}
    greet_in(signed_in(url, user, password), {k: v for k, v in given.items() if v is not None})


@app.command()
def remove(
    cart: Annotated[str, typer.Argument(help="Mã đoạn, như `carts list` in / id of the clip.")],
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Gỡ một đoạn khỏi mọi buổi sắp tới / take a clip out of every coming session."""
    from controller.cli.cart_desk import remove_clip

    remove_clip(signed_in(url, user, password), cart)
