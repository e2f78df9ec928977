"""Bulletins: write, hear, approve, withdraw."""

from typing import Annotated

from fastapi import APIRouter, Query

from audio_library.writing.language_guard import judge
from controller.api.shapes import (
    Approval,
    AudioState,
    BulletinEdit,
    BulletinIn,
    BulletinLine,
    BulletinOut,
    JudgementOut,
    ReadinessOut,
    Reason,
    ScriptOut,
)
from controller.doors import Given, Signed
from controller.operations import review_bulletin as review
from controller.operations.find_bulletins import find_bulletins
from controller.operations.services import Services
from controller.operations.show_bulletin import (
    Shown,
    preview_bulletin,
    show_bulletin,
    show_readiness,
)
from controller.operations.submit_bulletin import Written, submit_bulletin

at = APIRouter(tags=["bulletins"])


@at.get("/bulletins")
def get_bulletins(
    given: Given, who: Signed, q: Annotated[str, Query(max_length=300)] = ""
) -> list[BulletinLine]:
    """The latest bulletins, newest first; with `q` those in which every word of it begins a word.

    Accents, capitals, the place of tones and the kind of apostrophe do not matter.
    """
    with given.database.read() as session:
        return [BulletinLine.of(b) for b in find_bulletins(session, q)]


@at.post("/bulletins", status_code=201)
def post_bulletin(form: BulletinIn, given: Given, who: Signed) -> BulletinOut:
    """Keep a new draft."""
    written = Written(
        form.scripts,
        form.title,
        form.kind,
        form.topic,
        form.valid_until,
        form.supersedes,
        form.unit,
    )
    kept = submit_bulletin(given.database, written, who.name, given.clock())
    return _shown(given, kept.id)


@at.get("/bulletins/{bulletin_id}")
def get_bulletin(bulletin_id: str, given: Given, who: Signed) -> BulletinOut:
    """One bulletin with its words, reading and audio."""
    return _shown(given, bulletin_id)


@at.put("/bulletins/{bulletin_id}")
def put_bulletin(bulletin_id: str, form: BulletinEdit, given: Given, who: Signed) -> BulletinOut:
    """New words: the bulletin is a draft again, and no longer airs until approved."""
    review.edit_bulletin(
        given.database,
        bulletin_id,
        form.scripts,
        who.name,
        given.clock(),
        title=form.title,
        valid_until=form.valid_until,
        unit=form.unit,
    )
    return _shown(given, bulletin_id)


@at.get("/bulletins/{bulletin_id}/readiness")
def get_readiness(bulletin_id: str, given: Given, who: Signed) -> list[ReadinessOut]:
    """For its languages and all that its villages listen to: ready, or the exact reason."""
    with given.database.read() as session:
        return [
            ReadinessOut(language=r.language, ready=r.ready, reason=r.lack, vi=r.vi, en=r.en)
            for r in show_readiness(session, bulletin_id, given.clock())
        ]


@at.post("/bulletins/{bulletin_id}/preview", status_code=202)
def post_preview(bulletin_id: str, given: Given, who: Signed, anew: bool = False) -> BulletinOut:
    """Have the bulletin voiced so that it can be heard before approval.

    `anew`: also what is voiced already, after a respelling was taught.
    """
    return _out(preview_bulletin(given.database, bulletin_id, given.clock(), anew=anew))


@at.post("/bulletins/{bulletin_id}/submit")
def post_submit(bulletin_id: str, given: Given, who: Signed) -> BulletinOut:
    """Ask for approval."""
    review.send_for_approval(given.database, bulletin_id, given.clock())
    return _shown(given, bulletin_id)


@at.post("/bulletins/{bulletin_id}/approve")
def post_approve(bulletin_id: str, form: Approval, given: Given, who: Signed) -> BulletinOut:
    """Approve the version that was seen: pins words and reading; audio is made of exactly that."""
    review.approve_bulletin(
        given.database,
        bulletin_id,
        who.name,
        given.clock(),
        four_eyes=given.four_eyes,
        seen=form.version,
        language_confirmed=form.language_confirmed,
    )
    return _shown(given, bulletin_id)


@at.post("/bulletins/{bulletin_id}/return")
def post_return(bulletin_id: str, form: Reason, given: Given, who: Signed) -> BulletinOut:
    """Send it back to its editor with a reason."""
    review.return_bulletin(given.database, bulletin_id, who.name, form.why, given.clock())
    return _shown(given, bulletin_id)


@at.post("/bulletins/{bulletin_id}/withdraw")
def post_withdraw(bulletin_id: str, form: Reason, given: Given, who: Signed) -> BulletinOut:
    """Take it off air for good, also on boxes that hold it."""
    review.withdraw_bulletin(given.database, bulletin_id, who.name, form.why, given.clock())
    return _shown(given, bulletin_id)


def _shown(given: Services, bulletin_id: str) -> BulletinOut:
    with given.database.read() as session:
        return _out(show_bulletin(session, bulletin_id))


def _out(shown: Shown) -> BulletinOut:
    b = shown.bulletin
    return BulletinOut(
        id=b.id,
        version=shown.version,
        title=b.title,
        kind=b.kind,
        topic=b.topic,
        state=b.state,
        author=b.author,
        created_at=b.created_at,
        valid_until=b.valid_until,
        supersedes=b.supersedes,
        unit=b.unit,
        approved_by=b.approved_by,
        approved_at=b.approved_at,
        returned_why=b.sent_back.why if b.sent_back else None,
        withdrawn_why=b.withdrawn.why if b.withdrawn else None,
        unconfirmed_boxes=shown.unconfirmed_boxes,
        scripts=[_script(shown, s.language, s.text) for s in b.scripts],
    )


def _script(shown: Shown, language: str, text: str) -> ScriptOut:
    audio, pin = shown.audio[language], shown.bulletin.pin(language)
    return ScriptOut(
        language=language,
        text=text,
        spoken=shown.spoken[language],
        pinned=pin is not None,
        reading_changed=language in shown.changed,
        wording_version=pin.wording_version if pin else None,
        guard=JudgementOut.of(judge(text, language)),
        audio=AudioState(
            language=language,
            state=audio.state,
            url=f"/audio/{audio.sha256}.opus" if audio.sha256 else None,
            sha256=audio.sha256,
            duration_ms=audio.duration_ms,
            lufs=audio.lufs,
            voice=audio.voice,
            vi=audio.vi,
            en=audio.en,
        ),
    )
