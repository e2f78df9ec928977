"""The listening sheet: made as audio for a voice, answered by people, tallied."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlmodel import Session, col, select

from audio_library.errors import UnknownVoice, VoiceNotReady
from audio_library.mastering.preset import Dressing
from audio_library.render import Rendered
from audio_library.speech.engine import Engine
from audio_library.speech.listening import LANGUAGE, Answer, Tally, sentences, tally
from audio_library.speech.registry import engine_of, voice_for, voices
from audio_library.wording.spoken_form import spoken_form
from controller.errors import ControllerError
from controller.storage import library_tables as tables
from controller.storage.database import Database
from controller.storage.instants import to_ms


class SheetRenderer(Protocol):
    """Read words aloud, bare, into a file under `out_dir`."""

    def __call__(
        self,
        spoken: str,
        language: str,
        *,
        out_dir: Path,
        preference: Sequence[str],
        engines: Sequence[Engine],
        dressing: Dressing,
    ) -> Rendered: ...


def make_sheet(
    voice_id: str, engines: Sequence[Engine], render: SheetRenderer, folder: Path
) -> list[Path]:
    """The sentences as `01.opus` … in `folder`, all by that one voice.

    Raises UnknownVoice, VoiceNotReady, or what the rendering raises.
    """
    voice = voice_for(LANGUAGE, voice_id, engines)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for sentence in sentences():
        rendered = render(
            spoken_form(sentence.text).text,
            LANGUAGE,
            out_dir=folder,
            preference=(voice.id,),
            engines=(engine_of(voice, engines),),
            dressing=Dressing.BARE,
        )
        path = rendered.mastered.path
        if rendered.voice != voice.id:
            path.unlink()
            raise VoiceNotReady(voice.id, "giọng này không đọc được", "this voice did not speak")
        made.append(path.replace(folder / f"{sentence.number:02}.opus"))
    return made


def record_answers(
    database: Database,
    voice_id: str,
    listener: str,
    heard: Mapping[int, str],
    engines: Sequence[Engine],
    now: datetime,
    *,
    native: bool,
) -> Tally:
    """Keep what one listener heard, replacing what they wrote before; gives the voice's tally.

    Raises UnknownVoice for a voice of no Vietnamese engine here.
    """
    known = tuple(v.id for v in voices(engines) if v.language == LANGUAGE)
    if voice_id not in known:
        raise UnknownVoice(voice_id, LANGUAGE, known)
    numbers = {sentence.number for sentence in sentences()}
    strangers = sorted(set(heard) - numbers)
    name = " ".join(listener.split())
    if strangers or not heard or not name:
        raise ControllerError(
            "bad_answers",
            f"Phiếu nghe có câu 1 đến {len(numbers)} và cần tên người nghe. Chưa lưu gì.",
            f"The sheet has sentences 1 to {len(numbers)} and needs the listener's name. "
            "Nothing was kept.",
        )
    with database.write() as session:
        for number, words in heard.items():
            session.merge(
                tables.ListeningAnswer(
                    voice=voice_id,
                    listener=name,
                    sentence=number,
                    heard=words,
                    native=native,
                    at_ms=to_ms(now),
                )
            )
        session.flush()
        (line,) = (t for t in tallies(session) if t.voice == voice_id)
    return line


def tallies(session: Session) -> tuple[Tally, ...]:
    """One line for every voice that somebody listened to."""
    query = select(tables.ListeningAnswer).order_by(col(tables.ListeningAnswer.at_ms))
    return tally(
        Answer(row.voice, row.listener, row.native, row.sentence, row.heard)
        for row in session.exec(query)
    )
