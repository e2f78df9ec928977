"""What a simulated box says of alerts: the true rules; joining phrases and the siren by a model."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping

from controller.simulator.clock import Reading
from edge_agent.alert_steps import AlertSteps
from edge_agent.contract.alert import Alert, AlertList, AlertStep, Spoken
from edge_agent.contract.manifest import Asset
from edge_agent.past import Past
from edge_agent.rounds import (
    NO_WORDS,
    SIREN,
    Gone,
    Part,
    Voiced,
    active_alerts,
    gone_after,
)

WORD_MS = 700
"""A phrase with the pause after it."""


class Alerts:
    """The alerts of one box; `say` gives False where nobody listens."""

    def __init__(self, say: Callable[[AlertStep], bool], boot: int) -> None:
        self._say = say
        self._steps = AlertSteps(say, boot=boot)
        self._gone: dict[str, Gone] = {}
        self.voiced: tuple[Voiced, ...] = ()

    @property
    def active(self) -> tuple[Alert, ...]:
        """Those that count now."""
        return tuple(each.alert for each in self.voiced)

    @property
    def made(self) -> frozenset[str]:
        """Hashes of what the box makes by itself."""
        named = {a.sha256 for alert in self.active for said in alert.spoken for a in said.assets}
        every = {part.asset.sha256 for each in self.voiced for part in each.parts}
        return frozenset(every - named)

    @property
    def is_waiting(self) -> bool:
        """Whether something is to be told soon that is not told yet."""
        return self._steps.is_waiting

    def take(self, news: AlertList, held: Collection[AlertList]) -> None:
        """Remember what ended, over restarts."""
        self._gone = gone_after(self._gone, held, news)

    def restarted(self, boot: int) -> None:
        """What was told before is not remembered."""
        self._steps = AlertSteps(self._say, boot=boot)

    def reconnected(self) -> None:
        """Say again what stands."""
        self._steps.reconnected()

    def look(
        self,
        lists: Collection[AlertList],
        mine: Collection[str],
        languages: Collection[str],
        now: Reading,
    ) -> None:
        """Find the alerts that are for this box; it has the phrases of these languages."""
        if not lists:
            return
        every = (alert for told in lists if told.scope in mine for alert in told.alerts)
        gone = {ident: each.version for ident, each in self._gone.items()}
        at_ms = now.utc_ms if now.trusted else 0
        active = active_alerts(every, at_ms, gone=gone, mine=frozenset(mine))
        self.voiced = tuple(_voiced(alert, languages) for alert in active)

    def tell(
        self,
        history: Mapping[str, Past],
        held: frozenset[str],
        now: Reading,
        *,
        on_air: str,
        silenced: str,
    ) -> None:
        """Say how far each has come."""
        self._steps.look(self.voiced, history, held, now, on_air=on_air, silenced=silenced)


def _voiced(alert: Alert, languages: Collection[str]) -> Voiced:
    parts: list[Part] = []
    if alert.siren_s and not alert.test:
        parts.append(Part(SIREN, _made(f"siren {alert.siren_s}", alert.siren_s * 1000), NO_WORDS))
    parts += _spoken(alert, languages)
    able = {part.language for part in parts}
    lacking = ", ".join(said.language for said in alert.spoken if said.language not in able)
    return Voiced(alert, tuple(parts), f"phrases_missing: {lacking}" if lacking else "")


def _spoken(alert: Alert, languages: Collection[str]) -> Iterator[Part]:
    first = next((said.say for said in alert.spoken if said.say), "")
    for place, said in enumerate(alert.spoken):
        for piece, asset in enumerate(said.assets or _phrases(said, first, languages)):
            yield Part(f"{place}.{piece}", asset, said.language)


def _phrases(said: Spoken, first: str, languages: Collection[str]) -> tuple[Asset, ...]:
    sentence = said.say or first
    words = sum(token not in (",", "|") for token in sentence.split())
    if not words or said.language not in languages:
        return ()
    return (_made(f"{said.language} {sentence}", words * WORD_MS),)


def _made(name: str, duration_ms: int) -> Asset:
    return Asset(hashlib.sha256(name.encode()).hexdigest(), 1, duration_ms)
