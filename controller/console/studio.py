"""Where a person's voice is brought and heard: of a bulletin in one language, or of a phrase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlmodel import Session

from audio_library.bulletin import State
from audio_library.languages import language as language_of
from audio_library.recording.changed_words import in_short
from audio_library.recording.reader import Reader
from audio_library.recording.take import Take, TakeState
from audio_library.rendition import spoken_sha256
from controller.console.words import Look
from controller.errors import NotFound
from controller.operations.bring_recording import wanted_words
from controller.operations.services import Services
from controller.operations.show_bulletin import show_bulletin
from controller.operations.show_takes import ShownTake, show_takes
from controller.operations.sign_in import Person
from controller.operations.unit_speech import unit_speech
from controller.storage import takes

TO_HEAR = Look("cho", "nghe", "Chờ người thứ hai nghe")
TO_RELEASE = Look("cho", "duyet", "Đã nghe, chờ cho phát")
RELEASED = Look("san", "san", "Được phát")
REFUSED = Look("xong", "bo", "Không dùng")
AGAIN = Look("tre", "tre", "Cần thu lại")
TO_RECORD = Look("thieu", "mic", "Chờ thu tiếng")
TO_WRITE_FIRST = Look("nhap", "nhap", "Viết và lưu lời trước")

_LOOKS: Mapping[TakeState, Look] = MappingProxyType(
    {
        TakeState.BROUGHT: TO_HEAR,
        TakeState.HEARD: TO_RELEASE,
        TakeState.RELEASED: RELEASED,
        TakeState.REFUSED: REFUSED,
    }
)
_NEAREST = (TakeState.RELEASED, TakeState.HEARD, TakeState.BROUGHT)

QUIET_LUFS, LOUD_LUFS = -30.0, -14.0
"""Below and above: worth a word, though mastering brings every voice to one level."""


@dataclass(frozen=True, slots=True)
class HeardTake:
    """One take, with what whoever looks at it may do."""

    shown: ShownTake
    fits: bool
    """Says what is wanted here now."""
    may_hear: bool
    """Neither brought nor read by who looks."""

    @property
    def take(self) -> Take:
        return self.shown.take

    @property
    def look(self) -> Look:
        """Its state on the screen."""
        standing = self.fits or self.take.state is TakeState.REFUSED
        return _LOOKS[self.take.state] if standing else AGAIN

    @property
    def figures(self) -> tuple[str, ...]:
        """What was measured, in words that need no knowledge."""
        odd = {note.code for note in self.shown.notes}
        loud = "vừa"
        if self.take.measured.lufs < QUIET_LUFS:
            loud = "hơi nhỏ"
        elif self.take.measured.lufs > LOUD_LUFS:
            loud = "rất to"
        return (
            f"độ to {loud}",
            "có tiếng ồn" if "noisy" in odd else "ít tiếng ồn",
            "có chỗ vỡ tiếng" if "clipped" in odd else "không vỡ tiếng",
        )


@dataclass(frozen=True, slots=True)
class Studio:
    """All that belongs to recording one text in one language."""

    language: str
    words: str
    """Exactly what is to be read; empty: to be written first."""
    readers: Sequence[Reader]
    """Those whose consent stands and who read the language."""
    takes: Sequence[HeardTake]
    vouches: bool
    """The reader's own word may stand here."""
    open: bool
    """False: nothing is recorded for it any more."""
    bulletin: str = ""
    phrase: str = ""

    @property
    def standing(self) -> Sequence[HeardTake]:
        """Takes of the words that are wanted now, the nearest to the air first."""
        fitting = [h for h in self.takes if h.fits and h.take.state in _NEAREST]
        return sorted(fitting, key=lambda h: _NEAREST.index(h.take.state))

    @property
    def outdated(self) -> HeardTake | None:
        """The newest take of older words, when there is none of today's."""
        older = [h for h in self.takes if not h.fits and h.take.state is not TakeState.REFUSED]
        return older[0] if older and not self.standing else None

    @property
    def why_again(self) -> str:
        """What changed since the newest take of older words."""
        return in_short(self.outdated.take.words, self.words) if self.outdated else ""

    @property
    def look(self) -> Look:
        """How far it is."""
        if not self.words:
            return TO_WRITE_FIRST
        if self.standing:
            return _LOOKS[self.standing[0].take.state]
        return AGAIN if self.outdated else TO_RECORD


def open_studios(
    session: Session, given: Services, who: Person, bulletin_id: str
) -> dict[str, Studio]:
    """One for every language of a bulletin; none if there is no such bulletin."""
    try:
        shown = show_bulletin(session, bulletin_id) if bulletin_id else None
    except NotFound:
        shown = None
    if shown is None:
        return {}
    brought = _brought(session, bulletin_id, shown.spoken)
    vouches = unit_speech(session, shown.bulletin.unit).reader_vouches
    return {
        tag: Studio(
            tag,
            shown.spoken[tag],
            _readers(session, tag),
            _heard(
                session,
                given,
                who,
                shown.spoken[tag],
                [take for take in brought if take.language == tag],
            ),
            vouches,
            shown.bulletin.state is not State.WITHDRAWN,
            bulletin=bulletin_id,
        )
        for tag in shown.bulletin.languages
    }


def _brought(session: Session, bulletin_id: str, spoken: Mapping[str, str]) -> list[Take]:
    """Takes of the bulletin, and those of the same words of another one, newest first."""
    texts = [spoken_sha256(tag, words) for tag, words in spoken.items()]
    found = {
        take.id: take
        for take in (
            *takes.find_takes(session, bulletin_ids=[bulletin_id]),
            *takes.find_takes(session, texts=texts),
        )
    }
    return sorted(found.values(), key=lambda take: take.brought.at, reverse=True)


def open_phrase_studio(
    session: Session, given: Services, who: Person, language: str, phrase: str
) -> Studio:
    """Of one phrase of the bank; raises UnknownLanguage."""
    language_of(language)
    words = wanted_words(session, language, None, phrase, given.today()) or ""
    brought = [
        take
        for take in takes.find_takes(session, limit=None)
        if take.language == language and take.phrase == phrase
    ]
    return Studio(
        language,
        words,
        _readers(session, language),
        _heard(session, given, who, words, brought),
        unit_speech(session, None).reader_vouches,
        True,
        phrase=phrase,
    )


def _readers(session: Session, language: str) -> tuple[Reader, ...]:
    return tuple(
        reader
        for reader in takes.all_readers(session)
        if reader.withdrawn is None and language in reader.languages
    )


def _heard(
    session: Session, given: Services, who: Person, words: str, found: Sequence[Take]
) -> tuple[HeardTake, ...]:
    return tuple(
        HeardTake(
            shown,
            shown.take.words == words,
            who.name != shown.take.brought.by and not shown.reader.is_person(who.name),
        )
        for shown in show_takes(session, found, given.today())
    )
