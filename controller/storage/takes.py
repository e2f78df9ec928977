"""Readers and their takes between table rows and the domain's values."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from sqlmodel import Session, col, select

from audio_library.bulletin import Remark
from audio_library.recording.measured import Measured
from audio_library.recording.reader import Reader
from audio_library.recording.take import Deed, Take, TakeState
from audio_library.speech import recorded
from audio_library.store.filesystem import FilesystemStore
from controller.errors import NotFound
from controller.storage import library_tables, tables
from controller.storage.database import Database
from controller.storage.instants import to_ms, to_utc

NEWEST_SHOWN = 200


def load_reader(session: Session, reader_id: str) -> Reader:
    """One reader; raises `NotFound`."""
    row = session.get(library_tables.Reader, reader_id)
    if row is None:
        raise NotFound("người đọc", "reader", reader_id[:80])
    return _reader(row)


def all_readers(session: Session) -> list[Reader]:
    """Every reader there ever was, by name."""
    query = select(library_tables.Reader).order_by(col(library_tables.Reader.name))
    return [_reader(row) for row in session.exec(query)]


def save_reader(session: Session, reader: Reader) -> None:
    """Write a reader whole."""
    gone = reader.withdrawn
    session.merge(
        library_tables.Reader(
            id=reader.id,
            name=reader.name,
            languages=list(reader.languages),
            consent=reader.consent,
            consent_by=reader.consent_by,
            consent_ms=to_ms(reader.consent_at),
            account=reader.account,
            withdrawn_by=gone.by if gone else None,
            withdrawn_why=gone.why if gone else None,
            withdrawn_ms=to_ms(gone.at) if gone else None,
        )
    )


def load_take(session: Session, take_id: str) -> Take:
    """One take; raises `NotFound`."""
    row = session.get(library_tables.Take, take_id)
    if row is None:
        raise NotFound("bản thu", "recording", take_id[:80])
    return _take(row)


def find_takes(
    session: Session,
    *,
    bulletin_ids: Iterable[str] | None = None,
    phrase: str | None = None,
    language: str | None = None,
    reader_id: str | None = None,
    state: TakeState | None = None,
    texts: Iterable[str] | None = None,
    limit: int | None = NEWEST_SHOWN,
) -> list[Take]:
    """Newest first: of these bulletins or this phrase, language, reader, state, spoken hashes."""
    take = library_tables.Take
    query = select(take).order_by(col(take.brought_ms).desc(), col(take.id)).limit(limit)
    if bulletin_ids is not None:
        query = query.where(col(take.bulletin_id).in_(list(bulletin_ids)))
    if phrase is not None:
        query = query.where(col(take.phrase) == phrase)
    if language is not None:
        query = query.where(col(take.language) == language)
    if reader_id is not None:
        query = query.where(col(take.reader_id) == reader_id)
    if state is not None:
        query = query.where(col(take.state) == state.value)
    if texts is not None:
        query = query.where(col(take.spoken_sha256).in_(list(texts)))
    return [_take(row) for row in session.exec(query)]


def save_take(session: Session, take: Take) -> None:
    """Write a take whole."""
    heard, released, back, refused = take.heard, take.released, take.taken_back, take.refused
    session.merge(
        library_tables.Take(
            id=take.id,
            language=take.language,
            spoken_sha256=take.spoken_sha256,
            words=take.words,
            bulletin_id=take.bulletin_id,
            phrase=take.phrase,
            reader_id=take.reader_id,
            state=take.state.value,
            original_name=take.original_name,
            sound_sha256=take.sound_sha256,
            duration_ms=take.duration_ms,
            measured=asdict(take.measured),
            brought_by=take.brought.by,
            brought_ms=to_ms(take.brought.at),
            heard_by=heard.by if heard else None,
            heard_ms=to_ms(heard.at) if heard else None,
            vouched=take.vouched,
            released_by=released.by if released else None,
            released_ms=to_ms(released.at) if released else None,
            taken_back_by=back.by if back else None,
            taken_back_why=back.why if back else None,
            taken_back_ms=to_ms(back.at) if back else None,
            refused_by=refused.by if refused else None,
            refused_why=refused.why if refused else None,
            refused_ms=to_ms(refused.at) if refused else None,
        )
    )


@dataclass(frozen=True, slots=True)
class ReleasedTakes:
    """What the engine of recorded voices asks: `audio_library.speech.recorded.Released`."""

    database: Database
    sounds: FilesystemStore

    def readers(self) -> tuple[recorded.Reader, ...]:
        """Readers whose consent stands."""
        with self.database.read() as session:
            return tuple(
                recorded.Reader(reader.id, reader.name, reader.languages)
                for reader in all_readers(session)
                if reader.withdrawn is None
            )

    def sound(self, language: str, spoken_sha256: str, reader_id: str) -> Path | None:
        """Of several readers only the one released last is given: of two takes the newest airs."""
        with self.database.read() as session:
            newest = newest_released(session, language, spoken_sha256)
        if newest is None or newest.reader_id != reader_id:
            return None
        path = self.sounds.path(newest.sound_sha256)
        return path if _is_as_heard(path, newest.sound_sha256) else None


def _is_as_heard(path: Path, sha256: str) -> bool:
    """Is the file there, and still the very sound that a second person heard."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def newest_released(session: Session, language: str, spoken_sha256: str) -> Take | None:
    """The take of these words that was released last, of a reader whose consent stands."""
    take, reader = library_tables.Take, library_tables.Reader
    query = (
        select(take)
        .join(reader, col(reader.id) == col(take.reader_id))
        .where(
            col(take.language) == language,
            col(take.spoken_sha256) == spoken_sha256,
            col(take.state) == TakeState.RELEASED.value,
            col(reader.withdrawn_ms).is_(None),
        )
        .order_by(col(take.released_ms).desc(), col(take.brought_ms).desc(), col(take.id))
        .limit(1)
    )
    row = session.exec(query).first()
    return _take(row) if row is not None else None


