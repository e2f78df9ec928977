"""Which stations give no sound now; each is asked again, less and less often, until it does."""

import contextlib
import http.client
import logging
import ssl
import threading
from collections.abc import Callable, Set
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from edge_agent.clock import Reading
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.streams")

ASK_AFTER_MS = 30_000
ASK_AFTER_AT_MOST_MS = 300_000
"""How long a dead station is left alone; doubled each time that it dies again."""

ANSWER_WITHIN_S = 5.0
SAMPLE_BYTES = 4_096
MAX_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a station answered: `fault` is empty if it sends something that may be sound."""

    url: str
    fault: str


@dataclass(slots=True)
class _Dead:
    """A station that died `deaths` times; it is asked again at `ask_at` of the monotonic clock."""

    deaths: int
    ask_at: int
    asking: bool = False


class Streams:
    """Remembers the stations that died; `ask` looks in the background and gives `Asked` back."""

    def __init__(self, ask: Callable[[str], None]) -> None:
        self._ask = ask
        self._known: dict[str, _Dead] = {}
        self._back: set[str] = set()

    @property
    def dead(self) -> Set[str]:
        """Addresses that give no sound."""
        return self._known.keys() - self._back

    def died(self, url: str, why: str, now: Reading) -> None:
        """A station could not be opened, fell silent or hung up."""
        before = self._known.get(url)
        deaths = before.deaths + 1 if before else 1
        wait_ms = min(ASK_AFTER_AT_MOST_MS, ASK_AFTER_MS * 2 ** min(deaths - 1, 16))
        self._known[url] = _Dead(deaths, now.mono_ms + wait_ms)
        self._back.discard(url)
        note(
            log,
            "stream_dead",
            level=logging.WARNING,
            url=shown(url),
            error=why,
            again_in_s=wait_ms // 1000,
        )

    def look(self, wanted: Set[str], now: Reading) -> None:
        """Ask the dead ones again that are due; what no cue wants any more is forgotten."""
        for url in [url for url in self._known if url not in wanted]:
            del self._known[url]
            self._back.discard(url)
        for url in self.dead:
            known = self._known[url]
            if not known.asking and now.mono_ms >= known.ask_at:
                known.asking = True
                self._ask(url)

    def answered(self, asked: Asked, now: Reading) -> None:
        """Take what a station answered."""
        known = self._known.get(asked.url)
        if known is None or asked.url in self._back:
            return
        known.asking, known.ask_at = False, now.mono_ms + ASK_AFTER_MS
        if not asked.fault:
            self._back.add(asked.url)
        note(log, "stream_asked", url=shown(asked.url), fault=asked.fault)


class Asker:
    """Asks stations in threads of their own, which end with the answer."""

    def __init__(self, done: Callable[[Asked], None]) -> None:
        self._done = done

    def __call__(self, url: str) -> None:
        """Ask in the background; `done` is called from there, once."""
        threading.Thread(target=self._run, args=(url,), name="stream", daemon=True).start()

    def _run(self, url: str) -> None:
        self._done(Asked(url, fault_of(url)))


def fault_of(url: str) -> str:
    """Why no sound comes from `url` now, "" if something comes that may be sound."""
    try:
        for _ in range(MAX_REDIRECTS + 1):
            following = _look(urlsplit(url))
            if not following:
                return ""
            if url.lower().startswith("https:"):
                return "redirected, which a proved address may not"
            url = urljoin(url, following)
        return "redirected too often"
    except (OSError, http.client.HTTPException, ValueError) as e:
        return (str(e) or type(e).__name__)[:200]


def shown(url: str) -> str:
    """An address as it may be logged: without name, password and query."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "?"
    return f"{parts.scheme}://{host}{port}{parts.path}"[:200]


def _look(url: SplitResult) -> str:
    """Read the beginning; gives where it redirects to, "" if it answers. Raises OSError."""
    with contextlib.closing(_connect(url)) as connection:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("GET", path, headers={"User-Agent": "loalang-agent"})
        answer = connection.getresponse()
        if 300 <= answer.status < 400:
            return answer.getheader("Location") or "/"
        if answer.status != http.client.OK:
            raise OSError(f"HTTP {answer.status}")
        if (answer.getheader("Content-Type") or "").startswith("text/html"):
            raise OSError("a web page, no sound")
        if not answer.read(SAMPLE_BYTES):
            raise OSError("no bytes")
    return ""


def _connect(url: SplitResult) -> http.client.HTTPConnection:
    if url.scheme == "http" and url.hostname:
        return http.client.HTTPConnection(url.hostname, url.port, timeout=ANSWER_WITHIN_S)
    if url.scheme == "https" and url.hostname:
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            url.hostname, url.port, timeout=ANSWER_WITHIN_S, context=context
        )
    raise ValueError("address is not http(s)")
