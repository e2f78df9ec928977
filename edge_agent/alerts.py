"""From the lists of alerts that are held to what this box says of each."""

from collections.abc import Container, Set

from edge_agent.clock import Reading
from edge_agent.contract.alert import Alert, Severity, Spoken
from edge_agent.contract.manifest import Asset
from edge_agent.held import Held
from edge_agent.rounds import (
    NO_WORDS,
    SIREN,
    Part,
    Voiced,
    active_alerts,
    alert_key,
)
from edge_agent.voice import Said, Voice

FETCH_WITHIN_MS = 10_000
"""Whole audio is given so long to arrive before the clip of its hazard sounds in its place."""

TEST_CLIP = "test"
CLIP_MISSING = "clip_missing"
CLIP_INSTEAD = "clip_instead"

_GRAVEST_FIRST = tuple(Severity)


def _made_first(alert: Alert) -> tuple[bool, int]:
    """Of what is made of phrases: first of what is in earnest, the gravest."""
    return (alert.test, _GRAVEST_FIRST.index(alert.severity))


class Alerts:
    """What this box says of the alerts that are for it; belongs to the agent's thread.

    Of each language the best that is held: its whole audio, its sentence in phrases, the clip of
    its hazard. A language that lacks holds up no other.
    """

    def __init__(self, voice: Voice, held: Container[str]) -> None:
        self._voice = voice
        self._held = held
        self._since_mono_ms: dict[str, int] = {}
        self._mono_ms = 0
        self.active: tuple[Alert, ...] = ()
        self.voiced: tuple[Voiced, ...] = ()

    @property
    def named(self) -> tuple[Asset, ...]:
        """All audio that active alerts name by hash."""
        return tuple(a for alert in self.active for said in alert.spoken for a in said.assets)

    def look(self, held: Held, mine: Set[str], now: Reading) -> None:
        """Bring everything to now; `mine` are the scopes that this box stands in, and itself."""
        lists = (told for told in held.alerts.values() if told.scope in mine)
        every = (alert for told in lists for alert in told.alerts)
        gone = {ident: each.version for ident, each in held.gone.items()}
        # A clock that may be wrong says nothing of what has expired.
        active = active_alerts(every, now.utc_ms if now.trusted else 0, gone=gone, mine=mine)
        self.active = tuple(sorted(active, key=_made_first))
        since = self._since_mono_ms
        keys = [alert_key(alert) for alert in self.active]
        self._since_mono_ms = {key: since.get(key, now.mono_ms) for key in keys}
        self._mono_ms = now.mono_ms
        self.voiced = tuple(map(self.voice, self.active))

    def voice(self, alert: Alert) -> Voiced:
        """Say any alert as well as it can be said now, also one that nobody sent."""
        since = self._since_mono_ms.get(alert_key(alert))
        late = since is None or self._mono_ms - since >= FETCH_WITHIN_MS
        siren = Said()
        if alert.siren_s and not alert.test:
            siren = self._voice.sound(alert.siren_s)
        parts = [Part(SIREN, asset, NO_WORDS) for asset in siren.audio]
        lacks: dict[str, list[str]] = {}
        waits = siren.waits
        for place, spoken in enumerate(alert.spoken or self._clip(alert)):
            said = self._speak(alert, spoken, late=late)
            waits = waits or said.waits
            if said.lacks:
                lacks.setdefault(said.lacks, []).append(spoken.language)
            parts += (
                Part(f"{place}.{piece}", asset, spoken.language)
                for piece, asset in enumerate(said.audio)
            )
        told = "; ".join(f"{why}: {', '.join(languages)}" for why, languages in lacks.items())
        if not alert.spoken and not parts and not told:
            told = CLIP_MISSING
        # The siren comes first: what is ready before it waits for it.
        return Voiced(alert, () if siren.waits else tuple(parts), told, waits)

    def _speak(self, alert: Alert, spoken: Spoken, *, late: bool) -> Said:
        """Say one language as well as it can be said now."""
        if spoken.assets and all(asset.sha256 in self._held for asset in spoken.assets):
            return Said(spoken.assets)
        first = next((said.say for said in alert.spoken if said.say), "")
        sentence = spoken.say or ("" if spoken.assets else first)
        said = self._voice.say(spoken.language, sentence) if sentence else Said()
        if said.audio or said.waits:
            return said
        if spoken.assets and not late:
            return Said(spoken.assets)
        for clip in self._clip(alert):
            if clip.language == spoken.language:
                instead = self._voice.speak(clip)
                if instead.waits:
                    return instead
                if instead.audio:
                    return Said(instead.audio, CLIP_INSTEAD)
        if spoken.assets:
            return Said(spoken.assets)
        return Said(lacks=said.lacks or CLIP_MISSING)

    def _clip(self, alert: Alert) -> tuple[Spoken, ...]:
        """The clip of its hazard; a test says that it is one, and never what it tests."""
        hazard = TEST_CLIP if alert.test else alert.hazard
        return next((clip.spoken for clip in self._voice.clips if clip.hazard == hazard), ())
