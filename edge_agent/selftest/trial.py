"""A tone by the box's own player, amplifier and ear, where no agent is at work."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from edge_agent.amplifier import Switch
from edge_agent.clock import Reading
from edge_agent.contract.state import Check
from edge_agent.decide import Policy
from edge_agent.errors import AgentError
from edge_agent.orders import unsuited
from edge_agent.player import Ended, Player, PlayerEvent, Ready
from edge_agent.selftest.call import TONE
from edge_agent.selftest.checks import tone_check
from edge_agent.settings import Settings
from edge_agent.tone import wav

SWITCHED_WITHIN_S = 1.0
FLOOR_S = 4.0
"""An ear needs some seconds of silence before the tone."""

AT_ONCE_S = 0.2
PLAY = "tone"


@dataclass(frozen=True, slots=True)
class Trial:
    """What sounds of a box, what its player said, and the time; `close` ends it all."""

    player: Player
    switch: Switch
    said: "SimpleQueue[PlayerEvent]"
    now: Reading
    close: Callable[[], None]


def sound_tone(chosen: Settings, trial: Trial, policy: Policy) -> Check:
    """Sound the tone, unless `policy` is against it."""
    refused = unsuited(TONE, policy, trial.now.system_ms)
    if refused:
        return tone_check("refused", refused, "")
    file = Path(chosen.state_dir) / "selftest-tone.wav"
    switch(chosen, trial, on=True)
    try:
        file.write_bytes(wav(TONE.seconds))
        trial.player.load(PLAY, file, gain_db=TONE.gain_db, from_ms=0)
        return _until_ended(trial, FLOOR_S if chosen.horn.kind != "none" else AT_ONCE_S)
    except (OSError, AgentError) as e:
        return tone_check("failed", str(e), "")
    finally:
        switch(chosen, trial, on=False)
        file.unlink(missing_ok=True)


def switch(chosen: Settings, trial: Trial, *, on: bool) -> None:
    """Switch the amplifier and give it the time that it needs."""
    trial.switch.set(on)
    time.sleep(SWITCHED_WITHIN_S + (chosen.amplifier.lead_ms / 1000 if on else 0.0))


def _until_ended(trial: Trial, wait_s: float) -> Check:
    try:
        while True:
            match trial.said.get(timeout=wait_s + TONE.seconds + 10.0):
                case Ready():
                    trial.player.play_at(PLAY, time.time() + wait_s)
                case Ended() as ended if ended.reason == "eof":
                    return tone_check("done", "", ended.heard)
                case Ended() as ended:
                    return tone_check("failed", ended.error or ended.reason, "")
    except Empty:
        return tone_check("failed", "the player says nothing", "")
