"""The bulletin on the desk: its languages, what will be read, its audio, who must act."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from audio_library.bulletin import State
from audio_library.speech.engine import Engine
from audio_library.speech.recorded import NAME as RECORDED
from controller.console.reading import Reading, reading_of
from controller.console.studio import RELEASED, Studio
from controller.console.words import Look
from controller.errors import NotFound
from controller.operations.asked_work import RENDER, is_being_planned, rendition_key
from controller.operations.show_bulletin import Audio, Shown, show_bulletin
from controller.operations.show_fleet import clusters_now, unconfirmed_withdrawals
from controller.operations.touched import zones_of_bulletin
from controller.operations.unit_speech import unit_speech
from controller.operations.voices import available_voices
from controller.storage import tables, work_items

NOT_HEARD = Look("nhap", "choi", "Chưa đọc thử")
READING = Look("cho", "cho", "Đang đọc…")
READ = Look("san", "san", "Máy đọc xong")
RECORDED_READY = Look("san", "san", "Giọng người, đã sẵn sàng")
MASTERING = Look("cho", "cho", "Đang làm âm thanh…")
STOPPED = Look("nhap", "dung", "Đã dừng đọc thử")
FAILED = Look("im", "im", "Không đọc được")
TO_WRITE = Look("nhap", "nhap", "Chưa viết")


@dataclass(frozen=True, slots=True)
class Making:
    """A piece of work that makes audio; `share` done, 0 to 1."""

    id: int
    key: str
    share: float


@dataclass(frozen=True, slots=True)
class Heard:
    """One language of the bulletin: its words, what will be read, and how far its audio is."""

    language: str
    text: str
    spoken: str
    pinned: bool
    changed: bool
    audio: Audio
    look: Look
    reading: Reading
    """Of the words as they stand now."""
    making: Making | None
    """Its audio on the way."""


@dataclass(frozen=True, slots=True)
class Lagging:
    """A box that has not confirmed a withdrawal; `seen_ms` is when it last spoke, ms UTC."""

    cluster: str
    village: str
    seen_ms: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """The bulletin on the desk."""

    shown: Shown
    heard: tuple[Heard, ...]
    holders: int
    """Boxes that were told to play it."""
    lagging: tuple[Lagging, ...]
    telling: bool
    """The plan that carries a change to the boxes is still to be made."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that have words."""
        return tuple(h.language for h in self.heard)

    @property
    def version(self) -> str:
        """Changes with every edit, and with every reading."""
        return self.shown.version

    @property
    def words(self) -> str:
        """Changes with every edit."""
        bulletin = self.shown.bulletin
        named = "\x1f".join([bulletin.title, *(s.sha256 for s in bulletin.scripts)])
        return hashlib.sha256(named.encode()).hexdigest()[:16]


def open_bulletin(
    session: Session,
    bulletin_id: str,
    studios: Mapping[str, Studio],
    engines: Sequence[Engine],
    now: datetime,
) -> Opened | None:
    """One bulletin with all that belongs to it; None if there is none."""
    try:
        shown = show_bulletin(session, bulletin_id)
    except NotFound:
        return None
    voiced = voiced_languages(engines)
    speech = unit_speech(session, shown.bulletin.unit)
    heard = tuple(
        _heard(
            shown,
            reading_of(speech, s.text, s.language),
            s.text,
            _look(shown.audio[s.language], s.language in voiced, studios[s.language]),
            _making(session, s.language, shown.spoken[s.language]),
        )
        for s in shown.bulletin.scripts
    )
    lagging: tuple[Lagging, ...] = ()
    if shown.bulletin.state is State.WITHDRAWN:
        lagging = tuple(_lagging(session, bulletin_id, now))
    telling = is_being_planned(session, zones_of_bulletin(session, shown.bulletin, now))
    return Opened(shown, heard, _holders(session, bulletin_id), lagging, telling)


def voiced_languages(engines: Sequence[Engine]) -> frozenset[str]:
    """Languages that a machine here can read."""
    return frozenset(
        v.language for v in available_voices(engines) if v.ready and v.engine != RECORDED
    )


def _heard(shown: Shown, reading: Reading, text: str, look: Look, making: Making | None) -> Heard:
    language = reading.language
    return Heard(
        language,
        text,
        shown.spoken[language],
        shown.bulletin.pin(language) is not None,
        language in shown.changed,
        shown.audio[language],
        look,
        reading,
        making,
    )


def _look(audio: Audio, has_voice: bool, studio: Studio) -> Look:
    released = studio.look is RELEASED
    match audio.state:
        case "ready" | "done":
            by_person = (audio.voice or "").startswith(f"{RECORDED}:")
            return RECORDED_READY if by_person else READ
        case _ if not has_voice and not released:
            return studio.look
        case "waiting" if audio.vi:
            return FAILED
        case "waiting" | "working":
            return MASTERING if released else READING
        case "failed":
            return FAILED
        case "stopped":
            return STOPPED
        case _:
            return NOT_HEARD


def _making(session: Session, language: str, words: str) -> Making | None:
    item = work_items.find(session, RENDER, rendition_key(language, words))
    if item is None or item.id is None or item.state not in ("waiting", "working"):
        return None
    return Making(item.id, item.key, item.progress)


def _holders(session: Session, bulletin_id: str) -> int:
    told = select(tables.PlannedPlay.device_id).where(tables.PlannedPlay.bulletin_id == bulletin_id)
    return len(session.exec(told.distinct()).all())


def _lagging(session: Session, bulletin_id: str, now: datetime) -> Iterator[Lagging]:
    behind: Sequence[str] = unconfirmed_withdrawals(session, bulletin_id)
    for cluster in clusters_now(session, now) if behind else ():
        if cluster.device_id in behind:
            yield Lagging(cluster.cluster, cluster.village, cluster.seen_ms)
