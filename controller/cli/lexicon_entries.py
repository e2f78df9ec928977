"""The lexicon of a running controller, over its JSON API."""

from typing import Any, Protocol
from urllib.parse import urlencode

from audio_library.writing.unicode import one_spelling
from controller.errors import NotFound


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...
    def delete(self, path: str) -> None: ...


def add_entry(api: SignedIn, unit: str, written: str, spoken: str, *, respelling: bool) -> None:
    """Teach one entry and print it as it was kept."""
    body = {"unit": unit, "kind": _kind(respelling), "written": written, "spoken": spoken}
    _print(api.post("/lexicon", body))


def list_entries(api: SignedIn, unit: str, *, respelling: bool, effective: bool) -> None:
    """Print a unit's entries, or all that hold for it, a line each."""
    for entry in _entries(api, unit, respelling=respelling, effective=effective):
        _print(entry)


def remove_entry(api: SignedIn, unit: str, written: str, *, respelling: bool) -> None:
    """Remove the unit's entry of these words; raises `NotFound` if it has none."""
    wanted = one_spelling(written).strip()
    for entry in _entries(api, unit, respelling=respelling, effective=False):
        if entry["written"] == wanted:
            api.delete(f"/lexicon/{entry['id']}")
            _print(entry)
            return
    raise NotFound("mục từ điển đọc", "lexicon entry", wanted)


def _entries(
    api: SignedIn, unit: str, *, respelling: bool, effective: bool
) -> list[dict[str, Any]]:
    query = urlencode({"unit": unit, "kind": _kind(respelling)})
    found: list[dict[str, Any]] = api.get(f"/lexicon{'/effective' * effective}?{query}")
    return found


def _kind(respelling: bool) -> str:
    return "respelling" if respelling else "reading"


def _print(entry: dict[str, Any]) -> None:
    columns = ("written", "spoken", "unit", "added_by", "added_at")
    print("\t".join(str(entry[name]) for name in columns))
