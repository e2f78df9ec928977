"""A person has an approved bulletin played at once in one unit, or what sounds stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from audio_library.bulletin import Bulletin
from audio_library.errors import BulletinExpired
from audio_library.rendition import spoken_sha256
from controller.errors import BreaksAirtimeLaw, ControllerError, NotFound, NotReady
from controller.fleet.authority import Authority
from controller.operations.airtime_law import tell_broken
from controller.operations.order import order
from controller.storage import bulletins, places, tables
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore
from controller.storage.instants import to_ms
from edge_agent.contract.commands import Play, Stop
from edge_agent.contract.manifest import Asset, Enter, Leave, Rank
from schedules.airtime import (
    DEFAULT_AIRTIME_LAW,
    Action,
    AirtimeLaw,
    Breach,
    breaks,
    lowest_gain,
)
from schedules.precedence import Rank as Precedence
from schedules.precedence import default_rules
from schedules.types import DurationMs, GainDb, time_zone

SAID = 3
"""Breaches that one refusal quotes; a province may have one a commune."""


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """What to play and where; `quiet_ok` is the reason to air outside the law."""

    bulletin_id: str
    unit_id: str
    language: str = "vi"
    quiet_ok: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """The command, and the boxes that should obey it."""

    command_id: str
    devices: tuple[str, ...]


def play_now(
    database: Database,
    authority: Authority,
    asked: PlayOrder,
    by: str,
    now: datetime,
    zone_name: str,
) -> Ordered:
    """Order the play; what each box was told is kept before it can report.

    Raises `NotFound`, `NotReady`, `BulletinExpired`, `BreaksAirtimeLaw`; then nothing is sent.
    """
    with database.write() as session:
        bulletin = bulletins.load(session, asked.bulletin_id)
        rendition, asset = _audio(session, bulletin, asked.language, now)
        tree = places.area_tree(session)
        spots = places.spots(session, tree, to_ms(now))
        hearing = [s for s in spots.values() if asked.unit_id in s.unit_ids]
        if not hearing:
            raise NotFound("cụm loa nào ở đơn vị", "loudspeaker in the unit", asked.unit_id)
        local = now.astimezone(time_zone(zone_name))
        heard = _heard_under(places.laws(session), hearing, local, DurationMs(asset.duration_ms))
        refusing = [b for b in heard.broken if b.action is Action.REFUSE]
        if refusing and not asked.quiet_ok.strip():
            raise BreaksAirtimeLaw(
                "breaks_airtime_law",
                " ".join(b.vi for b in refusing[:SAID])
                + " Chưa phát gì. Ghi lý do nếu vẫn phải phát.",
                " ".join(b.en for b in refusing[:SAID])
                + " Nothing was played. Give a reason to air it.",
            )
        rules = default_rules(Precedence.LIVE)
        body = Play(
            asset=Asset(asset.sha256, asset.bytes, asset.duration_ms, asset.media_type),
            rank=Rank.LIVE,
            enter=Enter(rules.enter.value),
            leave=Leave(rules.leave.value),
            gain_db=heard.gain_db,
            max_play_ms=asset.duration_ms + 1000,
            title=bulletin.title,
            language=asked.language,
            quiet_ok=asked.quiet_ok.strip(),
        )
        command_id = order(session, authority, asked.unit_id, body, by, now)
        tell_broken(session, "command", command_id, heard.broken, by, body.quiet_ok, now)
        planned = [
            {
                "device_id": spot.device_id,
                "cue_id": command_id,
                "serial": 0,
                "cluster_id": spot.cluster_id,
                "cluster_name": spot.cluster_name,
                "village": spot.village,
                "title": bulletin.title,
                "language": asked.language,
                "bulletin_id": bulletin.id,
                "programme_id": "",
                "asset_sha256": asset.sha256,
                "spoken_sha256": rendition.spoken_sha256,
                "voice": rendition.voice,
                "author": bulletin.author,
                "approved_by": bulletin.approved_by or "",
                "start_ms": to_ms(now),
                "duration_ms": asset.duration_ms,
                "rank": Rank.LIVE.value,
            }
            for spot in hearing
        ]
        insert_or_ignore(session, tables.PlannedPlay, planned)
    return Ordered(command_id, tuple(sorted(s.device_id for s in hearing)))


def stop_now(
    database: Database,
    authority: Authority,
    unit_id: str,
    cue: str | None,
    by: str,
    now: datetime,
) -> str:
    """Stop what sounds in a unit, or only one cue or command; gives the command's id."""
    with database.write() as session:
        return order(session, authority, unit_id, Stop(cue=cue), by, now)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a play breaks, whatever places hear it, and the level that all of them bear."""

    broken: tuple[Breach, ...]
    gain_db: GainDb


def _heard_under(
    laws: Mapping[str, AirtimeLaw],
    hearing: Sequence[places.Spot],
    local: datetime,
    duration_ms: DurationMs,
) -> _Heard:
    """Judge a play from `local` on by the law of each box's own place."""
    wall = local.replace(tzinfo=None)
    over = wall + timedelta(milliseconds=duration_ms)
    broken: dict[Breach, None] = {}
    gains = []
    for spot in hearing:
        law = next((laws[u] for u in spot.unit_ids if u in laws), DEFAULT_AIRTIME_LAW)
        broken |= dict.fromkeys(breaks(law, local, duration_ms, spot.places))
        gains.append(lowest_gain(law, wall, over, spot.places))
    return _Heard(tuple(broken), min(gains))


def _audio(
    session: Session, bulletin: Bulletin, language: str, now: datetime
) -> tuple[tables.Rendition, tables.Asset]:
    pin = bulletin.pin(language)
    if pin is not None and now >= bulletin.valid_until:
        raise BulletinExpired(bulletin.valid_until)
    if pin is None or not bulletin.airable(now):
        raise ControllerError(
            "not_approved",
            f"Bản tin “{bulletin.title}” chưa được duyệt bằng tiếng “{language}”. Chưa phát gì.",
            f"“{bulletin.title}” is not approved in “{language}”. Nothing was played.",
        )
    rendition = session.get(tables.Rendition, (language, spoken_sha256(language, pin.spoken)))
    if rendition is None:
        raise NotReady(
            "not_ready",
            f"Bản tin “{bulletin.title}” chưa có tiếng “{language}”. Chưa phát gì.",
            f"“{bulletin.title}” has no audio in “{language}” yet. Nothing was played.",
        )
    return rendition, session.get_one(tables.Asset, rendition.asset_sha256)
