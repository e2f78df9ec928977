"""What the library shows of voices and phrases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlmodel import Session

from audio_library.phrases.catalogue import Category, category_of
from audio_library.phrases.readiness import Stage
from audio_library.speech.engine import Engine
from controller.console.words import Look
from controller.errors import ControllerError
from controller.operations.phrase_audio import making
from controller.operations.phrase_bank import ShownBank, show_bank
from controller.operations.services import Services
from controller.operations.voices import Order, VoiceNow, orders, voices_now

STAGE_LOOKS: Mapping[Stage, Look] = MappingProxyType(
    {
        Stage.READY: Look("san", "san", "Có tiếng"),
        Stage.NO_WORDS: Look("nhap", "nhap", "Chưa viết"),
        Stage.NOT_RECORDED: Look("thieu", "mic", "Chưa thu"),
        Stage.NOT_HEARD: Look("cho", "nghe", "Chờ người nghe"),
        Stage.NOT_MADE: Look("cho", "cho", "Chưa làm âm thanh"),
    }
)
MAKING = Look("cho", "cho", "Đang làm…")
FAILED = Look("im", "im", "Không làm được")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language and its voices: those that are tried, in order; those that are not ready."""

    language: str
    tried: tuple[VoiceNow, ...]
    unready: tuple[VoiceNow, ...]
    villages: int
    set_by: str | None


@dataclass(frozen=True, slots=True)
class OnShelf:
    """One phrase of the bank in one language."""

    id: str
    vi: str
    words: str
    look: Look
    asset: str | None
    error: str
    needed: bool


def voices_of(
    session: Session, engines: Sequence[Engine], heard: Mapping[str, int]
) -> tuple[Spoken, ...]:
    """Every language that is heard or has a voice, most villages first."""
    every = voices_now(session, engines)
    chosen = {order.language: order for order in orders(session, engines)}
    tags = dict.fromkeys((*heard, *(v.voice.language for v in every)))
    return tuple(_spoken(tag, every, chosen, heard.get(tag, 0)) for tag in tags)


def _spoken(
    tag: str, every: Sequence[VoiceNow], chosen: Mapping[str, Order], villages: int
) -> Spoken:
    mine = {v.voice.id: v for v in every if v.voice.language == tag}
    order = chosen.get(tag)
    tried = tuple(mine[voice] for voice in order.tried) if order else ()
    unready = tuple(v for v in mine.values() if not v.voice.ready)
    return Spoken(tag, tried, unready, villages, order.set_by if order else None)


def moved(order: Sequence[str], voice: str, *, up: bool) -> tuple[str, ...]:
    """The order with one voice a place sooner or later; the same at the end, or without it."""
    if voice not in order:
        return tuple(order)
    at = order.index(voice)
    to = max(0, at - 1) if up else min(len(order) - 1, at + 1)
    changed = [each for each in order if each != voice]
    changed.insert(to, voice)
    return tuple(changed)


def bank_of(
    session: Session, given: Services, language: str, unit_id: str | None = None
) -> ShownBank:
    """The bank of one language, with the places of a unit or of all; raises UnknownLanguage."""
    return show_bank(session, language, given.engines, given.today(), unit_id)


def banks_of(session: Session, given: Services, heard: Mapping[str, int]) -> tuple[ShownBank, ...]:
    """The bank of every language that villages hear."""
    return tuple(bank_of(session, given, tag) for tag in heard)


def phrases_of(session: Session, shown: ShownBank, category: Category) -> tuple[OnShelf, ...]:
    """The phrases of one kind, in the order of the catalogue."""
    made = making(session, shown.bank)
    found = []
    for phrase in shown.phrases:
        if category_of(phrase) is not category:
            continue
        words, sound = shown.bank.words.get(phrase, ""), shown.bank.sounds.get(phrase)
        stage = shown.readiness.stages.get(phrase)
        if stage is None:
            stage = Stage.READY if sound else Stage.NOT_MADE if words else Stage.NO_WORDS
        look, error = STAGE_LOOKS[stage], ""
        if phrase in made:
            failed = made[phrase].state == "failed"
            look, error = (FAILED, made[phrase].vi or "") if failed else (MAKING, "")
        found.append(
            OnShelf(
                phrase,
                shown.vi.get(phrase, phrase),
                words,
                look,
                sound.asset_sha256 if sound else None,
                error,
                phrase in shown.readiness.stages,
            )
        )
    return tuple(found)


def days_of(typed: str) -> int | None:
    """A period as typed; nothing: for ever."""
    said = typed.strip()
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 7):
        raise ControllerError(
            "bad_period",
            "Ghi số ngày bằng chữ số, ví dụ 180; để trống là không tự xoá. Thời hạn cũ vẫn giữ.",
            "Give the days as a number, or nothing for ever. The old period still holds.",
        )
    return int(said)
