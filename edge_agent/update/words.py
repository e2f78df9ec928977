"""What the root said last, kept as it came: the updater reads the signatures itself."""

import logging
from pathlib import Path
from typing import Literal

from edge_agent import durable

log = logging.getLogger("edge_agent.update")

Word = Literal["keys", "placement"]


def keep_word(folder: Path, word: Word, sealed: bytes) -> None:
    """Keep the newest `word`; a disk that does not take it is logged."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        durable.write(folder / word, sealed)
    except OSError as e:
        durable.note_unwritten(log, folder / word, e)


def read_word(folder: Path, word: Word) -> str:
    """Give what was kept, "" if nothing was."""
    try:
        return (folder / word).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""
