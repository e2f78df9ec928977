"""A small office for tests: a real database, real keys, villages, and audio that is only named."""

import atexit
import gzip
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import select

from audio_library.rendition import spoken_sha256
from controller.fleet.authority import Authority, open_authority
from controller.operations.asked_work import NIGHT
from controller.operations.enrol_device import enrol_device
from controller.operations.load_sample import AT_ANY_HOUR, SampleVillage, load_sample
from controller.operations.publish_plans import claim_plans, do_plan, forget_old_pages
from controller.operations.review_bulletin import approve_bulletin
from controller.operations.save_programme import Saved
from controller.operations.schedule_programme import Slot, schedule_programme
from controller.operations.submit_bulletin import Written, submit_bulletin
from controller.operations.zone_inputs import PlanRules
from controller.storage import bulletins, tables, work_items
from controller.storage.database import Database, open_database
from controller.storage.instants import to_ms
from edge_agent.contract import envelope
from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import DayPage
from edge_agent.contract.trust import Kind, public_to_text
from edge_agent.contract.types import decode
from schedules.airtime import AirtimeLaw

# 08:00 in Viet Nam on a Monday.
NOW = datetime(2026, 8, 10, 1, 0, tzinfo=UTC)
RULES = PlanRules("Asia/Ho_Chi_Minh", 7, ("http://127.0.0.1:8077",))
TEXT = "Thông báo tiêm chủng: 7h30 ngày 15/8/2026, tại Trạm Y tế xã."


@dataclass(frozen=True)
class Box:
    """An enrolled box and the key that it holds."""

    did: str
    key: Ed25519PrivateKey
    village: SampleVillage


@cache
def _empty_database() -> Path:
    """A database of the newest schema, made once a process: making it takes a tenth of a second."""
    path = Path(tempfile.mkdtemp(prefix="loalang-")) / "empty.sqlite3"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    open_database(f"sqlite:///{path}", path).close()
    return path


class Office:
    """Everything a test of operations needs, on a real SQLite file."""

    def __init__(self, folder: Path, *, law: AirtimeLaw | None = AT_ANY_HOUR) -> None:
        path = folder / "loalang.sqlite3"
        self.folder = folder
        if not path.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy(_empty_database(), path)
        self.database: Database = open_database(f"sqlite:///{path}", path)
        self.authority: Authority = open_authority(folder / "keys", NOW)
        self._law = law

    def boxes(self, count: int) -> list[Box]:
        """So many villages, each with an enrolled box."""
        made = []
        for village in load_sample(self.database, count, law=self._law):
            key = Ed25519PrivateKey.generate()
            public = public_to_text(key.public_key())
            enrolled = enrol_device(self.database, self.authority, village.cluster_id, public, NOW)
            made.append(Box(enrolled.did, key, village))
        return made

    def approved(self, text: str = TEXT, *, now: datetime = NOW, **written: object) -> str:
        """An approved bulletin whose audio exists; gives its id."""
        draft = submit_bulletin(self.database, Written({"vi": text}, **written), "Y Hạnh", now)  # type: ignore[arg-type]
        approve_bulletin(self.database, draft.id, "Cô Lan", now, four_eyes=False)
        self.voiced(draft.id)
        return draft.id

    def voiced(self, bulletin_id: str, *, duration_ms: int = 20_000) -> None:
        """Pretend that every approved script was rendered: rows as the workshop leaves them."""
        with self.database.write() as session:
            for pin in bulletins.load(session, bulletin_id).pins:
                digest = hashlib.sha256(pin.spoken.encode() + b"audio").hexdigest()
                session.merge(
                    tables.Asset(
                        sha256=digest,
                        bytes=70_000,
                        duration_ms=duration_ms,
                        media_type="audio/ogg",
                        lufs=-16.0,
                        true_peak_dbtp=-2.5,
                        created_ms=to_ms(NOW),
                    )
                )
                session.flush()
                session.merge(
                    tables.Rendition(
                        language=pin.language,
                        spoken_sha256=spoken_sha256(pin.language, pin.spoken),
                        asset_sha256=digest,
                        voice="espeak-ng/vi",
                        engine="espeak-ng",
                        created_ms=to_ms(NOW),
                    )
                )

    def scheduled(
        self,
        bulletin_id: str,
        boxes: list[Box],
        at: datetime,
        *,
        now: datetime = NOW,
        **slot: object,
    ) -> Saved:
        """A programme at an instant, in the zones of these boxes."""
        local = (at + timedelta(hours=7)).replace(tzinfo=None)
        zones = tuple(b.village.cluster_id.replace("cum-", "vung-") for b in boxes)
        chosen = Slot((bulletin_id,), zones, local.date(), local.time(), **slot)  # type: ignore[arg-type]
        return schedule_programme(self.database, chosen, "Cô Lan", now, RULES)

    def publish(self, now: datetime = NOW) -> tuple[str, ...]:
        """Plan every zone whole and publish, as the planner does in a night, which then is over."""
        with self.database.write() as session:
            zone_ids = session.exec(select(tables.Zone.id)).all()
            work_items.ask_all(session, NIGHT, zone_ids, to_ms(now))
        told = self.planned(now)
        with self.database.write() as session:
            forget_old_pages(session, now)
        return told

    def planned(self, now: datetime = NOW) -> tuple[str, ...]:
        """Plan what is due, as the planner does; the boxes that were told something."""
        told: dict[str, None] = {}
        while claimed := claim_plans(self.database, now):
            for work in claimed:
                boxes = do_plan(self.database, self.authority, RULES, work, now)
                told.update(dict.fromkeys(boxes))
        return tuple(told)

    def desired(self, did: str) -> Desired:
        """The newest signed word to a box, verified with the office's key."""
        with self.database.read() as session:
            sealed = session.get_one(tables.DesiredState, did).sealed
        opened = envelope.open_sealed(sealed, kind=Kind.DESIRED, key_for=self.authority.public_key)
        return decode(opened.payload, Desired)

    def pages(self, did: str) -> list[DayPage]:
        """Day pages of the newest word, fetched and unpacked as a box does."""
        found = []
        with self.database.read() as session:
            for ref in self.desired(did).manifest.pages:
                body = session.get_one(tables.Page, ref.sha256).body
                assert hashlib.sha256(body).hexdigest() == ref.sha256
                assert len(body) == ref.bytes
                found.append(decode(gzip.decompress(body), DayPage))
        return found
