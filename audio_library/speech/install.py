"""Bring a voice of the catalogue from its publisher: licence accepted, hash vouched for."""

from dataclasses import dataclass
from pathlib import Path

from audio_library.errors import DownloadRefused, HashNotAccepted, LicenceNotAccepted
from audio_library.speech.catalogue import PUBLISHER, Entry, catalogue
from audio_library.speech.download import Part, Told, download
from audio_library.speech.piper import language_of_config
from audio_library.speech.voice_file import (
    MAX_JSON_BYTES,
    NotAVoice,
    check_onnx,
    read_json,
    sha256_of,
)

ROOM_TO_GROW = 2
"""A file may be so many times larger than the catalogue says."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person at the keyboard agreed to."""

    licence: bool = False
    sha256: str = ""
    trust_first: bool = False


@dataclass(frozen=True, slots=True)
class Installed:
    """A voice that now stands in the folder; `fresh`: it did not before."""

    name: str
    path: Path
    bytes: int
    sha256: str
    fresh: bool


def entry_named(name: str) -> Entry:
    """Of the catalogue; raises DownloadRefused, which lists it."""
    for entry in catalogue():
        if entry.name == name:
            return entry
    listed = ", ".join(entry.name for entry in catalogue())
    raise DownloadRefused(name, f"danh mục chỉ có {listed}", f"the catalogue has only {listed}")


def install(
    entry: Entry,
    folder: Path,
    consent: Consent,
    *,
    told: Told = lambda done, total: None,
    publisher: str = PUBLISHER,
) -> Installed:
    """Download NAME.onnx and NAME.onnx.json, check them and put them into `folder` at once.

    Raises LicenceNotAccepted, HashNotAccepted, DownloadBroken, DownloadRefused, StoreFull.
    """
    model = folder / f"{entry.name}.onnx"
    config = folder / f"{model.name}.json"
    if model.is_file() and config.is_file():
        return _installed(entry, model, fresh=False)
    if not consent.licence:
        raise LicenceNotAccepted(entry.name, entry.licence)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = f"{publisher.rstrip('/')}/{entry.folder}"
    config_part = Part.of(folder, config.name)
    model_part = Part.of(folder, model.name)
    download(f"{address}/{config.name}", config_part, limit=MAX_JSON_BYTES, told=lambda d, t: None)
    limit = ROOM_TO_GROW * entry.megabytes * 10**6
    download(f"{address}/{model.name}", model_part, limit=limit, told=told)
    _check_hash(entry, model_part, consent)
    try:
        check_onnx(model_part.path)
        language = language_of_config(read_json(config_part.path), config.name)
        if language != entry.language:
            raise NotAVoice(f"đó là tiếng “{language}”", f"its language is “{language}”")
    except NotAVoice as error:
        model_part.drop()
        config_part.drop()
        raise DownloadRefused(entry.name, error.vi, error.en) from error
    (folder / f"{entry.name}.licence.txt").write_text(entry.licence, "utf-8")
    config_part.become(config)
    model_part.become(model)
    return _installed(entry, model, fresh=True)


def _check_hash(entry: Entry, part: Part, consent: Consent) -> None:
    found, expected = sha256_of(part.path), entry.sha256 or consent.sha256.strip().lower()
    if not expected:
        if not consent.trust_first:
            raise HashNotAccepted(f"{entry.name}.onnx", found, part.path.stat().st_size)
    elif found != expected:
        part.drop()
        raise DownloadRefused(
            entry.name,
            f"mã SHA-256 là {found}, không phải {expected}",
            f"its SHA-256 is {found}, not {expected}",
        )


def _installed(entry: Entry, model: Path, *, fresh: bool) -> Installed:
    return Installed(entry.name, model, model.stat().st_size, sha256_of(model), fresh)
