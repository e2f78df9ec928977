"""Readers and recordings of a running controller, over its JSON API."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from audio_library.writing.unicode import one_spelling
from controller.errors import ControllerError, NotFound

SOME_REFUSED = 2


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...
    def upload(self, path: str, file: Path, told: Callable[[int, int], None]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Text:
    """What was read: a bulletin or a phrase, in one language."""

    language: str
    bulletin: str | None
    phrase: str | None


def import_files(api: SignedIn, files: Iterable[Path], text: Text, reader: str) -> int:
    """Bring each file and print what was measured; one that is refused stops no other.

    Gives the exit code: 0, or SOME_REFUSED.
    """
    query = {"language": text.language, "reader": _reader_id(api, reader)}
    query |= {"bulletin": text.bulletin} if text.bulletin else {}
    query |= {"phrase": text.phrase} if text.phrase else {}
    code = 0
    for file in files:
        address = f"/recordings?{urlencode({**query, 'name': file.name})}"
        try:
            take = api.upload(address, file, _progress(file.name))
        except ControllerError as e:
            print(f"{file.name}: {e.vi}\n  {e.en}", file=sys.stderr)
            code = SOME_REFUSED
        else:
            _print_measured(file.name, take)
    return code


def list_recordings(api: SignedIn, bulletin: str | None, state: str | None) -> None:
    """A line each: id, state, language, reader, seconds, does it fit, name of the file."""
    given = {"bulletin": bulletin, "state": state}
    query = urlencode({name: value for name, value in given.items() if value})
    for take in api.get(f"/recordings?{query}"):
        _print_take(take)


def act(api: SignedIn, recordings: Iterable[str], verb: str, body: Mapping[str, Any]) -> None:
    """Do one thing to each recording and print what became of it."""
    for recording in recordings:
        _print_take(api.post(f"/recordings/{recording}/{verb}", dict(body)))


def list_readers(api: SignedIn) -> None:
    """A line each: id, name, languages, who took the consent down, does it stand."""
    for reader in api.get("/readers"):
        _print_reader(reader)


def add_one(api: SignedIn, form: Mapping[str, Any]) -> None:
    """Take down a reader."""
    _print_reader(api.post("/readers", dict(form)))


def withdraw_one(api: SignedIn, reader: str, why: str) -> None:
    """Note a withdrawn consent and print what it takes off the air."""
    lost = api.post(f"/readers/{_reader_id(api, reader)}/withdraw", {"why": why})
    print(f"{lost['vi']}\n{lost['en']}")
    for silenced in lost["bulletins"]:
        print(f"{silenced['bulletin']}\t{silenced['language']}\t{silenced['title']}")


def _reader_id(api: SignedIn, reader: str) -> str:
    """By id, or by a name that one reader alone has; raises `NotFound`."""
    known = api.get("/readers")
    named = [r for r in known if _folded(r["name"]) == _folded(reader)]
    for found in ([r for r in known if r["id"] == reader], named):
        if len(found) == 1:
            return str(found[0]["id"])
    raise NotFound("người đọc", "reader", reader)


def _folded(name: str) -> str:
    return " ".join(one_spelling(name).casefold().split())


def _progress(name: str) -> Callable[[int, int], None]:
    """Per cent on the terminal, in one line; nothing where no person looks."""
    shown = -1

    def told(done: int, size: int) -> None:
        nonlocal shown
        percent = 100 if size == 0 else done * 100 // size
        if percent != shown and sys.stderr.isatty():
            shown = percent
            said = "đang đo / measuring…" if percent == 100 else f"{percent} %"
            print(f"\r{name}: {said}\033[K", end="", file=sys.stderr, flush=True)

    return told


def _print_measured(name: str, take: Mapping[str, Any]) -> None:
    m = take["measured"]
    end = "\r" if sys.stderr.isatty() else ""
    print(end=end, file=sys.stderr, flush=True)
    print(
        f"{name}: {take['id']}, {m['kind']}, {m['brought_ms'] / 1000:.1f} s → "
        f"{m['duration_ms'] / 1000:.1f} s, {m['lufs']:.1f} LUFS, "
        f"ồn / noise {m['noise_dbfs']:.0f} dBFS, giọng / voice +{m['over_noise_db']:.0f} dB, "
        f"vỡ / clipped {m['clipped']:.1%}; {take['vi']} / {take['en']}"
    )
    for note in take["notes"]:
        print(f"  ! {note['vi']} / {note['en']}")


def _print_take(take: Mapping[str, Any]) -> None:
    fits = "đúng lời / fits" if take["fits"] else "lời cũ / older words"
    seconds = f"{take['measured']['duration_ms'] / 1000:.1f} s"
    columns = (take["id"], take["state"], take["language"], take["reader_name"], seconds, fits)
    print("\t".join((*columns, take["name"])))


def _print_reader(reader: Mapping[str, Any]) -> None:
    stands = "đã rút / withdrawn" if reader["withdrawn_at"] else "đồng ý / agreed"
    languages = ",".join(reader["languages"])
    print("\t".join((reader["id"], reader["name"], languages, reader["consent_by"], stands)))
