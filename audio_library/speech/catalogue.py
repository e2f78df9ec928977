"""Voice files that `loalang voices install` knows how to bring from their publisher."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

PUBLISHER = "https://huggingface.co/rhasspy/piper-voices/resolve/main"
"""The only address in this project from which a voice is brought; a setting overrides it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A voice at its publisher; `sha256` is empty where nobody has verified it."""

    name: str
    language: str
    folder: str
    megabytes: int
    sha256: str
    licence: str


@cache
def catalogue() -> tuple[Entry, ...]:
    """From `catalogue.tsv`."""
    text = resources.files(__package__).joinpath("catalogue.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(
        Entry(name, language, folder, int(megabytes), sha256, licence)
        for name, language, folder, megabytes, sha256, licence in rows
    )
