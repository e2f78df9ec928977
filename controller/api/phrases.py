"""The phrase bank: what an emergency can say in each language, and sentences made of it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from audio_library.phrases.catalogue import category_of
from controller.api.phrase_shapes import (
    AskedOut,
    BankOut,
    BankReadinessOut,
    MissingOut,
    OrderIn,
    OrderOut,
    PhraseIndexOut,
    PhraseOut,
    SentenceIn,
    SentenceOut,
    WordsIn,
)
from controller.doors import Given, Signed
from controller.operations import phrase_bank
from controller.operations.compose_sentence import compose_sentence
from controller.operations.phrase_audio import Made, making, render_phrases
from controller.operations.phrase_bank import ShownBank, show_bank
from controller.operations.publish_phrases import publish_phrases
from controller.operations.services import Services

at = APIRouter(tags=["phrases"])

LanguageTag = Annotated[str, Query(max_length=20)]
UnitId = Annotated[str | None, Query(max_length=120)]


@at.get("/phrases")
def get_phrases(
    given: Given, who: Signed, language: LanguageTag = "vi", unit: UnitId = None
) -> BankOut:
    """The bank of one language, with the places of a unit or of all."""
    return _bank(given, language, unit)


@at.get("/phrases/index")
def get_phrase_index(given: Given, who: Signed) -> PhraseIndexOut:
    """How boxes find every phrase by hash: less than 1 KB for all languages."""
    index = publish_phrases(given.database, given.today(), given.clock())
    return PhraseIndexOut(v=index.serial, b=index.pages)


@at.post("/phrases/compose")
def post_phrases_compose(form: SentenceIn, given: Given, who: Signed) -> SentenceOut:
    """Say a sentence from phrases; what a language lacks is named, never taken from another."""
    made = compose_sentence(
        given.database,
        given.store,
        form.language,
        form.sentence,
        form.values(),
        given.today(),
        given.clock(),
        audio=form.audio,
    )
    said = made.composition
    return SentenceOut(
        language=said.language,
        text=said.text,
        phrases=list(said.phrases),
        missing=[MissingOut(phrase=m.phrase, why=m.lack) for m in said.missing],
        confirmed=said.confirmed,
        audio=made.asset_sha256,
        duration_ms=made.duration_ms,
    )


@at.put("/phrases/{language}/sentences/{sentence}")
def put_sentence_order(
    language: str, sentence: str, form: OrderIn, given: Given, who: Signed
) -> list[OrderOut]:
    """In what order a language says a sentence, as somebody who speaks it says."""
    phrase_bank.set_order(given.database, language, sentence, form.parts, who.name, given.clock())
    return _bank(given, language, None).orders


@at.put("/phrases/{language}/{phrase}")
def put_phrase(language: str, phrase: str, form: WordsIn, given: Given, who: Signed) -> PhraseOut:
    """How a language says a phrase; it is made into audio or recorded afterwards."""
    phrase_bank.set_phrase(given.database, language, phrase, form.words, who.name, given.clock())
    return next(p for p in _bank(given, language, None).phrases if p.id == phrase)


@at.delete("/phrases/{language}/{phrase}", status_code=204)
def delete_phrase(language: str, phrase: str, given: Given, who: Signed) -> None:
    """Forget the words that were set: back to those of the project, or to none."""
    phrase_bank.unset_phrase(given.database, language, phrase, given.clock())


@at.post("/phrases/{language}/render", status_code=202)
def post_phrases_render(language: str, given: Given, who: Signed, unit: UnitId = None) -> AskedOut:
    """Make the audio of all that a voice can read or that was recorded and released."""
    made = render_phrases(
        given.database, language, given.engines, given.today(), given.clock(), unit
    )
    return AskedOut(
        asked=made.asked,
        ready=made.ready,
        waiting=made.waiting,
        failed=made.failed,
        lacking=made.lacking,
    )


def _bank(given: Services, language: str, unit: str | None) -> BankOut:
    with given.database.read() as session:
        shown = show_bank(session, language, given.engines, given.today(), unit)
        work = making(session, shown.bank)
    return BankOut(
        language=language,
        readiness=BankReadinessOut.of(shown.readiness),
        orders=[
            OrderOut(sentence=o.sentence, parts=o.written, confirmed=o.confirmed)
            for o in shown.orders
        ],
        phrases=[_phrase(shown, work, phrase) for phrase in shown.phrases],
    )


def _phrase(shown: ShownBank, work: Mapping[str, Made], phrase: str) -> PhraseOut:
    sound, made = shown.bank.sounds.get(phrase), work.get(phrase)
    return PhraseOut(
        id=phrase,
        category=category_of(phrase),
        needed=phrase in shown.readiness.stages,
        vi=shown.vi.get(phrase),
        words=shown.bank.words.get(phrase),
        set_by=shown.set_by.get(phrase),
        audio=sound.asset_sha256 if sound else None,
        duration_ms=sound.duration_ms if sound else None,
        making=made.state if made else None,
        error_vi=made.vi if made else None,
        error_en=made.en if made else None,
    )
