"""Fills templates and packs them for the way."""

import gzip
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from audio_library.speech.recorded import NAME as RECORDED
from controller.console import opened, rule_words, studio, today, week, words
from controller.console.static_files import StaticFiles

TEMPLATES = Path(__file__).parent / "templates"

DESK_MODULES = (
    "ask_writer.js",
    "compose.js",
    "correct.js",
    "decide.js",
    "desk.js",
    "draft.js",
    "line.js",
    "morph.js",
    "parts.js",
    "plan.js",
    "recording.js",
    "review.js",
    "talk.js",
    "ticking.js",
    "waveform.js",
)
"""Those that the desk needs at once: fetched together, not one after the other."""

HEADERS = {
    "cache-control": "no-store",
}


class Screen:
    """Every template, and the words that all of them use."""

    def __init__(self, files: StaticFiles) -> None:
        self._jinja = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(
            static=files.address,
            modules=DESK_MODULES,
            began_ms=today.began_ms,
            REPORTED_WITHIN_MS=today.REPORTED_WITHIN_MS,
            STATUS_LOOKS=words.STATUS_LOOKS,
            STATE_LOOKS=words.STATE_LOOKS,
            OUTCOME_LOOKS=words.OUTCOME_LOOKS,
            UNHEARD_LOOK=words.UNHEARD_LOOK,
            VERDICT_LOOKS=words.VERDICT_LOOKS,
            weekday_names=rule_words.WEEKDAY_NAMES,
            WORDLESS=week.WORDLESS,
            RECORDED=RECORDED,
            TO_RECORD=studio.TO_RECORD,
            TO_WRITE=opened.TO_WRITE,
        )
        self._jinja.filters.update(
            length=words.length,
            size=words.size,
            number=words.number,
            capitalize_first=words.capitalized,
            start_error=words.start_error,
            tongue=words.tongue,
            because=words.because,
            season=rule_words.season_word,
            topic=rule_words.topic_word,
            timing=rule_words.timing_words,
        )

    def __call__(
        self, request: Request, template: str, status: int = 200, **shown: Any
    ) -> Response:
        """The answer to a request: a filled template, packed if the browser takes it."""
        body = self._jinja.get_template(template).render(**shown).encode()
        headers = dict(HEADERS)
        if takes_gzip(request):
            body = gzip.compress(body, compresslevel=6, mtime=0)
            headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
        return HTMLResponse(body, status, headers)


def takes_gzip(request: Request) -> bool:
    """May the answer be packed."""
    return "gzip" in request.headers.get("accept-encoding", "")
