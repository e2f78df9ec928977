"""A controller in miniature: signs keys, plans and commands, serves files, listens to boxes."""

import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge_agent.contract.alert import Alert, AlertList
from edge_agent.contract.commands import Command, CommandAck
from edge_agent.contract.desired import Desired
from edge_agent.contract.envelope import open_sealed, seal
from edge_agent.contract.manifest import (
    Asset,
    Cue,
    DayPage,
    Enter,
    Leave,
    Manifest,
    PageRef,
    Rank,
)
from edge_agent.contract.trust import (
    ROOT_KID,
    Grant,
    KeySet,
    Kind,
    Placement,
    PublishedKey,
    public_to_text,
)
from edge_agent.contract.types import decode, encode

DID = "abcdef123456"
UNIT = "xa-dak-ha"
PROVINCE = "tinh-51"
FAR = 4_000_000_000_000
DAY_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Office:
    """Root and online key of one province, with a folder of files that boxes fetch."""

    root: Ed25519PrivateKey
    key: Ed25519PrivateKey
    files: Path

    @classmethod
    def open(cls, files: Path) -> "Office":
        """Make keys, and the folders `audio` and `pages` below `files`."""
        for shelf in ("audio", "pages"):
            (files / shelf).mkdir(parents=True, exist_ok=True)
        return cls(Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate(), files)

    @property
    def root_text(self) -> str:
        return public_to_text(self.root.public_key())

    def placement(self, did: str = DID) -> str:
        place = Placement(did, (UNIT, PROVINCE), 1)
        return seal(encode(place), kind=Kind.PLACEMENT, kid=ROOT_KID, key=self.root).decode()

    def keys(self, serial: int = 1, *, kid: str = "k1", unit: str = PROVINCE) -> KeySet:
        grants = tuple(Grant(kind, (unit,)) for kind in Kind)
        public = public_to_text(self.key.public_key())
        return KeySet(serial, (PublishedKey(kid, public, FAR, grants),))

    def sealed_keys(self, serial: int = 1, *, unit: str = PROVINCE) -> bytes:
        keys = self.keys(serial, unit=unit)
        return seal(encode(keys), kind=Kind.KEYS, kid=ROOT_KID, key=self.root)

    def sealed(self, message: Any, kind: Kind) -> bytes:
        return seal(encode(message), kind=kind, kid="k1", key=self.key)

    def asset(self, duration_ms: int, script: str = "", note: str = "") -> Asset:
        """Put a file for the scripted player on the shelf."""
        content = {"duration_ms": duration_ms, "script": script, "note": note}
        return self.audio(json.dumps(content).encode(), duration_ms)

    def audio(self, data: bytes, duration_ms: int) -> Asset:
        """Put any audio on the shelf."""
        sha256 = hashlib.sha256(data).hexdigest()
        (self.files / "audio" / f"{sha256}.opus").write_bytes(data)
        return Asset(sha256, len(data), duration_ms)

    def page(self, cues: tuple[Cue, ...], at_ms: int) -> PageRef:
        """Put a day page on the shelf."""
        date = datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
        packed = gzip.compress(encode(DayPage(date, "Asia/Ho_Chi_Minh", cues)), mtime=0)
        sha256 = hashlib.sha256(packed).hexdigest()
        (self.files / "pages" / f"{sha256}.json.gz").write_bytes(packed)
        return PageRef(date, sha256, len(packed))

    def desired(
        self,
        cues: tuple[Cue, ...],
        *,
        serial: int,
        now_ms: int,
        sources: tuple[str, ...] = (),
        withdrawn: tuple[str, ...] = (),
        empty_because: str = "",
        did: str = DID,
    ) -> Desired:
        """The full state for one box: its cues on one page."""
        pages = (self.page(cues, now_ms),) if cues else ()
        content = hashlib.sha256(encode(Placement(did, (), serial))).hexdigest()
        return Desired(
            did=did,
            serial=serial,
            issued=now_ms,
            manifest=Manifest(content, now_ms - DAY_MS, now_ms + 7 * DAY_MS, pages),
            withdrawn=withdrawn,
            sources=sources,
            scopes=(UNIT,),
            empty_because=empty_because,
        )

    def kept(self, message: Any) -> tuple[str, int]:
        """Put a page of phrases or clips on the shelf; gives its hash and size."""
        packed = gzip.compress(encode(message), mtime=0)
        sha256 = hashlib.sha256(packed).hexdigest()
        (self.files / "pages" / f"{sha256}.json.gz").write_bytes(packed)
        return sha256, len(packed)

    def command(
        self, kind: str, body: Any, *, now_ms: int, ident: str, life_ms: int = 60_000
    ) -> Command:
        """A command for the box itself."""
        return Command(ident, kind, DID, now_ms, now_ms + life_ms, encode_raw(body))

    def alerts(self, *alerts: Alert, serial: int, now_ms: int) -> AlertList:
        """All that is active in the commune."""
        return AlertList("province", UNIT, serial, now_ms, alerts)


def step_in(sealed: bytes, key: Ed25519PublicKey) -> CommandAck:
    """The step of a command that a box signed."""
    opened = open_sealed(sealed, kind=Kind.STEP, key_for=lambda _kid: key)
    return decode(opened.payload, CommandAck)


def encode_raw(body: Any) -> Any:
    import msgspec

    return msgspec.Raw(encode(body) if isinstance(body, msgspec.Struct) else body)


def cue(asset: Asset, start: int, **changes: Any) -> Cue:
    """A programme cue that may start 30 s late and must end within 10 minutes."""
    fields: dict[str, Any] = {
        "id": f"c-{start}-{asset.sha256[:6]}",
        "asset": asset,
        "start": start,
        "latest_start": start + 30_000,
        "latest_end": start + 600_000,
        "valid_until": start + 7 * DAY_MS,
        "rank": Rank.PROGRAMME,
        "enter": Enter.CUT,
        "leave": Leave.DROP,
        "gain_db": 0.0,
        "title": "Lịch tiêm chủng",
        "language": "vi",
    }
    return Cue(**(fields | changes))


class FileServer:
    """Serves a folder on loopback with Range; counts requests and can be told to cut off."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[tuple[str, str]] = []
        self.cut_after: int | None = None
        self.replace: Callable[[str, bytes], bytes] = lambda _path, data: data
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range", "")
                outer.requests.append((self.path, asked))
                file = folder / self.path.lstrip("/")
                if not file.is_file():
                    self.send_error(404)
                    return
                data = outer.replace(self.path, file.read_bytes())
                begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                self.send_response(206 if asked else 200)
                if asked:
                    self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(data) - begin))
                self.end_headers()
                body = data[begin:]
                if outer.cut_after is not None:
                    body, outer.cut_after = body[: outer.cut_after], None
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
