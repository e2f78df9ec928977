"""Every topic of the wire, made and parsed in one place."""

import re
from typing import NamedTuple

PREFIX = "loa/v1"
CONTROLLER_KEYS = f"{PREFIX}/c/keys"
CONTROLLER_STATE = f"{PREFIX}/c/state"
FROM_ALL_DEVICES = f"{PREFIX}/d/+/up/#"

UP_WORDS = ("time", "state", "hello", "ack", "report", "tele", "ready", "diag", "alert", "here")
"""The last words of what a box says: no other topic is its own."""

_UP = re.compile(rf"^{PREFIX}/d/([a-z0-9]{{12}})/up/({'|'.join(UP_WORDS)})\Z")
_DOWN = re.compile(rf"^{PREFIX}/d/([a-z0-9]{{12}})/dn/(desired|cmd|ack|time|placement)\Z")
_GROUP = re.compile(
    rf"^{PREFIX}/g/([a-z0-9][a-z0-9-]{{0,39}})/dn/(cmd|alert)(?:/([A-Za-z0-9-]+))?\Z"
)


class DeviceTopic(NamedTuple):
    """A topic of one box: its id and the last word, such as `report`."""

    device: str
    word: str


class GroupTopic(NamedTuple):
    """A topic of a scope; `issuer` stands only behind `alert`."""

    scope: str
    word: str
    issuer: str | None


def up(device: str, word: str) -> str:
    """Topic on which a box speaks; `word` is one of `UP_WORDS`."""
    return f"{PREFIX}/d/{device}/up/{word}"


def down(device: str, word: str) -> str:
    """Topic on which a box is spoken to: desired, cmd, ack, time or placement."""
    return f"{PREFIX}/d/{device}/dn/{word}"


def group_command(scope: str) -> str:
    """Topic of commands for all boxes of a scope."""
    return f"{PREFIX}/g/{scope}/dn/cmd"


def group_alert(scope: str, issuer: str) -> str:
    """Retained topic of one issuer's active alerts for a scope."""
    return f"{PREFIX}/g/{scope}/dn/alert/{issuer}"


def subscriptions(device: str, scopes: tuple[str, ...]) -> tuple[str, ...]:
    """All filters a box listens to."""
    return (
        CONTROLLER_KEYS,
        CONTROLLER_STATE,
        f"{PREFIX}/d/{device}/dn/#",
        *(f"{PREFIX}/g/{scope}/dn/#" for scope in scopes),
    )


def parse_up(topic: str) -> DeviceTopic | None:
    """Read a topic that a box publishes on; None if it is no such topic."""
    found = _UP.match(topic)
    return DeviceTopic(found[1], found[2]) if found else None


def parse_down(topic: str) -> DeviceTopic | None:
    """Read a topic that speaks to one box; None if it is no such topic."""
    found = _DOWN.match(topic)
    return DeviceTopic(found[1], found[2]) if found else None


def parse_group(topic: str) -> GroupTopic | None:
    """Read a topic that speaks to a scope; None if it is no such topic."""
    found = _GROUP.match(topic)
    if not found or (found[2] == "alert") != (found[3] is not None):
        return None
    return GroupTopic(found[1], found[2], found[3])
