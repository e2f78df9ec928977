"""Voices: what is ready, in which order they are tried, and how well they are understood."""

from fastapi import APIRouter

from audio_library.speech.listening import sentences
from controller.api.voices_shapes import (
    AnswersIn,
    PreferenceIn,
    PreferenceOut,
    SheetLine,
    TallyOut,
    VoiceOut,
)
from controller.doors import Given, Signed
from controller.operations.listening import record_answers, tallies
from controller.operations.voices import orders, prefer, voices_now

at = APIRouter(tags=["voices"])


@at.get("/voices")
def get_voices(given: Given, who: Signed) -> list[VoiceOut]:
    """Every voice, with its licence, its listeners, and what is missing where it is not ready."""
    with given.database.read() as session:
        return [VoiceOut.of(v) for v in voices_now(session, given.engines)]


@at.get("/voices/preference")
def get_preference(given: Given, who: Signed) -> list[PreferenceOut]:
    """The order in which the voices of each language are tried."""
    with given.database.read() as session:
        return [PreferenceOut.of(o) for o in orders(session, given.engines)]


@at.put("/voices/preference")
def put_preference(wanted: PreferenceIn, given: Given, who: Signed) -> PreferenceOut:
    """Put the voices of one language in order; a voice of another language is refused."""
    order = prefer(
        given.database, wanted.language, wanted.voices, given.engines, who.name, given.clock()
    )
    return PreferenceOut.of(order)


@at.get("/voices/sheet")
def get_sheet(who: Signed) -> list[SheetLine]:
    """The sentences of the listening sheet."""
    return [SheetLine(number=s.number, about=s.about, text=s.text) for s in sentences()]


@at.post("/voices/answers")
def post_answers(answers: AnswersIn, given: Given, who: Signed) -> TallyOut:
    """Keep what one listener heard; gives the voice's tally."""
    line = record_answers(
        given.database,
        answers.voice,
        answers.listener,
        answers.heard,
        given.engines,
        given.clock(),
        native=answers.native,
    )
    return TallyOut.of(line)


@at.get("/voices/tally")
def get_tally(given: Given, who: Signed) -> list[TallyOut]:
    """One line for every voice that somebody listened to."""
    with given.database.read() as session:
        return [TallyOut.of(t) for t in tallies(session)]
