"""Engines of others, found by the entry points of the group `loalang.voices`.

An entry point names a function (or class) that takes nothing and gives an Engine. What it does
wrong is listed with its reason; it stops nobody else.
"""

import importlib.metadata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audio_library.errors import AudioLibraryError, EngineFailed
from audio_library.speech.engine import UNDETERMINED, Engine, Missing, Speech, Voice
from audio_library.speech.online import NOT_ALLOWED

GROUP = "loalang.voices"


@dataclass(frozen=True, slots=True)
class Broken:
    """An engine that could not be loaded: one voice that is never ready, and says why."""

    name: str
    reason: str
    licence: str = ""
    online: bool = False
    unofficial: bool = False
    whole: bool = False

    def voices(self) -> tuple[Voice, ...]:
        missing = Missing(
            f"bộ đọc này hỏng: {self.reason}", f"this engine is broken: {self.reason}"
        )
        return (Voice(self.name, UNDETERMINED, self.name, self.name, self.licence, False, missing),)

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        raise EngineFailed(self.name, self.reason)


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Another's engine, held to what we promise: no voice beside its name, no exception of its own.

    An online one speaks only where text may leave the house.
    """

    name: str
    engine: Engine
    allowed: bool

    @property
    def licence(self) -> str:
        return self.engine.licence

    @property
    def online(self) -> bool:
        return self.engine.online

    @property
    def unofficial(self) -> bool:
        return self.engine.unofficial

    @property
    def whole(self) -> bool:
        return self.engine.whole

    def voices(self) -> tuple[Voice, ...]:
        try:
            own = self.engine.voices()
            missing = NOT_ALLOWED if self.online and not self.allowed else None
            return tuple(
                replace(v, engine=self.name, online=self.online, missing=missing or v.missing)
                for v in own
            )
        except Exception as error:
            # Another's code: whatever it raises must not take our own voices away.
            return Broken(self.name, _reason(error)).voices()

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        if self.online and not self.allowed:
            raise EngineFailed(self.name, NOT_ALLOWED.en)
        try:
            made = self.engine.speak(texts, voice, into=into, timeout_s=timeout_s)
        except (AudioLibraryError, OSError):
            raise
        except Exception as error:
            # The same: to the listener it is one more engine that failed.
            raise EngineFailed(self.name, _reason(error)) from error
        if len(made) != len(texts):
            raise EngineFailed(self.name, f"{len(made)} sounds for {len(texts)} texts")
        return made


def third_party_engines(taken: Collection[str], *, online: bool) -> tuple[Engine, ...]:
    """Every engine that an installed package offers, named by its own name; `taken` are ours."""
    found: list[Engine] = []
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda e: e.name):
        names = {*taken, *(engine.name for engine in found)}
        found.append(_loaded(entry, names, online=online))
    return tuple(found)


def _loaded(
    entry: importlib.metadata.EntryPoint, taken: Collection[str], *, online: bool
) -> Engine:
    try:
        engine: Engine = entry.load()()
        told = (engine.name, engine.licence, engine.online, engine.unofficial, engine.whole)
        engine.voices()
    except (Exception, SystemExit) as error:
        # Another's code runs here for the first time: anything may happen.
        return Broken(f"{GROUP}:{entry.name}", _reason(error))
    if told[0] in taken:
        return Broken(f"{GROUP}:{entry.name}", f"the name “{told[0]}” is taken")
    return ThirdParty(told[0], engine, allowed=online)


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:200]
