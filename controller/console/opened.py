"""The bulletin on the desk: its languages, what will be read, its audio, who must act."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from audio_library.bulletin import State
from audio_library.wording.spoken_form import Span, SpokenForm
from controller.console.words import Look
from controller.errors import NotFound
from controller.operations.asked_work import PLAN, WHOLE_FLEET
from controller.operations.show_bulletin import Audio, Shown, show_bulletin
from controller.operations.show_fleet import clusters_now, unconfirmed_withdrawals
from controller.operations.voices import available_voices
from controller.storage import tables, work_items

NO_VOICE = Look("thieu", "thieu", "Chưa có giọng, chưa có bản ghi")
NOT_HEARD = Look("nhap", "choi", "Chưa đọc thử")
READING = Look("cho", "cho", "Đang đọc…")
READ = Look("san", "san", "Máy đọc xong")
FAILED = Look("im", "im", "Không đọc được")
TO_WRITE = Look("nhap", "nhap", "Chưa viết")


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
        """Changes with every edit."""
        return self.shown.version


def open_bulletin(session: Session, bulletin_id: str, now: datetime) -> Opened | None:
    """One bulletin with all that belongs to it; None if there is none."""
    try:
        shown = show_bulletin(session, bulletin_id)
    except NotFound:
        return None
    voiced = voiced_languages()
    heard = tuple(_heard(shown, s.language, s.text, voiced) for s in shown.bulletin.scripts)
    lagging: tuple[Lagging, ...] = ()
    if shown.bulletin.state is State.WITHDRAWN:
        lagging = tuple(_lagging(session, bulletin_id, now))
    plan = work_items.find(session, PLAN, WHOLE_FLEET)
    telling = plan is not None and plan.state in ("waiting", "working")
    return Opened(shown, heard, _holders(session, bulletin_id), lagging, telling)


def voiced_languages() -> frozenset[str]:
    """Languages that a machine here can read without a network."""
    return frozenset(v.language for v in available_voices() if v.ready and not v.online)


def pieces(spoken: SpokenForm, written: str) -> Iterator[tuple[str, Span | None]]:
    """What is heard, piece by piece, each with the span that it is a reading of, if it is one."""
    position = 0
    for span in spoken.spans:
        if span.start > position:
            yield written[position : span.start], None
        yield span.spoken, span
        position = span.end
    if position < len(written):
        yield written[position:], None


def _heard(shown: Shown, language: str, text: str, voiced: frozenset[str]) -> Heard:
    audio = shown.audio[language]
    return Heard(
        language,
        text,
        shown.spoken[language],
        shown.bulletin.pin(language) is not None,
        language in shown.changed,
        audio,
        _look(audio, language in voiced),
    )


def _look(audio: Audio, has_voice: bool) -> Look:
    match audio.state:
        case "ready" | "done":
            return READ
        case _ if not has_voice:
            return NO_VOICE
        case "waiting" | "working":
            return READING
        case "failed":
            return FAILED
        case _:
            return NOT_HEARD


def _holders(session: Session, bulletin_id: str) -> int:
    told = select(tables.PlannedPlay.device_id).where(tables.PlannedPlay.bulletin_id == bulletin_id)
    return len(session.exec(told.distinct()).all())


def _lagging(session: Session, bulletin_id: str, now: datetime) -> Iterator[Lagging]:
    behind: Sequence[str] = unconfirmed_withdrawals(session, bulletin_id)
    for cluster in clusters_now(session, now) if behind else ():
        if cluster.device_id in behind:
            yield Lagging(cluster.cluster, cluster.village, cluster.seen_ms)
