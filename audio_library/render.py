"""From an approved spoken form to the file that is aired, in child processes with limits.

No decoder and no engine is ever loaded in the calling process.
"""

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from audio_library.errors import (
    AudioLibraryError,
    EngineFailed,
    EngineOffline,
    NothingToRead,
    NotRecorded,
    NotThisLanguage,
    StoreFull,
    TextTooLong,
    TookTooLong,
    VoiceNotReady,
)
from audio_library.mastering.aim import Aim, within_limits
from audio_library.mastering.in_child import TIMEOUT_S, moved, parts_in_child
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import VERSION, Dressing, Preset
from audio_library.mastering.programme import Part, Sound, dressed
from audio_library.no_room import is_no_room
from audio_library.speech.engine import Engine, Speech, Voice
from audio_library.speech.registry import ENGINES, candidates, engine_of
from audio_library.speech.segment_cache import SegmentCache
from audio_library.speech.sentences import Sentence, in_segments
from audio_library.wording.spoken_form import wording_version
from audio_library.writing.language_guard import Verdict, judge

MAX_SPOKEN_CHARACTERS = 50_000
"""50 minutes of speech; a script full of figures grows when it is put into words."""
CHARACTERS_AT_ONCE = 5_000
"""Spoken in one go, five minutes of speech; between two of them a stop is heeded."""
SHARE_OF_SPEAKING = 0.15
"""Of the whole time, for the progress that is told."""

_NEXT_VOICE = (EngineFailed, EngineOffline, TookTooLong, NotRecorded, VoiceNotReady)

