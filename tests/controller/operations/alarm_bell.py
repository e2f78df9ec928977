"""An office that can raise alerts: a bank with sounds, and boxes that answer."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import select

from audio_library.rendition import phrase_sha256
from controller.fleet.authority import Authority
from controller.operations.alert_order import AlertOrder
from controller.operations.alert_steps import SealedStep, keep_alert_steps
from controller.operations.phrase_bank import phrase_places, words_of
from controller.operations.raise_alert import Raised, raise_alert
from controller.storage import outbox, tables
from controller.storage.database import Database
from controller.storage.insert_or_ignore import insert_or_ignore
from controller.storage.instants import to_ms
from controller.storage.library_tables import Phrase
from edge_agent.contract import envelope, topics
from edge_agent.contract.alert import AlertList, AlertStatus, AlertStep
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import decode, encode
from tests.controller.office import NOW, RULES, Box, Office

FLOOD = "flash_flood"


def order(*scopes: str, **more: Any) -> AlertOrder:
    """An order that lacks nothing."""
    given = {"hazard": FLOOD, "authorised_by": "Chủ tịch xã", "reason": "mưa 200 mm", **more}
    return AlertOrder(scopes=scopes, **given)


def raised(office: Office, asked: AlertOrder, now: datetime = NOW) -> Raised:
    return raise_alert(office.database, office.authority, asked, "Y Hạnh", RULES, now)


def can_say(office: Office, language: str = "vi", phrases: Iterable[str] | None = None) -> None:
    """Pretend that these phrases (None: the whole catalogue and all places) have sound.

    Other languages get the Vietnamese words, marked by their tag.
    """
    lend_voice(office.database, language, phrases)


def lend_voice(
    database: Database, language: str = "vi", phrases: Iterable[str] | None = None
) -> None:
    """The same for any database."""
    with database.write() as session:
        places = phrase_places(session, NOW.date())
        words = {
            phrase: said if language == "vi" else f"{said} {language}"
            for phrase, said in words_of("vi", {}, places).items()
            if phrases is None or phrase in phrases
        }
        if language != "vi":
            own = [
                {"language": language, "phrase": phrase, "words": said, "set_by": "Y", "set_ms": 1}
                for phrase, said in words.items()
            ]
            insert_or_ignore(session, Phrase, own)
        digests = [phrase_sha256(language, said) for said in sorted(set(words.values()))]
        insert_or_ignore(session, tables.Asset, [_asset(digest) for digest in digests])
        renditions = [
            {
                "language": language,
                "spoken_sha256": digest,
                "asset_sha256": digest,
                "voice": "test",
                "engine": "test",
                "created_ms": to_ms(NOW),
            }
            for digest in digests
        ]
        insert_or_ignore(session, tables.Rendition, renditions)


def _asset(digest: str) -> dict[str, object]:
    return {
        "sha256": digest,
        "bytes": 900,
        "duration_ms": 1_000,
        "media_type": "audio/ogg",
        "lufs": -16.0,
        "true_peak_dbtp": -2.5,
        "created_ms": to_ms(NOW),
    }


def told(office: Office, now: datetime = NOW) -> dict[str, AlertList]:
    """What the broker is given for each scope, verified as a box would; the newest of each."""
    found = {}
    with office.database.read() as session:
        for message in session.exec(select(tables.Outbox).order_by(tables.Outbox.id)):
            group = topics.parse_group(message.topic)
            if group and group.word == "alert":
                assert message.retain
                found[group.scope] = opened(office.authority, message.payload)
    return found


def opened(authority: Authority, sealed: bytes) -> AlertList:
    payload = sealed.split(b".")[1]
    return decode(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)), AlertList)


def step(raised_as: Raised, status: AlertStatus, at: datetime = NOW, **more: Any) -> AlertStep:
    return AlertStep(raised_as.alert_id, raised_as.version, status, to_ms(at), boot=1, **more)


def sealed(box: Box, said: AlertStep) -> SealedStep:
    payload = envelope.seal(encode(said), kind=Kind.ALERT_STEP, kid=box.did, key=box.key)
    return SealedStep(box.did, box.key.public_key(), payload)


def answer(office: Office, *said: tuple[Box, AlertStep], now: datetime = NOW) -> int:
    """Boxes say these steps; gives how many were kept."""
    return keep_alert_steps(office.database, RULES, [sealed(*each) for each in said], now)


def commune_of(office: Office, box: Box) -> str:
    with office.database.read() as session:
        unit = session.get_one(tables.Unit, box.village.village_id)
        assert unit.parent_id
        return unit.parent_id


def waiting_topics(office: Office, now: datetime = NOW) -> list[str]:
    with office.database.read() as session:
        return [message.topic for message in outbox.waiting(session, to_ms(now))]
