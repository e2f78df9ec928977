"""What an alert says in each language: the sentence, or exactly which phrases are lacking."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session

from audio_library.languages import language as language_of
from audio_library.languages import ordered
from audio_library.phrases.bank import Bank
from audio_library.phrases.catalogue import MINUTE_STEP, PLACE, place_id
from audio_library.phrases.compose import Moment, Said, Value, compose
from audio_library.phrases.joining import PAUSES_MS
from controller.errors import ControllerError
from controller.fleet.hazards import ALL_CLEAR, TEST, hazard
from controller.operations.alert_order import AlertOrder, named
from controller.operations.alert_say import to_say
from controller.operations.hazard_clips import clip_sentence, recorded_clips
from controller.operations.phrase_bank import load_bank, place_names
from controller.storage import tables
from schedules.area import Level

MOST_PLACES = 3
"""Named one by one; of more, everybody hears that it is about their own place."""
HERE, WHOLE_COMMUNE = "place.here", "place.whole_commune"


class Speaks(StrEnum):
    """What boxes can let be heard in one language."""

    SENTENCE = "sentence"
    CLIP = "clip"
    """Not these words, but the clip of the hazard."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Words:
    """An alert in one language; `text` is None while words are missing.

    `say` is the sentence as boxes are told it, `missing` are phrases without words or sound.
    `confirmed`: somebody who speaks the language has confirmed the order of its words.
    """

    language: str
    name_vi: str
    name_en: str
    text: str | None
    say: str
    missing: tuple[str, ...]
    speaks: Speaks
    duration_ms: int
    confirmed: bool


def alert_languages(asked: Sequence[str], heard: Iterable[str]) -> tuple[str, ...]:
    """Those asked for, or all that the zones of the area speak, Vietnamese first.

    Raises UnknownLanguage, BadLanguageList.
    """
    spoken = tuple(asked) or tuple(dict.fromkeys(("vi", *heard)))
    return ordered(spoken)


def slots(
    session: Session,
    order: AlertOrder,
    areas: Sequence[tables.Unit],
    issued: datetime,
    expires: datetime,
) -> dict[str, Value]:
    """What fills the sentence; `issued` and `expires` are in the time of the place.

    Raises NotFound of a hazard that does not exist.
    """
    of = None if order.test or order.all_clear else hazard(order.hazard)
    instructions: Sequence[str] = () if of is None else of.instructions
    if order.instructions is not None:
        instructions = [named("instruction", each) for each in order.instructions]
    source = order.source or _source(areas)
    filled: dict[str, Value | None] = {
        "hazards": [of.phrase] if of else [hazard(order.hazard).phrase] if order.hazard else None,
        "places": (*_places(areas), *(named("place", each) for each in order.places)),
        "level": tuple(named("level", each) for each in order.level),
        "when": tuple(named("time", each) for each in order.when),
        "wind": order.wind,
        "rain_mm": order.rain_mm,
        "since": order.since,
        "until": order.until,
        "instructions": tuple(instructions),
        "source": (named("source", source),),
        "issued": said_time(issued, expires),
    }
    return {
        name: value
        for name, value in filled.items()
        if value is not None and (isinstance(value, int | Moment) or value)
    }


def said_time(issued: datetime, expires: datetime) -> Moment:
    """The time of issue as it is said: of the minutes only those that every language records.

    The day is said as well if the alert outlives it.
    """
    minute = issued.minute - issued.minute % MINUTE_STEP
    if issued.date() == expires.date():
        return Moment(issued.hour, minute)
    return Moment(issued.hour, minute, issued.day, issued.month)


def alert_words(
    session: Session,
    sentence: str,
    values: Mapping[str, Value],
    clip: str,
    languages: Sequence[str],
    areas: Iterable[str],
    day: date,
) -> tuple[Words, ...]:
    """The sentence in each of these languages; `clip` is the clip that stands in for it.

    Raises what `compose` raises.
    """
    places = place_names(session, areas, day)

    def said(bank: Bank) -> set[str]:
        stands_in = clip_sentence(clip, bank.language, bank.orders)
        return {each.phrase for each in (*compose(sentence, values, bank).said, *stands_in)}

    recorded = {tag for of, tag in recorded_clips(session) if of == clip}
    return tuple(
        _words(sentence, values, clip, load_bank(session, tag, places, said), tag in recorded)
        for tag in languages
    )


