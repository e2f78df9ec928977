"""Bytes of an alert in phrases and two languages, over all hazards: the true office raises each.

An alert stands alone in its list. Usual: a level, a time, and what is said of the hazard by
default, in a commune. Full: wind, rain, from when and until when as well. Worst: every slot is
filled with its longest, and three villages and three more places are named.
"""

import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _fake_box import publish_bytes
from _stage import tell, workshop
from sqlmodel import col, select

from audio_library.phrases.compose import Moment
from controller import log_setup
from controller.fleet.hazards import hazards
from controller.operations.phrase_bank import set_order
from controller.operations.raise_alert import send
from controller.storage import tables
from edge_agent.contract import topics
from edge_agent.contract.types import encode
from tests.controller.office import NOW, RULES, Office
from tests.controller.operations.alarm_bell import can_say, commune_of, opened, order

AIM = 1_024
SAME, OWN = "sed", "bdq"
"""A language that says what Vietnamese says, and one with an order of its own."""

OWN_ORDER = (
    "opening.urgent | link.warning {hazards!} | {places} | {level} | unit.wind_level {wind} | "
    "unit.rain {rain_mm} unit.millimetre | {when} | time.from {since} / time.until {until} | "
    "{instructions} | {source} | time.issued {issued!}"
)
USUAL: dict[str, Any] = {"level": ("3",), "when": ("next_hours",)}
FULL: dict[str, Any] = {
    **USUAL,
    "wind": 12,
    "rain_mm": 250,
    "since": Moment(19),
    "until": Moment(23, 30),
}
WORST: dict[str, Any] = {
    "level": ("risk_very_high",),
    "when": ("until_further_notice",),
    "since": Moment(19, 35, 28, 11),
    "until": Moment(23, 55, 29, 12),
    "wind": 17,
    "rain_mm": 355,
    "places": ("along_stream", "along_river", "below_slope"),
    "source": "civil_defence",
    "minutes": 24 * 60,
}


@dataclass(frozen=True)
class Size:
    """One list of one alert: as it is, signed, and as a packet of MQTT; bytes."""

    plain: int
    signed: int
    packet: int


def sizes(office: Office, scopes: tuple[str, ...], second: str, **more: Any) -> Iterator[Size]:
    """Of every hazard; nothing of it is kept."""
    for hazard in hazards():
        asked = order(*scopes, hazard=hazard, languages=("vi", second), **more)
        with office.database.write() as session:
            send(session, office.authority, asked, "bench", RULES, NOW)
            session.flush()
            told = session.exec(select(tables.Outbox).order_by(col(tables.Outbox.id).desc()))
            message = next(m for m in told if topics.parse_group(m.topic))
            plain = encode(opened(office.authority, message.payload))
            packet = publish_bytes(message.topic, message.payload, 1)
            yield Size(len(plain), len(message.payload), packet)
            session.rollback()


def report(what: str, found: list[Size]) -> None:
    """One row; the aim holds of the largest."""
    plain = [size.plain for size in found]
    largest = max(found, key=lambda size: size.plain)
    tell(
        f"alert in two languages, {what}: {len(found)} hazards",
        f"{statistics.median(plain):,.0f} bytes, at most {max(plain):,}; "
        f"signed {largest.signed:,}, as a packet {largest.packet:,}",
        aim=f"≤ {AIM:,} before the signature",
        met=max(plain) <= AIM,
        why=f"{sum(size > AIM for size in plain)} are larger",
    )


def run(folder: Path) -> None:
    office = Office(folder)
    boxes = office.boxes(7)
    can_say(office)
    for language in (SAME, OWN):
        can_say(office, language)
    set_order(office.database, OWN, "alert", OWN_ORDER, "bench", NOW)
    commune = commune_of(office, boxes[0])
    villages = tuple(b.village.village_id for b in boxes if commune_of(office, b) == commune)
    for name, scopes, second, slots in (
        ("usual, both in one order", (commune,), SAME, USUAL),
        ("usual, each in its own order", (commune,), OWN, USUAL),
        ("full, each in its own order", (commune,), OWN, FULL),
        ("worst, each in its own order", villages, OWN, WORST),
    ):
        report(name, list(sizes(office, scopes, second, **slots)))


def main() -> int:
    with workshop() as folder:
        run(Path(folder))
    return 0


if __name__ == "__main__":
    log_setup.set_up(level=log_setup.QUIET)
    sys.exit(main())
