"""Piper: better offline speech from a voice file that the office puts into a folder."""

import importlib.metadata
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from audio_library.errors import VoiceNotReady
from audio_library.languages import LANGUAGES
from audio_library.speech.catalogue import catalogue
from audio_library.speech.engine import UNDETERMINED, Missing, Speech, Voice
from audio_library.speech.model_worker import speak_by_worker
from audio_library.speech.respelling import respell, respelling_version
from audio_library.speech.voice_file import (
    NotAVoice,
    check_onnx,
    read_json,
    read_licence,
    sha256_of,
)

NAME = "Piper"
SAMPLE_RATES = range(8_000, 48_001)
LICENCE_UNKNOWN = "unknown: read the voice's MODEL_CARD"

NOT_INSTALLED = Missing(
    "cần cài phần mở rộng “piper” (gói piper-tts)",
    "the extra “piper” (package piper-tts) is needed",
)


@dataclass(frozen=True, slots=True)
class Piper:
    """Voices are pairs NAME.onnx and NAME.onnx.json in `folder`; NAME.licence.txt if known."""

    folder: Path
    name: str = NAME
    licence: str = "GPL-3.0-or-later; each voice has its own"
    online: bool = False
    unofficial: bool = False
    whole: bool = False
    installed: Callable[[], bool] = lambda: importlib.util.find_spec("piper") is not None

    def voices(self) -> tuple[Voice, ...]:
        here = {path.name.removesuffix(".json").removesuffix(".onnx") for path in self._files()}
        return (
            *(self._voice(name) for name in sorted(here)),
            *(
                self._listed(
                    entry.name,
                    entry.language,
                    entry.licence,
                    Missing(
                        f"chưa tải: loalang voices install {entry.name}",
                        f"not downloaded: loalang voices install {entry.name}",
                    ),
                )
                for entry in catalogue()
                if entry.name not in here
            ),
        )

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        name = voice.id.removeprefix("piper:")
        found = next((v for v in self.voices() if v.id == voice.id), voice)
        if found.missing is not None:
            raise VoiceNotReady(voice.id, found.missing.vi, found.missing.en)
        model = self.folder / f"{name}.onnx"
        files = {"model": str(model.absolute()), "config": f"{model.absolute()}.json"}
        return speak_by_worker(
            "audio_library.speech.piper_worker",
            self.name,
            [respell(text) for text in texts] if found.language == "vi" else texts,
            files,
            into=into,
            timeout_s=timeout_s,
        )

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [*self.folder.glob("*.onnx"), *self.folder.glob("*.onnx.json")]

    def _voice(self, name: str) -> Voice:
        model = self.folder / f"{name}.onnx"
        written = self.folder / f"{name}.licence.txt"
        licence = LICENCE_UNKNOWN
        language, fingerprint, missing = UNDETERMINED, "", None
        shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
        try:
            if shown != name:
                # Not UTF-8, or with control characters: no answer and no screen can carry it.
                raise NotAVoice("tên tệp có ký tự lạ", "odd characters in the file's name")
            if written.is_file():
                licence = read_licence(written)
            check_onnx(model)
            config = Path(f"{model}.json")
            language = language_of_config(read_json(config), config.name)
            hashes = f"{sha256_of(model)} {sha256_of(config)}"
            if self.installed():
                fingerprint = f"piper-tts {_version()}, {hashes}, {respelling_version()}"
            else:
                missing = NOT_INSTALLED
        except NotAVoice as error:
            missing = Missing(error.vi, error.en)
        except OSError as error:
            missing = Missing(f"không đọc được: {error}", f"cannot be read: {error}")
        return self._listed(shown, language, licence, missing, fingerprint)

    def _listed(
        self,
        name: str,
        language: str,
        licence: str,
        missing: Missing | None,
        fingerprint: str = "",
    ) -> Voice:
        return Voice(
            id=f"piper:{name}",
            language=language,
            name_vi=f"{name} (Piper)",
            engine=self.name,
            licence=licence,
            online=self.online,
            missing=missing,
            fingerprint=fingerprint,
        )


def language_of_config(config: dict[str, Any], name: str) -> str:
    """The tag of the language that the voice's own file names; raises NotAVoice."""
    said = config.get("language")
    family = said.get("family") or said.get("code") if isinstance(said, dict) else None
    if not isinstance(family, str) or not family:
        raise NotAVoice(f"{name} không ghi tiếng nào", f"{name} names no language")
    tag = family.replace("_", "-").partition("-")[0]
    if tag not in LANGUAGES:
        raise NotAVoice(f"tiếng “{tag}” không dùng ở đây", f"the language “{tag}” is not used here")
    audio = config.get("audio")
    rate = audio.get("sample_rate") if isinstance(audio, dict) else None
    if not isinstance(rate, int) or rate not in SAMPLE_RATES:
        raise NotAVoice(
            f"{name}: tần số lấy mẫu sai ({rate!r})", f"{name}: wrong sample rate ({rate!r})"
        )
    if not isinstance(config.get("phoneme_id_map"), dict):
        raise NotAVoice(f"{name} thiếu bảng âm", f"{name} has no table of sounds")
    return tag


@cache
def _version() -> str:
    return importlib.metadata.version("piper-tts")
