"""Everything of local alerts at one box, joined: buttons, page, what they raise, what is said."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import msgspec

from edge_agent.clock import Reading
from edge_agent.contract.alert import Clip
from edge_agent.contract.commands import AckStatus
from edge_agent.decide import Candidate
from edge_agent.desk import Call
from edge_agent.errors import AgentError, DeskSilent
from edge_agent.local.buttons import Buttons
from edge_agent.local.door import Door
from edge_agent.local.local_alert import ALL_CLEAR, ONCE, LocalAlert, LocalAlerts, Words
from edge_agent.local.state import Active, Asked, LocalState, Raisable
from edge_agent.log_setup import note
from edge_agent.past import Past
from edge_agent.rounds import NO_WORDS, SIREN, Part
from edge_agent.settings import LocalAlertSettings
from edge_agent.voice import Said, Voice

log = logging.getLogger("edge_agent.local.post")

OP = "local"
"""What the page asks at the agent's desk."""

ANSWER_WITHIN_S = 10.0


class UnknownHazard(AgentError):
    """The box has no clip of that name."""

    code = "unknown_hazard"


class ClipSayings:
    """What is said of each hazard: the siren, then its clip in the languages of the zone."""

    def __init__(self, voice: Voice, siren_s: int) -> None:
        self._voice = voice
        self._siren_s = siren_s

    @property
    def clips(self) -> tuple[Clip, ...]:
        """All that can be raised, and the all-clear."""
        return self._voice.clips

    def words(self, hazard: str) -> Words:
        """In order. A hazard of which nothing is held still has the siren."""
        siren = Said()
        if self._siren_s and hazard not in ONCE:
            siren = self._voice.sound(self._siren_s)
        clip = self._clip(hazard)
        said = [(each.language, self._voice.speak(each)) for each in (clip.spoken if clip else ())]
        if siren.waits:
            # It comes first: what is ready before waits for it.
            return Words(waits=True)
        spoken = (
            Part(f"{place}.{piece}", asset, language)
            for place, (language, each) in enumerate(said)
            for piece, asset in enumerate(each.audio)
        )
        sounds = (Part(SIREN, asset, NO_WORDS) for asset in siren.audio)
        return Words((*sounds, *spoken), any(each.waits for _, each in said))

    def title(self, hazard: str) -> tuple[str, str]:
        """Its name in Vietnamese and English."""
        clip = self._clip(hazard)
        return (hazard, hazard) if clip is None else (clip.vi or hazard, clip.en or hazard)

    def raisable(self, clip: Clip) -> Raisable:
        """What a person is to know of a clip before it is raised."""
        can = {each.language: not self._voice.speak(each).lacks for each in clip.spoken}
        return Raisable(
            clip.hazard,
            *self.title(clip.hazard),
            tuple(language for language, held in can.items() if held),
            tuple(language for language, held in can.items() if not held),
        )

    def _clip(self, hazard: str) -> Clip | None:
        return next((clip for clip in self.clips if clip.hazard == hazard), None)


@dataclass(frozen=True, slots=True)
class Panel:
    """What of a post is wired or connected: buttons under a key, and the door of the page."""

    buttons: Buttons | None
    door: Door | None


