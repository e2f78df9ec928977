"""The carts of a commune as files: tones of our own, and its words in a voice."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_library.cart import WORDLESS, Figure, Spoken, cart_words
from audio_library.mastering.in_child import figure_in_child, moved
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing
from audio_library.render import render_speech
from audio_library.speech.engine import Engine
from audio_library.speech.registry import ENGINES


@dataclass(frozen=True, slots=True)
class Cart:
    """One clip on disk; a wordless one is `zxx` and has no voice."""

    title_vi: str
    language: str
    spoken: str
    voice: str
    mastered: Mastered


def make_carts(
    folder: Path,
    commune: str,
    language: str = "vi",
    *,
    own: Mapping[Spoken, str] | None = None,
    engines: Sequence[Engine] = ENGINES,
) -> Iterator[Cart]:
    """Write all carts into `folder`, one after the other; the same bytes at every run.

    `own`: texts of the commune with `{commune}` in them. Raises NoWordsForCart before it writes
    anything, NoVoiceForLanguage, MasteringFailed, StoreFull, …
    """
    words = [cart_words(kind, language, commune, (own or {}).get(kind)) for kind in Spoken]
    folder.mkdir(parents=True, exist_ok=True)
    for figure in Figure:
        made = figure_in_child(figure, folder / f"{figure}.opus")
        yield Cart(figure.title_vi, WORDLESS, "", "", made)
    for each in words:
        with tempfile.TemporaryDirectory(prefix=".carts-", dir=folder) as work:
            rendered = render_speech(
                each.spoken, language, out_dir=Path(work), dressing=Dressing.BARE, engines=engines
            )
            made = moved(rendered.mastered, folder / f"{each.kind}.{language}.opus")
        yield Cart(each.kind.title_vi, language, each.spoken, rendered.voice, made)
