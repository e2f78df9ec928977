"""What becomes of a draft: edited, sent for approval, approved, returned, withdrawn."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from audio_library import approval
from audio_library.bulletin import Bulletin, State
from audio_library.script import Script
from audio_library.wording.spoken_form import spoken_form
from controller.errors import ControllerError
from controller.operations.asked_work import ask_for_plan, ask_for_renditions
from controller.operations.submit_bulletin import check_title, tell_changed
from controller.storage import bulletins
from controller.storage.database import Database


def read_aloud(bulletin: Bulletin) -> dict[str, str]:
    """The spoken form of each script: Vietnamese by rule, other languages as they are written."""
    return {s.language: spoken_form(s.text, s.language).text for s in bulletin.scripts}


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
) -> Bulletin:
    """New words make it a draft again; what was approved before no longer airs."""
    new = tuple(Script(tag, text) for tag, text in scripts.items())
    with database.write() as session:
        old = bulletins.load(session, bulletin_id)
        edited = approval.edit(
            old, by, new, title=check_title(title) or old.title, valid_until=valid_until
        )
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
) -> Bulletin:
    """Pin every script and its spoken form; speech is made from exactly that.

    `seen` is the version that the approver had before them: if words or reading have changed
    since, nothing is approved. None only where no person stands between writing and approving.
    Where one person may do both, a draft is sent and approved in one step. What the bulletin
    supersedes is withdrawn with it.
    """
    with database.write() as session:
        bulletin = bulletins.load(session, bulletin_id)
        if bulletin.state is State.DRAFT and not four_eyes:
            bulletin = approval.submit(bulletin)
        spoken = read_aloud(bulletin)
        if seen is not None and seen != version_of(bulletin, spoken):
            raise _changed_meanwhile()
        approved = approval.approve(bulletin, by, now, spoken, four_eyes=four_eyes)
        _keep(session, approved, now)
        ask_for_renditions(session, spoken, now)
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


def _changed_meanwhile() -> ControllerError:
    return ControllerError(
        "changed_meanwhile",
        "Bản tin đã được sửa sau khi mở trang này, nên chưa duyệt. Hãy đọc lại rồi duyệt.",
        "The bulletin was changed after you opened it, so it was not approved. Read it again.",
    )


def _keep(session: Session, bulletin: Bulletin, now: datetime) -> Bulletin:
    bulletins.save(session, bulletin)
    ask_for_plan(session, now)
    tell_changed(session, bulletin, now)
    return bulletin
