"""What becomes of a draft: edited, sent for approval, approved, returned, withdrawn."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime

import structlog
from sqlmodel import Session

from audio_library import approval
from audio_library.bulletin import Bulletin, State
from audio_library.errors import NotThisLanguage
from audio_library.script import Script
from audio_library.writing.language_guard import Verdict, judge
from controller.errors import ControllerError
from controller.operations.asked_work import ask_for_plan, ask_for_renditions
from controller.operations.submit_bulletin import check_title, refuse_unknown_unit, tell_changed
from controller.operations.touched import zones_of_bulletin
from controller.operations.unit_speech import UnitSpeech, unit_speech
from controller.storage import bulletins, events
from controller.storage.database import Database
from controller.storage.instants import to_ms

log = structlog.get_logger()


def read_aloud(session: Session, bulletin: Bulletin) -> dict[str, str]:
    """The spoken form of each script as its unit speaks; other languages as they are written."""
    return _read_by(unit_speech(session, bulletin.unit), bulletin)


def version_of(bulletin: Bulletin, spoken: Mapping[str, str]) -> str:
    """Name of what a person sees of a bulletin: another word or reading, another version."""
    seen = [bulletin.title]
    for script in bulletin.scripts:
        seen += [script.sha256, spoken[script.language]]
    return hashlib.sha256("\x1f".join(seen).encode()).hexdigest()[:16]


def edit_bulletin(
    database: Database,
    bulletin_id: str,
    scripts: Mapping[str, str],
    by: str,
    now: datetime,
    *,
    title: str = "",
    valid_until: datetime | None = None,
    unit: str | None = None,
) -> Bulletin:
    """New words make it a draft again; what was approved before no longer airs."""
    new = tuple(Script(tag, text) for tag, text in scripts.items())
    with database.write() as session:
        old = bulletins.load(session, bulletin_id)
        refuse_unknown_unit(session, unit)
        title = check_title(title) or old.title
        edited = approval.edit(old, by, new, title=title, valid_until=valid_until, unit=unit)
        return _keep(session, edited, now)


def send_for_approval(database: Database, bulletin_id: str, now: datetime) -> Bulletin:
    """Ask the approver."""
    with database.write() as session:
        return _keep(session, approval.submit(bulletins.load(session, bulletin_id)), now)


def approve_bulletin(
    database: Database,
    bulletin_id: str,
    by: str,
    now: datetime,
    *,
    four_eyes: bool,
    seen: str | None = None,
    language_confirmed: Collection[str] = (),
) -> Bulletin:
    """Pin every script and its spoken form; speech is made from exactly that.

    `seen` is the version that the approver had before them: if words or reading have changed
    since, nothing is approved. None only where no person stands between writing and approving.
    A script that is not in its language is refused; where that is only doubtful, the approver must
    confirm the language, by its tag. Where one person may do both, a draft is sent and approved in
    one step. What the bulletin supersedes is withdrawn with it.
    """
    with database.write() as session:
        bulletin = bulletins.load(session, bulletin_id)
        if bulletin.state is State.DRAFT and not four_eyes:
            bulletin = approval.submit(bulletin)
        speech = unit_speech(session, bulletin.unit)
        spoken = _read_by(speech, bulletin)
        if seen is not None and seen != version_of(bulletin, spoken):
            raise _changed_meanwhile()
        doubted = _refuse_other_languages(bulletin, language_confirmed)
        approved = approval.approve(
            bulletin, by, now, spoken, four_eyes=four_eyes, wording=speech.wording
        )
        _keep(session, approved, now)
        if doubted:
            _tell_confirmed(session, bulletin.id, doubted, by, now)
        ask_for_renditions(session, spoken, now, speech.respelled(spoken))
        if approved.supersedes:
            old = bulletins.load(session, approved.supersedes)
            if old.state is not State.WITHDRAWN:
                why = f"thay bằng / superseded by: {approved.title}"
                _keep(session, approval.withdraw(old, by, why, now), now)
        return approved


def return_bulletin(
    database: Database, bulletin_id: str, by: str, why: str, now: datetime
) -> Bulletin:
    """Send it back to its editor with a reason."""
    with database.write() as session:
        returned = approval.send_back(bulletins.load(session, bulletin_id), by, why, now)
        return _keep(session, returned, now)


def withdraw_bulletin(
    database: Database, bulletin_id: str, by: str, why: str, now: datetime
) -> Bulletin:
    """Take it off air for good, also on boxes that hold it."""
    with database.write() as session:
        withdrawn = approval.withdraw(bulletins.load(session, bulletin_id), by, why, now)
        return _keep(session, withdrawn, now)


def _read_by(speech: UnitSpeech, bulletin: Bulletin) -> dict[str, str]:
    return {s.language: speech.read(s.text, s.language).text for s in bulletin.scripts}


def _refuse_other_languages(bulletin: Bulletin, confirmed: Collection[str]) -> list[str]:
    """The languages that were doubtful and are confirmed; raises if one is not, or is another."""
    doubted = []
    for script in bulletin.scripts:
        found = judge(script.text, script.language)
        if found.verdict is Verdict.OTHER:
            raise NotThisLanguage(script.language, found.vi, found.en)
        if found.verdict is Verdict.DOUBTFUL:
            if script.language not in confirmed:
                raise _doubtful(found.vi, found.en)
            doubted.append(script.language)
    return doubted


def _tell_confirmed(
    session: Session, bulletin_id: str, languages: list[str], by: str, now: datetime
) -> None:
    told: dict[str, object] = {"id": bulletin_id, "languages": languages, "by": by}
    events.tell(session, "language_confirmed", told, to_ms(now))
    log.info("language_confirmed", bulletin=bulletin_id, languages=languages, by=by)


def _doubtful(vi: str, en: str) -> ControllerError:
    return ControllerError(
        "language_doubtful",
        f"{vi} Chưa duyệt; nếu đúng tiếng đã chọn, hãy xác nhận tiếng rồi duyệt lại.",
        f"{en} Not approved; if the language is right, confirm it and approve again.",
    )


def _changed_meanwhile() -> ControllerError:
    return ControllerError(
        "changed_meanwhile",
        "Bản tin đã được sửa sau khi mở trang này, nên chưa duyệt. Hãy đọc lại rồi duyệt.",
        "The bulletin was changed after you opened it, so it was not approved. Read it again.",
    )


def _keep(session: Session, bulletin: Bulletin, now: datetime) -> Bulletin:
    bulletins.save(session, bulletin)
    ask_for_plan(session, now, zones_of_bulletin(session, bulletin, now))
    tell_changed(session, bulletin, now)
    return bulletin
