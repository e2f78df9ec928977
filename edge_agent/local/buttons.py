"""Buttons under a key: what is pressed long enough, on purpose, while the key is turned."""

import logging
from collections.abc import Callable, Mapping

from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.local.buttons")

LOOK_EVERY_MS = 100
"""So often the buttons are looked at while the key is turned: shorter bounces are not seen."""

KEY_LEFT_MS = 600_000
"""A key that stays turned so long is said in the log: it was forgotten, or its wire is shorted."""

Contact = Callable[[int], bool]
"""Whether a contact is closed, at this ms of the monotonic clock."""


class Buttons:
    """Looked at in the agent's thread; no button counts that nobody was seen to press.

    A press counts once, after `hold_ms` of key and button together. A button that was closed
    when the key was turned is stuck or shorted, and counts only when it was seen open. Two
    buttons at once are a slip: neither counts.
    """

    def __init__(self, key: Contact, buttons: Mapping[str, Contact], *, hold_ms: int) -> None:
        self._key = key
        self._buttons = buttons
        self._hold_ms = hold_ms
        self._key_since: int | None = None
        self._key_told = False
        self._may_count: set[str] = set()
        self._held_since: dict[str, int] = {}

    def look(self, mono_ms: int) -> str | None:
        """What was pressed, by the name of its button; None if nothing was."""
        if not self._key(mono_ms):
            self._key_since, self._key_told = None, False
            self._may_count.clear()
            self._held_since.clear()
            return None
        if self._key_since is None:
            self._key_since = mono_ms
            note(log, "local_key_turned")
        self._tell_of_forgotten(mono_ms - self._key_since)
        closed = {name for name, contact in self._buttons.items() if contact(mono_ms)}
        self._may_count |= self._buttons.keys() - closed
        for name in self._held_since.keys() - closed:
            del self._held_since[name]
        for name in closed & self._may_count:
            self._held_since.setdefault(name, mono_ms)
        if len(self._held_since) != 1:
            self._held_since = dict.fromkeys(self._held_since, mono_ms)
            return None
        ((name, since),) = self._held_since.items()
        if mono_ms - since < self._hold_ms:
            return None
        del self._held_since[name]
        self._may_count.discard(name)
        return name

    @property
    def waits_ms(self) -> int | None:
        """How soon to look again; None = whenever the agent looks at its switches.

        A forgotten key must not keep the box busy.
        """
        return None if self._key_since is None or self._key_told else LOOK_EVERY_MS

    def _tell_of_forgotten(self, turned_ms: int) -> None:
        if turned_ms >= KEY_LEFT_MS and not self._key_told:
            self._key_told = True
            note(log, "local_key_left", level=logging.WARNING)
