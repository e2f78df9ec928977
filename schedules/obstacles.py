"""Why an item finds no place on the cue sheet although the airtime law lets it air, in words."""

from datetime import datetime

from schedules.airtime import Breach
from schedules.busy_air import LATE_START_MS
from schedules.types import DurationMs

_LATE_MINUTES = LATE_START_MS // 60_000


def no_room(due: datetime) -> Breach:
    """It would start more than ten minutes late."""
    return Breach(
        "no_room",
        f"Lúc {due:%H:%M} đã có mục khác phát, quá {_LATE_MINUTES} phút vẫn chưa trống.",
        f"Other items are on air at {due:%H:%M} and for {_LATE_MINUTES} minutes after.",
    )


def expired(until: datetime) -> Breach:
    """Its validity ends before it does."""
    return Breach(
        "expired",
        f"Bản tin hết hiệu lực lúc {until:%H:%M %d/%m/%Y}, trước khi phát xong.",
        f"The bulletin is no longer valid from {until:%H:%M %d/%m/%Y}, before it would end.",
    )


def programme_full(length: DurationMs, most: DurationMs) -> Breach:
    """It would end after its session."""
    return Breach(
        "programme_full",
        f"Thêm mục này chương trình dài {length / 60_000:.1f} phút, quá {most / 60_000:.1f} phút.",
        f"With this item the programme takes {length / 60_000:.1f} minutes, "
        f"over its {most / 60_000:.1f}.",
    )


def past(latest_end: datetime) -> Breach:
    """Its latest end has passed."""
    return Breach(
        "past",
        f"Giờ phát đã qua, muộn nhất là {latest_end:%H:%M %d/%m/%Y}.",
        f"Its time has passed: {latest_end:%H:%M %d/%m/%Y} at the latest.",
    )
