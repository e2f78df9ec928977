"""A box is taken in by an office: it proves its code, waits for a person, keeps its papers.

See `edge_agent.contract.pairing` for what is said. The certificate of the office is not looked at
before the code has proved who is there.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from edge_agent import identity, paired
from edge_agent.contract import pairing as wire
from edge_agent.contract.envelope import Untrusted
from edge_agent.contract.trust import public_from_text, public_to_text
from edge_agent.contract.types import Unreadable, decode, encode
from edge_agent.errors import PairingFailed
from edge_agent.hardware import read_hardware, read_model
from edge_agent.inbox import open_placement
from edge_agent.version import VERSION

POLL_S = 2.0
FOUND_WITHIN_S = 120.0
"""At the start of a machine its network may come up after this program."""

GIVEN_UP_S = 49 * 3_600.0
"""No code lives longer; while it lives, an office that cannot be reached is asked again."""

ANSWER_WITHIN_S = 20.0
NEW_KEY_FILE = "pairing_key.pem"
"""A new key waits here until the office has taken it."""

ACKNOWLEDGEMENTS = 5
_TRY_AGAIN = frozenset({408, 425, 429})

Tell = Callable[[str], None]
Pause = Callable[[float], None]
Answer = TypeVar("Answer", wire.Offer, wire.Verdict)


class Unreachable(Exception):
    """Nobody answers there, or not now: worth another try."""


class Counter(Protocol):
    """The office's door for boxes that it does not know yet."""

    @property
    def address(self) -> str:
        """Where it is, for people."""

    def post(self, path: str, body: bytes) -> bytes:
        """Say something; raises `Unreachable`, and `PairingFailed` in the office's words."""


@dataclass(frozen=True, slots=True)
class WebCounter:
    """The door over HTTP(S); whoever is behind it, the tags tell."""

    address: str

    def post(self, path: str, body: bytes) -> bytes:
        """Say something; raises `Unreachable`, and `PairingFailed` in the office's words."""
        # Loaded by the one command that needs them, not by the agent.
        import ssl
        import urllib.error
        import urllib.request
        from http.client import HTTPException

        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        url = f"{self.address}/api/v1/box/pairing{path}"
        headers = {"content-type": "application/json"}
        try:
            asked = urllib.request.Request(url, body, headers, method="POST")
            with opener.open(asked, timeout=ANSWER_WITHIN_S) as answer:
                return bytes(answer.read(wire.MAX_MESSAGE_BYTES + 1))
        except urllib.error.HTTPError as e:
            if e.code in _TRY_AGAIN or e.code >= 500:
                raise Unreachable(f"HTTP {e.code}") from e
            raise _refusal(e.code, e.read(wire.MAX_MESSAGE_BYTES)) from e
        except (OSError, HTTPException, ValueError) as e:
            raise Unreachable(str(getattr(e, "reason", e))) from e


def pair(
    state_dir: Path,
    counters: Callable[[], Iterator[Counter]],
    code: wire.Code,
    *,
    anew: bool,
    tell: Tell,
    pause: Pause = time.sleep,
    now_ms: int,
) -> paired.Paired:
    """Pair the box of `state_dir` by `code` and lay its papers ready; gives them.

    `counters` looks for offices, anew at each call. Raises `PairingFailed`, `OSError`.
    """
    key = identity.create_key(state_dir, NEW_KEY_FILE if anew else identity.KEY_FILE)
    secret, public = wire.stretch(code), public_to_text(key.public_key())
    ask = wire.tag_ask(secret, wire.Ask(code.id, public, _nonce(), about()))
    counter, offer = _found(counters, secret, ask, tell, pause)
    tell(f"Văn phòng / office: {counter.address}")
    tell(f"Dấu của máy này / fingerprint of this box: {wire.fingerprint(public)}")
    tell(
        "Đọc dấu này cho văn phòng duyệt; đang chờ… / "
        "Read it to the office, which approves; waiting…"
    )
    verdict = _decided(counter, secret, ask, pause)
    papers = _checked(verdict, offer, code, now_ms)
    paired.lay_ready(
        state_dir,
        papers,
        key_pem=identity.to_pem(key),
        ca_pem=verdict.ca_pem,
        certificate_pem=verdict.certificate,
    )
    (state_dir / NEW_KEY_FILE).unlink(missing_ok=True)
    _acknowledge(counter, secret, ask, pause)
    return papers


def about() -> wire.About:
    """What this machine says of itself."""
    name = _printed(socket.gethostname()[:120])
    return wire.About(name, read_model(), read_hardware(), VERSION)


def _found(
    counters: Callable[[], Iterator[Counter]],
    secret: bytes,
    ask: wire.Ask,
    tell: Tell,
    pause: Pause,
) -> tuple[Counter, wire.Offer]:
    """The first office that proves the code; whoever else answers is passed by."""
    tries = round(FOUND_WITHIN_S / POLL_S)
    for left in range(tries, 0, -1):
        why, refusal = "", None
        for counter in counters():
            try:
                return counter, _offered(counter, secret, ask)
            except Unreachable as e:
                why = f"{counter.address}: {e}"
            except PairingFailed as e:
                refusal = refusal or e
        if refusal is not None:
            raise refusal
        if left == tries:
            tell(f"Chưa gặp văn phòng, thử lại / office not found yet, trying again ({why})")
        if left > 1:
            pause(POLL_S)
    raise PairingFailed(
        f"Không tìm thấy văn phòng ({why or 'mDNS'}). Chưa có gì thay đổi; hãy xem mạng, hoặc ghi "
        "địa chỉ văn phòng trước mã.",
        f"The office was not found ({why or 'mDNS'}). Nothing was changed; look at the network, or "
        "write the office's address before the code.",
        "office_not_found",
    )


