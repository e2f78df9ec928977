"""Spoken forms become audio: asked for as work items, made in child processes, kept by hash."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from audio_library.errors import AudioLibraryError, NotRecorded, Stopped
from audio_library.mastering.mastered import MEDIA_TYPE
from audio_library.mastering.preset import Dressing
from audio_library.render import Rendered
from audio_library.rendition import phrase_sha256, spoken_sha256
from audio_library.store.asset_store import AssetStore
from controller.operations.asked_work import ask_for_plan
from controller.operations.touched import zones_of_words
from controller.storage import events, tables, takes, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms

TELL_EVERY_S = 0.5


class Renderer(Protocol):
    """Make speech of `spoken` in `language` and master it into a file under `out_dir`."""

    def __call__(
        self,
        spoken: str,
        language: str,
        *,
        out_dir: Path,
        dressing: Dressing,
        respellings: Mapping[str, str],
        told: Callable[[float], None],
    ) -> Rendered: ...


@dataclass(slots=True)
class Progress:
    """How far one work item is, told twice a second at most; raises Stopped when it is stopped."""

    database: Database
    work: work_items.Claimed
    began: datetime
    monotonic: Callable[[], float] = time.monotonic
    _began_s: float = field(init=False)
    _due_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_s = self._due_s = self.monotonic()

    def now_ms(self) -> int:
        return to_ms(self.began) + round((self.monotonic() - self._began_s) * 1000)

    def __call__(self, share: float) -> None:
        if self.monotonic() < self._due_s:
            return
        self._due_s = self.monotonic() + TELL_EVERY_S
        share = round(share, 3)
        told: dict[str, object] = {"key": self.work.key, "state": "working", "progress": share}
        with self.database.write() as session:
            if not work_items.progress(session, self.work, share, self.now_ms()):
                raise Stopped
            events.tell(session, "rendition", told, self.now_ms())


def render_bulletin(
    database: Database,
    store: AssetStore,
    renderer: Renderer,
    work: work_items.Claimed,
    scratch: Path,
    now: datetime,
) -> None:
    """Do one claimed rendition; its failure is kept on the work item for people to read.

    An `AudioLibraryError` is final, except a full store or a voice service out of reach.
    """
    language, spoken = str(work.body["language"]), str(work.body["spoken"])
    dressing = Dressing(str(work.body.get("dressing", Dressing.CHIME.value)))
    respellings = work.body.get("respellings")
    progress = Progress(database, work, now)
    try:
        rendered = renderer(
            spoken,
            language,
            out_dir=scratch,
            dressing=dressing,
            respellings=respellings if isinstance(respellings, dict) else {},
            told=progress,
        )
        sha256 = store.put(rendered.mastered.path)
    except Stopped:
        with database.write() as session:
            stopped: dict[str, object] = {"key": work.key, "state": "stopped"}
            events.tell(session, "rendition", stopped, progress.now_ms())
        return
    except AudioLibraryError as e:
        now_ms = progress.now_ms()
        error = (e.code, e.vi, e.en)
        with database.write() as session:
            outage = e.code in OUTAGES
            work_items.fail(session, work.id, error, now_ms, final=not outage, keep_trying=outage)
            told: dict[str, object] = {"key": work.key, "state": "failed", "vi": e.vi, "en": e.en}
            events.tell(session, "rendition", told, now_ms)
        return
    mastered = rendered.mastered
    mastered.path.unlink(missing_ok=True)
    now_ms = progress.now_ms()
    with database.write() as session:
        if not takes.voice_stands(
            session, rendered.voice, language, spoken_sha256(language, spoken)
        ):
            # Taken back, or its consent withdrawn, while it was being mastered.
            gone = NotRecorded(rendered.voice, language)
            work_items.fail(session, work.id, (gone.code, gone.vi, gone.en), now_ms, final=False)
            return
        session.merge(
            tables.Asset(
                sha256=sha256,
                bytes=mastered.bytes,
                duration_ms=mastered.duration_ms,
                media_type=MEDIA_TYPE,
                lufs=mastered.lufs,
                true_peak_dbtp=mastered.true_peak_dbtp,
                created_ms=now_ms,
            )
        )
        session.flush()
        session.merge(
            tables.Rendition(
                language=language,
                spoken_sha256=_words_sha256(language, spoken, dressing),
                asset_sha256=sha256,
                voice=rendered.voice,
                engine=rendered.engine,
                created_ms=now_ms,
            )
        )
        work_items.finish(session, work.id, now_ms)
        if dressing is Dressing.CHIME:
            ask_for_plan(session, now, zones_of_words(session, language, spoken, now))
        events.tell(session, "rendition", {"key": work.key, "state": "done"}, now_ms)


def _words_sha256(language: str, spoken: str, dressing: Dressing) -> str:
    """A phrase, which is bare, and a bulletin of the same words are two renditions."""
    digest = phrase_sha256 if dressing is Dressing.BARE else spoken_sha256
    return digest(language, spoken)


OUTAGES = frozenset({"store_full", "store_unreachable", "engine_offline"})
"""They end by themselves or by somebody's hand: whoever clears the disk need not ask again."""
