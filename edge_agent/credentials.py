"""The box's certificate: looked at, renewed in time, and renewed by its key when it has ended."""

import http.client
import json
import logging
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent import durable
from edge_agent.clock import Reading
from edge_agent.contract.envelope import seal
from edge_agent.contract.renewal import MAX_PEM_BYTES, PATH, Renewal
from edge_agent.contract.trust import Kind
from edge_agent.contract.types import encode
from edge_agent.errand import Send
from edge_agent.link import Failure, LinkChanged, LinkState
from edge_agent.log_setup import note
from edge_agent.tls import (
    OwnCertificate,
    Tls,
    ca_path,
    certificate_path,
    key_path,
    read_certificate,
    read_papers,
)

log = logging.getLogger("edge_agent.credentials")

SPREAD_MS = 3_600_000
"""At two thirds of its life there is a month left: boxes of one day do not ask in one second."""
HASTE_MS = 5_000
RETRY_MS = 60_000
MOST_RETRY_MS = 6 * 3_600_000
CONTENT_MS = 3_600_000
"""After a new one, none is asked for so long, whatever the clock or the broker say."""
TURNED_AWAY = 2
"""So many connections in a row that somebody took and ended: perhaps he does not like ours."""
ANSWER_WITHIN_S = 20.0
_ANSWERED = (Failure.UNTRUSTED, Failure.REFUSED, Failure.LOST, Failure.SILENT)


