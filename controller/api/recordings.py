"""Readers and their recordings: bring, hear, release, refuse."""

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from audio_library.recording.check import check_recording
from audio_library.recording.reader import Reader
from audio_library.recording.take import Take, TakeState
from controller.api.recording_shapes import (
    ChangeOut,
    Hearing,
    MeasuredOut,
    NoteOut,
    ReaderIn,
    ReaderOut,
    RecordingOut,
    SilencedOut,
    WithdrawalOut,
)
from controller.api.shapes import Id, Reason
from controller.api.sound_file import sound_answer
from controller.api.upload import SOUND_BODY, uploaded
from controller.doors import Given, Signed
from controller.operations import release_take as verdict
from controller.operations.bring_recording import Asked, bring_recording, words_to_read
from controller.operations.enrol_reader import Consent, enrol_reader, withdraw_reader
from controller.operations.services import Services
from controller.operations.show_takes import ShownTake, show_takes
from controller.storage import takes

at = APIRouter(tags=["recordings"])

SOUND = "audio/flac"
PRIVATE = "private, max-age=3600"
Short = Annotated[str, Query(max_length=300)]
Maybe = Annotated[str | None, Query(max_length=120)]


@at.get("/readers")
def get_readers(given: Given, who: Signed) -> list[ReaderOut]:
    """Everybody who ever agreed that their voice airs, by name."""
    with given.database.read() as session:
        return [_reader(reader) for reader in takes.all_readers(session)]


@at.post("/readers", status_code=201)
def post_reader(form: ReaderIn, given: Given, who: Signed) -> ReaderOut:
    """Take down a reader with their consent."""
    consent = Consent(form.name, tuple(form.languages), form.consent, form.account)
    return _reader(enrol_reader(given.database, consent, who.name, given.clock()))


@at.post("/readers/{reader_id}/withdraw")
def post_withdrawn(reader_id: str, form: Reason, given: Given, who: Signed) -> WithdrawalOut:
    """Note that a reader takes the consent back: nothing of theirs airs from now on."""
    lost = withdraw_reader(given.database, reader_id, who.name, form.why, given.clock())
    count, plays = len(lost.bulletins), lost.coming_plays
    return WithdrawalOut(
        reader=_reader(lost.reader),
        takes=lost.takes,
        bulletins=[
            SilencedOut(bulletin=b.bulletin_id, title=b.title, language=b.language)
            for b in lost.bulletins
        ],
        coming_plays=plays,
        vi=f"Giọng của {lost.reader.name} không còn được phát: {count} bản tin và {plays} lượt "
        "phát sắp tới mất giọng này; máy hoặc bản thu của người khác sẽ thay nếu có. Hộp loa đang "
        "mất mạng giữ kế hoạch cũ cho tới khi nối lại.",
        en=f"The voice of {lost.reader.name} airs no more. Bulletins that lose it: {count}, coming "
        f"plays: {plays}; another voice or recording takes over where there is one. A box that is "
        "offline holds its old plan until it is back.",
    )


@at.get("/recordings")
def get_recordings(
    given: Given,
    who: Signed,
    bulletin: Maybe = None,
    phrase: Maybe = None,
    language: Maybe = None,
    reader: Maybe = None,
    state: TakeState | None = None,
) -> list[RecordingOut]:
    """The newest recordings first; of a bulletin or a phrase, a language, a reader, a state."""
    with given.database.read() as session:
        found = takes.find_takes(
            session,
            bulletin_ids=None if bulletin is None else [bulletin],
            phrase=phrase,
            language=language,
            reader_id=reader,
            state=state,
        )
        return [_recording(shown) for shown in show_takes(session, found, given.today())]


@at.post("/recordings", status_code=201, openapi_extra=SOUND_BODY)
async def post_recording(
    request: Request,
    given: Given,
    who: Signed,
    language: Annotated[str, Query(max_length=20)],
    reader: Id,
    bulletin: Maybe = None,
    phrase: Maybe = None,
    version: Maybe = None,
    name: Short = "",
) -> RecordingOut:
    """Bring a recording of a bulletin or a phrase; the body is the file.

    It is measured and refused with the reason if it is unfit; else its voice is kept, silent ends
    cut off, and waits for a second listener. `version` of the bulletin names the words that the
    reader had. The same file brought again changes nothing.
    """
    asked = Asked(language, reader, bulletin, phrase, version, name)
    words = await asyncio.to_thread(words_to_read, given.database, asked, given.today())
    room = given.recordings
    async with uploaded(request, room.scratch) as path, room.turns:
        take = await asyncio.to_thread(
            partial(
                bring_recording,
                given.database,
                room.sounds,
                check_recording,
                asked,
                words,
                path,
                who.name,
                given.clock(),
            )
        )
    return await asyncio.to_thread(_shown, given, take)