class Post:
    """One box's own alerts; belongs to the agent's thread, but for the door's visitors."""

    def __init__(
        self,
        did: str,
        settings: LocalAlertSettings,
        sayings: ClipSayings,
        alerts: LocalAlerts,
        panel: Panel,
    ) -> None:
        self._did = did
        self._settings = settings
        self._sayings = sayings
        self._alerts = alerts
        self._buttons = panel.buttons
        self._door = panel.door
        self._silenced = ""
        self._sounding = ""

    @property
    def losses(self) -> tuple[str, ...]:
        """What of its state was lost."""
        return self._alerts.losses

    @property
    def waits_ms(self) -> int | None:
        """How soon the buttons are to be looked at; None = as often as other switches."""
        return None if self._buttons is None else self._buttons.waits_ms

    def start(self) -> None:
        """Open the page."""
        if self._door is not None:
            self._door.start()

    def reconnected(self, now: Reading) -> None:
        """There is a line again: the office hears what happened."""
        self._alerts.reconnected(now)

    def close(self) -> None:
        """Shut the page; what is active stands on the disk."""
        if self._door is not None:
            self._door.close()

    def look(
        self,
        history: Mapping[str, Past],
        now: Reading,
        *,
        silenced: str,
        on_air: Candidate | None,
        hazard_on_air: str,
    ) -> tuple[Candidate, ...]:
        """Look at the buttons and bring the alerts to now; gives what they say.

        `hazard_on_air` is the hazard of the office's alert that sounds now, "" if none does.
        """
        self._silenced = silenced
        self._sounding = "" if on_air is None else on_air.alert
        pressed = None if self._buttons is None else self._buttons.look(now.mono_ms)
        if pressed == ALL_CLEAR:
            self._alerts.all_clear("button", now)
        elif pressed is not None:
            self._alerts.raise_alert(pressed, "button", now, silenced=silenced)
        self._alerts.look(history, hazard_on_air, silenced, now)
        return self._alerts.candidates(history, now)

    def progress(self, cue: str, status: AckStatus, now: Reading) -> None:
        """Take word from the playout."""
        self._alerts.progress(cue, status, now)

    def answer(self, call: Call, now: Reading) -> None:
        """Do what the page asks. Raises `AgentError`."""
        try:
            asked = msgspec.convert(call.body, Asked)
        except msgspec.ValidationError as e:
            raise UnknownHazard(f"Không hiểu yêu cầu: {e}.", f"Not understood: {e}.") from e
        if asked.do == "raise":
            self._refuse_unknown(asked.hazard)
            self._alerts.raise_alert(asked.hazard, asked.by, now, silenced=self._silenced)
        elif asked.do == "all_clear":
            self._alerts.all_clear(asked.by, now)
        call.done(msgspec.to_builtins(self._state(now)))

    def _refuse_unknown(self, hazard: str) -> None:
        known = [clip.hazard for clip in self._sayings.clips if clip.hazard != ALL_CLEAR]
        if hazard not in known:
            raise UnknownHazard(
                f"Hộp không có đoạn báo động {hazard!r}. Không có gì được phát.",
                f"The box has no clip of {hazard!r}. Nothing was raised.",
            )

    def _state(self, now: Reading) -> LocalState:
        told = {clip.hazard: self._sayings.raisable(clip) for clip in self._sayings.clips}
        all_clear = told.pop(ALL_CLEAR, None)
        return LocalState(
            did=self._did,
            hazards=tuple(told.values()),
            all_clear=all_clear,
            active=tuple(self._active(alert, now) for alert in self._alerts.active),
            silenced=self._silenced,
            minutes=self._settings.minutes,
            repeat_minutes=self._settings.repeat_minutes,
            siren_s=self._settings.siren_s,
        )

    def _active(self, alert: LocalAlert, now: Reading) -> Active:
        vi, en = self._sayings.title(alert.hazard)
        left_ms = max(0, alert.until_mono - now.mono_ms)
        minutes = -(-left_ms // 60_000)
        sounding = alert.id == self._sounding
        return Active(alert.id, alert.hazard, vi, en, minutes, alert.round, sounding)


def asker(emit: Callable[[Call], None]) -> Callable[[Asked], LocalState]:
    """Ask the agent's thread, from any other, and wait for its answer. Raises `AgentError`."""

    def ask(asked: Asked) -> LocalState:
        answered: SimpleQueue[dict[str, object] | AgentError] = SimpleQueue()
        body = msgspec.to_builtins(asked)
        emit(Call(OP, body, lambda _vi, _en: None, answered.put, answered.put))
        try:
            answer = answered.get(timeout=ANSWER_WITHIN_S)
        except Empty:
            note(log, "local_page_unanswered", level=logging.ERROR)
            raise DeskSilent(
                "Hộp đang bận. Hãy thử lại, hoặc dùng nút có khoá.",
                "The box is busy. Try again, or use the keyed button.",
            ) from None
        if isinstance(answer, AgentError):
            raise answer
        return msgspec.convert(answer, LocalState)

    return ask
