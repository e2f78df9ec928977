"""What this box can say by itself: sentences from the phrases that it holds, clips, the siren.

Sounds are made in the background, each once, and stand among the audio like any other.
"""

import errno
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_agent.cache import Cache, Shelf, Wanted, digest
from edge_agent.contract.alert import Clip, Spoken
from edge_agent.contract.desired import Desired
from edge_agent.contract.manifest import Asset
from edge_agent.contract.types import Unreadable
from edge_agent.errand import Send
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.voice")

PHRASES_MISSING = "phrases_missing"
MAKING_AT_ONCE = 2
AGAIN_MS = 2_000
"""What could not be said is tried again after this time, when other files are held."""

REMEMBERED = 1_200
"""As many as every clip in every language."""

ROOM_LEFT = 20_000_000
"""Of the disk: sentences that were made stay, and the state and the siren need room more."""


@dataclass(frozen=True, slots=True)
class Said:
    """Audio that says something, or why there is none; while it `waits` it is being made."""

    audio: tuple[Asset, ...] = ()
    lacks: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    """What came of making a sound; `rotten` files were found on the way."""

    said: Said
    rotten: tuple[str, ...] = ()


@dataclass(slots=True)
class _Attempt:
    """The newest attempt at one sound: when it was begun, and what files were held then."""

    mono_ms: int
    changes: int
    said: Said


_Key = tuple[str, str, str]
"""Language, page of phrases, sentence; or the siren and its seconds."""


class Voice:
    """Belongs to the agent's thread; `clips` gives the clips of the plan that is held."""

    def __init__(self, cache: Cache, send: Send, clips: Callable[[], tuple[Clip, ...]]) -> None:
        self._cache = cache
        self._send = send
        self._clips = clips
        self._pages: Mapping[str, str] = {}
        self._attempts: dict[_Key, _Attempt] = {}
        self._making = 0
        self._mono_ms = 0

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The clips that the box was given, in the order of its zone."""
        return self._clips()

    @property
    def made(self) -> frozenset[str]:
        """Hashes of what was made lately, which no plan names and nothing may throw away."""
        found = (asset.sha256 for each in self._attempts.values() for asset in each.said.audio)
        return frozenset(found)

    def look(self, desired: Desired | None, mono_ms: int) -> None:
        """Take the time, and what the box was told of its phrases."""
        self._mono_ms = mono_ms
        self._pages = {ref.language: ref.sha256 for ref in desired.phrases} if desired else {}

    def say(self, language: str, sentence: str) -> Said:
        """Say a sentence of the wire in phrases."""
        page = self._pages.get(language)
        file = None if page is None else self._cache.page(page)
        if page is None or file is None:
            return Said(lacks=PHRASES_MISSING)
        return self._make((language, page, sentence), partial(_joined, self._cache, file, sentence))

    def sound(self, seconds: int) -> Said:
        """So many seconds of siren."""
        return self._make(("siren", "", str(seconds)), partial(_siren, self._cache, seconds))

    def speak(self, spoken: Spoken) -> Said:
        """Say what stands in a clip, if it can be said now."""
        if spoken.assets:
            whole = all(self._holds(asset) for asset in spoken.assets)
            return Said(spoken.assets) if whole else Said(lacks="audio_missing")
        return self.say(spoken.language, spoken.say) if spoken.say else Said(lacks=PHRASES_MISSING)

    def _holds(self, asset: Asset) -> bool:
        return asset.sha256 in self._cache.shelves[Shelf.AUDIO]

    def _make(self, key: _Key, work: Callable[[], _Made]) -> Said:
        """Give the sound, or have it made; what failed is tried again when files have come."""
        known = self._attempts.get(key)
        if known is not None:
            if known.said.waits or (known.said.audio and all(map(self._holds, known.said.audio))):
                return known.said
            early = self._mono_ms - known.mono_ms < AGAIN_MS
            if early or (known.changes == self._cache.changes and not known.said.audio):
                return Said(lacks=known.said.lacks or PHRASES_MISSING)
        if self._making >= MAKING_AT_ONCE:
            return Said(waits=True)
        self._making += 1
        self._attempts.pop(key, None)
        while len(self._attempts) >= REMEMBERED:
            del self._attempts[next(iter(self._attempts))]
        attempt = _Attempt(self._mono_ms, self._cache.changes, Said(waits=True))
        self._attempts[key] = attempt
        self._send(work, partial(self._take, attempt))
        return attempt.said

    def _take(self, attempt: _Attempt, made: _Made | OSError) -> None:
        """Count among the audio what an errand has made."""
        self._making -= 1
        if isinstance(made, OSError):
            attempt.said = Said(lacks="disk_full")
            note(log, "voice_unmade", level=logging.ERROR, error=str(made))
            return
        attempt.said = made.said
        if made.said.lacks:
            note(log, "voice_lacks", level=logging.WARNING, lacks=made.said.lacks)
        for sha256 in made.rotten:
            if not self._cache.is_sound(Shelf.AUDIO, sha256):
                note(log, "audio_rotten", level=logging.ERROR, sha256=sha256)
        for asset in made.said.audio:
            wanted = Wanted(Shelf.AUDIO, asset.sha256, asset.bytes)
            if not self._cache.holds(wanted):
                self._cache.admit(wanted)


def _joined(cache: Cache, page: Path, sentence: str) -> _Made:
    """Join the phrases of a sentence; where that is not possible they are said one by one."""
    # What an alert needs is loaded when one comes.
    from edge_agent.ogg import NotOpus
    from edge_agent.phrases import read_phrase_page
    from edge_agent.sentence import Unsayable, join, words

    try:
        said = words(sentence)
        phrases = read_phrase_page(page).phrases
    except (Unsayable, Unreadable):
        return _Made(Said(lacks=PHRASES_MISSING))
    files: dict[str, bytes] = {}
    rotten: list[str] = []
    for phrase in {word.phrase for word in said} & phrases.keys():
        data = _read(cache.path(Shelf.AUDIO, phrases[phrase].sha256))
        if data is not None and hashlib.sha256(data).hexdigest() == phrases[phrase].sha256:
            files[phrase] = data
        elif data is not None:
            rotten.append(phrases[phrase].sha256)
    if any(word.phrase not in files for word in said):
        return _Made(Said(lacks=PHRASES_MISSING), tuple(rotten))
    try:
        whole = join(said, files)
        if cache.free_bytes() < len(whole.data) + ROOM_LEFT:
            raise OSError(errno.ENOSPC, "no room for what its phrases say as well")
        return _Made(Said((_keep(cache, whole.data, whole.duration_ms, "audio/ogg"),)))
    except (NotOpus, Unsayable, OSError) as e:
        note(log, "phrases_unjoined", level=logging.ERROR, error=str(e))
        return _Made(Said(tuple(phrases[word.phrase] for word in said)))


def _siren(cache: Cache, seconds: int) -> _Made:
    from edge_agent.siren import siren

    return _Made(Said((_keep(cache, siren(seconds), seconds * 1000, "audio/wav"),)))


def _keep(cache: Cache, data: bytes, duration_ms: int, mime: str) -> Asset:
    """Bring a sound that was made here to the disk, unless it is there. Raises OSError."""
    from edge_agent.tone import write_made

    asset = Asset(hashlib.sha256(data).hexdigest(), len(data), duration_ms, mime)
    path = cache.path(Shelf.AUDIO, asset.sha256)
    if not path.exists() or digest(path) != asset.sha256:
        write_made(cache, Wanted(Shelf.AUDIO, asset.sha256, asset.bytes), data)
    return asset


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
