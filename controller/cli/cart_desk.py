"""Carts of a running controller, over its JSON API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode


class SignedIn(Protocol):
    """A signed-in user's way to the JSON API."""

    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any: ...
    def delete(self, path: str) -> None: ...
    def upload(self, path: str, file: Path, told: Callable[[int, int], None]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Clip:
    """What is said of a file that is brought."""

    name: str
    unit: str
    source: str
    language: str
    title: str


def list_carts(api: SignedIn, unit: str | None) -> None:
    """A line each: id, name, language, unit, seconds, title, source; then what is being made."""
    found = api.get("/carts" + (f"?{urlencode({'unit': unit})}" if unit else ""))
    for cart in found["carts"]:
        _print(cart)
    for making in found["making"]:
        why = f": {making['vi']} / {making['en']}" if making["vi"] else ""
        where = making["unit"] or "—"
        print(f"! {making['name']}\t{making['language']}\t{where}\t{making['state']}{why}")


def add_clip(api: SignedIn, file: Path, clip: Clip) -> None:
    """Bring a file and print what became of it."""
    query = urlencode(
        {
            "name": clip.name,
            "unit": clip.unit,
            "source": clip.source,
            "language": clip.language,
            "title": clip.title,
            "file": file.name,
        }
    )
    _print(api.upload(f"/carts?{query}", file, lambda sent, size: None))


def greet_in(api: SignedIn, form: Mapping[str, Any]) -> None:
    """Ask for a greeting and closing words, and print how they will be heard."""
    for words in api.post("/carts/greetings", dict(form)):
        print(f"{words['name']}\t{words['language']}\t{words['spoken']}")
    print("Đang làm; xem bằng `loalang carts list` / being made; see `loalang carts list`.")


def remove_clip(api: SignedIn, cart: str) -> None:
    """Remove one."""
    api.delete(f"/carts/{quote(cart, safe='')}")
    print(f"{cart}: đã gỡ / removed")


def _print(cart: Mapping[str, Any]) -> None:
    seconds, where = f"{cart['duration_ms'] / 1000:.1f} s", cart["unit_name"] or "—"
    told = (cart["id"], cart["name"], cart["language"], where, seconds, cart["title"])
    print("\t".join((*told, cart["source"])))
