"""The audio that a simulated box holds, by a model: one file after the other, at a rate. Pure."""

from collections.abc import Iterable

from edge_agent.contract.manifest import Asset

BYTES_PER_S = 250_000
"""What a village's line brings."""


class Shelf:
    """Fetches what is wanted in order of need; instants are true ms.

    With `rate` None nothing arrives by itself: real files are fetched, and told by `arrived`.
    """

    def __init__(self, rate: int | None = BYTES_PER_S) -> None:
        self._rate = rate
        self._wanted: tuple[Asset, ...] = ()
        self._coming: Asset | None = None
        self._here_ms = 0
        self.held: dict[str, int] = {}
        """Bytes of each file that is held, by hash."""
        self.slowness = 1.0
        """A fetch takes so many times as long."""

    @property
    def due_ms(self) -> int | None:
        """When the file that is being fetched is here; None if none is."""
        return self._here_ms if self._coming is not None and self._rate is not None else None

    @property
    def lacking(self) -> int:
        """How many of the wanted files are not held."""
        return sum(asset.sha256 not in self.held for asset in self._wanted)

    def want(self, assets: Iterable[Asset], now_ms: int, *, can_fetch: bool) -> Asset | None:
        """Want exactly these from now on; gives the file whose fetch begins now, if any.

        A fetch that was cut begins again.
        """
        self._wanted = tuple(assets)
        if not can_fetch:
            self._coming = None
            return None
        wanted = next((a for a in self._wanted if a.sha256 not in self.held), None)
        if wanted is None or wanted == self._coming:
            return None
        self._coming = wanted
        if self._rate is not None:
            self._here_ms = now_ms + round(wanted.bytes * 1000 * self.slowness / self._rate)
        return wanted

    def advance(self, now_ms: int) -> bool:
        """Take what has come by `now_ms`; whether something has."""
        due, asset = self.due_ms, self._coming
        if due is None or asset is None or now_ms < due:
            return False
        self.arrived(asset)
        return True

    def arrived(self, asset: Asset) -> None:
        """Hold this file."""
        self.held[asset.sha256] = asset.bytes
        if self._coming == asset:
            self._coming = None

    def lose(self) -> None:
        """Every file has gone bad."""
        self.held.clear()
        self._coming = None