def voice_stands(session: Session, voice: str, language: str, spoken_sha256: str) -> bool:
    """May this voice air these words: of a recorded one, is its take still the released one."""
    if not voice.startswith(f"{recorded.NAME}:"):
        return True
    newest = newest_released(session, language, spoken_sha256)
    return newest is not None and voice == f"{recorded.NAME}:{newest.reader_id}"


def recorded_renditions(session: Session, reader_id: str) -> Sequence[tables.Rendition]:
    """Audio on the air, or ready for it, that was made of a reader's takes."""
    query = select(tables.Rendition).where(
        col(tables.Rendition.voice) == f"{recorded.NAME}:{reader_id}"
    )
    return session.exec(query).all()


def _reader(row: library_tables.Reader) -> Reader:
    return Reader(
        id=row.id,
        name=row.name,
        languages=tuple(row.languages),
        consent=row.consent,
        consent_by=row.consent_by,
        consent_at=to_utc(row.consent_ms),
        account=row.account,
        withdrawn=_remark(row.withdrawn_by, row.withdrawn_why, row.withdrawn_ms),
    )


def _take(row: library_tables.Take) -> Take:
    brought = _deed(row.brought_by, row.brought_ms)
    assert brought is not None
    return Take(
        id=row.id,
        language=row.language,
        spoken_sha256=row.spoken_sha256,
        words=row.words,
        reader_id=row.reader_id,
        original_name=row.original_name,
        sound_sha256=row.sound_sha256,
        measured=Measured(**cast(dict[str, Any], row.measured)),
        brought=brought,
        bulletin_id=row.bulletin_id,
        phrase=row.phrase,
        state=TakeState(row.state),
        heard=_deed(row.heard_by, row.heard_ms),
        vouched=row.vouched,
        released=_deed(row.released_by, row.released_ms),
        taken_back=_remark(row.taken_back_by, row.taken_back_why, row.taken_back_ms),
        refused=_remark(row.refused_by, row.refused_why, row.refused_ms),
    )


def _deed(by: str | None, ms: int | None) -> Deed | None:
    return Deed(by, to_utc(ms)) if by is not None and ms is not None else None


def _remark(by: str | None, why: str | None, ms: int | None) -> Remark | None:
    return Remark(by, why or "", to_utc(ms)) if by is not None and ms is not None else None
