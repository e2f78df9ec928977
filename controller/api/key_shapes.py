"""Shapes of the keys in the JSON API; no private half ever leaves the office this way."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from controller.api.shapes import Shape
from controller.fleet.keyring import Purpose
from controller.operations.keys import MOST_DAYS, Asked, ShownKey, ShownKeys
from controller.storage.instants import to_utc

Code = Annotated[str, Field(max_length=60)]

Word = Annotated[str, Field(min_length=1, max_length=120)]


class KeyOut(Shape):
    """A key that boxes know, or are told not to believe."""

    kid: str
    """Names the key."""
    public: str
    """Its public half, base64url."""
    purpose: Purpose
    """`office` signs plans and commands, `emergency` alerts; `foreign` is another office's."""
    state: Literal["signs", "next", "retired", "granted", "expired", "revoked"]
    """`next` takes over when `signs` ends; `retired` is believed still, and signs no more."""
    name: str
    """Whose it is; empty for this office's own."""
    kinds: list[str]
    """Kinds of message that it may sign."""
    units: list[str]
    """Ids of the units whose boxes believe it; empty: all."""
    made_at: AwareDatetime
    """When it was made, or granted."""
    made_by: str
    """Who did it."""
    ends_at: AwareDatetime
    """No new order of it is obeyed after this."""
    revoked_at: AwareDatetime | None
    """When it was revoked."""
    revoked_by: str
    """Who revoked it."""
    why: str
    """Why it was revoked."""

    @staticmethod
    def of(shown: ShownKey) -> "KeyOut":
        """From the ring."""
        key = shown.key
        return KeyOut.model_validate(
            {
                "kid": key.kid,
                "public": key.public,
                "purpose": key.purpose,
                "state": shown.state,
                "name": key.name,
                "kinds": [kind.value for kind in key.kinds],
                "units": list(key.units),
                "made_at": to_utc(key.made_ms),
                "made_by": key.made_by,
                "ends_at": to_utc(key.not_after_ms),
                "revoked_at": None if key.revoked_ms is None else to_utc(key.revoked_ms),
                "revoked_by": key.revoked_by,
                "why": key.why,
            }
        )


class KeysOut(Shape):
    """The ring of keys of this office."""

    fingerprint: str
    """Of the root key, which every box pins."""
    locked: bool
    """Whether the root key needs the recovery code."""
    serial: int
    """Of the key set that boxes are told; 0 before the first."""
    told: int
    """So many boxes said that they hold it."""
    boxes: int
    """Of so many."""
    keys: list[KeyOut]
    """Oldest first."""

    @staticmethod
    def of(shown: ShownKeys) -> "KeysOut":
        """From the ring."""
        return KeysOut(
            fingerprint=shown.fingerprint,
            locked=shown.locked,
            serial=shown.serial,
            told=shown.told,
            boxes=shown.boxes,
            keys=[KeyOut.of(key) for key in shown.keys],
        )


class RotateIn(Shape):
    """Make successors."""

    purpose: Literal["office", "emergency"] | None = None
    """Null: both."""
    now: bool = False
    """The new key signs at once, and the old one never again."""
    passphrase: Code = ""
    """The recovery code; needed only while the root key is locked."""

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        """Which are meant."""
        return (Purpose(self.purpose),) if self.purpose else (Purpose.OFFICE, Purpose.EMERGENCY)


class GrantIn(Shape):
    """Let a key of another office sign for some boxes."""

    public: Annotated[str, Field(min_length=43, max_length=43)]
    """Its public half, base64url."""
    name: Word
    """Whose it is."""
    kinds: Annotated[list[Word], Field(min_length=1, max_length=6)]
    """Of desired, cmd, alert, time, ack, live."""
    units: Annotated[list[Word], Field(min_length=1, max_length=50)]
    """Ids, official codes or names."""
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    """How long."""
    passphrase: Code = ""
    """The recovery code; needed only while the root key is locked."""

    @property
    def asked(self) -> Asked:
        """For the operation."""
        return Asked(self.public, self.name, self.kinds, self.units, self.days)


class RevokeIn(Shape):
    """Nothing that the key signs is obeyed any more."""

    why: Annotated[str, Field(min_length=1, max_length=300)]
    """Kept with it."""
    passphrase: Code = ""
    """The recovery code; needed only while the root key is locked."""
