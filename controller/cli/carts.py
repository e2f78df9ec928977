"""`loalang carts`: the clips that a station uses again and again, made by ourselves."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Nhạc hiệu, chuông, lời chào / idents and chimes.")


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
