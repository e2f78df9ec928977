"""Spoken forms become audio: asked for as work items, made in child processes, kept by hash."""

from datetime import datetime
from pathlib import Path
from typing import Protocol

from audio_library.errors import AudioLibraryError
from audio_library.mastering.mastered import MEDIA_TYPE
from audio_library.mastering.preset import Dressing
from audio_library.render import Rendered
from audio_library.rendition import phrase_sha256, spoken_sha256
from audio_library.store.asset_store import AssetStore
from controller.operations.asked_work import ask_for_plan
from controller.storage import events, tables, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms


class Renderer(Protocol):
    """Make speech of `spoken` in `language` and master it into a file under `out_dir`."""

    def __call__(
        self, spoken: str, language: str, *, out_dir: Path, dressing: Dressing
    ) -> Rendered: ...


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
    now_ms = to_ms(now)
    try:
        rendered = renderer(spoken, language, out_dir=scratch, dressing=dressing)
        sha256 = store.put(rendered.mastered.path)
    except AudioLibraryError as e:
        error = (e.code, e.vi, e.en)
        with database.write() as session:
            work_items.fail(session, work.id, error, now_ms, final=e.code not in RETRIED)
            told: dict[str, object] = {"key": work.key, "state": "failed", "vi": e.vi, "en": e.en}
            events.tell(session, "rendition", told, now_ms)
        return
    mastered = rendered.mastered
    mastered.path.unlink(missing_ok=True)
    with database.write() as session:
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
            ask_for_plan(session, now)
        events.tell(session, "rendition", {"key": work.key, "state": "done"}, now_ms)


def _words_sha256(language: str, spoken: str, dressing: Dressing) -> str:
    """A phrase, which is bare, and a bulletin of the same words are two renditions."""
    digest = phrase_sha256 if dressing is Dressing.BARE else spoken_sha256
    return digest(language, spoken)


RETRIED = frozenset({"store_full", "store_unreachable", "engine_offline"})
