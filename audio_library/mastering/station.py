"""Another station's stream as sound in small pieces, fetched by a thread so that nobody waits."""

import queue
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import av

from audio_library.errors import AudioUnreadable
from audio_library.mastering.sound_source import unreadable

WAYS = "http,https,httpproxy,tcp,tls,crypto"
"""Where a stream may lead on to: nowhere on this machine."""

PROVED_WAYS = "https,httpproxy,tcp,tls,crypto"
"""From a host that proved its name none leads to one that does not."""

ANSWER_WITHIN_S = 5.0
PIECES_AHEAD = 500
"""Ten seconds of pieces of 20 ms."""

_LOOK_AGAIN_S = 0.2

Cut = Callable[[Iterator[av.AudioFrame]], Iterator[bytes]]
"""Makes pieces of frames."""


class Station:
    """Iterates over pieces of sound; an empty piece says that none has come yet."""

    def __init__(self, url: str, cut: Cut) -> None:
        self._url = url
        self._cut = cut
        self._pieces: queue.Queue[bytes] = queue.Queue(PIECES_AHEAD)
        self._closing = threading.Event()
        self._over = threading.Event()
        self._fault: AudioUnreadable | None = None
        threading.Thread(target=self._run, name="station", daemon=True).start()

    @property
    def settled(self) -> bool:
        """Whether there is sound, or it is clear that there will be none."""
        return not self._pieces.empty() or self._over.is_set()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Give the next piece; raises AudioUnreadable when the stream broke."""
        over = self._over.is_set()
        try:
            return self._pieces.get_nowait()
        except queue.Empty:
            if not over:
                return b""
        if self._fault is not None:
            raise self._fault
        raise StopIteration

    def close(self) -> None:
        """Stop fetching."""
        self._closing.set()

    def _run(self) -> None:
        try:
            if urlsplit(self._url).scheme not in ("http", "https"):
                raise AudioUnreadable("address is not http(s)")
            with unreadable(), _open(self._url) as container:
                for piece in self._cut(_frames(container)):
                    if not self._hand_over(piece):
                        return
        except AudioUnreadable as fault:
            self._fault = fault
        except (OSError, ValueError) as error:
            self._fault = AudioUnreadable(str(error)[:120])
        finally:
            self._over.set()

    def _hand_over(self, piece: bytes) -> bool:
        """Wait for room; False when nobody listens any more."""
        while not self._closing.is_set():
            try:
                self._pieces.put(piece, timeout=_LOOK_AGAIN_S)
            except queue.Full:
                continue
            return True
        return False


def _frames(container: Any) -> Iterator[av.AudioFrame]:
    """Decode what can be decoded: a stream that was joined midway has broken packets in it."""
    if not container.streams.audio:
        raise AudioUnreadable("no audio stream")
    for packet in container.demux(container.streams.audio[0]):
        with suppress(av.error.InvalidDataError):
            yield from packet.decode()


def _open(url: str) -> Any:
    options = {"protocol_whitelist": WAYS, "tls_verify": "1"}
    if url.lower().startswith("https:"):
        # Not every FFmpeg asks where a redirection leads.
        options |= {"protocol_whitelist": PROVED_WAYS, "max_redirects": "0"}
    authorities = ssl.get_default_verify_paths().cafile
    if authorities is not None:
        options["ca_file"] = authorities
    return av.open(url, "r", options=options, timeout=(ANSWER_WITHIN_S, ANSWER_WITHIN_S))
