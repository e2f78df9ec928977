"""A bulletin as a person should see it: words, reading, audio, and the exact reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from audio_library.approval import reading_changed
from audio_library.bulletin import Bulletin, State
from audio_library.readiness import NEEDS_A_READER, Readiness
from audio_library.rendition import spoken_sha256
from controller.errors import ControllerError
from controller.operations.asked_work import (
    RENDER,
    ask_for_renditions,
    rendition_key,
)
from controller.operations.bulletin_readiness import bulletin_readiness
from controller.operations.find_unit import inside
from controller.operations.find_village import villages
from controller.operations.review_bulletin import read_aloud, version_of
from controller.operations.show_fleet import unconfirmed_withdrawals
from controller.operations.still_wanted import wanted_words
from controller.operations.unit_speech import unit_speech
from controller.storage import bulletins, places, programmes, tables, work_items
from controller.storage.database import Database


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio of one language: ready, waiting, working, failed, missing (nobody asked), to_record."""

    state: str
    sha256: str | None = None
    duration_ms: int | None = None
    lufs: float | None = None
    voice: str | None = None
    vi: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A bulletin with what belongs to it, by language."""

    bulletin: Bulletin
    spoken: Mapping[str, str]
    audio: Mapping[str, Audio]
    changed: tuple[str, ...]
    unconfirmed_boxes: int

    @property
    def version(self) -> str:
        """Name of what is shown; approval asks for it."""
        return version_of(self.bulletin, self.spoken)


def show_bulletin(session: Session, bulletin_id: str) -> Shown:
    """One bulletin; an approved one shows the words that were approved."""
    bulletin = bulletins.load(session, bulletin_id)
    today = read_aloud(session, bulletin)
    spoken = {**today, **{p.language: p.spoken for p in bulletin.pins}}
    behind: list[str] = []
    if bulletin.state is State.WITHDRAWN:
        behind = unconfirmed_withdrawals(session, bulletin_id)
    return Shown(
        bulletin,
        spoken,
        {language: _audio(session, language, words) for language, words in spoken.items()},
        reading_changed(bulletin, today),
        len(behind),
    )


def preview_bulletin(
    database: Database, bulletin_id: str, now: datetime, *, anew: bool = False
) -> Shown:
    """Have every language voiced as it would be approved now, to be heard first.

    `anew`: also what is voiced already, after a respelling; refused once the words are approved,
    also as those of another bulletin: both would air the same audio.
    """
    with database.write() as session:
        shown = show_bulletin(session, bulletin_id)
        speech = unit_speech(session, shown.bulletin.unit)
        if anew:
            approved = wanted_words(session, now)
            elsewhere = any(spoken_sha256(*read) in approved for read in shown.spoken.items())
            if elsewhere or shown.bulletin.state is State.APPROVED:
                raise _approved_already()
        respelled = speech.respelled(shown.spoken)
        ask_for_renditions(session, shown.spoken, now, respelled, anew=anew)
        session.flush()
        return show_bulletin(session, bulletin_id)


def show_readiness(session: Session, bulletin_id: str, now: datetime) -> tuple[Readiness, ...]:
    """For its own languages, and all that are listened to in its unit and where it is to air."""
    bulletin = bulletins.load(session, bulletin_id)
    zones, units = places.zones(session), inside(places.area_tree(session), bulletin.unit)
    meant = {z for v in villages(session) if v.id in units for z in v.zone_ids}
    for planned in programmes.standing(session).values():
        if bulletin.id in planned.bulletin_ids:
            meant.update(planned.programme.zone_ids)
    heard = (tag for id, zone in zones.items() if id in meant for tag in zone.languages)
    wanted = tuple(dict.fromkeys((*bulletin.languages, *heard)))
    return bulletin_readiness(session, bulletin, wanted, now)


def _approved_already() -> ControllerError:
    return ControllerError(
        "wrong_transition",
        "Lời này đã duyệt, ở bản tin này hoặc bản tin khác, nên âm thanh giữ nguyên. "
        "Muốn đọc lại, hãy sửa lời trước.",
        "These words are approved, here or in another bulletin, so their audio stays as it is. "
        "Edit the words to change it.",
    )


def _audio(session: Session, language: str, words: str) -> Audio:
    rendition = session.get(tables.Rendition, (language, spoken_sha256(language, words)))
    if rendition is not None:
        asset = session.get_one(tables.Asset, rendition.asset_sha256)
        return Audio("ready", asset.sha256, asset.duration_ms, asset.lufs, rendition.voice)
    item = work_items.find(session, RENDER, rendition_key(language, words))
    if item is None:
        return Audio("missing")
    state = item.state
    if state == "failed" and item.error_code in NEEDS_A_READER:
        state = "to_record"
    return Audio(state, vi=item.error_vi, en=item.error_en)