Segment = tuple[Sentence, ...]
Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file named by its SHA-256, and who speaks in it."""

    mastered: Mastered
    language: str
    voice: str
    engine: str


def render_speech(
    spoken: str,
    language: str,
    *,
    out_dir: Path,
    preference: Sequence[str] = (),
    engines: Sequence[Engine] = ENGINES,
    respellings: Mapping[str, str] = MappingProxyType({}),
    preset: Preset = Preset.HORN,
    dressing: Dressing = Dressing.CHIME,
    segments: SegmentCache | None = None,
    timeout_s: float = TIMEOUT_S,
    told: Tell = lambda share: None,
) -> Rendered:
    """Read `spoken` word for word and master it to `out_dir/<sha256>.opus`.

    Where a voice fails the next one of the same language is tried, each within `timeout_s`.
    `told` hears the share that is done and ends the work by raising. Raises the first voice's
    error: EngineOffline, NotRecorded, ..; or NoVoiceForLanguage, NotThisLanguage, StoreFull, ...;
    then nothing is left behind.
    """
    if not any(character.isalnum() for character in spoken):
        raise NothingToRead
    if len(spoken) > MAX_SPOKEN_CHARACTERS:
        raise TextTooLong(len(spoken), MAX_SPOKEN_CHARACTERS)
    first_error: AudioLibraryError | None = None
    for voice in candidates(language, preference, engines):
        engine = engine_of(voice, engines)
        if not engine.whole:
            _refuse_other_language(spoken, language)
        rendering = _Rendering(voice, engine, preset, dressing, segments, timeout_s, told)
        try:
            mastered = rendering.make(spoken, respellings, out_dir)
        except _NEXT_VOICE as error:
            first_error = first_error or error
        except OSError as error:
            if is_no_room(error):
                raise StoreFull from error
            raise
        else:
            return Rendered(mastered, language, voice.id, voice.engine)
    assert first_error is not None
    raise first_error


def _refuse_other_language(spoken: str, language: str) -> None:
    """A synthetic voice sounds sure of words that it does not know; a person does not."""
    if language != "vi":
        return
    found = judge(spoken, language)
    if found.verdict is Verdict.OTHER:
        raise NotThisLanguage(language, found.vi, found.en)


@dataclass(frozen=True, slots=True)
class _Rendering:
    """One try with one voice."""

    voice: Voice
    engine: Engine
    preset: Preset
    dressing: Dressing
    cache: SegmentCache | None
    timeout_s: float
    told: Tell

    def make(self, spoken: str, respellings: Mapping[str, str], out_dir: Path) -> Mastered:
        said = (
            ((Sentence(spoken, 0),),)
            if self.engine.whole
            else in_segments(respelled(spoken, respellings))
        )
        give_up = time.monotonic() + self.timeout_s
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".render-", dir=out_dir) as name:
            folder = Path(name)
            made = within_limits(lambda aim: self._attempt(said, aim, folder, give_up))
            return moved(made, out_dir / f"{made.sha256}.opus")

    def _attempt(self, said: Sequence[Segment], aim: Aim, folder: Path, give_up: float) -> Mastered:
        """Speak, master and keep what no earlier work has left in the cache."""
        self.told(0.0)
        work = folder / f"{aim.lufs} {aim.limit_dbfs}"
        work.mkdir()
        keys = [self._key(segment, aim) for segment in said]
        files = {key: work / hashlib.sha256(key.encode()).hexdigest() for key in keys}
        found = {key for key, file in files.items() if self._found(key, file)}
        missing = {
            key: segment for key, segment in zip(keys, said, strict=True) if key not in found
        }
        spoken = self._spoken(tuple(missing.values()), work, give_up)
        sounds = dict(zip(missing, spoken, strict=True))
        chime, chime_key = work / "chime", self._key((), aim)
        has_chime = self._found(chime_key, chime)

        def look() -> None:
            made = sum(files[key].exists() for key in missing)
            share = made / len(missing) if missing else 1.0
            self.told(SHARE_OF_SPEAKING + (1 - SHARE_OF_SPEAKING) * share)

        made = parts_in_child(
            dressed(
                [
                    Part(files[key], sounds.get(key, ()), segment[-1].pause_ms)
                    for key, segment in zip(keys, said, strict=True)
                ],
                self.dressing,
                chime,
            ),
            work,
            preset=self.preset,
            aim=aim,
            timeout_s=self._left_s(give_up),
            meanwhile=look,
        )
        for key in missing:
            self._keep(key, files[key])
        if not has_chime and chime.exists():
            self._keep(chime_key, chime)
        return made

    def _spoken(
        self, missing: Sequence[Segment], work: Path, give_up: float
    ) -> Iterator[tuple[Sound, ...]]:
        done = 0
        for number, group in enumerate(_together(missing)):
            self.told(SHARE_OF_SPEAKING * done / len(missing))
            texts = [sentence.text for segment in group for sentence in segment]
            left_s = self._left_s(give_up)
            into = work / f"spoken-{number}"
            speeches = iter(self.engine.speak(texts, self.voice, into=into, timeout_s=left_s))
            for segment in group:
                yield _sounds(segment, speeches)
            done += len(group)

    def _left_s(self, give_up: float) -> float:
        left_s = give_up - time.monotonic()
        if left_s <= 0:
            raise TookTooLong(self.voice.engine, self.timeout_s)
        return left_s

    def _key(self, segment: Segment, aim: Aim) -> str:
        """All that decides about the sound of a segment; without sentences: of the chime.

        The silence after it is no part of it: that is added when all are joined.
        """
        spoken_by = (self.voice.engine, self.voice.id, self.voice.fingerprint, wording_version())
        words = [part for s in segment for part in (s.text, s.pause_ms)][:-1]
        mastered_by = (self.preset, aim.lufs, aim.limit_dbfs, VERSION)
        return json.dumps([spoken_by if segment else "chime", words, mastered_by])

    def _found(self, key: str, into: Path) -> bool:
        content = self.cache.get(key) if self.cache is not None else None
        if content is None:
            return False
        into.write_bytes(content)
        return True

    def _keep(self, key: str, made: Path) -> None:
        if self.cache is not None and self.voice.fingerprint:
            self.cache.put(key, made.read_bytes())


def respelled(spoken: str, respellings: Mapping[str, str]) -> str:
    """Whole words replaced for an engine's ear, the longest first; what was approved stays."""
    if not respellings:
        return spoken
    longest_first = sorted(respellings, key=len, reverse=True)
    words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    return words.sub(lambda word: respellings[word[0]], spoken)


def _together(missing: Sequence[Segment]) -> Iterator[list[Segment]]:
    group: list[Segment] = []
    length = 0
    for segment in missing:
        group.append(segment)
        length += sum(len(sentence.text) for sentence in segment)
        if length >= CHARACTERS_AT_ONCE:
            yield group
            group, length = [], 0
    if group:
        yield group


def _sounds(segment: Segment, speeches: Iterator[Speech]) -> tuple[Sound, ...]:
    """Each sentence with its pause; the last one's comes after the segment."""
    pauses = [*(sentence.pause_ms for sentence in segment[:-1]), 0]
    return tuple(Sound(next(speeches), pause_ms) for pause_ms in pauses)
