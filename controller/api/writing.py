"""What would be heard, old fonts, and the languages of places."""

from fastapi import APIRouter

from audio_library.languages import LANGUAGES, language
from audio_library.script import check_text
from audio_library.writing.language_guard import judge
from audio_library.writing.legacy_font import proposal
from controller.api.shapes import DoubtOut, JudgementOut, SpanOut
from controller.api.writing_shapes import (
    LanguageOrder,
    LanguageOut,
    OldFontIn,
    OldFontOut,
    ProposalOut,
    ReadingIn,
    ReadingOut,
    ZoneOut,
)
from controller.doors import Given, Signed
from controller.operations.submit_bulletin import refuse_unknown_unit
from controller.operations.unit_speech import unit_speech
from controller.operations.zone_languages import order_languages, show_zones

at = APIRouter(tags=["writing"])


@at.post("/wording")
def post_wording(form: ReadingIn, given: Given, who: Signed) -> ReadingOut:
    """What the loudspeaker would say for a text of a unit, and what to look at; keeps nothing."""
    words = check_text(form.text)
    language(form.language)
    with given.database.read() as session:
        refuse_unknown_unit(session, form.unit)
        speech = unit_speech(session, form.unit)
    spoken = speech.read(words, form.language)
    return ReadingOut(
        written=words,
        text=spoken.text,
        spans=[
            SpanOut(written=s.written, spoken=s.spoken, start=s.start, end=s.end, rule=s.rule)
            for s in spoken.spans
        ],
        warnings=[
            DoubtOut(written=w.written, start=w.start, end=w.end, vi=w.vi, en=w.en)
            for w in spoken.warnings
        ],
        wording_version=speech.wording,
        guard=JudgementOut.of(judge(words, form.language)),
        proposal=ProposalOut.of(words, proposal(words, form.language)),
    )


@at.post("/writing/proposal")
def post_proposal(form: OldFontIn, who: Signed) -> OldFontOut:
    """A text of an old font in today's letters, to be looked at; keeps and changes nothing."""
    words = check_text(form.text)
    language(form.language)
    return OldFontOut(proposal=ProposalOut.of(words, proposal(words, form.language)))


@at.get("/languages")
def get_languages(who: Signed) -> list[LanguageOut]:
    """Every language that a script may have."""
    return [LanguageOut.of(entry) for entry in LANGUAGES.values()]


@at.get("/zones")
def get_zones(given: Given, who: Signed) -> list[ZoneOut]:
    """Every place that hears together, with its order of languages."""
    with given.database.read() as session:
        return [
            ZoneOut(id=z.id, name=z.name, languages=list(z.languages)) for z in show_zones(session)
        ]


@at.put("/zones/{zone_id}/languages", status_code=204)
def put_languages(zone_id: str, form: LanguageOrder, given: Given, who: Signed) -> None:
    """Let a place hear these languages in this order from the next plan on."""
    order_languages(given.database, zone_id, form.languages, who.name, given.clock())