def _offered(counter: Counter, secret: bytes, ask: wire.Ask) -> wire.Offer:
    offer = _read(counter.post("", encode(ask)), wire.Offer)
    if not wire.holds(offer, wire.tag_offer(secret, ask, offer)):
        raise _impostor(counter)
    return offer


def _decided(counter: Counter, secret: bytes, ask: wire.Ask, pause: Pause) -> wire.Verdict:
    """Wait until a person has approved; raises `PairingFailed`."""
    for _ in range(round(GIVEN_UP_S / POLL_S)):
        with suppress(Unreachable):
            poll = wire.tag_poll(secret, ask, wire.Poll(_nonce()))
            verdict = _read(counter.post(f"/{ask.id}", encode(poll)), wire.Verdict)
            if not wire.holds(verdict, wire.tag_verdict(secret, ask, poll, verdict)):
                raise _impostor(counter)
            if verdict.state is wire.VerdictState.REFUSED:
                raise PairingFailed(
                    "Văn phòng từ chối máy này. Chưa có gì thay đổi; hãy hỏi văn phòng, rồi xin mã "
                    "mới.",
                    "The office refuses this box. Nothing was changed; ask the office, and for a "
                    "new code.",
                    "refused",
                )
            if verdict.state is wire.VerdictState.APPROVED:
                return verdict
        pause(POLL_S)
    raise PairingFailed("Không ai duyệt trong thời hạn.", "Nobody approved in time.", "not_decided")


def _checked(
    verdict: wire.Verdict, offer: wire.Offer, code: wire.Code, now_ms: int
) -> paired.Paired:
    """The papers, if they fit each other and this box."""
    try:
        root = public_from_text(verdict.root_public_key)
        open_placement(verdict.placement, verdict.device, root)
        if (verdict.root_public_key, verdict.ca_pem) != (offer.root_public_key, offer.ca_pem):
            raise ValueError("another office")
        if not (verdict.certificate and verdict.brokers):
            raise ValueError("no certificate or no broker")
        return msgspec.convert(
            {
                "did": verdict.device,
                "root_public_key": verdict.root_public_key,
                "placement": verdict.placement,
                "brokers": verdict.brokers,
                "offices": verdict.offices,
                "sources": verdict.sources,
                "at": now_ms,
                "pairing": code.id,
            },
            paired.Paired,
        )
    except (ValueError, Untrusted, Unreadable, msgspec.ValidationError) as e:
        raise PairingFailed(
            f"Giấy tờ văn phòng đưa không khớp nhau: {e}. Máy giữ nguyên như cũ; hãy xin mã mới.",
            f"The papers that the office gave do not fit: {e}. The box stays as it was; ask for a "
            "new code.",
            "papers_wrong",
        ) from e


def _acknowledge(counter: Counter, secret: bytes, ask: wire.Ask, pause: Pause) -> None:
    """Tell the office that the papers are kept; without an answer the code ends by its time."""
    for _ in range(ACKNOWLEDGEMENTS):
        try:
            done = wire.tag_done(secret, ask, wire.Poll(_nonce()))
            counter.post(f"/{ask.id}/done", encode(done))
        except Unreachable:
            pause(POLL_S)
        except PairingFailed:
            return
        else:
            return


def _read(answer: bytes, kind: type[Answer]) -> Answer:
    try:
        if len(answer) > wire.MAX_MESSAGE_BYTES:
            raise Unreadable("too long")
        return decode(answer, kind)
    except Unreadable as e:
        raise PairingFailed(
            "Nơi trả lời không phải một văn phòng Loa Làng. Chưa có gì thay đổi; hãy xem lại địa "
            "chỉ.",
            "Whoever answers is no office of Loa Làng. Nothing was changed; look at the address.",
            "no_office",
        ) from e


def _impostor(counter: Counter) -> PairingFailed:
    return PairingFailed(
        f"{counter.address} không biết mã này: có kẻ đứng giữa, hoặc đó là văn phòng khác. Chưa có "
        "gì thay đổi; hãy dùng mạng khác, hoặc xin mã mới.",
        f"{counter.address} does not know this code: somebody stands between, or it is another "
        "office. Nothing was changed; use another network, or ask for a new code.",
        "office_not_proved",
    )


def _refusal(status: int, body: bytes) -> PairingFailed:
    try:
        said = json.loads(body)
        vi, en, code = (_printed(str(said[word])[:500]) for word in ("vi", "en", "code"))
        return PairingFailed(vi, en, code[:60])
    except (ValueError, KeyError, TypeError):
        return PairingFailed(
            f"Nơi trả lời không phải một văn phòng Loa Làng (HTTP {status}).",
            f"Whoever answers is no office of Loa Làng (HTTP {status}).",
            "no_office",
        )


def _printed(text: str) -> str:
    """Without what a terminal obeys: whoever answers may be a stranger."""
    return "".join(letter for letter in text if letter.isprintable())


def _nonce() -> str:
    return os.urandom(16).hex()