class NotRenewed(OSError):
    """The office said no; `code` is its word for why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Credentials:
    """Works in the agent's thread; `renewed` is called when a new certificate lies on the disk."""

    def __init__(
        self,
        did: str,
        key: Ed25519PrivateKey,
        state_dir: Path,
        tls: Tls,
        *,
        offices: tuple[str, ...],
        send: Send,
        renewed: Callable[[], None],
    ) -> None:
        self._did = did
        self._key = key
        self._dir = state_dir
        self._tls = tls
        self._offices = self._paired_with = offices
        self._send = send
        self._renewed = renewed
        self._certificate = self._read()
        self._know(offices)
        self._asking = False
        self._due = ""
        self._ask_at_mono_ms = 0
        self._failures = 0
        self._turned_away = 0
        self._refusal = ""
        self._online = False

    @property
    def until_ms(self) -> int | None:
        """UTC ms at which the certificate ends; None if it cannot be read."""
        return self._certificate.not_after_ms if self._certificate else None

    def trouble(self, now: Reading) -> str:
        """Why the office may not let the box in, "" if it does: its own word, `unreadable`,
        `ended`, or `turned_away`.
        """
        due = self._why(now)
        return self._refusal or ("" if due == "two_thirds" else due)

    def link_changed(self, changed: LinkChanged) -> None:
        """Learn whether the broker lets this box in."""
        self._online = changed.state is LinkState.ONLINE
        if self._online:
            self._turned_away, self._refusal = 0, ""
        elif changed.failure in _ANSWERED:
            self._turned_away += 1

    def look(self, told: tuple[str, ...], now: Reading) -> None:
        """Ask for another certificate when it is time to, of the first office that answers.

        `told` are the addresses of the newest plan; those of the pairing come behind them.
        """
        offices = tuple(dict.fromkeys((*told, *self._paired_with)))
        if offices != self._offices:
            self._know(offices)
        due = self._why(now)
        if due != self._due:
            self._due = due
            wait_ms = random.randint(0, SPREAD_MS if due == "two_thirds" else HASTE_MS)
            self._ask_at_mono_ms = max(self._ask_at_mono_ms, now.mono_ms + wait_ms)
        if not due or self._asking or not offices or now.mono_ms < self._ask_at_mono_ms:
            return
        self._asking = True
        note(log, "renewal_asked", reason=due)
        asked = partial(self._ask, offices, now.system_ms)
        self._send(asked, partial(self._answered, asked_at=now))

    def _know(self, offices: tuple[str, ...]) -> None:
        self._offices = offices
        self._tls.office_hosts = frozenset(urlsplit(each).hostname or "" for each in offices)

    def _why(self, now: Reading) -> str:
        held = self._certificate
        if held is None:
            return "unreadable"
        if max(self._tls.moment.least_ms, now.utc_ms if now.trusted else 0) >= held.not_after_ms:
            return "ended"
        if self._turned_away >= TURNED_AWAY:
            return "turned_away"
        return "two_thirds" if now.trusted and now.utc_ms >= held.renew_from_ms else ""

    def _answered(self, found: OwnCertificate | OSError, *, asked_at: Reading) -> None:
        self._asking = False
        if isinstance(found, OwnCertificate):
            self._certificate, self._failures, self._turned_away = found, 0, 0
            self._refusal = ""
            self._ask_at_mono_ms = asked_at.mono_ms + CONTENT_MS
            note(log, "certificate_renewed", until_ms=found.not_after_ms)
            if not self._online:
                self._renewed()
            return
        self._failures += 1
        wait_ms = min(MOST_RETRY_MS, RETRY_MS * 2 ** min(self._failures - 1, 16))
        if isinstance(found, NotRenewed):
            self._refusal = found.code
            wait_ms = MOST_RETRY_MS
        self._ask_at_mono_ms = asked_at.mono_ms + random.randint(wait_ms // 2, wait_ms)
        note(log, "renewal_failed", level=logging.WARNING, error=str(found)[:300])

    def _read(self) -> OwnCertificate | None:
        try:
            return read_papers(self._dir)
        except OSError as e:
            note(log, "certificate_unreadable", level=logging.ERROR, error=str(e)[:300])
            return None

    def _ask(self, offices: tuple[str, ...], at_ms: int) -> OwnCertificate:
        """Ask each office in turn; not in the agent's thread. Raises OSError."""
        wish = encode(Renewal(self._did, max(0, at_ms)))
        sealed = seal(wish, kind=Kind.RENEWAL, kid=self._did, key=self._key)
        failed: list[str] = []
        for office in offices:
            try:
                return self._keep(self._post(office, sealed))
            except NotRenewed:
                raise
            except (OSError, ValueError, http.client.HTTPException) as e:
                failed.append(f"{office}: {str(e) or type(e).__name__}")
        raise OSError("; ".join(failed))

    def _post(self, office: str, sealed: bytes) -> bytes:
        at = urlsplit(office)
        if at.scheme != "https" or not at.hostname:
            raise ValueError("no https address")
        connection = http.client.HTTPSConnection(
            at.hostname, at.port, timeout=ANSWER_WITHIN_S, context=self._tls.for_office()
        )
        try:
            connection.connect()
            self._tls.check(connection.sock)
            connection.request("POST", PATH, body=sealed)
            answer = connection.getresponse()
            body = answer.read(MAX_PEM_BYTES + 1)
        finally:
            connection.close()
        if answer.status == http.client.CREATED and len(body) <= MAX_PEM_BYTES:
            return body
        if answer.status == http.client.FORBIDDEN:
            raise NotRenewed(*_refusal(body))
        raise OSError(f"HTTP {answer.status}")

    def _keep(self, pem: bytes) -> OwnCertificate:
        """Put a certificate on the disk if it is this box's, of its key and its office."""
        candidate = self._dir / "certificate.candidate.pem"
        try:
            durable.write(candidate, pem)
            found = read_certificate(ca_path(self._dir), candidate, key_path(self._dir))
            if found.did != self._did:
                raise OSError(f"a certificate for {found.did[:40]!r}")
            candidate.replace(certificate_path(self._dir))
        finally:
            candidate.unlink(missing_ok=True)
        durable.sync_folder(self._dir)
        return found


def _refusal(body: bytes) -> tuple[str, str]:
    """Code and English words of a refusal; what is no such thing is `refused`."""
    try:
        said = json.loads(body)
        code, words = str(said["code"]), str(said["en"])
    except (ValueError, KeyError, TypeError):
        return "refused", "without a word"
    return code[:60], words[:200]
