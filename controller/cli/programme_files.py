"""Programmes of a running controller to and from .ics files, and calendar feeds."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from controller.cli.api_client import Api

SOME_REFUSED = 2
FATES = {
    "new": "mới / new",
    "changed": "đổi / changed",
    "unchanged": "như cũ / unchanged",
    "refused": "không nhận / refused",
}


def import_file(
    api: "Api",
    file: Path,
    places: Mapping[str, Sequence[str]],
    template: Path | None,
    *,
    keep: bool,
    replace_newer: bool,
) -> int:
    """Import, or with `keep` False only look, and say what became of each event.

    Gives the exit code: 0, or SOME_REFUSED if something was refused or could not be read.
    """
    query: list[tuple[str, str]] = [
        (name, value) for name, values in places.items() for value in values
    ]
    query.append(("keep", str(keep).lower()))
    query.append(("replace_newer", str(replace_newer).lower()))
    if template is not None:
        query.append(("template", template.read_text("utf-8")))
    found = api.upload(f"/programmes/calendar?{urlencode(query)}", file, lambda _done, _size: None)
    for event in found["events"]:
        _print_event(event)
    for part in found["unread"]:
        print(f"! {part['where']}: {part['vi']}\n    {part['en']}", file=sys.stderr)
    counts = ", ".join(f"{found[fate]} {said}" for fate, said in FATES.items())
    print(counts if keep else f"{counts}; chưa lưu gì / nothing was kept")
    return SOME_REFUSED if found["refused"] or found["unread"] else 0


def export_file(api: "Api", file: Path, unit: str | None) -> None:
    """Write every programme, or those heard in a unit, to a file."""
    query = f"?{urlencode({'unit': unit})}" if unit else ""
    text = api.download(f"/programmes/calendar{query}")
    file.write_bytes(text)
    count = text.count(b"BEGIN:VEVENT")
    print(f"{file}: {count} sự kiện / events")


def make_feed(api: "Api", unit: str) -> None:
    """Make an address for phones and print it, this once."""
    feed = api.post("/feeds", {"unit": unit})
    print(feed["url"])
    print(
        f"{feed['unit_name']} ({feed['id']}): chỉ in một lần; ai có địa chỉ này đều xem được lịch. "
        f"Thu lại: loalang programmes close-feed {feed['id']} / printed once only; whoever has it "
        "sees the programmes.",
        file=sys.stderr,
    )


def list_feeds(api: "Api") -> None:
    """A line each: id, unit, who made it when, closed or open."""
    for feed in api.get("/feeds"):
        state = "đã đóng / closed" if feed["revoked_at"] else "mở / open"
        print("\t".join((feed["id"], feed["unit_name"], feed["made_by"], feed["made_at"], state)))


def close_feed(api: "Api", feed: str) -> None:
    """Close an address for good."""
    api.delete(f"/feeds/{quote(feed, safe='')}")


def _print_event(event: Mapping[str, Any]) -> None:
    print(f"{FATES[event['fate']]:<24} {event['title']}  [{event['uid']}]")
    if event["quiet_ok"]:
        print(f"    phát ngoài khung giờ / airs outside the law: {event['quiet_ok']}")
    if event["vi"]:
        print(f"    {event['vi']}\n    {event['en']}")
