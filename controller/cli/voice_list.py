"""The voices as a table for a person, or as JSON for a program."""

import json
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError, ProgrammingError

from audio_library.languages import LANGUAGES
from audio_library.speech.listening import NATIVES_NEEDED, Tally
from controller.operations.listening import tallies
from controller.operations.voices import VoiceNow, engines_here, with_tallies
from controller.settings import Settings
from controller.storage.database import Database


def list_voices(settings: Settings, *, as_json: bool) -> None:
    """Print every voice: language, engine, licence, online or not, judged or not, ready or not."""
    heard = {tally.voice: tally for tally in _tallies(settings)}
    found = with_tallies(engines_here(settings), heard)
    print(json.dumps([_plain(v) for v in found], ensure_ascii=False) if as_json else _table(found))


def _tallies(settings: Settings) -> tuple[Tally, ...]:
    """Read beside a controller that may be running; an office that never ran one has none."""
    path = settings.sqlite_path()
    if path is not None and not path.is_file():
        return ()
    database = Database(settings.sqlalchemy_url())
    try:
        with database.read() as session:
            return tallies(session)
    except (OperationalError, ProgrammingError):
        # A database of before the audio library, which the controller brings up to date.
        return ()
    finally:
        database.close()


def _table(found: Sequence[VoiceNow]) -> str:
    by_language = sorted({v.voice.language for v in found}, key=lambda t: (t != "vi", t))
    lines = []
    for tag in by_language:
        known = LANGUAGES.get(tag)
        name = (
            f"tiếng {known.name_vi} / {known.name_en}"
            if known
            else "chưa rõ tiếng / language not told"
        )
        lines.append(f"{tag}  {name}")
        for now in found:
            if now.voice.language == tag:
                lines += [f"  {line}" for line in _lines(now)]
        lines.append("")
    silent = [tag for tag in LANGUAGES if tag not in by_language]
    lines.append(f"Chưa có giọng máy, cần người đọc / no voice of a machine: {', '.join(silent)}")
    return "\n".join(lines)


def _lines(now: VoiceNow) -> list[str]:
    voice = now.voice
    where = "trực tuyến / online" if voice.online else "tại máy / offline"
    if now.unofficial:
        where += "; dịch vụ không chính thức, có thể ngừng / unofficial service, may stop"
    state = "sẵn sàng / ready"
    if voice.missing is not None:
        state = f"chưa dùng được: {voice.missing.vi} / {voice.missing.en}"
    return [
        f"{'+' if voice.ready else '-'} {voice.id}  {voice.name_vi}",
        f"    {state}",
        f"    {voice.engine}; {where}",
        f"    giấy phép / licence: {voice.licence}",
        f"    {_verdict(now.tally)}",
    ]


def _verdict(tally: Tally) -> str:
    heard = f"{tally.natives}/{NATIVES_NEEDED} người bản ngữ / native listeners"
    share = f", {tally.share:.0%} từ nghe đúng / of words right" if tally.share is not None else ""
    judged = "đã đánh giá / judged" if tally.judged else "chưa được đánh giá / unjudged"
    return f"{judged} ({heard}{share})"


def _plain(now: VoiceNow) -> dict[str, object]:
    voice, tally = now.voice, now.tally
    return {
        "id": voice.id,
        "language": voice.language,
        "name": voice.name_vi,
        "engine": voice.engine,
        "licence": voice.licence,
        "online": voice.online,
        "unofficial": now.unofficial,
        "ready": voice.ready,
        "missing": {"vi": voice.missing.vi, "en": voice.missing.en} if voice.missing else None,
        "judged": tally.judged,
        "natives": tally.natives,
        "share": tally.share,
    }
