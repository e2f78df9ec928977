"""MMS: speech models of Meta for many languages, Bahnar among them; not for commercial use."""

import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from audio_library.errors import VoiceNotReady
from audio_library.languages import language as language_of
from audio_library.speech.engine import Missing, Speech, Voice
from audio_library.speech.model_worker import speak_by_worker
from audio_library.speech.voice_file import NotAVoice, check_onnx, sha256_of

NAME = "MMS"
LICENCE = "CC-BY-NC-4.0: not for commercial use"

LANGUAGES: Mapping[str, str] = MappingProxyType({"vie": "vi", "bdq": "bdq", "blt": "blt"})
"""Of the languages in use here those that MMS has, by the code in its models' names."""
MODEL = "model.onnx"
LETTERS = ("vocab.json", "tokens.txt")

NOT_ACCEPTED = Missing(
    "quản trị viên chưa nhận giấy phép CC-BY-NC 4.0, cấm dùng thương mại (LOALANG_MMS=true)",
    "the administrator has not accepted the licence CC-BY-NC 4.0, which forbids commercial use "
    "(LOALANG_MMS=true)",
)
NOT_INSTALLED = Missing(
    "cần cài phần mở rộng “mms” (onnxruntime, numpy)",
    "the extra “mms” (onnxruntime, numpy) is needed",
)


@dataclass(frozen=True, slots=True)
class Mms:
    """A voice is a folder, named like `mms-tts-bdq`, in `folder`: model.onnx and its letters."""

    folder: Path
    accepted: bool = False
    name: str = NAME
    licence: str = LICENCE
    online: bool = False
    unofficial: bool = False
    whole: bool = False
    installed: Callable[[], bool] = lambda: importlib.util.find_spec("onnxruntime") is not None

    def voices(self) -> tuple[Voice, ...]:
        found = {code: self._found(code) for code in LANGUAGES}
        return tuple(self._voice(code, where) for code, where in found.items())

    def speak(
        self, texts: Sequence[str], voice: Voice, *, into: Path, timeout_s: float
    ) -> tuple[Speech, ...]:
        code = voice.id.removeprefix("mms:")
        where = self._found(code)
        missing = self._missing(where)
        if missing is not None or where is None:
            missing = missing or _not_here(code)
            raise VoiceNotReady(voice.id, missing.vi, missing.en)
        files = {"model": str(where / MODEL), "letters": str(_letters(where))}
        return speak_by_worker(
            "audio_library.speech.mms_worker",
            self.name,
            texts,
            files,
            into=into,
            timeout_s=timeout_s,
        )

    def _found(self, code: str) -> Path | None:
        if code not in LANGUAGES or not self.folder.is_dir():
            return None
        fitting = (path for path in self.folder.glob("*") if path.is_dir() and _code(path) == code)
        return min((path.absolute() for path in fitting), default=None)

    def _voice(self, code: str, where: Path | None) -> Voice:
        tag = LANGUAGES[code]
        missing = self._missing(where) or (_not_here(code) if where is None else None)
        fingerprint = ""
        if where is not None and missing is None:
            hashes = f"{sha256_of(where / MODEL)} {sha256_of(_letters(where))}"
            fingerprint = f"onnxruntime {importlib.metadata.version('onnxruntime')}, {hashes}"
        return Voice(
            id=f"mms:{code}",
            language=tag,
            name_vi=f"{language_of(tag).name_vi} (MMS)",
            engine=self.name,
            licence=self.licence,
            online=self.online,
            missing=missing,
            fingerprint=fingerprint,
        )

    def _missing(self, where: Path | None) -> Missing | None:
        if where is None:
            return None
        try:
            check_onnx(where / MODEL)
            _letters(where)
        except NotAVoice as error:
            return Missing(error.vi, error.en)
        except OSError as error:
            return Missing(f"không đọc được: {error}", f"cannot be read: {error}")
        if not self.installed():
            return NOT_INSTALLED
        return None if self.accepted else NOT_ACCEPTED


def _not_here(code: str) -> Missing:
    return Missing(
        f"chưa có thư mục mms-tts-{code} ({MODEL}, {LETTERS[0]}); hoặc thu giọng người đọc",
        f"there is no folder mms-tts-{code} ({MODEL}, {LETTERS[0]}); or record a person reading",
    )


def _code(path: Path) -> str:
    return path.name.replace("_", "-").rpartition("-")[2].lower()


def _letters(where: Path) -> Path:
    for name in LETTERS:
        if (where / name).is_file():
            return where / name
    raise NotAVoice(f"thiếu {' hoặc '.join(LETTERS)}", f"{' or '.join(LETTERS)} is missing")