def words_body(words: Words, *, sent: bool) -> dict[str, object]:
    """Words as they are stored with a version; `sent`: boxes are told them."""
    return {
        "language": words.language,
        "text": words.text,
        "say": words.say,
        "missing": list(words.missing),
        "speaks": words.speaks.value,
        "sent": sent,
    }


def refuse_wordless(chosen: Sequence[Words], others: Sequence[Words]) -> None:
    """Raises ControllerError (alert_wordless) if boxes can say nothing in any chosen language."""
    if any(words.speaks is not Speaks.NOTHING for words in chosen):
        return
    lacks = [(w, ", ".join(w.missing[:8]) + (" …" if len(w.missing) > 8 else "")) for w in chosen]
    vi = "; ".join(f"tiếng {w.name_vi} thiếu {missing}" for w, missing in lacks)
    en = "; ".join(f"{w.name_en} lacks {missing}" for w, missing in lacks)
    ready = [w for w in others if w.speaks is not Speaks.NOTHING]
    offer_vi = "".join(f" Tiếng {w.name_vi} thì phát được ngay: hãy chọn thêm." for w in ready)
    offer_en = "".join(f" {w.name_en} can be said at once: add it." for w in ready)
    raise ControllerError(
        "alert_wordless",
        f"Chưa phát gì: không tiếng nào nói được báo động này ({vi or 'chưa chọn tiếng nào'})."
        + (offer_vi or " Hãy bớt nội dung, hoặc tạo âm thanh cho các mục còn thiếu."),
        f"Nothing was sent: no language can say this alert ({en or 'none is chosen'})."
        + (offer_en or " Say less, or make audio of the missing phrases."),
    )


def _words(
    sentence: str, values: Mapping[str, Value], clip: str, bank: Bank, recorded: bool
) -> Words:
    names, made = language_of(bank.language), compose(sentence, values, bank)
    missing = tuple(each.phrase for each in made.missing)
    if missing and HERE in bank.sounds and all(phrase.startswith(PLACE) for phrase in missing):
        # Whoever hears it stands in the place: a name that nobody recorded costs no warning.
        made = compose(sentence, {**values, "places": (HERE,)}, bank)
        missing = tuple(each.phrase for each in made.missing)
    return Words(
        bank.language,
        names.name_vi,
        names.name_en,
        made.text,
        to_say(made.said),
        missing,
        _speaks(missing, clip, bank, recorded),
        _length_ms(made.said, bank) if not missing else 0,
        made.confirmed,
    )


def _speaks(missing: Sequence[str], clip: str, bank: Bank, recorded: bool) -> Speaks:
    if not missing:
        return Speaks.SENTENCE
    stands_in = clip_sentence(clip, bank.language, bank.orders)
    if recorded or (stands_in and all(said.phrase in bank.sounds for said in stands_in)):
        return Speaks.CLIP
    return Speaks.NOTHING


def _length_ms(said: Sequence[Said], bank: Bank) -> int:
    *first, last = said
    pauses = sum(PAUSES_MS[each.then] for each in first)
    return pauses + sum(bank.sounds[each.phrase].duration_ms for each in (*first, last))


def _places(areas: Sequence[tables.Unit]) -> tuple[str, ...]:
    """The areas by name if they are few; a province has no name in the bank."""
    below = [unit for unit in areas if unit.level != Level.PROVINCE.value]
    if len(below) < len(areas):
        return ()
    if len(below) <= MOST_PLACES:
        return tuple(place_id(unit.id) for unit in below)
    communes = all(unit.level == Level.COMMUNE.value for unit in below)
    return (WHOLE_COMMUNE if communes else HERE,)


def _source(areas: Sequence[tables.Unit]) -> str:
    provincial = any(unit.level == Level.PROVINCE.value for unit in areas)
    return "province" if provincial else "commune"


def sentence_of(order: AlertOrder, *, update: bool) -> str:
    """Which sentence of the phrase bank is said."""
    if order.test:
        return "test"
    if order.all_clear:
        return "all_clear"
    return "update" if update else "alert"


def clip_of(order: AlertOrder) -> str:
    """Which clip stands in where a language lacks phrases."""
    if order.test:
        return TEST
    return ALL_CLEAR if order.all_clear else hazard(order.hazard).word
