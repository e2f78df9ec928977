"""The signed lists of alerts, one a scope: queued whenever one changes, and for every broker."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from controller.fleet.alert_life import State, repeats_s
from controller.fleet.alert_lists import (
    REMEMBERED_MS,
    Known,
    Version,
    alert_list,
)
from controller.fleet.authority import Authority
from controller.fleet.keyring import issuer_of
from controller.operations.alert_say import to_spoken
from controller.storage import outbox
from controller.storage.alert_tables import Alert, AlertVersion
from controller.storage.instants import to_ms
from controller.storage.serials import next_serial
from edge_agent.contract import alert as wire
from edge_agent.contract import topics
from edge_agent.contract.trust import Kind

OFFICE = "office"
LOCAL = "local"


def publish_lists(
    session: Session, authority: Authority, scopes: Iterable[str], now: datetime
) -> None:
    """Sign and queue what stands in these scopes; no two scopes share a message."""
    known, now_ms = known_alerts(session, now), to_ms(now)
    issuer = issuer_of(authority.root_public)
    for scope in sorted(set(scopes)):
        sealed = _sealed(session, authority, issuer, scope, known, now_ms)
        outbox.put(session, topics.group_alert(scope, issuer), sealed, retain=True, now_ms=now_ms)


def republish_lists(session: Session, authority: Authority, now: datetime) -> None:
    """Queue every list that says anything: a broker may have forgotten it."""
    scopes = (scope for each in known_alerts(session, now) for scope in each.scopes)
    publish_lists(session, authority, scopes, now)


def sealed_lists(session: Session, authority: Authority, now: datetime) -> Mapping[str, bytes]:
    """Every list that says anything, by scope, for a way other than the broker."""
    known, issuer = known_alerts(session, now), issuer_of(authority.root_public)
    scopes = sorted({scope for each in known for scope in each.scopes})
    return {
        scope: _sealed(session, authority, issuer, scope, known, to_ms(now)) for scope in scopes
    }


def known_alerts(session: Session, now: datetime) -> list[Known]:
    """The office's alerts that stand, or that are over and not forgotten yet."""
    lately = to_ms(now) - REMEMBERED_MS
    ids = set(
        session.exec(select(AlertVersion.alert_id).where(col(AlertVersion.expires_ms) > lately))
    )
    alerts = session.exec(select(Alert).where(col(Alert.id).in_(ids), Alert.origin == OFFICE))
    rows: dict[str, list[AlertVersion]] = {}
    for row in session.exec(
        select(AlertVersion)
        .where(col(AlertVersion.alert_id).in_(ids))
        .order_by(col(AlertVersion.version))
    ):
        rows.setdefault(row.alert_id, []).append(row)
    return [
        Known(
            State(alert.state).over,
            tuple(Version(to_wire(alert, row), tuple(row.areas)) for row in rows[alert.id]),
        )
        for alert in alerts
    ]


def to_wire(alert: Alert, version: AlertVersion) -> wire.Alert:
    """One version as boxes are told it, for every area of it."""
    spoken: list[dict[str, Any]] = version.spoken
    return wire.Alert(
        id=alert.id,
        version=version.version,
        severity=wire.Severity(version.severity),
        areas=tuple(version.areas),
        issued=version.issued_ms,
        expires=version.expires_ms,
        max_play_s=version.max_play_s,
        spoken=to_spoken((each["language"], each["say"]) for each in spoken if each["sent"]),
        repeat_s=repeats_s(version.repeat_s, version.issued_ms, version.expires_ms),
        supersedes=tuple(version.supersedes),
        hazard=alert.hazard,
        siren_s=0 if alert.test else version.siren_s,
        test=alert.test,
    )


def _sealed(
    session: Session,
    authority: Authority,
    issuer: str,
    scope: str,
    known: Iterable[Known],
    now_ms: int,
) -> bytes:
    serial = next_serial(session, f"alerts-of/{scope}", now_ms)
    return authority.sign(alert_list(issuer, scope, serial, now_ms, known), Kind.ALERT)
