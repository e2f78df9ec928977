"""The leanest ingest that keeps the promise: paho, sqlite3, acknowledge after the commit.

ADDRESS on stdin as one JSON line; commits batches of 100 messages or 20 ms, as the controller does.
"""

import base64
import json
import sqlite3
import sys
import time
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

INSERT = """insert into playback_event (device_id, spool, seq, kind, play, cue, asset_sha256,
wall_ms, mono_ms, boot, clock_source, clock_offset_ms, planned_ms, duration_ms, played_ms, rank,
rules, desired, gain_db, title, language, reason, received_ms)
values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict do nothing"""

Row = tuple[Any, ...]


def main() -> None:
    at = json.loads(sys.stdin.readline())
    keys = {
        did: Ed25519PublicKey.from_public_bytes(bytes.fromhex(raw))
        for did, raw in at["keys"].items()
    }
    db = sqlite3.connect(at["database"], isolation_level=None)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=full")
    waiting: list[tuple[str, bytes]] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.username_pw_set(at["user"], at["password"])
    client.on_message = lambda _c, _u, m: waiting.append((m.topic, m.payload))
    client.on_subscribe = lambda *_: print("{}", flush=True)
    client.connect("127.0.0.1", at["port"])
    client.subscribe("loa/v1/d/+/up/report", 1)
    since = 0.0
    while client.loop(0.02) == mqtt.MQTT_ERR_SUCCESS:
        now = time.monotonic()
        if not waiting:
            since = now
        elif len(waiting) >= 100 or now - since >= 0.02:
            since = now
            batch, waiting[:] = waiting[:], []
            commit(db, batch, keys, client)


def commit(
    db: sqlite3.Connection,
    batch: list[tuple[str, bytes]],
    keys: dict[str, Ed25519PublicKey],
    client: mqtt.Client,
) -> None:
    now_ms = time.time_ns() // 1_000_000
    rows: list[Row] = []
    upto: dict[tuple[str, str], int] = {}
    for topic, sealed in batch:
        did = topic[9:21]
        signed, _, signature = sealed.rpartition(b".")
        if keys:
            keys[did].verify(unbase64(signature), signed)
        report = msgspec.json.decode(unbase64(signed.partition(b".")[2]))
        spool = report["spool"]
        for e in report["events"]:
            rows.append(row(did, spool, e, now_ms))
        upto[did, spool] = e["seq"]
    db.execute("begin immediate")
    db.executemany(INSERT, rows)
    db.execute("commit")
    for (did, spool), last in upto.items():
        ack = msgspec.json.encode({"spool": spool, "upto": last})
        client.publish(f"loa/v1/d/{did}/dn/ack", ack)


def row(did: str, spool: str, e: dict[str, Any], now_ms: int) -> Row:
    clock = e["clock"]
    return (
        did,
        spool,
        e["seq"],
        e["kind"],
        e["play"],
        e["cue"],
        e["asset_sha256"],
        e["wall"],
        e["mono"],
        e["boot"],
        clock["source"],
        clock["offset_ms"],
        e["planned"],
        e["duration_ms"],
        e["played_ms"],
        e["rank"],
        e["rules"],
        e["desired"],
        e["gain_db"],
        e["title"],
        e["language"],
        e["reason"],
        now_ms,
    )


def unbase64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


if __name__ == "__main__":
    main()
