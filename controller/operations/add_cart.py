"""Somebody brings a sound as a cart of a unit: a jingle, a greeting, a song of the village."""

import re
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from audio_library.cart import WORDLESS
from audio_library.languages import language as language_of
from audio_library.mastering.mastered import Mastered
from audio_library.script import check_text
from audio_library.store.asset_store import AssetStore
from controller.errors import ControllerError, NotFound
from controller.operations.bring_recording import shown_name
from controller.operations.carts import NewCart, keep_cart
from controller.storage import tables
from controller.storage.database import Database

LONGEST_TITLE = 120
LONGEST_SOURCE = 500

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class ClipMaker(Protocol):
    """Check the sound at `path` and master it to `out`, whole or not at all."""

    def __call__(self, path: Path, out: Path) -> Mastered: ...


def check_cart(database: Database, asked: NewCart, file_name: str) -> NewCart:
    """The cart as it will be kept; to be asked before a long file is taken in.

    Without a title the file's name stands for it. Raises NotFound, UnknownLanguage,
    ControllerError: bad_cart_name, source_missing, name_too_long.
    """
    if not _NAME.fullmatch(asked.name):
        raise ControllerError(
            "bad_cart_name",
            f"Tên “{asked.name[:40]}” không dùng được. Chưa lưu gì; hãy dùng chữ thường không dấu, "
            "số và gạch dưới, ví dụ greeting hoặc nhac_cong_chieng.",
            f"The name “{asked.name[:40]}” cannot be used. Nothing was kept; use small letters, "
            "digits and underscores, for example greeting or gongs.",
        )
    if asked.language != WORDLESS:
        language_of(asked.language)
    if not asked.source.strip():
        raise ControllerError(
            "source_missing",
            "Chưa ghi âm thanh này của ai và ai đồng ý cho phát. Chưa lưu gì; hãy ghi rõ nguồn.",
            "It is not said whose sound this is and who agreed that it airs. Nothing was kept; "
            "give its source.",
        )
    title, source = (
        " ".join(check_text(text).split())
        for text in (asked.title if asked.title.strip() else shown_name(file_name), asked.source)
    )
    if len(title) > LONGEST_TITLE or len(source) > LONGEST_SOURCE:
        raise ControllerError(
            "name_too_long",
            f"Tên dài quá {LONGEST_TITLE} chữ, hoặc nguồn dài quá {LONGEST_SOURCE} chữ. "
            "Chưa lưu gì; hãy viết ngắn hơn.",
            f"The title has more than {LONGEST_TITLE} characters, or the source more than "
            f"{LONGEST_SOURCE}. Nothing was kept; write less.",
        )
    with database.read() as session:
        if asked.unit_id is None or session.get(tables.Unit, asked.unit_id) is None:
            raise NotFound("đơn vị", "unit", (asked.unit_id or "")[:80])
    return replace(asked, title=title, source=source)


def add_cart(
    database: Database,
    store: AssetStore,
    maker: ClipMaker,
    asked: NewCart,
    path: Path,
    by: str,
    now: datetime,
) -> str:
    """Master the file at `path` and keep it as a cart that `check_cart` let pass; gives its id.

    Raises what the maker raises, and the errors of a store; then nothing is kept.
    """
    with tempfile.TemporaryDirectory(prefix=".cart-", dir=path.parent) as folder:
        made = maker(path, Path(folder) / "clip.opus")
        store.put(made.path, sha256=made.sha256)
    with database.write() as session:
        return keep_cart(session, asked, made, by, now).id
