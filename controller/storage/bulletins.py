"""Bulletins between their table rows and the domain's values."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from audio_library.bulletin import Bulletin, Kind, Pin, Remark, State
from audio_library.script import Script
from audio_library.writing.search_key import haystack
from controller.errors import NotFound
from controller.storage import tables
from controller.storage.instants import to_ms, to_utc
from controller.storage.library_tables import BulletinWords


def load(session: Session, bulletin_id: str) -> Bulletin:
    """One bulletin; raises `NotFound`."""
    found = load_many(session, [bulletin_id])
    if not found:
        raise NotFound("bản tin", "bulletin", bulletin_id)
    return found[0]


def load_many(session: Session, ids: Iterable[str]) -> list[Bulletin]:
    """The bulletins that exist among `ids`, oldest first."""
    query = (
        select(tables.Bulletin)
        .where(col(tables.Bulletin.id).in_(list(ids)))
        .order_by(col(tables.Bulletin.created_ms))
    )
    return _with_scripts(session, session.exec(query).all())


def newest(session: Session, limit: int = 50, holding: Iterable[str] = ()) -> list[Bulletin]:
    """The latest bulletins, newest first; of those whose folded words hold all of `holding`."""
    query = select(tables.Bulletin).order_by(col(tables.Bulletin.created_ms).desc()).limit(limit)
    for needle in holding:
        held = col(BulletinWords.folded).contains(needle, autoescape=True)
        words = select(BulletinWords.bulletin_id).where(held)
        query = query.where(col(tables.Bulletin.id).in_(words))
    return _with_scripts(session, session.exec(query).all())


def save(session: Session, bulletin: Bulletin) -> None:
    """Write a bulletin whole: its row, its scripts and its pins."""
    back, out = bulletin.sent_back, bulletin.withdrawn
    session.merge(
        tables.Bulletin(
            id=bulletin.id,
            title=bulletin.title,
            kind=bulletin.kind.value,
            topic=bulletin.topic,
            state=bulletin.state.value,
            author=bulletin.author,
            created_ms=to_ms(bulletin.created_at),
            valid_until_ms=to_ms(bulletin.valid_until),
            supersedes=bulletin.supersedes,
            unit_id=bulletin.unit,
            editors=list(bulletin.editors),
            approved_by=bulletin.approved_by,
            approved_ms=to_ms(bulletin.approved_at) if bulletin.approved_at else None,
            withdrawn_by=out.by if out else None,
            withdrawn_why=out.why if out else None,
            withdrawn_ms=to_ms(out.at) if out else None,
            sent_back_by=back.by if back else None,
            sent_back_why=back.why if back else None,
            sent_back_ms=to_ms(back.at) if back else None,
        )
    )
    gone = delete(tables.Script).where(
        col(tables.Script.bulletin_id) == bulletin.id,
        col(tables.Script.language).not_in(bulletin.languages),
    )
    session.exec(gone)
    session.flush()
    words = "\n".join([bulletin.title, *(script.text for script in bulletin.scripts)])
    session.merge(BulletinWords(bulletin_id=bulletin.id, folded=haystack(words)))
    for script in bulletin.scripts:
        pin = bulletin.pin(script.language)
        session.merge(
            tables.Script(
                bulletin_id=bulletin.id,
                language=script.language,
                text=script.text,
                pinned_script_sha256=pin.script_sha256 if pin else None,
                pinned_spoken=pin.spoken if pin else None,
                pinned_wording_version=pin.wording_version if pin else None,
            )
        )


def _with_scripts(session: Session, rows: Sequence[tables.Bulletin]) -> list[Bulletin]:
    query = (
        select(tables.Script)
        .where(col(tables.Script.bulletin_id).in_([r.id for r in rows]))
        .order_by(col(tables.Script.language) != "vi", col(tables.Script.language))
    )
    scripts: dict[str, list[tables.Script]] = {}
    for script in session.exec(query):
        scripts.setdefault(script.bulletin_id, []).append(script)
    return [_value(row, scripts.get(row.id, [])) for row in rows]


def _value(row: tables.Bulletin, scripts: Sequence[tables.Script]) -> Bulletin:
    return Bulletin(
        id=row.id,
        title=row.title,
        kind=Kind(row.kind),
        topic=row.topic,
        scripts=tuple(Script(s.language, s.text) for s in scripts),
        author=row.author,
        created_at=to_utc(row.created_ms),
        valid_until=to_utc(row.valid_until_ms),
        state=State(row.state),
        editors=tuple(row.editors),
        pins=tuple(_pin(s) for s in scripts if s.pinned_spoken is not None),
        approved_by=row.approved_by,
        approved_at=to_utc(row.approved_ms) if row.approved_ms else None,
        supersedes=row.supersedes,
        unit=row.unit_id,
        sent_back=_remark(row.sent_back_by, row.sent_back_why, row.sent_back_ms),
        withdrawn=_remark(row.withdrawn_by, row.withdrawn_why, row.withdrawn_ms),
    )


def _pin(script: tables.Script) -> Pin:
    return Pin(
        script.language,
        script.pinned_script_sha256 or "",
        script.pinned_spoken or "",
        script.pinned_wording_version or "",
    )


def _remark(by: str | None, why: str | None, ms: int | None) -> Remark | None:
    return Remark(by, why or "", to_utc(ms)) if by and ms else None
