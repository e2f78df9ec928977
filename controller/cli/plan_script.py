"""Faults as they are typed: FROM/UNTIL, AT,MINUTES, FROM/UNTIL,SECONDS; times without an offset
are those of Viet Nam."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer

HOME = ZoneInfo("Asia/Ho_Chi_Minh")


def moment(text: str) -> str:
    """An instant with its offset, ISO 8601; raises BadParameter."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"lúc {text!r} cần ghi như 2026-11-23T05:30 / a time looks like 2026-11-23T05:30"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=HOME)).isoformat()


def stretch(text: str) -> dict[str, Any]:
    """FROM/UNTIL as the API takes it."""
    since, _, until = text.partition("/")
    if not until:
        raise typer.BadParameter(f"{text!r} cần ghi TỪ/ĐẾN / is written FROM/UNTIL")
    return {"since": moment(since), "until": moment(until)}


def step(text: str) -> dict[str, Any]:
    """FROM/UNTIL,SECONDS as the API takes it."""
    span, _, seconds = text.rpartition(",")
    return {**stretch(span), "ahead_s": _whole(seconds, text)}


def alert(text: str) -> dict[str, Any]:
    """AT,MINUTES as the API takes it; ten minutes where none are given."""
    at, _, minutes = text.partition(",")
    return {"at": moment(at), "minutes": _whole(minutes or "10", text)}


def _whole(number: str, text: str) -> int:
    try:
        return int(number)
    except ValueError:
        raise typer.BadParameter(f"{text!r}: {number!r} không phải số / is no number") from None
