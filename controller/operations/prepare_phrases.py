"""Have the phrases of an emergency made before anybody needs them, without being asked."""

from collections.abc import Sequence
from datetime import date, datetime

import structlog
from sqlmodel import Session, select

from audio_library.speech.engine import Engine
from controller.operations.phrase_audio import render_phrases
from controller.operations.zone_inputs import PlanRules, today
from controller.storage import tables
from controller.storage.database import Database

log = structlog.get_logger()


class PhraseWishes:
    """Once a day, and soon after the start, wants what is missing of the languages that are heard.

    The first look asks for nothing: an office that starts has other things to do.
    """

    def __init__(self, database: Database, rules: PlanRules, engines: Sequence[Engine]) -> None:
        self._database = database
        self._rules = rules
        self._engines = engines
        self._started = False
        self._asked_on: tuple[date, frozenset[str]] | None = None

    def look(self, now: datetime) -> None:
        """Ask for what a voice can make or a person has recorded; the rest stays a lack."""
        if not self._started:
            self._started = True
            return
        day = today(self._rules, now)
        with self._database.read() as session:
            heard = _heard(session)
        if self._asked_on == (day, heard):
            return
        for language in sorted(heard):
            made = render_phrases(self._database, language, self._engines, day, now)
            if made.asked:
                log.info("phrases_asked", language=language, asked=made.asked)
        self._asked_on = (day, heard)


def _heard(session: Session) -> frozenset[str]:
    zones = session.exec(select(tables.Zone.languages)).all()
    return frozenset(language for languages in zones for language in languages)
