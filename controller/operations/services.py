"""What handlers and loops are given: made once by `wiring`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from audio_library.clip import master_clip
from audio_library.speech.engine import Engine
from audio_library.speech.registry import ENGINES
from audio_library.store.asset_store import Store
from controller.fleet.authority import Authority
from controller.fleet.certificates import CertificateAuthority
from controller.operations.add_cart import ClipMaker
from controller.operations.bring_recording import RecordingRoom
from controller.operations.purge import Shelves
from controller.operations.waveforms import Waveforms
from controller.operations.zone_inputs import PlanRules
from controller.storage.bell import BellTower
from controller.storage.database import Database


@dataclass(frozen=True, slots=True)
class BoxAddresses:
    """Where a box that holds a certificate finds this office, in order of preference."""

    brokers: tuple[str, ...]
    offices: tuple[str, ...]
    """HTTPS addresses for pairing and renewal; none: this controller gives no certificates."""
    sources: tuple[str, ...]


class BoxDoor(Protocol):
    """How boxes reach this controller."""

    @property
    def broker_url(self) -> str:
        """Address of the broker for boxes with a password, without anybody's password."""

    def addresses(self) -> BoxAddresses:
        """What a box is told when it is paired."""

    def let_boxes_in(self) -> None:
        """After an enrolment, revocation or quarantine: broker and doors learn who may come in."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running controller."""

    database: Database
    store: Store
    authority: Authority
    rules: PlanRules
    bells: BellTower
    door: BoxDoor
    clock: Callable[[], datetime]
    closing: asyncio.Event
    """Set when the controller begins to stop: long answers end then."""
    four_eyes: bool
    secure_cookies: bool
    recordings: RecordingRoom
    waveforms: Waveforms
    agents: Path
    """Folder of the bundles with which boxes install a version."""
    engines: tuple[Engine, ...] = ENGINES
    """Every voice engine, also those that may not speak here."""
    clips: ClipMaker = master_clip
    """What makes a cart of a sound that somebody brings."""
    ca: CertificateAuthority | None = None
    """Who certifies boxes; None where TLS is off."""

    @property
    def shelves(self) -> Shelves:
        """Where files lie that may outlive their keeping period."""
        return Shelves(self.store, self.recordings.sounds)

    def today(self) -> date:
        """The date where the loudspeakers stand."""
        return self.clock().astimezone(ZoneInfo(self.rules.time_zone)).date()
