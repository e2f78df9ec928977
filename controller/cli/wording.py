"""`loalang wording`: what would be heard, line for line, and why."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from audio_library.errors import AudioLibraryError, EmptyText, NothingToRead
from audio_library.script import check_text
from audio_library.wording.dialect import Dialect
from audio_library.wording.lexicon import NO_LEXICON, Entry, Lexicon
from audio_library.wording.spoken_form import SpokenForm, spoken_form
from controller.errors import ControllerError

LONGEST_LEXICON = 1_000_000
"""Bytes; a commune's lexicon has some kilobytes."""


def wording(
    source: Path | None, *, spans: bool, dialect: Dialect, lexicon_file: Path | None
) -> None:
    """Print the spoken form of each line of a file or of standard input; as JSON with `spans`."""
    lexicon = read_lexicon(lexicon_file) if lexicon_file else NO_LEXICON
    raw = sys.stdin.buffer.read() if source is None else source.read_bytes()
    for line in raw.splitlines():
        try:
            text = check_text(line)
        except (EmptyText, NothingToRead):
            print(_as_json("", SpokenForm("")) if spans else "")
            continue
        spoken = spoken_form(text, lexicon=lexicon, dialect=dialect)
        if spans:
            print(_as_json(text, spoken))
            continue
        print(spoken.text)
        for doubt in spoken.warnings:
            print(f"! {doubt.written}: {doubt.vi} / {doubt.en}", file=sys.stderr)


def read_lexicon(path: Path) -> Lexicon:
    """A lexicon of lines `written<TAB>spoken`, # for comments; raises with the line's number."""
    raw = path.read_bytes()
    if len(raw) > LONGEST_LEXICON:
        raise ControllerError(
            "bad_lexicon_file",
            f"Tệp từ điển {path} lớn quá {LONGEST_LEXICON} byte.",
            f"The lexicon file {path} has more than {LONGEST_LEXICON} bytes.",
        )
    return Lexicon(tuple(_entries(path, raw)))


def _entries(path: Path, raw: bytes) -> Iterator[Entry]:
    for number, line in enumerate(raw.splitlines(), start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise _bad_line(path, number, "không phải UTF-8", "it is not UTF-8") from None
        if not text.strip() or text.startswith("#"):
            continue
        cells = text.split("\t")
        if len(cells) != 2:
            raise _bad_line(
                path, number, "cần đúng hai cột cách nhau bằng Tab", "it needs two columns, a tab"
            )
        try:
            yield Entry(*cells)
        except AudioLibraryError as e:
            raise _bad_line(path, number, e.vi, e.en) from e


def _bad_line(path: Path, number: int, why_vi: str, why_en: str) -> ControllerError:
    return ControllerError(
        "bad_lexicon_file",
        f"Tệp từ điển {path}, dòng {number}: {why_vi.rstrip('.')}.",
        f"Lexicon file {path}, line {number}: {why_en.rstrip('.')}.",
    )


def _as_json(text: str, spoken: SpokenForm) -> str:
    return json.dumps(
        {
            "text": text,
            "spoken": spoken.text,
            "spans": [
                {
                    "start": span.start,
                    "end": span.end,
                    "written": span.written,
                    "spoken": span.spoken,
                    "rule": span.rule,
                }
                for span in spoken.spans
            ],
            "warnings": [
                {
                    "start": doubt.start,
                    "end": doubt.end,
                    "written": doubt.written,
                    "vi": doubt.vi,
                    "en": doubt.en,
                }
                for doubt in spoken.warnings
            ],
        },
        ensure_ascii=False,
    )
