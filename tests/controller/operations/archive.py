"""An office with files: audio that is stored, aired and grows old."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import select

from audio_library.rendition import spoken_sha256
from audio_library.store.asset_store import Held
from controller.operations.purge import Purged, Shelves, purge
from controller.storage import tables
from controller.storage.instants import to_ms
from controller.storage.library_tables import Purge
from tests.controller.office import Office

YEAR = timedelta(days=365)


@dataclass
class MemoryShelf:
    """Files that are only named; `fails` breaks the next deletion, as a power cut would."""

    files: dict[str, Held] = field(default_factory=dict)
    fails: bool = False

    def put(self, sha256: str, at: datetime, size: int = 1000) -> None:
        self.files[sha256] = Held(sha256, size, at)

    def held(self) -> Iterator[Held]:
        yield from list(self.files.values())

    def forget_unfinished(self, before: datetime) -> None:
        pass

    def delete(self, sha256: str) -> None:
        if self.fails:
            raise PowerCut
        self.files.pop(sha256, None)


class PowerCut(Exception):
    pass


class Archive:
    """What lies in the stores of an office."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.audio, self.recordings = MemoryShelf(), MemoryShelf()

    def purge(self, now: datetime, *, dry_run: bool = False, by: str = "loalang") -> Purged:
        shelves = Shelves(self.audio, self.recordings)
        return purge(self.office.database, shelves, now, dry_run=dry_run, by=by)

    def asset(self, name: str, made: datetime, *, words: str | None = None) -> str:
        """Audio in the store and in the database; with words, a rendition of them."""
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.audio.put(sha256, made)
        with self.office.database.write() as session:
            session.add(
                tables.Asset(
                    sha256=sha256,
                    bytes=1000,
                    duration_ms=20_000,
                    media_type="audio/ogg",
                    lufs=-16.0,
                    true_peak_dbtp=-2.0,
                    created_ms=to_ms(made),
                )
            )
            session.flush()
            if words is not None:
                session.add(
                    tables.Rendition(
                        language="vi",
                        spoken_sha256=spoken_sha256("vi", words),
                        asset_sha256=sha256,
                        voice="espeak-ng/vi",
                        engine="espeak-ng",
                        created_ms=to_ms(made),
                    )
                )
        return sha256

    def assets(self) -> set[str]:
        """What the database knows."""
        with self.office.database.read() as session:
            return set(session.exec(select(tables.Asset.sha256)))

    def record(self) -> list[Purge]:
        """Every deletion that was written down, oldest first."""
        with self.office.database.read() as session:
            return list(session.exec(select(Purge).order_by(Purge.id)))  # type: ignore[arg-type]

    def grow_old(self, sha256: str, made: datetime) -> None:
        """Let an asset of the office have been made then."""
        with self.office.database.write() as session:
            session.get_one(tables.Asset, sha256).created_ms = to_ms(made)
        self.audio.put(sha256, made)


def planned_play(
    sha256: str, at: datetime, *, rank: str = "programme", bulletin_id: str = "", cue: str = ""
) -> tables.PlannedPlay:
    """What a box was told to air."""
    return tables.PlannedPlay(
        device_id="d1",
        cue_id=cue or f"{sha256[:8]}-{to_ms(at)}",
        serial=1,
        cluster_id="c1",
        cluster_name="Nhà rông",
        village="Kon Rờ Bàng",
        title="Tiêm chủng",
        language="vi",
        bulletin_id=bulletin_id,
        programme_id="p1",
        asset_sha256=sha256,
        spoken_sha256="",
        voice="espeak-ng/vi",
        author="Y Hạnh",
        approved_by="Cô Lan",
        start_ms=to_ms(at),
        duration_ms=20_000,
        rank=rank,
    )