@at.get("/recordings/{recording_id}")
def get_recording(recording_id: Id, given: Given, who: Signed) -> RecordingOut:
    """One recording."""
    with given.database.read() as session:
        take = takes.load_take(session, recording_id)
    return _shown(given, take)


@at.api_route(
    "/recordings/{recording_id}/audio",
    methods=["GET"],
    response_class=Response,
    responses={200: {"content": {SOUND: {}}}, 206: {"content": {SOUND: {}}}},
)
def get_recording_audio(recording_id: Id, request: Request, given: Given, who: Signed) -> Response:
    """The sound that was kept, as FLAC, with Range."""
    with given.database.read() as session:
        take = takes.load_take(session, recording_id)
    return sound_answer(
        request,
        given.recordings.sounds.open(take.sound_sha256),
        name=take.sound_sha256,
        media_type=SOUND,
        headers={"cache-control": PRIVATE},
    )


@at.post("/recordings/{recording_id}/heard")
def post_heard(recording_id: Id, form: Hearing, given: Given, who: Signed) -> RecordingOut:
    """Say that you heard it, understand the language, and that it says what is written.

    Refused to who read or brought it; with `vouch` the reader's word stands, where allowed.
    """
    now = given.clock()
    if form.vouch:
        return _shown(given, verdict.vouch_for_take(given.database, recording_id, who.name, now))
    heard = verdict.hear_take(
        given.database, recording_id, who.name, now, understands=form.understands
    )
    return _shown(given, heard)


@at.post("/recordings/{recording_id}/release")
def post_release(recording_id: Id, given: Given, who: Signed) -> RecordingOut:
    """Let it air: the audio of its words is made of it, in the place of a synthetic voice."""
    released = verdict.release_take(
        given.database, recording_id, who.name, given.clock(), given.today()
    )
    return _shown(given, released)


@at.post("/recordings/{recording_id}/take-back")
def post_take_back(recording_id: Id, form: Reason, given: Given, who: Signed) -> RecordingOut:
    """Undo a release, with a reason; it may be released again."""
    back = verdict.take_back_take(given.database, recording_id, who.name, form.why, given.clock())
    return _shown(given, back)


@at.post("/recordings/{recording_id}/refuse")
def post_refuse(recording_id: Id, form: Reason, given: Given, who: Signed) -> RecordingOut:
    """Refuse it for good, with a reason for whoever records again; off the air if it airs."""
    refused = verdict.refuse_take(given.database, recording_id, who.name, form.why, given.clock())
    return _shown(given, refused)


def _shown(given: Services, take: Take) -> RecordingOut:
    with given.database.read() as session:
        return _recording(show_takes(session, [take], given.today())[0])


def _reader(reader: Reader) -> ReaderOut:
    gone = reader.withdrawn
    return ReaderOut(
        id=reader.id,
        name=reader.name,
        languages=list(reader.languages),
        consent=reader.consent,
        consent_by=reader.consent_by,
        consent_at=reader.consent_at,
        account=reader.account,
        withdrawn_by=gone.by if gone else None,
        withdrawn_at=gone.at if gone else None,
        withdrawn_why=gone.why if gone else None,
    )


def _recording(shown: ShownTake) -> RecordingOut:
    take = shown.take
    heard, released = take.heard, take.released
    return RecordingOut(
        id=take.id,
        language=take.language,
        bulletin=take.bulletin_id,
        phrase=take.phrase,
        words=take.words,
        fits=shown.fits,
        changed=[ChangeOut(before=c.before, after=c.after) for c in shown.changed],
        reader=shown.reader.id,
        reader_name=shown.reader.name,
        state=take.state,
        consent=shown.reader.withdrawn is None,
        name=take.original_name,
        url=f"/api/v1/recordings/{take.id}/audio",
        measured=MeasuredOut(
            **asdict(take.measured), over_noise_db=round(take.measured.over_noise_db, 1)
        ),
        notes=[NoteOut(code=n.code, vi=n.vi, en=n.en) for n in shown.notes],
        brought_by=take.brought.by,
        brought_at=take.brought.at,
        heard_by=heard.by if heard else None,
        heard_at=heard.at if heard else None,
        vouched=take.vouched,
        released_by=released.by if released else None,
        released_at=released.at if released else None,
        taken_back_why=take.taken_back.why if take.taken_back else None,
        refused_by=take.refused.by if take.refused else None,
        refused_why=take.refused.why if take.refused else None,
        vi=take.state.title_vi,
        en=take.state.title_en,
    )
